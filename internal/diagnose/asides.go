package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"causeway/internal/diagnose/health"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// asideNotices reports what the traffic shows besides failures.
func asideNotices(c *inference.Case) []report.Notice {
	var out []report.Notice
	for _, path := range units.SortedKeys(c.Traffic.FalseFriends.Loops) {
		out = append(out, report.Notice{
			Cause: "i-redirect-loop", Scope: report.Scope{Path: path},
			Do: "let the application trust X-Forwarded-Proto, or let backend settings speak what it demands",
			Fact: fmt.Sprintf("clients are redirected from %s to %s again and again (%d times beyond the tenth in a row)", path, path,
				c.Traffic.FalseFriends.Loops[path]),
		})
	}
	if n, ok := refusedByFirewall(c); ok {
		out = append(out, n)
	}
	for _, more := range [][]report.Notice{
		unserved(c), silentTunnels(c), resetTunnels(c), heldBackNotice(c), queuedNotice(c),
		cutUploadNotice(&c.Traffic.FalseFriends.Uploads), partUploadNotices(c.Traffic.FalseFriends.Parts),
	} {
		out = append(out, more...)
	}
	return append(out, notFound(c)...)
}

// notFound reports settings whose members mostly answer 404, where the document has a reason for it.
func notFound(c *inference.Case) []report.Notice {
	var out []report.Notice
	if c.Traffic.Config == nil {
		return out
	}
	answered, missing := map[string]int{}, map[string]int{}
	for k, r := range c.Traffic.Routes {
		answered[k.Settings] += r.Answered
		missing[k.Settings] += r.NotFound
	}
	for _, settings := range units.SortedKeys(missing) {
		s := c.Traffic.Config.Setting(settings)
		if s == nil || missing[settings] < stats.MinEvents || 2*missing[settings] < answered[settings] {
			continue
		}
		fact := fmt.Sprintf("%d of %d answers under %s are 404", missing[settings], answered[settings], settings)
		switch {
		case s.Path != "":
			out = append(out, report.Notice{
				Cause: "i-path-override", Scope: report.Scope{Settings: settings},
				Do:   "compare requestUri with originalRequestUriWithArgs in the access log, and correct the override",
				Fact: fact + fmt.Sprintf(", and the settings put %q in place of what the rule matched", s.Path),
			})
		case s.HostName == "" && !s.PickHostFromAddress && namedMembers(c, settings):
			out = append(out, report.Notice{
				Cause: "i-wrong-host-header", Scope: report.Scope{Settings: settings},
				Do:   "pick the host name from the backend target, or override it",
				Fact: fact + ", and members that are known by name get the client's Host, which may be none of theirs",
			})
		}
	}
	return out
}

// namedMembers reports whether a pool that is served under the settings names members by FQDN.
func namedMembers(c *inference.Case, settings string) bool {
	for _, t := range traffic.UsedTargets(c.Traffic.Config) {
		if p := c.Traffic.Config.Pool(t.Pool); strings.EqualFold(t.Settings, settings) && p != nil {
			for _, m := range p.Members {
				if m.FQDN != "" {
					return true
				}
			}
		}
	}
	return slices.ContainsFunc(c.Traffic.Histories, func(t health.History) bool {
		return strings.EqualFold(t.Settings, settings) && strings.Contains(t.Member, ".azurewebsites.")
	})
}
