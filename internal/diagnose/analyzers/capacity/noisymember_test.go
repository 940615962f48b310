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
	"causeway/internal/report"
)

// A member is in service for twenty minutes, and slow. If all members are slow in these, it is the time and not the member.
func TestMemberThatIsThereOnlyInTheSlowTime(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, alone bool) {
		for i := range 3000 {
			s.After(time.Second)
			members := []int{4, 5}
			slow := i >= 1200 && i < 2400
			if slow {
				members = []int{4, 5, 6}
			}
			for _, m := range members {
				switch {
				case alone && m < 6:
					s.Request(m, story.Took(20*time.Millisecond))
				case slow && (i+7*m)%20 == 0:
					s.Request(m, story.Fails(story.TimeoutFault, 2*time.Second))
				case slow:
					s.Request(m, story.Took(900*time.Millisecond))
				default:
					s.Request(m, story.Took(20*time.Millisecond))
				}
			}
		}
	}, "g-noisy-member")
}

// A member is slow. If it joined just before the log ends, its caches may be cold, and nobody knows how it does when they are warm.
func TestMemberThatHasJustJoinedIsNoNoise(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, thereAllAlong bool) {
		for i := range 1000 {
			s.After(time.Second).Request(4)
			s.Request(5)
			switch there := thereAllAlong || i > 900; {
			case there && i%8 == 0:
				s.Request(6, story.Fails(story.TimeoutFault, 2*time.Second))
			case there:
				s.Request(6, story.Took(700*time.Millisecond))
			}
		}
	}, "g-noisy-member")
}

// A member is slow. If only one of two instances finds it so, the way from that instance is bad.
func TestBadWayFromOneInstanceIsNoNoise(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, fromBoth bool) {
		for i := range 600 {
			s.After(time.Second)
			for m := 4; m < 7; m++ {
				if m == 6 && fromBoth {
					s.Request(m, story.ByInstance(0), story.Took(600*time.Millisecond))
				} else {
					s.Request(m, story.ByInstance(0))
				}
				switch {
				case m == 6 && i%20 == 0:
					s.Request(m, story.ByInstance(i/20%2), story.Fails(story.TimeoutFault, 2*time.Second))
					if !fromBoth {
						s.Records[len(s.Records)-1].Instance = "appgw_1"
					}
				case m == 6:
					s.Request(m, story.ByInstance(1), story.Took(600*time.Millisecond))
					s.Request(m, story.ByInstance(1), story.Took(600*time.Millisecond))
				default:
					s.Request(m, story.ByInstance(1))
				}
			}
		}
	}, "g-noisy-member")
}

// One of five members is slow by a disk, on three routes; it is out of service for a while.
func TestOneOfFiveIsSlow(t *testing.T) {
	t.Parallel()
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

// Reports take long at one member. If they are all of one user, whom a cookie binds to it, another member would be no quicker.
func TestHeavyUserIsNoSlowMember(t *testing.T) {
	t.Parallel()
	play := func(t *testing.T, user func(i int) int) *report.Report {
		s, rnd := story.New(t), rand.New(rand.NewSource(1))
		s.Doc = story.Sticky(story.Document)
		for i := range 300 {
			s.After(time.Second).Request(4+i%3, story.From(i%20))
			s.Request(4+i%2, story.Path("/report"), story.From(i%20), story.Took(300*time.Millisecond))
			if d := story.Around(1300*time.Millisecond, 0.4)(rnd); d < 2*time.Second {
				s.Request(6, story.Path("/report"), story.From(user(i)), story.Took(d))
			} else {
				s.Request(6, story.Path("/report"), story.From(user(i)), story.Fails(story.TimeoutFault, 2*time.Second))
			}
		}
		return s.Diagnose()
	}
	t.Run("many users", func(t *testing.T) {
		t.Parallel()
		story.Named(t, play(t, func(i int) int { return 40 + i%20 }), "g-noisy-member")
	})
	t.Run("one user", func(t *testing.T) {
		t.Parallel()
		r := play(t, func(int) int { return 99 })
		story.Spares(t, r, "g-noisy-member")
		if strings.Contains(story.TextOf(t, r), "if it were as quick as its equals") {
			t.Error("the member is called slow")
		}
	})
}

// One of three members is five times as slow as the others.
func TestNoisyMember(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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

// A member is slower than the others under its settings. If a pool of its own sends it the reports, it has no equals.
func TestPoolOfSlowReportsIsNoNoisyMember(t *testing.T) {
	t.Parallel()
	for kind, azure := range map[string]bool{"Causeway": false, "Azure": true} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			story.Twins(t, func(s *story.Story, hasEquals bool) {
				s.Azure = azure
				s.Doc = strings.Replace(story.Document, `{"name":"none"`,
					`{"name":"reports","properties":{"backendAddresses":[{"ipAddress":"10.0.0.9"}]}},{"name":"none"`, 1)
				reports := func(r *accesslog.Record, _ *accesslog.Attempt) {
					if !hasEquals {
						r.Pool, r.URI, r.OriginalURI = "reports", []byte("/reports"), []byte("/reports")
					}
				}
				for i := range 300 {
					s.After(time.Second)
					s.Request(4)
					s.Request(5)
					if i%15 == 0 {
						s.Request(9, reports, story.Fails(story.TimeoutFault, 2*time.Second))
					} else {
						s.Request(9, reports, story.Took(time.Duration(300+i)*time.Millisecond))
					}
				}
			}, "g-noisy-member")
		})
	}
}

// A member is slower than the others. If it is one user's reports that are slow, and a cookie binds the user to the member, nothing
// can be compared.
func TestHeavyUserOfAMember(t *testing.T) {
	t.Parallel()
	for kind, azure := range map[string]bool{"Causeway": false, "Azure": true} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			story.Twins(t, func(s *story.Story, everybody bool) {
				s.Azure, s.Doc = azure, story.Sticky(story.Document)
				for i := range 300 {
					s.After(time.Second)
					s.Request(4, story.From(i%20))
					s.Request(5, story.From(20+i%20))
					path, user := story.Path("/reports"), story.From(99)
					if everybody {
						path, user = story.Path("/a"), story.From(40+i%17)
					}
					if i%15 == 0 {
						s.Request(6, path, user, story.Fails(story.TimeoutFault, 2*time.Second))
					} else {
						s.Request(6, path, user, story.Took(time.Duration(300+i)*time.Millisecond))
					}
				}
			}, "g-noisy-member", "b-node-local")
		})
	}
}

// A member is slower than the other one. If it gets other routes, nothing can be compared.
func TestOtherKindsAreNoNoise(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, sameRoute bool) {
		quick := "/quick"
		if sameRoute {
			quick = "/report"
		}
		turns(s, 60, func(i, n int) {
			switch {
			case n == 0 && i%3 == 0:
				s.Request(4, story.Path("/report"), waitsInVain(0, 0))
			case n%2 == 0:
				s.Request(4, story.Path("/report"), story.Took(1800*time.Millisecond))
			default:
				s.Request(5, story.Path(quick), story.Took(5*time.Millisecond))
			}
		})
	}, "g-noisy-member")
}
