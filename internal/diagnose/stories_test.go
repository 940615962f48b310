package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// The member 10.0.0.4 ends idle connections after 2 s, a round trip is 30 ms. Every seventh connection is picked within
// the last round trip before.
func raceStory(t *testing.T) *story {
	s := newStory(t)
	for i := range 200 {
		s.after(400 * time.Millisecond)
		idle := time.Duration(500+i*12) * time.Millisecond // 0.5 s to 2.9 s
		switch {
		case i%7 == 0:
			early := time.Duration(1+i%29) * time.Millisecond
			s.request(4, reused(2*time.Second-early, i%9), fails(raceFault, early))
		case idle < 1970*time.Millisecond:
			s.request(4, reused(idle, i%11))
		default:
			s.request(4, func(_ *accesslog.Record, a *accesslog.Attempt) { a.Stale = idle })
		}
		s.request(5, reused(time.Duration(i)*10*time.Millisecond, i%5))
	}
	return s
}

func TestIdleRace(t *testing.T) {
	r := raceStory(t).diagnose()
	expect(t, r, "c-idle-race high 29")
	f := r.Findings[0]
	if f.Scope.Member != "10.0.0.4" || r.Verdict == nil || r.Verdict.Cause != "c-idle-race" {
		t.Errorf("scope %+v, verdict %+v", f.Scope, r.Verdict)
	}
	for _, fix := range f.Fixes {
		if fix.Expected.Removes != [2]int{29, 29} || fix.Expected.Basis != "exact" {
			t.Errorf("%s: %+v", fix.Side, fix.Expected)
		}
	}
	if !strings.Contains(fmt.Sprint(f.Fixes), "backendIdleTimeout: 1.8s") {
		t.Errorf("fixes %+v", f.Fixes)
	}
}

// What a retry hides is diagnosed like what users see.
func TestRecoveredIdleRace(t *testing.T) {
	s := newStory(t)
	for i := range 60 {
		s.after(900 * time.Millisecond)
		early := time.Duration(1+i%29) * time.Millisecond
		if i%6 == 0 {
			s.request(4, recovered(raceFault, func(r *accesslog.Record, a *accesslog.Attempt) {
				reused(2*time.Second-early, i)(r, a)
				a.Total = early
			}))
		} else {
			s.request(4, reused(time.Second, i))
		}
	}
	r := s.diagnose()
	expect(t, r, "c-idle-race high 0", "k-hidden-by-retry high 0")
	if r.Failures != 0 || r.Recovered != 10 || r.Findings[0].Recovered != 10 || r.Verdict == nil {
		t.Errorf("%+v", r)
	}
}

// Four failures are too few for a verdict, however well they fit.
func TestFewFailuresGiveNoVerdict(t *testing.T) {
	s := newStory(t)
	for i := range 4 {
		s.after(3*time.Second).request(4, reused(1980*time.Millisecond, i+2), fails(raceFault, 20*time.Millisecond))
		s.request(4)
	}
	r := s.diagnose()
	expect(t, r)
	if r.Verdict != nil || r.Undetermined.Failures != 4 || r.Undetermined.Rivals[0] != "c-idle-race" {
		t.Errorf("%+v", r.Undetermined)
	}
}

// Closed connections without a common idle age are no idle race, whatever else they are.
func TestClosesAtAnyAgeAreNotAnIdleRace(t *testing.T) {
	s := newStory(t)
	for i := range 30 {
		s.after(700*time.Millisecond).request(4, reused(time.Duration(50+i*130)*time.Millisecond, i), fails(raceFault, 5*time.Millisecond))
		s.request(4, reused(time.Duration(i*140)*time.Millisecond, i))
	}
	r := s.diagnose()
	expect(t, r)
	if r.Undetermined.Failures != 30 {
		t.Errorf("%+v", r.Undetermined)
	}
}

// Connections that had been idle for longer were answered, so no limit stands where the failures cluster.
func TestAnswersBeyondTheLimitRefuteIt(t *testing.T) {
	s := newStory(t)
	for i := range 20 {
		s.after(time.Second).request(4, reused(2*time.Second-time.Duration(i)*time.Millisecond, i), fails(raceFault, time.Duration(i)*time.Millisecond))
		s.request(4, reused(3*time.Second, i))
	}
	expect(t, s.diagnose())
}

