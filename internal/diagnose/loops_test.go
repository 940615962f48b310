package diagnose

import (
	"strings"
	"testing"

	"causeway/internal/evidence"
)

// What depends on idle connections names the event loops, which each have their own; nothing else does.
func TestFindingsOnIdleConnectionsNameTheLoops(t *testing.T) {
	for _, c := range []struct {
		cause string
		m     *evidence.Machine
		named bool
	}{
		{"c-idle-race", &evidence.Machine{Engine: "epoll", Loops: 4}, true},
		{"c-idle-race", &evidence.Machine{Engine: "epoll", Loops: 1}, false},
		{"c-idle-race", &evidence.Machine{Engine: "goroutines"}, false},
		{"c-idle-race", nil, false},
		{"d-hung", &evidence.Machine{Engine: "epoll", Loops: 4}, false},
	} {
		q := &inquiry{findings: []*finding{{Finding: Finding{Cause: c.cause}}}}
		q.nameLoops(c.m)
		named := len(q.findings[0].Evidence) == 1 && strings.Contains(q.findings[0].Evidence[0].Fact, "4 event loops (engine: epoll)")
		if named != c.named {
			t.Errorf("%s on %+v: %+v", c.cause, c.m, q.findings[0].Evidence)
		}
	}
}
