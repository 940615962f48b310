package network_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/report"
)

// With few answers before, the member may never have been in order. The report mentions that the document no longer has it.
func TestRefusingMemberThatTheDocumentDoesNotHave(t *testing.T) {
	t.Parallel()
	for member, gone := range map[int]bool{7: true, 6: false} {
		t.Run(fmt.Sprintf("member %v", member), func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for range 40 {
				s.Request(4)
				s.Request(member, story.Fails(story.RefusedFault, time.Millisecond))
				s.After(100 * time.Millisecond)
			}
			s.Traffic(20*time.Second, []int{4, 5})
			r := s.Diagnose()
			story.Expect(t, r, "b-refused medium 40")
			if may := slices.ContainsFunc(story.Found(t, r, 0).Rivals,
				func(x report.Rival) bool { return x.Cause == "c-endpoint-lag" }); may != gone {
				t.Errorf("member %d: rivals %+v", member, story.Found(t, r, 0).Rivals)
			}
		})
	}
}

// A probe has a port or a protocol of its own, and fails. If users are served meanwhile, that is what is wrong; if the members refuse
// users too, they were stopped, and the probe had worked until then.
func TestStoppedMembersUnderAnOddProbe(t *testing.T) {
	t.Parallel()
	for id, c := range map[string]struct{ odd, met string }{
		"a-probe-protocol": {`"protocol":"Https"`, "connection_closed"},
		"a-probe-port":     {`"port":8081,"protocol":"Http"`, "tcp_connect ECONNREFUSED"},
	} {
		play := func(t *testing.T, met string, users ...story.Change) *report.Report {
			s := story.New(t)
			s.Doc = strings.Replace(story.Probed("/health"), `"protocol":"Http","host"`, c.odd+`,"host"`, 1)
			s.Traffic(15*time.Second, []int{4, 5})
			s.Traffic(5*time.Second, []int{4, 5}, users...)
			s.OutOfService(20 * time.Second)
			reason, _, _ := strings.Cut(met, " ")
			for _, m := range []string{"10.0.0.4", "10.0.0.5"} {
				s.Server(m, "Down", reason, "", "2026-11-23T08:00:00Z Up", s.Clock(20*time.Second)+" Down "+met)
			}
			return s.Diagnose()
		}
		t.Run(id+", named", func(t *testing.T) {
			t.Parallel()
			story.Named(t, play(t, c.met), id)
		})
		t.Run(id+", spared", func(t *testing.T) {
			t.Parallel()
			r := play(t, "tcp_connect ECONNREFUSED", story.Fails(story.RefusedFault, time.Millisecond))
			story.Spares(t, r, "a-probe-protocol")
			for _, f := range r.Findings {
				if f.Cause == "a-probe-port" && (f.Confidence == report.High || !strings.Contains(story.RivalsOf(&f), "b-refused")) {
					t.Errorf("%s %s, rivals %s", f.Cause, f.Confidence, story.RivalsOf(&f))
				}
			}
		})
	}
}

// One member is not there, and the health page of the other says 503: fixing either puts a member in service.
func TestMembersThatAreOutForTwoReasons(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.Doc = story.Probed("/health")
	s.OutOfService(10 * time.Second)
	s.Server("10.0.0.4", "Down", "tcp_connect", "", "2026-11-23T08:00:00Z Down tcp_connect ECONNREFUSED")
	s.Server("10.0.0.5", "Down", "status_mismatch", "", "2026-11-23T08:00:00Z Down status_mismatch 503")
	r := s.Diagnose()
	if len(r.Findings) != 1 || story.Found(t, r, 0).Cause != "b-refused" ||
		!strings.Contains(story.RivalsOf(story.Found(t, r, 0)), "a-probe-status-mismatch") {
		t.Errorf("%+v", r.Findings)
	}
}