func TestRestart(t *testing.T) {
	s := newStory(t)
	for range 20 {
		s.after(50 * time.Millisecond).request(4)
	}
	for i := range 6 { // the process ends with six requests under way
		s.after(2*time.Millisecond).request(4, reused(time.Duration(i*37)*time.Millisecond, i), fails(raceFault, time.Duration(10+i)*time.Millisecond))
	}
	for range 8 {
		s.after(100*time.Millisecond).request(4, fails(refusedFault, time.Millisecond))
	}
	s.after(time.Second)
	for range 20 {
		s.after(50 * time.Millisecond).request(4)
	}
	expect(t, s.diagnose(), "c-restart high 14")
}

// One of three members dies. Its share fails until the probes give up on it.
func TestSlowEviction(t *testing.T) {
	s := newStory(t)
	begin := s.at
	for i := range 60 {
		s.after(100 * time.Millisecond)
		s.request(4)
		s.request(5)
		if i >= 20 && i < 50 {
			s.request(6, recovered(refusedFault, func(_ *accesslog.Record, a *accesslog.Attempt) {
				a.Connect, a.Total = accesslog.Unset, time.Millisecond
			}))
			s.records[len(s.records)-1].Attempts[1].Member = "10.0.0.4"
			s.records[len(s.records)-1].Attempts[1].Server = s.records[len(s.records)-3].Attempts[0].Server
		} else if i < 20 {
			s.request(6)
		}
	}
	down := begin.Add(5150 * time.Millisecond).Format(time.RFC3339Nano)
	s.server("10.0.0.4", "Up", "", "Success", begin.Add(-time.Hour).Format(time.RFC3339)+" Up")
	s.server("10.0.0.6", "Down", "tcp_connect", "refused", begin.Add(-time.Hour).Format(time.RFC3339)+" Up", down+" Down tcp_connect ECONNREFUSED")
	r := s.diagnose()
	expect(t, r, "a-slow-eviction high 0", "k-hidden-by-retry high 0")
	if text := fmt.Sprint(r.Findings[0].Fixes); !strings.Contains(text, "--interval 5 --threshold 2") || !strings.Contains(text, "start 10.0.0.6 again") {
		t.Error(text)
	}
	if r.Findings[0].Recovered != 30 || r.Findings[0].Scope.Member != "10.0.0.6" {
		t.Errorf("%+v", r.Findings[0])
	}
}

func TestRefused(t *testing.T) {
	s := newStory(t)
	for range 12 {
		s.after(time.Second).request(4, fails(refusedFault, time.Millisecond))
	}
	expect(t, s.diagnose(), "b-refused high 12")
}

func TestDropped(t *testing.T) {
	s := newStory(t)
	for range 5 {
		s.after(time.Second).request(4, fails(dropFault, 5*time.Second))
	}
	expect(t, s.diagnose(), "b-drop high 5")
}

// With some attempts getting through it is loss or a full queue, which this evidence cannot tell apart.
func TestSomeConnectsThroughIsNotADrop(t *testing.T) {
	s := newStory(t)
	for i := range 40 {
		s.after(time.Second)
		if i%8 == 3 {
			s.request(4, fails(dropFault, 5*time.Second))
		} else {
			s.request(4)
		}
	}
	r := s.diagnose()
	expect(t, r)
	if r.Undetermined.Failures != 5 {
		t.Errorf("%+v", r.Undetermined)
	}
}

// The answers slope into the timeout: a longer one would catch some of the rest.
func TestTimeoutBelowLatency(t *testing.T) {
	s := newStory(t)
	for i := range 200 {
		s.after(100 * time.Millisecond)
		if d := time.Duration(100+i*37%200*11) * time.Millisecond; d < 2*time.Second {
			s.request(4, took(d))
		} else {
			s.request(4, fails(timeoutFault, 2*time.Second))
		}
	}
	r := s.diagnose()
	expect(t, r, "d-timeout-below-latency high 27")
	if !strings.Contains(fmt.Sprint(r.Findings[0].Fixes), "--timeout 3") {
		t.Errorf("%+v", r.Findings[0].Fixes)
	}
}

