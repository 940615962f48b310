package timing_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// A member answers nobody for four seconds, three times, while its equal goes on. Where the equal stops as well, it is not the member.
func TestMemberThatStandsStill(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		alone bool
	}{{"one", true}, {"all", false}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for i := range 90 {
				s.After(time.Second)
				stops := i%30 >= 20 && i%30 < 24
				for j := range 6 {
					member := 4 + j%2
					if stops && (member == 4 || !c.alone) {
						s.Request(member, story.Fails(story.TimeoutFault, 2*time.Second))
					} else {
						s.Request(member)
					}
				}
			}
			g := story.Group(t, s.Diagnose(), 0)
			if still := strings.Contains(g.Next, "10.0.0.4 stood still 3 times"); still != c.alone {
				t.Errorf("%d failures at %q: %s", g.Failures, g.Scope.Member, g.Next)
			}
			if c.alone && (g.Failures != 36 || g.Rivals[0].Cause != "d-gc-pause") {
				t.Errorf("%d failures, first of all %s", g.Failures, g.Rivals[0].Cause)
			}
		})
	}
}
