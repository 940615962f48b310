package probes_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// A member that goes away and never answers again has given no 502 of its own, whatever serverStatus holds.
func TestEchoOfADeadMember(t *testing.T) {
	t.Parallel()
	for echo, want := range map[bool]string{true: "a-slow-eviction medium", false: "a-slow-eviction high"} {
		t.Run(fmt.Sprintf("echo %t", echo), func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for i := range 300 {
				s.After(time.Second).Request(5 + i%2)
				if i < 100 {
					s.Request(4)
				} else if i < 112 {
					s.Request(4, story.Echoing(502, time.Millisecond, fault.NoError), func(_ *accesslog.Record, a *accesslog.Attempt) {
						if !echo {
							a.Status = 0
						}
					})
				}
			}
			r := s.Diagnose()
			if got := story.Causes(r); got != want {
				t.Errorf("echo %v: found %q", echo, got)
			}
			if s := story.StepOf(r, "backend-connections"); echo && s.Result == report.Pass {
				t.Errorf("%+v", s)
			}
			if s := report.GuideOf(r).Steps[1]; s.ID != "whose-error" || (s.Answer == report.Unknown) != echo {
				t.Errorf("%+v", s)
			}
		})
	}
}

// A dead member that passive ejection holds back until its probes give up is no restart: it did not come back.
func TestHeldBackUntilEvicted(t *testing.T) {
	t.Parallel()
	s := story.HeldBack(t)
	begin := s.Records[0].Start
	down := begin.Add(5150 * time.Millisecond).Format(time.RFC3339Nano)
	s.Server("10.0.0.4", "Up", "", "Success", begin.Add(-time.Hour).Format(time.RFC3339)+" Up")
	s.Server("10.0.0.6", "Down", "tcp_connect", "refused", begin.Add(-time.Hour).Format(time.RFC3339)+" Up",
		down+" Down tcp_connect ECONNREFUSED")
	r := s.Diagnose()
	story.Expect(t, r, "a-slow-eviction high 0", "k-hidden-by-retry high 0")
	if r.Recovered != 40 || r.Steered != 37 {
		t.Errorf("recovered %d, steered %d", r.Recovered, r.Steered)
	}
}

// A member fails a few times and gets nothing more. If it was its last user who left, nobody gave the member up.
func TestUsersOfAMemberLeave(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, manyUsers bool) {
		s.Azure, s.Doc = true, story.Sticky(story.Document)
		s.Traffic(20*time.Second, []int{4, 5, 6})
		for i := range 8 {
			user := 99
			if manyUsers {
				user = i
			}
			s.Request(6, story.Path("/boom"), story.From(user), story.Fails(story.RaceFault, 30*time.Millisecond))
			s.Traffic(500*time.Millisecond, []int{4, 5})
		}
		s.Traffic(20*time.Second, []int{4, 5})
	}, "a-slow-eviction", "c-endpoint-lag", "c-drain-too-short")
}

// One of three members dies. Its share fails until the probes give up on it.
func TestSlowEviction(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	begin := s.At
	for i := range 60 {
		s.After(100 * time.Millisecond)
		s.Request(4)
		s.Request(5)
		if i >= 20 && i < 50 {
			s.Request(6, story.Recovered(story.RefusedFault, func(_ *accesslog.Record, a *accesslog.Attempt) {
				a.Connect, a.Total = accesslog.Unset, time.Millisecond
			}))
			s.Records[len(s.Records)-1].Attempts[1].Member = "10.0.0.4"
			s.Records[len(s.Records)-1].Attempts[1].Server = s.Records[len(s.Records)-3].Attempts[0].Server
		} else if i < 20 {
			s.Request(6)
		}
	}
	down := begin.Add(5150 * time.Millisecond).Format(time.RFC3339Nano)
	s.Server("10.0.0.4", "Up", "", "Success", begin.Add(-time.Hour).Format(time.RFC3339)+" Up")
	s.Server("10.0.0.6", "Down", "tcp_connect", "refused", begin.Add(-time.Hour).Format(time.RFC3339)+" Up",
		down+" Down tcp_connect ECONNREFUSED")
	r := s.Diagnose()
	story.Expect(t, r, "a-slow-eviction high 0", "k-hidden-by-retry high 0")
	if text := fmt.Sprint(story.Found(t, r, 0).Fixes); !strings.Contains(text, "set interval to 5, timeout to 5 and unhealthyThreshold to 2") ||
		!strings.Contains(text, "start 10.0.0.6 again") {
		t.Error(text)
	}
	if story.Found(t, r, 0).Recovered != 30 || story.Found(t, r, 0).Scope.Member != "10.0.0.6" {
		t.Errorf("%+v", *story.Found(t, r, 0))
	}
}

