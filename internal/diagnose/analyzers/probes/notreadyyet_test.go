package probes_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// A member is added and fails at first. If the other members fail alike, what all of them need is down.
func TestNewMemberAmongFailingOnes(t *testing.T) {
	t.Parallel()
	for kind, azure := range map[string]bool{"Causeway": false, "Azure": true} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			story.Twins(t, func(s *story.Story, alone bool) {
				s.Azure, s.Doc = azure, story.Probed("/health")
				s.Traffic(30*time.Second, []int{4, 5})
				for range 50 {
					if alone {
						s.Traffic(100*time.Millisecond, []int{4, 5})
					} else {
						s.Traffic(100*time.Millisecond, []int{4, 5}, story.Answers(503))
					}
					s.Request(6, story.Answers(503))
				}
				s.Traffic(20*time.Second, []int{4, 5, 6})
				if !azure {
					s.Server("10.0.0.6", "Up", "", "", "2026-11-23T09:00:30Z Up")
				}
			}, "a-not-ready-yet", "a-fast-readmit")
		})
	}
}

// A member gets nothing for a while, and fails what comes then. If a cookie binds users to it, it is they who rested, not the
// member.
func TestUsersOfAMemberComeBack(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, anyMember bool) {
		s.Azure = true
		if !anyMember {
			s.Doc = story.Sticky(story.Document)
		}
		s.Traffic(10*time.Second, []int{4, 5, 6})
		s.Traffic(30*time.Second, []int{4, 5})
		for range 50 {
			s.Request(4)
			s.Request(5)
			s.Request(6, story.Answers(503))
			s.After(100 * time.Millisecond)
		}
		s.Traffic(20*time.Second, []int{4, 5, 6})
	}, "a-fast-readmit", "a-not-ready-yet")
}

// A member that nobody tried before fails at first. If it belongs to another pool under the same settings, it is the users of that
// pool who come later.
func TestPoolThatIsAskedLater(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, samePool bool) {
		pool := func(r *accesslog.Record, _ *accesslog.Attempt) {
			if !samePool {
				r.Pool = "canary"
			}
		}
		s.Azure = true
		s.Doc = strings.Replace(story.Document, `{"name":"none"`,
			`{"name":"canary","properties":{"backendAddresses":[{"ipAddress":"10.0.0.9"}]}},{"name":"none"`, 1)
		s.Traffic(30*time.Second, []int{4, 5})
		for range 50 {
			s.Request(4)
			s.Request(5)
			s.Request(9, pool, story.Answers(503))
			s.After(100 * time.Millisecond)
		}
		for range 200 {
			s.Request(4)
			s.Request(9, pool)
			s.After(100 * time.Millisecond)
		}
	}, "a-not-ready-yet", "a-fast-readmit")
}

// The logs of two gateways have the same names for everything, and that of the second begins later. In the log of one gateway the
// member would be new.
func TestLogOfAnotherGatewayThatBeginsLater(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, sameGateway bool) {
		second := "/WEST"
		if sameGateway {
			second = "/EAST"
		}
		s.Azure = true
		s.Traffic(30*time.Second, []int{4, 5}, story.Of("/EAST"))
		for range 50 {
			s.Request(4, story.Of("/EAST"))
			s.Request(8, story.Of(second), story.Answers(503))
			s.After(100 * time.Millisecond)
		}
		for range 200 {
			s.Request(4, story.Of("/EAST"))
			s.Request(8, story.Of(second))
			s.After(100 * time.Millisecond)
		}
	}, "a-not-ready-yet", "a-fast-readmit")
}

// A member that is new, and one that is back, fail what they get at first. The history of health tells which; without
// one it is whether the member had got any request before.
func TestMembersThatAreNotReady(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		before  time.Duration // that the member serves at first
		azure   bool
		history []string
		want    string
	}{
		{"new", 0, false, []string{"2026-11-23T09:00:30Z Up"}, "a-not-ready-yet high 50"},
		{"new, by the log", 0, true, nil, "a-not-ready-yet medium 50"},
		{"back", 10 * time.Second, false, []string{
			"2026-11-23T08:00:00Z Up", "2026-11-23T09:00:10Z Down tcp_connect ECONNREFUSED",
			"2026-11-23T09:00:29Z Up",
		}, "a-fast-readmit high 50"},
		{"back, by the log", 10 * time.Second, true, nil, "a-fast-readmit medium 50"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Azure, s.Doc = c.azure, story.Probed("/health")
			if c.before > 0 {
				s.Traffic(c.before, []int{4, 5, 6})
			}
			s.Traffic(30*time.Second-c.before, []int{4, 5})
			for range 50 {
				s.Request(4)
				s.Request(5)
				s.Request(6, story.Answers(503))
				s.After(100 * time.Millisecond)
			}
			s.Traffic(20*time.Second, []int{4, 5, 6})
			if c.history != nil {
				s.Server("10.0.0.6", "Up", "", "", c.history...)
			}
			story.Expect(t, s.Diagnose(), c.want)
		})
	}
}
