package probes_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// A member is added while what all of them need is down: it fails as the others do.
func TestNewMemberAmongFailingOnes(t *testing.T) {
	for _, azure := range []bool{false, true} {
		s := story.New(t)
		s.Azure, s.Doc = azure, story.Probed("/health")
		s.Traffic(30*time.Second, []int{4, 5})
		s.Traffic(5*time.Second, []int{4, 5, 6}, story.Answers(503))
		s.Traffic(20*time.Second, []int{4, 5, 6})
		if !azure {
			s.Server("10.0.0.6", "Up", "", "", "2026-11-23T09:00:30Z Up")
		}
		story.Spares(t, s.Diagnose(), "a-not-ready-yet", "a-fast-readmit")
	}
}

// The users that a cookie binds to a member rest, come back, and meet errors for a while.
func TestUsersOfAMemberComeBack(t *testing.T) {
	s := story.New(t)
	s.Azure, s.Doc = true, story.Sticky(story.Document)
	s.Traffic(10*time.Second, []int{4, 5, 6})
	s.Traffic(30*time.Second, []int{4, 5})
	for range 50 {
		s.Request(4)
		s.Request(5)
		s.Request(6, story.Answers(503))
		s.After(100 * time.Millisecond)
	}
	s.Traffic(20*time.Second, []int{4, 5, 6})
	story.Spares(t, s.Diagnose(), "a-not-ready-yet", "a-fast-readmit")
}

// Two pools are served under the same settings; users of one of them come later, and meet errors for a while.
func TestPoolThatIsAskedLater(t *testing.T) {
	canary := func(r *accesslog.Record, _ *accesslog.Attempt) { r.Pool = "canary" }
	s := story.New(t)
	s.Azure = true
	s.Doc = strings.Replace(story.Document, `{"name":"none"`,
		`{"name":"canary","properties":{"backendAddresses":[{"ipAddress":"10.0.0.9"}]}},{"name":"none"`, 1)
	s.Traffic(30*time.Second, []int{4, 5})
	for range 50 {
		s.Request(4)
		s.Request(5)
		s.Request(9, canary, story.Answers(503))
		s.After(100 * time.Millisecond)
	}
	for range 200 {
		s.Request(4)
		s.Request(9, canary)
		s.After(100 * time.Millisecond)
	}
	story.Spares(t, s.Diagnose(), "a-not-ready-yet", "a-fast-readmit")
}

// The logs of two gateways with the same names for everything; that of the second begins later.
func TestLogOfAnotherGatewayThatBeginsLater(t *testing.T) {
	s := story.New(t)
	s.Azure = true
	s.Traffic(30*time.Second, []int{4, 5}, story.Of("/EAST"))
	for range 50 {
		s.Request(4, story.Of("/EAST"))
		s.Request(8, story.Of("/WEST"), story.Answers(503))
		s.After(100 * time.Millisecond)
	}
	for range 200 {
		s.Request(4, story.Of("/EAST"))
		s.Request(8, story.Of("/WEST"))
		s.After(100 * time.Millisecond)
	}
	story.Spares(t, s.Diagnose(), "a-not-ready-yet", "a-fast-readmit")
}

// A member that is new, and one that is back, fail what they get at first. The history of health tells which; without
// one it is whether the member had got any request before.
func TestMembersThatAreNotReady(t *testing.T) {
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
