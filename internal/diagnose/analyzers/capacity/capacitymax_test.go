package capacity_test

import (
	"slices"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// If the members are slower in the same minutes, the gateway may be full because of them.
func TestFullGatewayBeforeSlowMembers(t *testing.T) {
	t.Parallel()
	r := story.FullGateway(t, 500*time.Millisecond).Diagnose()
	story.Expect(t, r, "h-capacity-max low 0")
	if u := r.Undetermined; u.Failures != 40 || !slices.Contains(u.Rivals, "g-cpu-queueing") {
		t.Errorf("%+v", u)
	}
}

// The gateway is full, and requests fail in just those minutes. If only one of two pools fails, there is most for its members to do
// then.
func TestFullGatewayBesideAFailingPool(t *testing.T) {
	t.Parallel()
	for name, both := range map[string]bool{"named": true, "spared": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.FullGateway(t, 10*time.Millisecond)
			for i := range s.Records {
				r := &s.Records[i]
				if both && i/5%2 == 0 || !both && r.Status < 500 && i%2 == 0 {
					r.Pool, r.URI = "other", []byte("/other")
				}
			}
			if r := s.Diagnose(); both {
				story.Named(t, r, "h-capacity-max")
			} else {
				story.Spares(t, r, "h-capacity-max")
			}
		})
	}
}
