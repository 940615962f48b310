package capacity_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/activity"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// threeInstances serve for ten minutes; between two seconds of the story some of the requests of instance 1 fail at all members.
func threeInstances(t *testing.T, from, to int, fails func(instance, i int) bool) *story.Story {
	s := story.New(t)
	for i := range 1200 {
		s.At = story.Begin.Add(time.Duration(i) * 500 * time.Millisecond)
		if second := i / 2; second >= from && second < to && fails(i%3, i) {
			s.Request(4+i/3%2, story.ByInstance(i%3), story.Fails(story.TimeoutFault, 2*time.Second))
			continue
		}
		s.Request(4+i/3%2, story.ByInstance(i%3))
	}
	return s
}

func none(int, int) bool { return false }

// An instance is killed. No record shows a failure, for a record is written when a request ends: the activity log alone has it.
func TestDeathWithoutRecordedFailures(t *testing.T) {
	t.Parallel()
	s := threeInstances(t, 0, 0, none)
	s.Journal(story.Died("appgw_1", story.Begin.Add(5*time.Minute), 17)...)
	r := s.Diagnose()
	story.Expect(t, r, "h-instance-fault high 0")
	story.EveryForm(t, r, "killed by SIGKILL after 10m0s; it had 17 client connections 400 ms before; it served again after 500 ms")
	story.EveryForm(t, r, "17 connections were open on it at its last sign of life; the requests in progress on them are in no record")
	if s := story.StepOf(r, "gateway-performance"); s.Result != report.Fail || !strings.HasPrefix(s.Detail, "instance appgw_1 died 1 time") {
		t.Errorf("%+v", s)
	}
	if f := story.Found(t, r, 0); f.Scope.Instance != "appgw_1" || strings.Contains(story.TextOf(t, r), "ticket with Azure") {
		t.Errorf("%+v", f.Fixes)
	}
}

// One instance dies while it drains, and nobody replaces it. One dies while no supervisor runs: it may have failed since its last sign
// of life.
func TestDeathsThatNobodyReplaces(t *testing.T) {
	t.Parallel()
	s := threeInstances(t, 200, 215, func(instance, _ int) bool { return instance == 1 })
	s.Journal(
		activity.Event{
			At: story.Begin.Add(100 * time.Second), Kind: activity.Death, Instance: "appgw_2", ExitCode: -1, Signal: "SIGKILL", Connections: 3,
			Draining: true,
		},
		activity.Event{
			At: story.Begin.Add(300 * time.Second), Kind: activity.Death, Instance: "appgw_1", ExitCode: -1, Connections: 8, Found: true,
			Seen: 100 * time.Second,
		},
		activity.Event{At: story.Begin.Add(400 * time.Second), Kind: activity.Ready, Instance: "appgw_2"},
	)
	r := s.Diagnose()
	if f := story.Found(t, r, 0); f.Scope.Instance != "appgw_1" || f.Failures < 5 {
		t.Errorf("%d failures of %+v", f.Failures, f.Scope)
	}
	story.EveryForm(t, r, "a supervisor that started found it dead; it had 8 client connections 100 s before")
	if text := story.TextOf(t, r); !strings.Contains(text, "while it drained") || strings.Contains(text, "served again after 300 s") {
		t.Error(text)
	}
}

// It is out of memory, and fails before it dies. The others serve the same members meanwhile.
func TestDeathWithFailuresAbout(t *testing.T) {
	t.Parallel()
	dies := story.Begin.Add(5 * time.Minute)
	only1 := func(instance, _ int) bool { return instance == 1 }
	t.Run("its own", func(t *testing.T) {
		t.Parallel()
		s := threeInstances(t, 294, 302, only1)
		s.Journal(activity.Event{At: dies, Kind: activity.Death, Instance: "appgw_1", ExitCode: -1, Signal: "SIGKILL", OOM: true, Connections: -1})
		r := s.Diagnose()
		story.Named(t, r, "h-instance-fault")
		if f := story.Found(t, r, 0); f.Failures != 5 || f.Scope.Instance != "appgw_1" {
			t.Errorf("%d failures of %+v", f.Failures, f.Scope)
		}
		story.EveryForm(t, r, "its memory was used up")
	})
	for name, s := range map[string]*story.Story{
		"of all instances":   threeInstances(t, 294, 302, func(int, int) bool { return true }),
		"at another time":    threeInstances(t, 100, 108, only1),
		"before and after":   threeInstances(t, 0, 600, func(instance, i int) bool { return instance == 1 && i%21 == 1 }),
		"of another":         threeInstances(t, 294, 302, func(instance, _ int) bool { return instance == 2 }),
		"of one member only": threeInstances(t, 294, 302, func(instance, i int) bool { return instance == 1 && i/3%2 == 0 }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.Journal(story.Died("appgw_1", dies, 3)...)
			for _, f := range s.Diagnose().Findings {
				if f.Cause == "h-instance-fault" && f.Failures > 0 && f.Scope.Instance == "appgw_1" {
					if len(f.Evidence) > 0 && strings.Contains(f.Evidence[0].Fact, "before it died") {
						t.Errorf("blamed the death for %d failures: %+v", f.Failures, f.Evidence)
					}
				}
			}
		})
	}
}

