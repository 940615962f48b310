package probes_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// A first-generation gateway gives no word for a failure, and no server. It answers at once that no member is healthy: what took most
// of a second had another reason.
func TestNoServerIsNotNoHealthyMember(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, atOnce bool) {
		s.Azure, s.Unexplained = true, true
		took := 600 * time.Millisecond
		if atOnce {
			took = 2 * time.Millisecond
		}
		for i := range 100 {
			if s.After(time.Second); i < 40 || i >= 50 {
				s.Request(4)
				continue
			}
			s.Request(0, func(r *accesslog.Record, _ *accesslog.Attempt) {
				r.Status, r.ErrorInfo, r.Taken = 502, "", took
			})
		}
	}, "a-all-unhealthy-fail-closed")
}

// For ten minutes a pool had no healthy member. The gateway made nearly all errors then; a few a minute are the backend's.
func TestMetricsOfAnOutage(t *testing.T) {
	t.Parallel()
	r := story.DiagnoseMetrics(t,
		story.MetricSeries("ResponseStatus", "httpstatusgroup=2xx", "total", 60, story.During(0, 1000)),
		story.MetricSeries("ResponseStatus", "httpstatusgroup=5xx", "total", 60, story.During(1002, 2)),
		story.MetricSeries("BackendResponseStatus", "httpstatusgroup=5xx", "total", 60, story.Constant(2)),
		story.MetricSeries("HealthyHostCount", "backendsettingspool=web~http", "average", 60, story.During(0, 3)),
		story.MetricSeries("CapacityUnits", "", "average", 60, story.Constant(3)))
	m := r.MetricsSummary
	if m == nil || m.Errors != 10120 || m.ByBackend != 120 || m.ByGateway != 10000 || len(m.ErrorPeriods) != 1 {
		t.Fatalf("%+v", m)
	}
	s := m.ErrorPeriods[0]
	if s.From != "2026-11-23T09:20:00.000Z" || s.To != "2026-11-23T09:30:00.000Z" || s.ByGateway != 10000 || len(s.Facts) != 1 ||
		!strings.Contains(s.Facts[0], "web~http had no healthy member in 10 minutes") {
		t.Errorf("%+v", s)
	}
	if s.Rivals[0].Cause != "a-all-unhealthy-fail-closed" || s.Rivals[0].Test == "" || s.Rivals[len(s.Rivals)-1].Cause != "k-backend-5xx" {
		t.Errorf("rivals %+v", s.Rivals)
	}
	if len(r.Findings) > 0 || r.Verdict != nil || r.Failures != 0 {
		t.Errorf("a metric names the cause of a request: %+v", r.Findings)
	}
	if !strings.Contains(r.Headline(), "about 10000 made by the gateway (99 %)") ||
		!strings.Contains(m.Next, "--since 2026-11-23T09:15:00Z --until 2026-11-23T09:35:00Z") {
		t.Errorf("%s\n%s", r.Headline(), m.Next)
	}
}

// A first-generation log without requestQuery names no member. A quick 502 in it does not say that nobody was healthy, and the
// answers around it say that somebody was.
func TestLogWithoutMembers(t *testing.T) {
	t.Parallel()
	for name, failing := range map[string]func(i int) bool{
		"now and then": func(i int) bool { return i%5 == 4 },
		"in a row":     func(i int) bool { return i >= 30 && i < 40 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, failures := story.NewAzure(t), 0
			for i := range 60 {
				if s.After(3 * time.Second); failing(i) {
					failures++
					s.Request(0, story.BadGateway)
				} else {
					s.Request(0, story.FirstGeneration)
				}
			}
			r := s.Diagnose()
			story.Expect(t, r)
			if r.Undetermined.Failures != failures || !slices.Contains(r.Undetermined.Rivals, "a-all-unhealthy-fail-closed") {
				t.Errorf("%+v", r.Undetermined)
			}
			if next := r.Undetermined.Next; strings.Contains(next, "answers of the pool lie between") != (name == "now and then") {
				t.Errorf("next: %s", next)
			}
			for _, step := range r.Steps {
				if strings.Contains(step.Detail, "no member answered") || strings.Contains(step.Detail, "got as far as") {
					t.Errorf("%s: %s", step.Step, step.Detail)
				}
			}
		})
	}
}