// A report of health that is much older than the failures, or newer and without a history, is not what was seen then; one
// whose history tells of that time is.
func TestHealthOfAnotherTime(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		name    string
		history []string
		probed  time.Time
		want    string
		said    string
	}{
		{
			"older",
			[]string{"2026-11-23T03:00:00Z Down tcp_connect ECONNREFUSED"},
			begin.Add(-5 * time.Hour), "b-refused medium 50",
			"of 2026-11-23T04:00:00.000Z, 5 h before the first record",
		},
		{
			"of just before",
			[]string{"2026-11-23T03:00:00Z Down tcp_connect ECONNREFUSED"},
			begin.Add(-time.Minute),
			"b-refused high 50", "",
		},
		{
			"newer, with history",
			[]string{"2026-11-23T03:00:00Z Down tcp_connect ECONNREFUSED"},
			begin.Add(5 * time.Hour),
			"b-refused high 50", "",
		},
		{
			"newer, without", nil, begin.Add(5 * time.Hour), "a-all-unhealthy-fail-closed medium 50",
			"of 2026-11-23T14:00:00.000Z, 5 h after the last record",
		},
		{"without a time", []string{"2026-11-23T03:00:00Z Down tcp_connect ECONNREFUSED"}, time.Time{}, "b-refused high 50", ""},
	} {
		s := story.New(t)
		s.OutOfService(5 * time.Second)
		for _, m := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
			s.Server(m, "Down", "tcp_connect", "Cannot connect to server. Connection refused", x.history...)
		}
		if !x.probed.IsZero() {
			s.Probed(x.probed)
		}
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			r := s.Diagnose()
			story.Expect(t, r, x.want)
			assumed, step := strings.Join(r.Assumptions, "\n"), r.Steps[0].Detail
			if x.said == "" && strings.Contains(assumed+step, "of 2026-11-23T") || !strings.Contains(assumed, x.said) {
				t.Errorf("assumptions %q, step %q", assumed, step)
			}
			if x.said != "" && (!strings.Contains(fmt.Sprint(story.Found(t, r, 0).Evidence),
				"these failures: it is taken as the state then") || !strings.Contains(step, "this report is of ")) {
				t.Errorf("evidence %v, step %q", story.Found(t, r, 0).Evidence, step)
			}
		})
	}
}

// One of two members cannot be reached by some sessions. Why is not in the log, and nothing that takes a request is among
// what it may be; sessions of an hour are no slow answers.
func TestSessionsThatReachNobody(t *testing.T) {
	t.Parallel()
	r := story.DiagnoseSessions(t, story.SessionsLog(200, func(i int) (int, string, string) {
		if i%20 == 3 {
			return 502, "10.0.0.4:1433", "0.004"
		}
		return 200, fmt.Sprintf("10.0.0.%d:1433", 4+i%2), "3600"
	}), 10)
	if r.Requests != 200 || r.Sessions != 200 || r.Failures != 10 || len(r.Findings) > 0 || len(r.Undetermined.Groups) != 1 {
		t.Fatalf("%d requests, %d sessions, %d failures, findings %+v, groups %+v", r.Requests, r.Sessions, r.Failures, r.Findings,
			r.Undetermined.Groups)
	}
	g := story.Group(t, r, 0)
	if g.Scope.Member != "10.0.0.4" || !strings.Contains(g.Next, "10.0.0.4:1433") || g.Rivals[0].Cause != "b-refused" {
		t.Errorf("%+v", g)
	}
	for _, x := range g.Rivals {
		if strings.ContainsAny(x.Cause[:1], "de") {
			t.Errorf("%s takes a request", x.Cause)
		}
	}
	if step := r.Steps[2]; step.Step != "backend-connections" || step.Result != "fail" ||
		!strings.HasPrefix(step.Detail, "10 attempts to connect failed") {
		t.Errorf("%+v", step)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 12 {
		s.After(time.Second).Request(4, story.Fails(story.RefusedFault, time.Millisecond))
	}
	story.Expect(t, s.Diagnose(), "b-refused high 12")
}

// A single refusal is a single refusal.
func TestOneRefusalIsNoVerdict(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	story.Steady(s, 100, 100*time.Millisecond)
	s.After(time.Second).Request(4, story.Fails(story.RefusedFault, time.Millisecond))
	story.Undecided(t, s, 1)
}

// Azure's log has no connect time of a member that refuses. Where its probes pass meanwhile, on another port, the host is there, and it is
// the port; where nothing is known of it, the way there may be closed as well.
func TestRefusingMemberInAzuresLog(t *testing.T) {
	t.Parallel()
	for healthy, want := range map[bool]string{true: "b-refused medium 50", false: "b-refused low 50"} {
		t.Run(fmt.Sprintf("healthy %v", healthy), func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for range 50 {
				s.After(2 * time.Second)
				s.Request(4)
				s.Request(5)
				s.Request(6, story.Fails(story.RefusedFault, time.Millisecond))
			}
			if healthy {
				s.Doc = strings.Replace(story.Probed("/health"), `"protocol":"Http","host"`, `"port":8081,"protocol":"Http","host"`, 1)
				s.Files = map[string]string{"metrics.json": `{"value":[` +
					story.MetricSeries("UnhealthyHostCount", "backendsettingspool=web~http", "average", 3, story.Constant(0)) + `]}`}
				for _, m := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
					s.Server(m, "Up", "", "")
				}
			}
			r := s.Diagnose()
			story.Expect(t, r, want)
			if rival := slices.ContainsFunc(story.Found(t, r, 0).Rivals,
				func(x report.Rival) bool { return x.Cause == "b-route" }); rival == healthy {
				t.Errorf("rivals %v", story.Found(t, r, 0).Rivals)
			}
		})
	}
}
