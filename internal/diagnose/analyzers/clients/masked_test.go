package clients_test

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// The backend said 500, the client got 502.
func TestMasked(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for range 6 {
		s.After(time.Second).Request(4, func(r *accesslog.Record, a *accesslog.Attempt) { r.Status, a.Status = 502, 500 })
	}
	story.Expect(t, s.Diagnose(), "k-masked high 6")
}