// Quick, or never: a longer timeout would change nothing, and the report says so.
func TestHung(t *testing.T) {
	s := newStory(t)
	for i := range 200 {
		s.after(100 * time.Millisecond)
		if i%20 == 0 {
			s.request(4, fails(timeoutFault, 2*time.Second))
		} else {
			s.request(4, took(time.Duration(20+i%60)*time.Millisecond))
		}
	}
	r := s.diagnose()
	expect(t, r, "d-hung medium 10")
	for _, f := range r.Findings[0].Fixes {
		if f.Side == "gateway" {
			t.Errorf("a fix on the gateway: %+v", f)
		}
	}
}

// A path that was never answered may hang or may always take too long: nobody can tell from this.
func TestNeverAnsweredIsNotDecided(t *testing.T) {
	s := newStory(t)
	for range 30 {
		s.after(100*time.Millisecond).request(4, path("/report"), fails(timeoutFault, 2*time.Second))
		s.request(4)
	}
	r := s.diagnose()
	expect(t, r)
	if r.Undetermined.Failures != 30 || len(r.Undetermined.Rivals) != 4 {
		t.Errorf("%+v", r.Undetermined)
	}
}

// Timeouts only on connections that had been idle for longer than any that was answered: the path may have forgotten
// them.
func TestForgottenIdleConnections(t *testing.T) {
	s := newStory(t)
	for i := range 60 {
		s.after(time.Second)
		if i%6 == 0 {
			s.request(4, reused(240*time.Second, i), fails(timeoutFault, 2*time.Second))
		} else {
			s.request(4, reused(10*time.Second, i))
		}
	}
	expect(t, s.diagnose(), "b-stateful-idle-drop medium 10")
}

func TestCrashOnInput(t *testing.T) {
	s := newStory(t)
	for i := range 40 {
		s.after(200 * time.Millisecond).request(4)
		if i%5 == 0 {
			s.request(4, path("/boom"), fails(raceFault, 3*time.Millisecond))
		}
	}
	r := s.diagnose()
	expect(t, r, "g-crash-on-input high 8")
	if r.Findings[0].Scope.Path != "/boom" {
		t.Errorf("%+v", r.Findings[0].Scope)
	}
}

// On reused connections only, a crash shows where others were answered nearer to any limit that a connection may have;
// where the lost ones were those that had rested longest, or were used most, a limit may have ended them.
func TestCrashOnReusedConnections(t *testing.T) {
	for name, c := range map[string]struct {
		idle time.Duration
		uses int
		want bool
	}{
		"well within every limit": {100 * time.Millisecond, 3, true},
		"the longest idle":        {900 * time.Millisecond, 3, false},
		"the most used":           {100 * time.Millisecond, 30, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			for i := range 40 {
				s.after(200*time.Millisecond).request(4, reused(time.Duration(i*37%900)*time.Millisecond, i%30))
				if i%5 == 0 {
					s.request(4, path("/boom"), reused(c.idle+time.Duration(i)*time.Millisecond, c.uses), fails(raceFault, 3*time.Millisecond))
				}
			}
			r := s.diagnose()
			crashed := slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Cause == "g-crash-on-input" })
			if crashed != c.want {
				t.Errorf("claimed: %v", crashed)
			}
			if c.want {
				expect(t, r, "g-crash-on-input medium 8")
			}
		})
	}
}

// A member that is hardly asked for anything else shows nothing by one answer amid many failures, nor by answers that all
// came at one moment, or before and after: it may just as well have dropped whatever came.
func TestOneAnswerIsNoCompany(t *testing.T) {
	for name, answers := range map[string]func(i int) int{
		"one amid":             func(i int) int { return map[bool]int{i == 10: 1}[true] },
		"before and after":     func(i int) int { return map[bool]int{i == -1 || i == 20: 20}[true] },
		"one in four failures": func(i int) int { return map[bool]int{i%4 == 0: 1}[true] },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			for i := -1; i <= 20; i++ {
				if s.after(40 * time.Millisecond); i == 0 || i == 20 {
					s.after(300 * time.Millisecond)
				}
				for range answers(i) {
					s.request(4, path("/ready"))
				}
				if i >= 0 && i < 20 {
					s.request(4, path("/upload"), fails(raceFault, 3*time.Millisecond))
				}
			}
			r := s.diagnose()
			expect(t, r)
			if r.Undetermined.Failures != 20 || !slices.Contains(r.Undetermined.Rivals, "g-crash-on-input") {
				t.Errorf("%+v", r.Undetermined)
			}
		})
	}
}

