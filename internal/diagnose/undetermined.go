package diagnose

import (
	"cmp"
	"slices"

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
		g := s.Group(c.Against(s.Events))
		g.When = when(c, s.Events)
		if len(s.Events) > 0 {
			g.Where = c.Where(s.Events, s.Events)
			g.FailureKind = inference.KindLevel(c.FailureKinds("", s.Events), report.High)
		}
		u.Groups = append(u.Groups, g)
	}
	return u
}
