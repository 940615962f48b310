package diagnose

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/evidence"
)

// onIdle are causes whose frequency depends on how long connections to members rest between two requests, or on how many
// are open.
var onIdle = map[string]bool{
	"c-idle-race": true, "c-max-age": true, "c-keepalive-max-requests": true, "c-backend-conn-limit": true,
	"b-stateful-idle-drop": true, "b-stateful-idle-rst": true, "c-ephemeral-exhausted": true,
}

// nameLoops says of findings that depend on it what the gateway's event loops do to its connections: each has idle
// connections of its own.
func nameLoops(c *inference.Case, m *evidence.Machine) {
	if m == nil || m.Loops < 2 {
		return
	}
	for _, f := range c.Findings {
		if !onIdle[f.Cause] {
			continue
		}
		f.AddEvidence("gateway",
			fmt.Sprintf("the gateway runs %d event loops (engine: %s), each with idle connections to members of its own: up to %d times as many are open as with one, "+
				"and each rests up to %d times as long between two requests", m.Loops, m.Engine, m.Loops, m.Loops))
	}
}