// The same, but the member works on them for long before it ends them, for times that fit no timer well: a limit in the
// server that fires late does that too, and a crash is not claimed.
func TestEndedAfterLongWork(t *testing.T) {
	s := newStory(t)
	for i := range 40 {
		s.after(3 * time.Second).request(4)
		if i%5 == 0 {
			s.request(4, path("/report"), fails(raceFault, time.Second+time.Duration(i*i%7)*50*time.Millisecond))
		}
	}
	for _, f := range s.diagnose().Findings {
		t.Errorf("%s is claimed, %s: %v", f.Cause, f.Confidence, f.Evidence)
	}
}

// Every lost request was the twenty-first on its connection.
func TestUseLimit(t *testing.T) {
	s := newStory(t)
	for i := range 300 {
		s.after(40 * time.Millisecond)
		idle := time.Duration(i*i%700) * time.Millisecond
		if i%21 == 20 {
			s.request(4, reused(idle, 20), fails(raceFault, time.Duration(1+i%7)*time.Millisecond))
		} else {
			s.request(4, reused(idle, i%21))
		}
	}
	expect(t, s.diagnose(), "c-keepalive-max-requests high 14")
}

// Every connection ended when it was ten seconds old.
func TestAgeLimit(t *testing.T) {
	s := newStory(t)
	for i := range 200 {
		s.after(300 * time.Millisecond)
		late := time.Duration(i%40) * time.Millisecond
		older := func(d time.Duration) change2 {
			return func(_ *accesslog.Record, a *accesslog.Attempt) { a.Age = d }
		}
		if i%15 == 7 {
			s.request(4, reused(time.Duration(i*7)*time.Millisecond, i%13), older(10*time.Second-late), fails(raceFault, late))
		} else {
			s.request(4, reused(time.Duration(i*7)*time.Millisecond, i%13), older(time.Duration(i*40)*time.Millisecond))
		}
	}
	expect(t, s.diagnose(), "c-max-age high 13")
}

// A member that answers nobody while requests wait is away; it has not lost single requests.
func TestSilentMemberIsNotHung(t *testing.T) {
	s := newStory(t)
	for range 40 {
		s.after(50 * time.Millisecond).request(4)
		s.request(5)
	}
	for range 10 {
		s.after(200 * time.Millisecond)
		s.request(5)
		s.request(4, fails(timeoutFault, 2*time.Second))
	}
	s.after(5 * time.Second)
	for range 20 {
		s.after(50 * time.Millisecond).request(5)
	}
	r := s.diagnose()
	expect(t, r)
	if r.Undetermined.Rivals[0] != "a-slow-eviction" {
		t.Errorf("%+v", r.Undetermined)
	}
}

func TestEmptyPool(t *testing.T) {
	s := newStory(t)
	for range 3 {
		s.after(time.Second).request(0, func(r *accesslog.Record, _ *accesslog.Attempt) {
			f := fault.Fault{Side: fault.Gateway, Phase: fault.Pick, Kind: fault.NoMember}
			r.Pool, r.Fault, r.Status, r.ErrorInfo = "none", f, f.Status(false), f.ErrorInfo()
		})
	}
	expect(t, s.diagnose(), "i-empty-pool high 3")
}

