package probes

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/health"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// ProbeTooDeep recognises a-probe-too-deep: one hiccup of a shared dependency takes all members out.
var ProbeTooDeep = inference.Analyzer{
	Name: "a-probe-too-deep", Requires: inference.Trace | inference.Health,
	Doc: "the health pages of all members failed at once and were well again at once, and users were answered well until the probes took the members out",
	Run: deepProbe,
}

// deepProbe: the health page depends on something that all members share. When that has a hiccup, all members are out, although
// they could have served.
func deepProbe(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Fault.Kind == fault.NoHealthy }),
		(*traffic.Event).PoolKey)
	for _, k := range keys {
		trails := c.Traffic.HistoriesUnder(k.Pool, k.Settings)
		if _, alone, _ := flips(trails, c.Probing(k.Settings)); len(trails) < 2 || alone > 0 {
			continue
		}
		downs, times := traffic.GroupBy(groups[k],
			func(e *traffic.Event) time.Time { return downTogether(trails, e.At, c.Probing(k.Settings)) })
		for _, down := range downs {
			if !down.IsZero() && servedUntil(c, k, down) {
				tooDeep(c, k, trails, down, times[down])
			}
		}
	}
}

// downTogether is when the last of all members went down, if that was within one round of probes, by what their health
// pages said, and all were up again within one round too.
func downTogether(trails []*health.History, at time.Time, p inference.Probing) time.Time {
	var first, last, back, lastBack time.Time
	for _, t := range trails {
		c, known := t.At(at)
		up, returned := cameUp(t, at)
		if !known || c.Up || c.Reason != "status_mismatch" || c.Status() > 0 && c.Status() < 500 || !returned {
			return time.Time{}
		}
		first, last = units.Earlier(first, c.At), units.Later(last, c.At)
		back, lastBack = units.Earlier(back, up), units.Later(lastBack, up)
	}
	if last.Sub(first) > p.Interval || lastBack.Sub(back) > p.Interval {
		return time.Time{}
	}
	return last
}

// servedUntil reports whether users were answered well while the probes met errors already.
func servedUntil(c *inference.Case, k traffic.PoolKey, down time.Time) bool {
	p := c.Probing(k.Settings)
	good, bad := c.GoodBetween(k, down.Add(-max(p.Interval, p.Notices())), down)
	return good >= stats.MinEvents && bad*10 <= good
}

func tooDeep(c *inference.Case, k traffic.PoolKey, trails []*health.History, down time.Time, events []*traffic.Event) {
	livedOn := livedOn(c, trails, events[len(events)-1].At)
	f := c.ClaimMore("a-probe-too-deep", events, report.Scope{Pool: k.Pool, Settings: k.Settings},
		inference.ConfidenceOf(len(trails) >= 3 && livedOn))
	f.AddEvidence("backend-health",
		fmt.Sprintf("all %d members went down at %s within one round of probes, by the status of their health page, and came up again together", len(trails), units.Stamp(down)))
	f.AddEvidence("access-log", fmt.Sprintf("users were answered well until then; after it %d requests found no healthy member",
		len(events)),
		events...)
	if len(f.Rivals) == 0 { // the history may be of another time
		f.RuleOut("a-probe-status-mismatch", "nothing was changed: the health pages were well before and after")
		if f.AddRivals("g-dependency-down"); livedOn {
			f.RuleOut("c-deploy-no-drain", "members went on with connections that they had before, so they had not been stopped")
		} else {
			f.AddOpenRivals("c-deploy-no-drain")
		}
	}
	f.SetExpected("backend", 0, len(events), "bounded", "requests that do not need what the health page checks would have been answered")
	c.Expand(map[string]string{}, f)
}

// livedOn reports whether most members of some, once they were in service again, answered first on connections that they
// had before: so their processes had gone on. A member that stops on request shows that on its health page too.
func livedOn(c *inference.Case, trails []*health.History, out time.Time) bool {
	n := 0
	for _, t := range trails {
		for k, m := range c.Traffic.Members {
			if k.Member != t.Member || k.Settings != t.Settings {
				continue
			}
			if first, ok := m.Answers.After(out); ok && m.Fresh.Between(first, first.Add(stats.BinWidth)) == 0 {
				n++
			}
		}
	}
	return 2*n > len(trails)
}

// cameUp is when the member was next up after a time.
func cameUp(t *health.History, after time.Time) (time.Time, bool) {
	for _, c := range t.Changes {
		if c.Up && c.At.After(after) {
			return c.At, true
		}
	}
	return time.Time{}, false
}
