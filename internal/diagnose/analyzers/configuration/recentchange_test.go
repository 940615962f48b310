package configuration_test

import (
	"fmt"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// Somebody changed the gateway before the first failure. If that was minutes before, the report names it beside the cause; if it was
// a day before, it does not.
func TestRecentChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before time.Duration
		want   []string
	}{
		"minutes before": {8 * time.Minute, []string{"k-backend-5xx high 30", "i-recent-change medium 0"}},
		"a day before":   {24 * time.Hour, []string{"k-backend-5xx high 30"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for range 60 {
				s.After(time.Minute).Request(4)
			}
			s.After(9 * time.Minute)
			change := s.At.Add(-c.before)
			for i := range 30 {
				s.After(10*time.Second).Request(4, story.Path("/x"), story.Status(500))
				if i%2 == 0 {
					s.Request(5)
				}
			}
			s.Files = map[string]string{"activity.json": fmt.Sprintf(`[{"eventTimestamp":%q,"operationName":{"value":"Microsoft.Network/applicationGateways/write"},"status":{"value":"Succeeded"},"caller":"ann","resourceId":"/x"}]`, change.Format(time.RFC3339))}
			story.Expect(t, s.Diagnose(), c.want...)
		})
	}
}