// What the probes met is the cause of a pool without healthy members.
func TestNobodyHealthy(t *testing.T) {
	f := func(reason, errno, want string) {
		t.Helper()
		s := newStory(t)
		for _, m := range []string{"10.0.0.4", "10.0.0.5"} {
			s.server(m, "Down", reason, "what the probe met", strings.TrimSpace(s.at.Format(time.RFC3339)+" Down "+reason+" "+errno))
		}
		for range 4 {
			s.after(time.Second).request(0, func(r *accesslog.Record, _ *accesslog.Attempt) {
				r.Fault, r.Status, r.ErrorInfo = noHealthy, 502, fault.UpstreamNoLive
			})
		}
		expect(t, s.diagnose(), want+" 4")
	}
	f("status_mismatch", "", "a-probe-status-mismatch high")
	f("body_mismatch", "", "a-probe-body-match high")
	f("probe_timeout", "", "a-probe-timeout-short medium")
	f("tcp_connect", "ECONNREFUSED", "b-refused high")
	f("tcp_connect", "timeout", "b-drop high")
	f("cert_expired", "", "f-expired high")
	f("cn_mismatch", "", "f-name-mismatch high")
	f("connection_closed", "", "a-all-unhealthy-fail-closed high")
	f("dns_resolution", "", "b-dns-nxdomain high")
	f("dns_resolution", "resolver", "b-dns-servfail high")
	f("cert_expired", "9", "f-not-yet-valid high")
	f("cert_verify_failed", "26", "f-key-usage high")
	f("tls_alert", "70", "f-version high")
	f("tls_alert", "112", "f-sni-required high")
	f("tls_alert", "40", "f-cipher medium")
	f("tls_alert", "40 certificate_asked", "f-client-cert high")
	f("tls_alert", "80", "a-all-unhealthy-fail-closed high")
	f("invalid_response", "tls", "e-plain-to-tls high")
	f("status_mismatch", "400 tls_expected", "e-plain-to-tls high")
	f("invalid_response", "other", "e-foreign-service high")
	f("probe_timeout", "gateway_stalled", "h-goroutine-or-lock-stall high")
}

func TestWhatTheRecordItselfDecides(t *testing.T) {
	f := func(x fault.Fault, want string) {
		t.Helper()
		s := newStory(t)
		for range 2 {
			s.after(time.Second).request(4, fails(x, 20*time.Millisecond))
			s.request(4)
		}
		expect(t, s.diagnose(), want+" 2")
	}
	f(fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.TooLarge}, "e-header-too-big high")
	f(fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.Malformed}, "e-bad-header high")
	f(fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.Ambiguous}, "e-cl-te high")
	f(fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_expired"}, "f-expired high")
	f(fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_name_mismatch"}, "f-name-mismatch high")
	f(fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.NotTLS}, "e-tls-to-plain high")
	f(fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}, "j-client-abort high")
	f(fault.Fault{Side: fault.Client, Phase: fault.Upload, Kind: fault.Truncated}, "j-short-body high")
	f(fault.Fault{Side: fault.Client, Phase: fault.Upload, Kind: fault.Timeout}, "j-slow-upload high")
	f(fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.BadHost}, "j-invalid-request high")
	f(fault.Fault{Side: fault.Gateway, Phase: fault.Connect, Kind: fault.Exhausted, Errno: "EMFILE"}, "h-fd high")
	f(fault.Fault{Side: fault.Gateway, Phase: fault.Wait, Kind: fault.Closed}, "c-gateway-reload high")
}

// The same bytes are missing each time: a wrong length. Different ones, spread over time: perhaps a crash.
func TestShortBody(t *testing.T) {
	f := func(missing func(i int) int64, want string) {
		t.Helper()
		s := newStory(t)
		for i := range 6 {
			s.after(time.Second).request(4, func(r *accesslog.Record, a *accesslog.Attempt) {
				x := fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Truncated}
				r.Fault, r.ErrorInfo, r.Aborted, a.Fault = x, x.ErrorInfo(), true, x
				a.DeclaredIn, a.BytesIn = 1000, 1000-missing(i)
			})
		}
		expect(t, s.diagnose(), want)
	}
	f(func(int) int64 { return 7 }, "e-short-body high 6")
	f(func(i int) int64 { return int64(100 * i) }, "e-short-body medium 6")
}

func TestBackendsOwnErrors(t *testing.T) {
	s := newStory(t)
	for i := range 10 {
		s.after(time.Second).request(5, func(r *accesslog.Record, a *accesslog.Attempt) {
			if i%2 == 0 {
				r.Status, a.Status = 500, 500
			}
		})
	}
	r := s.diagnose()
	expect(t, r, "k-backend-5xx high 5")
	if r.Findings[0].Scope.Member != "10.0.0.5" {
		t.Errorf("%+v", r.Findings[0].Scope)
	}
}

