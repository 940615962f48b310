package diagnose

import "causeway/internal/diagnose/inference"

// given is the evidence at hand.
func given(c *inference.Case) inference.Evidence {
	var n inference.Evidence
	for _, x := range []struct {
		there bool
		what  inference.Evidence
	}{
		{c.Traffic.Requests > 0, inference.Log},
		{c.Traffic.Own > 0, inference.Trace},
		{c.Traffic.Own > 0 || c.Traffic.HasConnectTimes(), inference.Connects},
		{c.Traffic.Config != nil, inference.Document},
		{c.Traffic.Health != nil, inference.Health},
		{len(c.Traffic.Metrics) > 0, inference.Metrics},
		{len(c.Traffic.Activity) > 0, inference.Activity},
	} {
		if x.there {
			n |= x.what
		}
	}
	return n
}

// consider runs every analyzer that the evidence suffices for, in order.
func consider(c *inference.Case) {
	given := given(c)
	for i := range order {
		if a := &order[i]; a.Requires&^given == 0 {
			a.Run(c)
		}
	}
}

// Rule is how a diagnosis recognises a cause, as the catalogue shows it.
type Rule struct {
	Cause string
	Needs string // evidence
	Test  string
}

// Rules lists the rules of all causes that a diagnosis can name, in the order of the analyzers.
func Rules() []Rule {
	var out []Rule
	for _, a := range order {
		out = append(out, Rule{a.Name, a.Requires.String(), a.Doc})
	}
	return out
}