// The rows that were answered name their members, and quick 502s among them do not: between answers of the same pool they come of
// no outage. All in a row they may, and that is a claim.
func TestQuickFailuresAmidAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failing func(i int) bool
		want    []string
	}{
		"now and then": {func(i int) bool { return i%5 == 4 }, nil},
		"in a row":     {func(i int) bool { return i >= 30 && i < 40 }, []string{"a-all-unhealthy-fail-closed medium 10"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for i := range 60 {
				if s.After(3 * time.Second); c.failing(i) {
					s.Request(0, story.BadGateway)
				} else {
					s.Request(4, story.FirstGeneration)
				}
			}
			story.Expect(t, s.Diagnose(), c.want...)
		})
	}
}

// A log of whole seconds shows no answer between failures of every second, and still the pool answered in the very same seconds.
func TestQuickFailuresInAnsweredSeconds(t *testing.T) {
	t.Parallel()
	for answered, want := range map[bool][]string{true: nil, false: {"a-all-unhealthy-fail-closed medium 20"}} {
		s := story.NewAzure(t)
		for i := range 60 {
			s.After(time.Second)
			if i >= 20 && i < 40 {
				s.Request(0, story.BadGateway)
			}
			if i < 20 || i >= 40 || answered {
				s.Request(4, story.FirstGeneration)
			}
		}
		story.Expect(t, s.Diagnose(), want...)
	}
}

// Two pools may be meant, one of them empty: nothing is taken for granted.
func TestNamesAreNotGuessed(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"requestRoutingRules":[`,
		`"requestRoutingRules":[{"name":"r2","properties":{"ruleType":"Basic","priority":90,"httpListener":{"id":"/x/httpListeners/l80"},`+
			`"backendAddressPool":{"id":"/x/backendAddressPools/none"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"}}},`, 1)
	for range 20 {
		s.After(time.Second).Request(0, story.Nameless, story.Fails(story.NoHealthy, time.Millisecond))
	}
	r := s.Diagnose()
	g := story.Group(t, r, 0)
	if len(r.Findings) > 0 || g.Failures != 20 || g.Rivals[0].Cause != "i-empty-pool" || g.Scope.Pool != "" ||
		!slices.ContainsFunc(g.Rivals, func(x report.Rival) bool { return x.Cause == "a-all-unhealthy-fail-closed" }) {
		t.Errorf("found %+v, open %+v", r.Findings, g)
	}
}

// Documents and reports of health that are of another time than the failures.

// Members of the pool answered after the failures: it was not empty then.
func TestEmptiedAfterwards(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `{"ipAddress":"10.0.0.4"},{"ipAddress":"10.0.0.5"},{"ipAddress":"10.0.0.6"}`, "", 1)
	for range 20 {
		s.After(time.Second).Request(0, story.Fails(story.NoHealthy, time.Millisecond))
	}
	for range 20 {
		s.After(10 * time.Second).Request(4)
	}
	story.Expect(t, s.Diagnose(), "a-all-unhealthy-fail-closed medium 20")
}

// One of the members has a wrong root now; all of them were out then.
func TestOneBadMemberIsNotTheOutage(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for range 20 {
		s.After(time.Second).Request(0, story.Fails(story.NoHealthy, time.Millisecond))
	}
	for range 20 {
		s.After(10 * time.Second).Request(4)
	}
	s.Server("10.0.0.4", "Healthy", "", "Success. Received 200 status code")
	s.Server("10.0.0.5", "Unhealthy", "",
		"The root certificate of the server certificate used by the backend does not match the trusted root certificate added to the application gateway.")
	r := s.Diagnose()
	story.Expect(t, r, "a-all-unhealthy-fail-closed medium 20")
	if story.Found(t, r, 0).Scope.Member != "" {
		t.Errorf("scope %+v", story.Found(t, r, 0).Scope)
	}
}

// What the probes met is the cause of a pool without healthy members.
func TestNobodyHealthy(t *testing.T) {
	t.Parallel()
	f := func(reason, errno, want string) {
		t.Helper()
		s := story.New(t)
		for _, m := range []string{"10.0.0.4", "10.0.0.5"} {
			s.Server(m, "Down", reason, "what the probe met", strings.TrimSpace(s.At.Format(time.RFC3339)+" Down "+reason+" "+errno))
		}
		for range 4 {
			s.After(time.Second).Request(0, func(r *accesslog.Record, _ *accesslog.Attempt) {
				r.Fault, r.Status, r.ErrorInfo = story.NoHealthy, 502, fault.UpstreamNoLive
			})
		}
		story.Expect(t, s.Diagnose(), want+" 4")
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

// The health page is missing. If the probe passed before, the page has gone with a release, and the host is good enough.
func TestHealthPageThatMoved(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, neverPassed bool) {
		s.Doc = story.Probed("/health")
		if neverPassed {
			s.Traffic(20*time.Second, []int{4, 5}, story.Path("/health"))
		} else {
			s.Traffic(20*time.Second, []int{4, 5})
		}
		s.OutOfService(20 * time.Second)
		history := []string{"2026-11-23T08:00:00Z Up", s.Clock(20*time.Second) + " Down status_mismatch 404"}
		if neverPassed {
			history = history[1:]
		}
		for _, m := range []string{"10.0.0.4", "10.0.0.5"} {
			s.Server(m, "Down", "status_mismatch", "", history...)
		}
	}, "a-probe-host-mismatch")
}

// Probes time out. If users' requests do so too, the members hang, and a longer timeout of the probe would help nobody.
func TestHungMembersAreNoShortProbeTimeout(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, usersServed bool) {
		s.Doc = story.Probed("/health")
		s.Traffic(20*time.Second, []int{4, 5})
		if usersServed {
			s.Traffic(10*time.Second, []int{4, 5})
		} else {
			s.Traffic(10*time.Second, []int{4, 5}, story.Fails(story.TimeoutFault, 2*time.Second))
		}
		s.OutOfService(20 * time.Second)
		for _, m := range []string{"10.0.0.4", "10.0.0.5"} {
			s.Server(m, "Down", "probe_timeout", "", "2026-11-23T08:00:00Z Up", s.Clock(30*time.Second)+" Down probe_timeout")
		}
	}, "a-probe-timeout-short")
}

// Only something that counts requests answers 429; 403 may have any reason.
func TestBlockedProbes(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]string{"429": "a-probe-blocked high 50", "403": "a-probe-status-mismatch high 50"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Doc = story.Probed("/health")
			s.OutOfService(5 * time.Second)
			s.Server("10.0.0.4", "Down", "status_mismatch", "", "2026-11-23T08:00:00Z Down status_mismatch "+status)
			r := s.Diagnose()
			story.Expect(t, r, want)
			if status == "403" && !strings.Contains(story.RivalsOf(story.Found(t, r, 0)), "a-probe-blocked") {
				t.Errorf("rivals of 403: %s", story.RivalsOf(story.Found(t, r, 0)))
			}
		})
	}
}