// With one instance there is no other to compare with: what members did is theirs, what the gateway itself did is the new process's.
func TestDeathOfTheOnlyInstance(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		fails fault.Fault
		want  string
	}{
		"the gateway's own": {story.NoHealthy, "h-instance-fault high 8"},
		"a member's":        {story.TimeoutFault, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for i := range 600 {
				s.After(time.Second)
				if i < 300 || i >= 308 {
					s.Request(4)
					continue
				}
				if x.fails.Phase == fault.Pick {
					s.Request(0, story.Fails(x.fails, 0))
				} else {
					s.Request(4, story.Fails(x.fails, 2*time.Second))
				}
			}
			s.Journal(story.Died("appgw_0", story.Begin.Add(300*time.Second), 3)...)
			r := s.Diagnose()
			if x.want != "" {
				story.Expect(t, r, x.want)
				return
			}
			for _, f := range r.Findings {
				if f.Cause == "h-instance-fault" && f.Failures > 0 {
					t.Errorf("blamed the death for %d failures of a member", f.Failures)
				}
			}
		})
	}
}

func TestCrashLoop(t *testing.T) {
	t.Parallel()
	s := threeInstances(t, 0, 0, none)
	for i := range 5 {
		at := story.Begin.Add(time.Duration(60+10*i) * time.Second)
		s.Journal(activity.Event{At: at, Kind: activity.Death, Instance: "appgw_2", ExitCode: 2, Connections: 0, Uptime: time.Second})
		s.Journal(activity.Event{At: at, Kind: activity.CrashLoop, Instance: "appgw_2", Restarts: i + 1, Backoff: time.Second << i})
	}
	r := s.Diagnose()
	story.Expect(t, r, "h-instance-fault high 0")
	story.EveryForm(t, r, "died 5 times:")
	story.EveryForm(t, r, "2026-11-23T09:01:00.000Z: it exited with code 2")
	story.EveryForm(t, r, "it is a crash loop: after 5 restarts the supervisor waited 16 s before the next start")
}

// A gateway whose only instance dies at every start serves nobody: the activity log is all there is.
func TestCrashLoopWithoutTraffic(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 3 {
		at := story.Begin.Add(time.Duration(10*i) * time.Second)
		s.Journal(activity.Event{At: at, Kind: activity.Death, Instance: "appgw_0", ExitCode: 2, Connections: 0, Uptime: time.Second})
	}
	s.Journal(activity.Event{At: story.Begin.Add(30 * time.Second), Kind: activity.CrashLoop, Instance: "appgw_0", Restarts: 3, Backoff: 4 * time.Second})
	r := s.Diagnose()
	story.Expect(t, r, "h-instance-fault high 0")
	story.EveryForm(t, r, "it is a crash loop")
}

// What happened on another day is not of this traffic; a start that nothing preceded is none that followed a death.
func TestNoDeathInTheWindow(t *testing.T) {
	t.Parallel()
	s := threeInstances(t, 0, 0, none)
	s.Journal(story.Died("appgw_1", story.Begin.Add(-24*time.Hour), 3)...)
	s.Journal(activity.Event{At: story.Begin.Add(time.Minute), Kind: activity.Ready, Instance: "appgw_0"})
	story.Expect(t, s.Diagnose())
}

// A death that is over and cost no request is worth knowing; it is no fault of the instance. What may have cost requests that are in no
// record, and what comes again or goes on, is one.
func TestDeathThatCostNothing(t *testing.T) {
	t.Parallel()
	hours := func(n ...int) (out []time.Duration) {
		for _, h := range n {
			out = append(out, time.Duration(h)*time.Hour)
		}
		return out
	}
	for name, x := range map[string]struct {
		died        []time.Duration // after the beginning, of five hours
		connections int
		replaced    bool
		finding     bool
	}{
		"one, hours ago":                     {died: hours(1), connections: 17, replaced: true},
		"one, lately, without a connection":  {died: hours(4), replaced: true},
		"one, lately, with connections":      {died: hours(5), connections: 17, replaced: true, finding: true},
		"one, lately, with unknown ones":     {died: hours(5), connections: -1, replaced: true, finding: true},
		"one that nothing replaced":          {died: hours(1), finding: true},
		"a bout, hours ago":                  {died: []time.Duration{time.Hour, time.Hour + time.Minute, time.Hour + 2*time.Minute}, replaced: true},
		"a bout, lately":                     {died: []time.Duration{290 * time.Minute, 291 * time.Minute, 292 * time.Minute}, replaced: true, finding: true},
		"again and again, one at a time":     {died: []time.Duration{0, 61 * time.Minute, 123 * time.Minute}, replaced: true, finding: true},
		"two, one at a time, both hours ago": {died: hours(0, 2), replaced: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for i := range 301 {
				s.At = story.Begin.Add(time.Duration(i) * time.Minute)
				s.Request(4+i%2, story.ByInstance(i%3))
			}
			for _, after := range x.died {
				events := story.Died("appgw_1", story.Begin.Add(after), x.connections)
				if !x.replaced {
					events = events[:1]
				}
				s.Journal(events...)
			}
			r := s.Diagnose()
			step := story.StepOf(r, "gateway-performance")
			if !strings.Contains(step.Detail, "instance appgw_1 died") || (step.Result == report.Fail) != x.finding {
				t.Errorf("%+v", step)
			}
			story.EveryForm(t, r, "killed by SIGKILL after 10m0s")
			if x.finding {
				story.Expect(t, r, "h-instance-fault high 0")
				return
			}
			story.Expect(t, r)
			if story.Noticed(r) != "h-instance-fault" {
				t.Errorf("it is not worth knowing: %+v", r.Notices)
			}
		})
	}
}
