package capacity_test

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// All members are slow for ten minutes, and a third one is in service only in these.
func TestMemberThatIsThereOnlyInTheSlowTime(t *testing.T) {
	s := story.New(t)
	for i := range 3000 {
		s.After(time.Second)
		members := []int{4, 5}
		slow := i >= 1200 && i < 1800
		if slow {
			members = []int{4, 5, 6}
		}
		for _, m := range members {
			switch {
			case slow && (i+7*m)%20 == 0:
				s.Request(m, story.Fails(story.TimeoutFault, 2*time.Second))
			case slow:
				s.Request(m, story.Took(900*time.Millisecond))
			default:
				s.Request(m, story.Took(20*time.Millisecond))
			}
		}
	}
	story.Spares(t, s.Diagnose(), "g-noisy-member")
}

// A member joins, and its caches are cold; the log ends before it is known how it does when they are warm.
func TestMemberThatHasJustJoinedIsNoNoise(t *testing.T) {
	s := story.New(t)
	for i := range 1000 {
		s.After(time.Second).Request(4)
		s.Request(5)
		switch {
		case i > 900 && i%8 == 0:
			s.Request(6, story.Fails(story.TimeoutFault, 2*time.Second))
		case i > 900:
			s.Request(6, story.Took(700*time.Millisecond))
		}
	}
	story.Spares(t, s.Diagnose(), "g-noisy-member")
}

// One of two instances reaches one member badly; the other one finds it as quick as the rest.
func TestBadWayFromOneInstanceIsNoNoise(t *testing.T) {
	s := story.New(t)
	for i := range 600 {
		s.After(time.Second)
		for m := 4; m < 7; m++ {
			s.Request(m, story.ByInstance(0))
			switch {
			case m == 6 && i%20 == 0:
				s.Request(m, story.ByInstance(1), story.Fails(story.TimeoutFault, 2*time.Second))
			case m == 6:
				s.Request(m, story.ByInstance(1), story.Took(600*time.Millisecond))
				s.Request(m, story.ByInstance(1), story.Took(600*time.Millisecond))
			default:
				s.Request(m, story.ByInstance(1))
			}
		}
	}
	story.Spares(t, s.Diagnose(), "g-noisy-member")
}

// One of five members is slow by a disk, for three kinds of requests; it is out of service for a while.
func TestOneOfFiveIsSlow(t *testing.T) {
	s := story.New(t)
	n := 0
	for i := range 900 {
		s.After(time.Second)
		for m := 4; m < 9; m++ {
			kind := story.Path([]string{"/a", "/b", "/c"}[(i+m)%3])
			switch {
			case m == 8 && i > 300 && i < 500:
			case m == 8 && i%25 == 0:
				s.Request(m, kind, story.Fails(story.TimeoutFault, 2*time.Second))
				n++
			case m == 8:
				s.Request(m, kind, story.Took(450*time.Millisecond))
			case m == 5 && i%300 == 7:
				s.Request(m, kind, story.Fails(story.TimeoutFault, 2*time.Second))
			default:
				s.Request(m, kind, story.Took(40*time.Millisecond))
			}
		}
	}
	r := s.Diagnose()
	if len(r.Findings) == 0 || story.Found(t, r, 0).Cause != "g-noisy-member" || story.Found(t, r, 0).Failures != n {
		story.Expect(t, r, fmt.Sprintf("g-noisy-member high %d", n))
	}
}

// The one who asks for the long reports is bound to a member by a cookie. Another member would be no quicker.
func TestHeavyUserIsNoSlowMember(t *testing.T) {
	s, rnd := story.New(t), rand.New(rand.NewSource(1))
	s.Doc = story.Sticky(story.Document)
	for i := range 300 {
		s.After(time.Second).Request(4+i%3, story.From(i%20))
		s.Request(4+i%2, story.Path("/report"), story.From(i%20), story.Took(300*time.Millisecond))
		if d := story.Around(1300*time.Millisecond, 0.4)(rnd); d < 2*time.Second {
			s.Request(6, story.Path("/report"), story.From(99), story.Took(d))
		} else {
			s.Request(6, story.Path("/report"), story.From(99), story.Fails(story.TimeoutFault, 2*time.Second))
		}
	}
	r := s.Diagnose()
	story.Spares(t, r, "g-noisy-member")
	if strings.Contains(story.TextOf(t, r), "if it were as quick as its equals") {
		t.Error("the member is called slow")
	}
}

