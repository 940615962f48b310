package diagnose

import (
	"cmp"
	"slices"
	"strings"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
)

// undetermined is what is left, group by group, with everything that each might be.
func undetermined(c *inference.Case) report.Undetermined {
	rest := c.Unclaimed(func(*traffic.Event) bool { return true })
	if len(rest) > 0 {
		c.Suspect(rest, "look at these rows with causeway logs, and at the members' own logs at those times", "k-empty-evidence")
	}
	c.Open = alike(c)
	u := report.Undetermined{Rivals: []string{}, Groups: []report.Open{}}
	slices.SortStableFunc(c.Open, func(a, b inference.Suspicion) int {
		return cmp.Compare(inference.CountVisible(b.Events), inference.CountVisible(a.Events))
	})
	for _, s := range c.Open {
		u.Failures += inference.CountVisible(s.Events)
		if len(s.Events) > 0 && u.Next == "" {
			u.Next = s.Next
		}
		for _, e := range s.Events {
			if len(u.Rows) < inference.MaxRows {
				u.Rows = append(u.Rows, e.ID)
			}
		}
		for _, id := range s.Rivals {
			if !slices.Contains(u.Rivals, id) {
				u.Rivals = append(u.Rivals, id)
			}
		}
		where, kind := levelsOf(c, "", report.High, s.Events)
		g := c.Group(&s, where)
		g.When, g.FailureKind = when(c, s.Events), kind
		g.Parts = placesOf(&s)
		u.Groups = append(u.Groups, g)
	}
	return u
}

// alike joins the groups that are of one kind and have the same possible causes: what differs between them is a place.
func alike(c *inference.Case) (out []inference.Suspicion) {
	kinds := map[int][]inference.KindCount{}
	for _, s := range c.Open {
		if len(s.Events) == 0 {
			continue
		}
		these := c.FailureKinds("", s.Events)
		i := slices.IndexFunc(out, func(o inference.Suspicion) bool { return slices.Equal(o.Rivals, s.Rivals) })
		if i < 0 || !sameKinds(kinds[i], these) {
			kinds[len(out)], out = these, append(out, s)
			continue
		}
		out[i].Next = ofBoth(&out[i], &s)
		out[i].Events = append(slices.Clone(out[i].Events), s.Events...)
		traffic.SortByTime(out[i].Events)
	}
	return out
}

// ofBoth is what to do next about two groups: where they are of two members, it speaks of each of the members and not of one.
func ofBoth(a, b *inference.Suspicion) string {
	first, second := a.Events[0], b.Events[0]
	if first.Member == "" || first.Member == second.Member {
		return a.Next
	}
	return strings.NewReplacer(first.Server.String(), "each of the members", first.Member, "each of the members").Replace(a.Next)
}

// sameKinds reports whether two groups are named by the same kinds.
func sameKinds(a, b []inference.KindCount) bool {
	return slices.Equal(inference.KindLevel(a, report.High).Kinds, inference.KindLevel(b, report.High).Kinds)
}

// placesOf are the parts of a group at its members, where there are several.
func placesOf(s *inference.Suspicion) (out []report.Part) {
	keys, groups := traffic.GroupBy(s.Events, (*traffic.Event).Key)
	if len(keys) < 2 {
		return nil
	}
	for _, k := range keys {
		visible := inference.CountVisible(groups[k])
		out = append(out, report.Part{Scope: inference.ScopeOf(groups[k]), Failures: visible, Recovered: len(groups[k]) - visible})
	}
	return out
}
