package protocol

import (
	"fmt"
	"strings"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// PartialRotation recognises f-partial-rotation: only some members have the new certificate.
var PartialRotation = inference.Analyzer{
	Name: "f-partial-rotation", Requires: inference.Log,
	Doc: "certificates are refused at some members under the settings, while others answer over TLS with theirs",
	Run: partialRotation,
}

// partialRotation is no cause of its own: the members differ, so somebody has renewed only some certificates.
func partialRotation(c *inference.Case) {
	// Of another name or another issuer: that may be another server altogether.
	_, by := traffic.GroupBy(c.EventsOf("f-expired", "f-not-yet-valid", "f-missing-intermediate"),
		func(e *traffic.Event) string { return e.Settings })
	for _, settings := range units.SortedKeys(by) {
		events := by[settings]
		bad := map[string]bool{}
		for _, e := range events {
			bad[e.Member] = true
		}
		// in a log of whole seconds the last answers before the first refusal may bear its stamp
		good, from, until := 0, events[0].Start.Add(2*events[0].Resolution()), events[len(events)-1].At
		if inference.WasHeldBack(events) { // the failures are few, and the others go on
			until = c.Traffic.To
		}
		for k, m := range c.Traffic.Members {
			if k.Settings == settings && !bad[k.Member] && m.Answers.Between(from, until) >= stats.MinEvents {
				good++
			}
		}
		if good == 0 || len(events) < inference.EnoughToHold(events) {
			continue
		}
		f := c.Note("f-partial-rotation", events, report.Scope{Pool: events[0].Pool, Settings: settings},
			inference.ConfidenceOf(events[0].Own))
		f.AddEvidence("access-log", fmt.Sprintf("certificates are refused at %s, and %d other members under the same settings answer",
			strings.Join(units.SortedKeys(bad), ", "), good), events...)
		c.Expand(map[string]string{}, f)
	}
}
