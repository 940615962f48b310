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

// An update lasts for six minutes, and may take effect at any time of them: what begins in its midst, or soon after its end, follows it.
// One that failed changed nothing.
func TestChangeThatLasts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		began, ended time.Duration // before the first failure
		status       string
		named        bool
	}{
		"in its midst":   {3 * time.Minute, -3 * time.Minute, "Succeeded", true},
		"after its end":  {14 * time.Minute, 8 * time.Minute, "Succeeded", true},
		"long after":     {40 * time.Minute, 34 * time.Minute, "Succeeded", false},
		"one that fails": {3 * time.Minute, -3 * time.Minute, "Failed", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for range 120 {
				s.After(time.Minute).Request(4)
			}
			first := s.At.Add(10 * time.Second)
			for range 30 {
				s.After(10*time.Second).Request(4, story.Path("/x"), story.Status(500))
				s.Request(5)
			}
			event := func(before time.Duration, status string) string {
				return fmt.Sprintf(`{"eventTimestamp":%q,"operationName":{"value":"Microsoft.Network/applicationGateways/write"},"status":{"value":%q},"caller":"ann","resourceId":"/x","correlationId":"1"}`, first.Add(-before).Format(time.RFC3339), status)
			}
			s.Files = map[string]string{"activity.json": "[" + event(c.began, "Started") + "," + event(c.ended, c.status) + "]"}
			want := []string{"k-backend-5xx high 30"}
			if c.named {
				want = append(want, "i-recent-change medium 0")
			}
			story.Expect(t, s.Diagnose(), want...)
		})
	}
}