// A probe without a host of its own gets 404. Whether it is the page that is missing or the host that is unknown shows where
// users got that very page; otherwise either may be.
func TestNotFoundIsPageOrHost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		asked, want string
	}{{"/other", "a-probe-status-mismatch high 50"}, {"/health", "a-probe-host-mismatch high 50"}} {
		t.Run(c.asked, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Doc = story.Probed("/health")
			s.Traffic(2*time.Second, []int{4}, story.Path(c.asked))
			s.OutOfService(5 * time.Second)
			s.Server("10.0.0.4", "Down", "status_mismatch", "", "2026-11-23T09:00:02Z Down status_mismatch 404")
			r := s.Diagnose()
			if story.Expect(t, r, c.want); c.asked == "/other" && !strings.Contains(story.RivalsOf(story.Found(t, r, 0)),
				"a-probe-host-mismatch") {
				t.Errorf("rivals: %s", story.RivalsOf(story.Found(t, r, 0)))
			}
		})
	}
}

// A log in which nobody was answered, beside a report in which no member is healthy: then quick 502s are the gateway's own, also on the
// first generation, whose rows name neither pool nor reason. With one healthy member they may be anything.
func TestNobodyAnsweredAndNobodyHealthy(t *testing.T) {
	t.Parallel()
	for other, want := range map[string][]string{"Down": {"a-all-unhealthy-fail-closed high 20"}, "Up": nil} {
		t.Run(other, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for range 20 {
				s.After(2*time.Second).Request(0, story.BadGateway)
			}
			s.Server("10.0.0.4", "Down", "", "The backend ended the TLS handshake.")
			s.Server("10.0.0.5", other, "", "")
			story.Expect(t, s.Diagnose(), want...)
		})
	}
}

// One failure in minutes may be all that was exported, and health is of another time.
func TestLogOfFailuresOnly(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 40 {
		s.After(time.Duration(1+i%7)*time.Minute).Request(0, story.BadGateway)
	}
	for _, m := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
		s.Server(m, "Down", "", "")
	}
	story.Expect(t, s.Diagnose())
}
