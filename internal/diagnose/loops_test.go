package diagnose

import (
	"strings"
	"testing"

	"causeway/internal/diagnose/inference"
	"causeway/internal/evidence"
	"causeway/internal/report"
)

// What depends on idle connections names the event loops, which each have their own; nothing else does.
func TestFindingsOnIdleConnectionsNameTheLoops(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
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
		c := &inference.Case{Findings: []*inference.Finding{{Finding: report.Finding{Cause: x.cause}}}}
		nameLoops(c, x.m)
		named := len(c.Findings[0].Evidence) == 1 && strings.Contains(c.Findings[0].Evidence[0].Fact, "4 event loops (engine: epoll)")
		if named != x.named {
			t.Errorf("%s on %+v: %+v", x.cause, x.m, c.Findings[0].Evidence)
		}
	}
}