// Two causes at once are two findings, and each failure belongs to one.
func TestTwoCausesAtOnce(t *testing.T) {
	s := raceStory(t)
	for range 6 {
		s.after(time.Second).request(5, func(r *accesslog.Record, a *accesslog.Attempt) { r.Status, a.Status = 503, 503 })
	}
	r := s.diagnose()
	expect(t, r, "c-idle-race high 29", "k-backend-5xx high 6")
	if r.Verdict.Cause != "c-idle-race" {
		t.Errorf("%+v", r.Verdict)
	}
}

// Where all is well there is nothing to find: connections are closed when idle and seen before use, answers are slow
// and in time.
func TestHealthyHasNoFinding(t *testing.T) {
	s := newStory(t)
	for i := range 300 {
		s.after(50 * time.Millisecond)
		s.request(4, reused(time.Duration(i*6)*time.Millisecond, i), took(time.Duration(1900-i)*time.Millisecond))
		s.request(5, func(_ *accesslog.Record, a *accesslog.Attempt) { a.Stale = time.Duration(2000+i) * time.Millisecond })
	}
	r := s.diagnose()
	expect(t, r)
	if r.Verdict != nil || r.Failures+r.Recovered != 0 {
		t.Errorf("%+v", r)
	}
	for _, step := range r.Steps {
		if step.Result == fail {
			t.Errorf("step %+v", step)
		}
	}
}

// The same evidence gives the same bytes.
func TestReportIsStable(t *testing.T) {
	var first string
	for range 3 {
		var b strings.Builder
		raceStory(t).diagnose().Text(&b, 100)
		if first == "" {
			first = b.String()
		} else if b.String() != first {
			t.Fatal("two runs differ")
		}
	}
}

func TestNoEvidence(t *testing.T) {
	s := newStory(t)
	s.noDoc = true
	r := s.diagnose()
	expect(t, r)
	if len(r.Missing) != 3 || r.Verdict != nil {
		t.Errorf("%+v", r.Missing)
	}
}

// Two members of different make, and the same cut-off: what forgets is between them and the gateway.
func TestResetsAtSeveralMembers(t *testing.T) {
	s := newStory(t)
	for i := range 40 {
		gap := time.Duration(5+i*7%25) * time.Second
		for m := 4; m <= 5; m++ {
			s.after(gap)
			if gap > 12*time.Second {
				s.request(m, reused(gap, 1+i%5), fails(fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Reset, Errno: "ECONNRESET"}, 2*time.Millisecond))
			} else {
				s.request(m, reused(gap, 1+i%5))
			}
		}
	}
	r := s.diagnose()
	if len(r.Findings) != 1 || r.Findings[0].Cause != "b-stateful-idle-rst" || r.Findings[0].Confidence != High {
		t.Errorf("%+v", r.Findings)
	}
}

// The pool leads back to the gateway, if only by a detour: what comes back has the transaction that it was sent with. Whoever
// gives up first, the inner request looks like one that its client left, on a download or before it.
func TestProxyLoop(t *testing.T) {
	left := fault.Fault{Side: fault.Client, Phase: fault.Deliver, Kind: fault.Closed}
	for _, innerFirst := range []bool{true, false} {
		s := newStory(t)
		for range 20 {
			begin := s.after(time.Second).at
			s.request(4, fails(timeoutFault, 2*time.Second))
			outer := &s.records[len(s.records)-1]
			s.at = begin.Add(5 * time.Millisecond)
			s.request(4, fails(left, 2*time.Second), func(r *accesslog.Record, _ *accesslog.Attempt) {
				r.Client = netip.MustParseAddrPort("127.0.0.1:50000")
				r.Parent = outer.Transaction
			})
			if n := len(s.records); innerFirst {
				s.records[n-1], s.records[n-2] = s.records[n-2], s.records[n-1]
			}
			s.at = begin
		}
		expect(t, s.diagnose(), "i-proxy-loop high 40")
	}
}

// A gateway behind another one gets all its requests with a transaction, and none of its own.
func TestChainedGatewaysAreNoLoop(t *testing.T) {
	s := newStory(t)
	for i := range 20 {
		s.after(time.Second).request(4, status(502), func(r *accesslog.Record, _ *accesslog.Attempt) { r.Parent = [16]byte{200, byte(i)} })
	}
	expect(t, s.diagnose(), "k-backend-5xx high 20")
}
