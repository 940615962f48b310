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
	Failures int        `json:"failures"`
	Where    *claimedAt `json:"where"`
	Kind     *struct {
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

// levels are the claims of a report: of the whole, and of each finding and each undetermined group.
type levels struct {
	claim
	Findings     []claim `json:"findings"`
	Undetermined struct {
		Groups []claim `json:"groups"`
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

// Levels says which levels of a verdict are right. Both are true where nothing failed that had to be told.
type Levels struct {
	Where bool `json:"where"`
	Kind  bool `json:"kind"`
}

// placeOf is what is known of the failures of a play beside its truth.
type placeOf struct {
	stage.Common
	coarse bool // a form without reasons: what ended connections cannot be told apart
}

// judgeLevels holds the levels of a report against a truth: of the whole report if there is one cause, else of the parts.
func judgeLevels(r *report.Report, truth []stage.Truth, places []placeOf) (Levels, error) {
	l, err := levelsOf(r)
	if err != nil {
		return Levels{}, err
	}
	out := Levels{Where: true, Kind: true}
	parts := []claim{l.claim}
	if len(truth) > 1 {
		parts = slices.Concat(l.Findings, l.Undetermined.Groups)
	}
	for i, t := range truth {
		place := places[min(i, len(places)-1)]
		out.Where = out.Where && slices.ContainsFunc(parts, func(c claim) bool {
			return c.whereIs(t, place) && (len(truth) == 1 || c.kindIs(t, place))
		})
		out.Kind = out.Kind && slices.ContainsFunc(parts, func(c claim) bool { return c.kindIs(t, place) })
	}
	return out, nil
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
	case t.Path != w.Path && (t.Path != "" && t.Path != place.Path || w.Path != "" && !place.has(w.Path)):
		return false
	case w.Method != "" && w.Method != place.Method:
		return false
	}
	return w.Instance == "" && w.Client == ""
}

// has reports whether a path is what the load has in common: its one path, or everything below that of its half of a mixture.
func (p placeOf) has(path string) bool {
	return path == p.Path || p.Below != "" && strings.HasPrefix(path, p.Below)
}

// kindIs reports whether a claim's kinds hold for nine tenths of its failures, and none is among them that the truth excludes.
func (c claim) kindIs(t stage.Truth, place placeOf) bool {
	if c.Kind == nil || len(c.Kind.Kinds) == 0 || 10*c.Kind.Failures < 9*c.Kind.Of {
		return false
	}
	allowed := t.Kinds
	if place.coarse && slices.ContainsFunc(allowed, func(k string) bool { return slices.Contains(alike, k) }) {
		allowed = slices.Concat(allowed, alike)
	}
	return !slices.ContainsFunc(c.Kind.Kinds, func(k string) bool { return !slices.Contains(allowed, k) })
}

// alike are kinds that a first-generation log does not tell apart.
var alike = []string{"refused", "lost-at-once", "lost-idle", "malformed", "tls", "name", "no-member"}