// A member that answers nobody while requests wait is away; it has not lost single requests.
func TestSilentMemberIsNotHung(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 40 {
		s.After(50 * time.Millisecond).Request(4)
		s.Request(5)
	}
	for range 10 {
		s.After(200 * time.Millisecond)
		s.Request(5)
		s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
	}
	s.After(5 * time.Second)
	for range 20 {
		s.After(50 * time.Millisecond).Request(5)
	}
	r := s.Diagnose()
	story.Expect(t, r)
	if story.Group(t, r, 0).Rivals[0].Cause != "a-slow-eviction" {
		t.Errorf("%+v", r.Undetermined)
	}
}

// A member times out five times and gets nothing more. If its probes found it healthy all the time, they did not give it up; if they were
// not asked again, or failed lately, they may be about to.
func TestNeverDownIsNoLikelyEviction(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		probed   time.Duration
		history  bool
		failures int
		likely   bool
	}{
		"up all the time":           {probed: 400 * time.Second, history: true},
		"up, and not probed since":  {probed: 90 * time.Second, history: true, likely: true},
		"up, and its probes fail":   {probed: 400 * time.Second, history: true, failures: 1, likely: true},
		"up now, and of no history": {probed: 400 * time.Second, likely: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			diesQuietly(s, story.Fails(story.TimeoutFault, 2*time.Second))
			s.Server("10.0.0.4", "Up", "", "Success")
			if x.history {
				s.Servers[0].Causeway.Transitions = []string{story.Begin.Add(-time.Hour).Format(time.RFC3339) + " Up"}
			}
			s.Servers[0].Causeway.Failures = x.failures
			s.Probed(story.Begin.Add(x.probed))
			r := s.Diagnose()
			if r.Undetermined.Failures != 5 || len(r.Findings) > 0 {
				t.Fatal(story.TextOf(t, r))
			}
			if got := story.Likely(r) == "a-slow-eviction"; got != x.likely {
				t.Errorf("a slow eviction is the likeliest: %t, want %t\n%s", got, x.likely, story.TextOf(t, r))
			}
		})
	}
}

// Azure's metrics know whether a member was ever unhealthy: where none was, the probes gave none up.
func TestNoUnhealthyHostIsNoEviction(t *testing.T) {
	t.Parallel()
	for unhealthy, want := range map[int]string{0: "", 1: "a-slow-eviction high"} {
		t.Run(fmt.Sprint(unhealthy), func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			diesQuietly(s, story.Fails(story.RaceFault, time.Millisecond))
			s.Files = map[string]string{"metrics.json": `{"value":[` +
				story.MetricSeries("UnhealthyHostCount", "backendsettingspool=web~http", "average", 10, story.Constant(unhealthy)) + `]}`}
			if r := s.Diagnose(); story.Causes(r) != want {
				t.Errorf("found %q, want %q\n%s", story.Causes(r), want, story.TextOf(t, r))
			}
		})
	}
}

// diesQuietly has three members serve; the first fails five times and gets no more, while the others go on.
func diesQuietly(s *story.Story, fails story.Change) {
	for i := range 300 {
		s.After(time.Second).Request(5 + i%2)
		if i < 100 {
			s.Request(4)
		} else if i < 110 && i%2 == 0 {
			s.Request(4, fails)
		}
	}
}
