package timing_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// A 504 stands in serverStatus too, which the gateway may have written itself. Without the document nobody knows whose timer it was.
func TestUnknownTimer(t *testing.T) {
	t.Parallel()
	for name, without := range map[string]bool{"with the document": false, "without a document": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.Lively(t, 9, story.Echoing(504, 30*time.Second, fault.NoError))
			s.NoDoc = without
			r := s.Diagnose()
			if open := strings.Contains(r.Undetermined.Next, "add the gateway document"); open != without {
				t.Errorf("found %q, open %q: %s", story.Causes(r), story.Likely(r), r.Undetermined.Next)
			}
		})
	}
}
