package diagnose

// unserved tells the protections that the document asks for and that a gateway of Causeway's does not give: whoever reads a report of
// it must not take what got through for what a protected gateway lets through.
func (q *inquiry) unserved() (out []Notice) {
	running := q.health != nil && len(q.health.Unserved) > 0
	if q.config == nil || q.own == 0 && !running {
		return nil
	}
	for _, u := range q.config.Unserved {
		out = append(out, Notice{
			Cause: "i-unserved-protection", Fact: "this gateway was served without a protection that its document asks for: " + u.String(),
			Do: "keep the site where it is protected, or do without on purpose: " + u.Path + " asks for it",
		})
	}
	return out
}
