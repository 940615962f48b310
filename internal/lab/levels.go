package lab

import (
	"encoding/json"
	"slices"
	"strings"

	"causeway/internal/lab/stage"
	"causeway/internal/report"
)

// claim is what a report says at the levels of where and kind, of all failures or of a part.
type claim struct {
	Failures  int        `json:"failures"`
	Recovered int        `json:"recovered"`
	Where     *claimedAt `json:"where"`
	Kind      *struct {
		Kinds    []string `json:"kinds"`
		Failures int      `json:"failures"`
		Of       int      `json:"of"`
	} `json:"failureKind"`
}

// claimedAt is a place as a report names it.
type claimedAt struct {
	Member   string `json:"member"`
	Path     string `json:"path"`
	Method   string `json:"method"`
	Listener string `json:"listener"`
	Instance string `json:"instance"`
	Client   string `json:"client"`
}

// group is an undetermined group, with its parts at several members.
type group struct {
	claim
	Parts []struct {
		Scope struct {
			Member string `json:"member"`
		} `json:"scope"`
		Failures  int `json:"failures"`
		Recovered int `json:"recovered"`
	} `json:"parts"`
}

// claims are those of the group, and of each part that it names: of the same kind, at a member.
func (g *group) claims() []claim {
	out := []claim{g.claim}
	for _, p := range g.Parts {
		part := g.claim
		part.Failures, part.Recovered, part.Where = p.Failures, p.Recovered, &claimedAt{Member: p.Scope.Member}
		out = append(out, part)
	}
	return out
}

// levels are the claims of a report: of the whole, and of each finding and each undetermined group.
type levels struct {
	claim
	Findings     []claim `json:"findings"`
	Undetermined struct {
		Groups []group `json:"groups"`
	} `json:"undetermined"`
}

func levelsOf(r *report.Report) (levels, error) {
	var l levels
	b, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(b, &l)
	}
	return l, err
}

// Levels says which levels of a verdict are right. Both are true where nothing failed but the background.
type Levels struct {
	Where bool `json:"where"`
	Kind  bool `json:"kind"`
}

// placeOf is what is known of the failures of a play beside its truth.
type placeOf struct {
	stage.Common
	azure  bool // Azure's evidence, which does not tell some kinds apart
	coarse bool // a form without reasons, in which all ended connections look alike
	beside int  // failures of the background, which are true and not asked for
}

// judgeLevels holds the levels of a report against a truth: of the whole report if there is one cause, else of the parts. Beside a
// background the whole has failures elsewhere; there the place of one cause may stand at the part that holds nine tenths of the others.
func judgeLevels(r *report.Report, truth []stage.Truth, places []placeOf) (Levels, error) {
	l, err := levelsOf(r)
	if err != nil {
		return Levels{}, err
	}
	out := Levels{Where: true, Kind: true}
	parts := []claim{l.claim}
	if len(truth) > 1 {
		parts = l.parts(true)
	}
	if together(truth) {
		parts = append(parts, l.claim)
	}
	for i, t := range truth {
		place := places[min(i, len(places)-1)]
		out.Where = out.Where && slices.ContainsFunc(slices.Concat(parts, l.main(truth, place)), func(c claim) bool {
			return c.whereIs(t, place) && (len(truth) == 1 || c.kindIs(t, place))
		})
		out.Kind = out.Kind && slices.ContainsFunc(parts, func(c claim) bool { return c.kindIs(t, place) })
	}
	return out, nil
}

// main is the part of a report that holds nearly all failures but those of the background, of a play with one cause.
func (l levels) main(truth []stage.Truth, place placeOf) []claim {
	if len(truth) > 1 || place.beside == 0 {
		return nil
	}
	all := l.Failures + l.Recovered - place.beside
	return slices.DeleteFunc(l.parts(false), func(c claim) bool {
		return 10*(c.Failures+c.Recovered) < 9*all
	})
}

// parts are the claims of all findings and groups, and with members those of the parts of groups.
func (l *levels) parts(members bool) []claim {
	out := slices.Clone(l.Findings)
	for i := range l.Undetermined.Groups {
		if g := &l.Undetermined.Groups[i]; members {
			out = append(out, g.claims()...)
		} else {
			out = append(out, g.claim)
		}
	}
	return out
}

// together reports whether all truths are at one place, so that the whole report speaks of each.
func together(truth []stage.Truth) bool {
	return len(truth) > 1 && !slices.ContainsFunc(truth, func(t stage.Truth) bool {
		return t.At != truth[0].At || t.Path != truth[0].Path || t.At+t.Path == ""
	})
}

// whereIs reports whether a claim names the place of a truth. What the scenario's own load has in common may be named or not.
func (c claim) whereIs(t stage.Truth, place placeOf) bool {
	w := c.Where
	if w == nil {
		w = &claimedAt{}
	}
	member := strings.Split(w.Member, ":")[0]
	switch {
	case t.At != member && (t.At != "" && t.At != place.Member || member != "" && member != place.Member):
		return false
	case t.At != "" && t.Path != "" && w.Path == "":
		return w.Method == "" || w.Method == place.Method // the member is enough
	case t.Path != w.Path && (t.Path != "" && t.Path != place.Path || w.Path != "" && !place.has(w.Path)):
		return false
	case w.Method != "" && w.Method != place.Method:
		return false
	}
	return w.Instance == t.Instance && w.Client == t.Client
}

// has reports whether a path is what the load has in common: its one path, or everything below that of its half of a mixture.
func (p placeOf) has(path string) bool {
	return path == p.Path || p.Below != "" && strings.HasPrefix(path, p.Below)
}

// kindIs reports whether a claim's kinds hold for nine tenths of its failures, and none is among them that the evidence excludes.
func (c claim) kindIs(t stage.Truth, place placeOf) bool {
	if c.Kind == nil || len(c.Kind.Kinds) == 0 || 10*c.Kind.Failures < 9*(c.Kind.Of-place.beside) {
		return false
	}
	allowed := slices.Clone(t.Kinds)
	for _, group := range place.alike() {
		if slices.ContainsFunc(group, func(k string) bool { return slices.Contains(t.Kinds, k) }) {
			allowed = append(allowed, group...)
		}
	}
	if place.beside > 0 && len(c.Kind.Kinds) > 1 {
		allowed = append(allowed, "client-left")
	}
	return !slices.ContainsFunc(c.Kind.Kinds, func(k string) bool { return !slices.Contains(allowed, k) })
}

// alike are the groups of kinds that the evidence does not tell apart: how a connection ended that there was, and how one that there
// was none of did not come about; of a first-generation log all of them.
func (p placeOf) alike() [][]string {
	switch {
	case p.coarse:
		return [][]string{{"refused", "lost-at-once", "lost-idle", "malformed", "tls", "name", "no-member"}}
	case p.azure:
		return [][]string{{"lost-at-once", "lost-idle", "malformed"}, {"refused", "tls", "lost-at-once"}}
	}
	return nil
}
