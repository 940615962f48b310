package capacity_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// The processors of the gateway are full for ten minutes, in which requests fail. If members are slower in these minutes too, the
// gateway may be full because of them.
func TestGatewayCPU(t *testing.T) {
	t.Parallel()
	full := func(t *testing.T, answer time.Duration) *story.Story {
		s := story.FullGateway(t, answer)
		s.Files["metrics.json"] = strings.NewReplacer("CapacityUnits", "CpuUtilization", `"average":20`, `"average":95`).
			Replace(s.Files["metrics.json"])
		return s
	}
	t.Run("named", func(t *testing.T) {
		t.Parallel()
		story.Named(t, full(t, 10*time.Millisecond).Diagnose(), "h-cpu")
	})
	t.Run("spared", func(t *testing.T) {
		t.Parallel()
		story.Spares(t, full(t, 500*time.Millisecond).Diagnose(), "h-cpu")
	})
}
