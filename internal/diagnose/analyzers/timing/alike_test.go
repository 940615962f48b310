package timing_test

import (
	"fmt"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// paths are ten routes that are alike.
func paths(i int) string { return fmt.Sprintf("/shop/%c", 'a'+i%10) }

// One timer cuts the slower requests of ten routes, a few of each. That is one finding, and no route is too small for it.
func TestOneTimerOverManyRoutes(t *testing.T) {
	t.Parallel()
	for name, took := range map[string]func(i int) time.Duration{
		"all are slow": func(i int) time.Duration { return time.Duration(100+(i*97)%1900) * time.Millisecond },
		"a few are slow, the rest quick": func(i int) time.Duration {
			if i%5 > 0 {
				return 12 * time.Millisecond
			}
			return time.Duration(300+(i*97)%1700) * time.Millisecond
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for i := range 1200 {
				s.After(130 * time.Millisecond)
				if i%31 == 3 {
					s.Request(4+i%3, story.Path(paths(i)), story.Fails(story.TimeoutFault, 2*time.Second))
				} else {
					s.Request(4+i%3, story.Path(paths(i)), story.Took(took(i)))
				}
			}
			story.Expect(t, s.Diagnose(), "d-timeout-below-latency high 39")
		})
	}
}

// Some requests of every route are lost, and no answer takes long: nothing says that a longer timeout would help.
func TestLostRequestsOfManyRoutes(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 1200 {
		s.After(130 * time.Millisecond)
		if i%31 == 3 {
			s.Request(4+i%3, story.Path(paths(i)), story.Fails(story.TimeoutFault, 2*time.Second))
		} else {
			s.Request(4+i%3, story.Path(paths(i)))
		}
	}
	story.Expect(t, s.Diagnose(), "d-hung medium 39")
}

// One route runs into the timeout far more often than the others: it is judged apart from them.
func TestRouteThatStandsOutIsJudgedApart(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 1200 {
		switch s.After(130 * time.Millisecond); {
		case i%12 == 5:
			s.Request(4+i/12%3, story.Path("/export"), story.Fails(story.TimeoutFault, 2*time.Second))
		case i%12 == 7:
			s.Request(4+i/12%3, story.Path("/export"), story.Took(time.Duration(800+(i*97)%1200)*time.Millisecond))
		case i%200 == 3:
			s.Request(4+i/12%3, story.Path(paths(i)), story.Fails(story.TimeoutFault, 2*time.Second))
		default:
			s.Request(4+i/12%3, story.Path(paths(i)))
		}
	}
	f := story.Found(t, s.Diagnose(), 0)
	if f.Cause != "d-slow-route" || f.Scope.Path != "/export" || f.Failures != 100 {
		t.Errorf("%s, %d failures at %q", f.Cause, f.Failures, f.Scope.Path)
	}
}

// In a large log the least difference between routes is no accident: one that times out twice as often as the others is still alike.
func TestLargeLogIsNotCutByRoutes(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 12_000 {
		s.After(130 * time.Millisecond)
		if i%31 == 3 || i%310 == 10 {
			s.Request(4+i/10%3, story.Path(paths(i)), story.Fails(story.TimeoutFault, 2*time.Second))
		} else {
			s.Request(4+i/10%3, story.Path(paths(i)), story.Took(time.Duration(100+(i*97)%1900)*time.Millisecond))
		}
	}
	story.Expect(t, s.Diagnose(), "d-timeout-below-latency high 426")
}

// What is behind the members gives up after a second, whatever was requested. Errors that come at once beside it are another matter.
func TestInnerTimerOverManyRoutes(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 1200 {
		switch s.After(130 * time.Millisecond); {
		case i%31 == 3:
			s.Request(4+i%3, story.Path(paths(i)), story.Took(time.Second+time.Duration(i%7)*time.Millisecond), story.Status(500))
		case i%150 == 7:
			s.Request(4+i%3, story.Path(paths(i)), story.Took(3*time.Millisecond), story.Status(500))
		default:
			s.Request(4+i%3, story.Path(paths(i)))
		}
	}
	story.Expect(t, s.Diagnose(), "d-inner-timeout high 39", "k-backend-5xx high 7")
}
