package capacity_test

import (
	"slices"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// If the members are slower in the same minutes, the gateway may be full because of them.
func TestFullGatewayBeforeSlowMembers(t *testing.T) {
	r := story.FullGateway(t, 500*time.Millisecond).Diagnose()
	story.Expect(t, r, "h-capacity-max low 0")
	if u := r.Undetermined; u.Failures != 40 || !slices.Contains(u.Rivals, "g-cpu-queueing") {
		t.Errorf("%+v", u)
	}
}

// One pool of two fails when there is most to do, which is also when the gateway is full.
func TestFullGatewayBesideAFailingPool(t *testing.T) {
	s := story.FullGateway(t, 10*time.Millisecond)
	for i := range s.Records {
		r := &s.Records[i]
		if r.Status < 500 && i%2 == 0 {
			r.Pool, r.URI = "other", []byte("/other")
		}
	}
	story.Spares(t, s.Diagnose(), "h-capacity-max")
}