// One of three members is five times as slow as the others.
func TestNoisyMember(t *testing.T) {
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":20`, 1)
	for i := range 600 {
		m := 4 + i%3
		s.After(500 * time.Millisecond)
		switch {
		case m == 6 && i%10 == 2:
			s.Request(m, story.Fails(story.TimeoutFault, 20*time.Second))
		case m == 6:
			s.Request(m, story.Took(250*time.Millisecond))
		default:
			s.Request(m, story.Took(50*time.Millisecond))
		}
	}
	r := s.Diagnose()
	if len(r.Findings) != 1 || story.Found(t, r, 0).Cause != "g-noisy-member" || story.Found(t, r, 0).Scope.Member != "10.0.0.6" {
		t.Errorf("%+v", r.Findings)
	}
}

// Azure's log has whole seconds: of a request timeout of one it does not show whether the member answered others meanwhile.
// That it answered nobody is then not said, and what is seen otherwise still counts.
func TestWaitsThatTheLogIsTooCoarseFor(t *testing.T) {
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":1`, 1)
	for i := range 60 {
		s.After(700 * time.Millisecond)
		s.Request(4, story.Took(20*time.Millisecond))
		s.Request(5, story.Took(20*time.Millisecond))
		if i%6 == 0 {
			s.Request(6, story.Fails(story.TimeoutFault, time.Second))
		} else {
			s.Request(6, story.Took(600*time.Millisecond))
		}
	}
	story.Expect(t, s.Diagnose(), "g-noisy-member high 10")

	s = story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":1`, 1)
	for range 8 {
		s.After(5 * time.Second)
		s.Request(4)
		s.Request(4, story.Fails(story.TimeoutFault, time.Second))
	}
	u := s.Diagnose().Undetermined
	if u.Failures != 8 || !strings.Contains(u.Groups[0].Next, "whole seconds") || !slices.Contains(u.Rivals, "c-accept-queue") ||
		slices.Contains(u.Rivals, "f-handshake-timeout") {
		t.Errorf("%+v", u)
	}
}

// The reports are slow, and a pool of their own serves them, under the same settings as the rest.
func TestPoolOfSlowReportsIsNoNoisyMember(t *testing.T) {
	for _, azure := range []bool{false, true} {
		s := story.New(t)
		s.Azure = azure
		s.Doc = strings.Replace(story.Document, `{"name":"none"`,
			`{"name":"reports","properties":{"backendAddresses":[{"ipAddress":"10.0.0.9"}]}},{"name":"none"`, 1)
		reports := func(r *accesslog.Record, _ *accesslog.Attempt) { r.Pool = "reports" }
		for i := range 300 {
			s.After(time.Second)
			s.Request(4)
			s.Request(5)
			if i%15 == 0 {
				s.Request(9, story.Path("/reports"), reports, story.Fails(story.TimeoutFault, 2*time.Second))
			} else {
				s.Request(9, story.Path("/reports"), reports, story.Took(time.Duration(300+i)*time.Millisecond))
			}
		}
		story.Spares(t, s.Diagnose(), "g-noisy-member")
	}
}

// A cookie binds the one who asks for reports to a member.
func TestHeavyUserOfAMember(t *testing.T) {
	for _, azure := range []bool{false, true} {
		s := story.New(t)
		s.Azure, s.Doc = azure, story.Sticky(story.Document)
		for i := range 300 {
			s.After(time.Second)
			s.Request(4, story.From(i%20))
			s.Request(5, story.From(20+i%20))
			if i%15 == 0 {
				s.Request(6, story.Path("/reports"), story.From(99), story.Fails(story.TimeoutFault, 2*time.Second))
			} else {
				s.Request(6, story.Path("/reports"), story.From(99), story.Took(time.Duration(300+i)*time.Millisecond))
			}
		}
		story.Spares(t, s.Diagnose(), "g-noisy-member", "b-node-local")
	}
}

// A member that gets other kinds of requests than its equals is not slower than they are: nothing can be compared.
func TestOtherKindsAreNoNoise(t *testing.T) {
	s := story.New(t)
	turns(s, 60, func(i, n int) {
		switch {
		case n == 0 && i%3 == 0:
			s.Request(4, story.Path("/report"), waitsInVain(0, 0))
		case n%2 == 0:
			s.Request(4, story.Path("/report"), story.Took(1800*time.Millisecond))
		default:
			s.Request(5, story.Path("/quick"), story.Took(5*time.Millisecond))
		}
	})
	story.Spares(t, s.Diagnose(), "g-noisy-member")
}
