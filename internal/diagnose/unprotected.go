package diagnose

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/report"
)

// unserved reports the protections that the document asks for and that a gateway of Causeway's does not give: the reader of a report of
// it must not take what got through for what a protected gateway lets through.
func unserved(c *inference.Case) (out []report.Notice) {
	running := c.Traffic.Health != nil && len(c.Traffic.Health.Unserved) > 0
	if c.Traffic.Config == nil || c.Traffic.Own == 0 && !running {
		return nil
	}
	for _, u := range c.Traffic.Config.Unserved {
		out = append(out, report.Notice{
			Cause: "i-unserved-protection", Fact: "this gateway was served without a protection that its document asks for: " + u.String(),
			Do: "keep the site where it is protected, or do without on purpose: " + u.Path + " asks for it",
		})
	}
	return out
}
