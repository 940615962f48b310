package diagnose

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// probed is the usual document with a probe of its own: every five seconds, two bad answers take a member out.
func probed(path string) string {
	return strings.Replace(strings.Replace(storyDocument, `"backendAddressPools"`,
		`"probes":[{"name":"well","properties":{"protocol":"Http","host":"127.0.0.1","path":"`+path+`","interval":5,"timeout":1,"unhealthyThreshold":2}}],"backendAddressPools"`, 1),
		`"requestTimeout":2`, `"requestTimeout":2,"probe":{"id":"/x/probes/well"}`, 1)
}

// answers is what a member said with a status of its own.
func answers(status int) change2 {
	return func(r *accesslog.Record, a *accesslog.Attempt) { r.Status, a.Status = status, status }
}

// traffic is a request every tenth of a second to each member of some, for a time.
func (s *story) traffic(d time.Duration, members []int, changes ...change2) {
	for n := 0; time.Duration(n)*100*time.Millisecond < d; n++ {
		for _, m := range members {
			s.request(m, changes...)
		}
		s.after(100 * time.Millisecond)
	}
}

// outOfService is the same while no member is healthy.
func (s *story) outOfService(d time.Duration) {
	s.traffic(d, []int{0}, fails(noHealthy, 0))
}

// The page of health asks the database for all three; users who do not need it are served until the probes give up.
func TestHealthPageAsksSharedDependency(t *testing.T) {
	s := newStory(t)
	s.doc = probed("/health")
	s.traffic(20*time.Second, []int{4, 5, 6})
	s.outOfService(10 * time.Second)
	s.traffic(20*time.Second, []int{4, 5, 6}, reused(10*time.Second, 3))
	for _, m := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
		s.server(m, "Up", "", "", "2026-11-23T08:00:00Z Up", "2026-11-23T09:00:20Z Down status_mismatch 503", "2026-11-23T09:00:30Z Up")
	}
	expect(t, s.diagnose(), "a-probe-too-deep high 100")
}

// If users met errors too before the probes gave up, the members were as ill as their page said.
func TestHealthPageThatTellsTheTruth(t *testing.T) {
	s := newStory(t)
	s.doc = probed("/health")
	s.traffic(10*time.Second, []int{4, 5})
	s.traffic(10*time.Second, []int{4, 5}, answers(500))
	s.outOfService(10 * time.Second)
	s.traffic(20*time.Second, []int{4, 5})
	for _, m := range []string{"10.0.0.4", "10.0.0.5"} {
		s.server(m, "Up", "", "", "2026-11-23T08:00:00Z Up", "2026-11-23T09:00:20Z Down status_mismatch 503", "2026-11-23T09:00:30Z Up")
	}
	for _, f := range s.diagnose().Findings {
		if f.Cause == "a-probe-too-deep" {
			t.Errorf("%s %s", f.Cause, f.Confidence)
		}
	}
}

// Two members that are down by turns, and now and then both.
func TestFlappingMembers(t *testing.T) {
	s := newStory(t)
	s.doc = probed("/health")
	for range 3 {
		s.traffic(10*time.Second, []int{4})
		s.outOfService(5 * time.Second)
		s.traffic(15*time.Second, []int{5})
	}
	s.server("10.0.0.4", "Down", "status_mismatch", "", "2026-11-23T09:00:00Z Up", "2026-11-23T09:00:10Z Down status_mismatch 503",
		"2026-11-23T09:00:30Z Up", "2026-11-23T09:00:40Z Down status_mismatch 503", "2026-11-23T09:01:00Z Up", "2026-11-23T09:01:10Z Down status_mismatch 503")
	s.server("10.0.0.5", "Up", "", "", "2026-11-23T08:59:50Z Down status_mismatch 503", "2026-11-23T09:00:15Z Up",
		"2026-11-23T09:00:30Z Down status_mismatch 503", "2026-11-23T09:00:45Z Up", "2026-11-23T09:01:00Z Down status_mismatch 503", "2026-11-23T09:01:15Z Up")
	expect(t, s.diagnose(), "a-flap-threshold medium 150")
}

// 429 is said by what counts requests; 403 may be said to anybody.
func TestBlockedProbes(t *testing.T) {
	for status, want := range map[string]string{"429": "a-probe-blocked high 50", "403": "a-probe-status-mismatch high 50"} {
		s := newStory(t)
		s.doc = probed("/health")
		s.outOfService(5 * time.Second)
		s.server("10.0.0.4", "Down", "status_mismatch", "", "2026-11-23T08:00:00Z Down status_mismatch "+status)
		r := s.diagnose()
		expect(t, r, want)
		if status == "403" && !strings.Contains(rivalsOf(&r.Findings[0]), "a-probe-blocked") {
			t.Errorf("rivals of 403: %s", rivalsOf(&r.Findings[0]))
		}
	}
}

func rivalsOf(f *Finding) string {
	var ids []string
	for _, r := range f.Rivals {
		ids = append(ids, r.Cause)
	}
	return strings.Join(ids, " ")
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
		{"back", 10 * time.Second, false, []string{"2026-11-23T08:00:00Z Up", "2026-11-23T09:00:10Z Down tcp_connect ECONNREFUSED", "2026-11-23T09:00:29Z Up"}, "a-fast-readmit high 50"},
		{"back, by the log", 10 * time.Second, true, nil, "a-fast-readmit medium 50"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			s.azure, s.doc = c.azure, probed("/health")
			if c.before > 0 {
				s.traffic(c.before, []int{4, 5, 6})
			}
			s.traffic(30*time.Second-c.before, []int{4, 5})
			for range 50 {
				s.request(4)
				s.request(5)
				s.request(6, answers(503))
				s.after(100 * time.Millisecond)
			}
			s.traffic(20*time.Second, []int{4, 5, 6})
			if c.history != nil {
				s.server("10.0.0.6", "Up", "", "", c.history...)
			}
			expect(t, s.diagnose(), c.want)
		})
	}
}

// Errors that come and go are not those of a start.
func TestErrorsNowAndThenAreNoStart(t *testing.T) {
	s := newStory(t)
	s.azure = true
	s.traffic(10*time.Second, []int{4, 5, 6})
	for range 6 {
		s.traffic(2*time.Second, []int{6}, answers(503))
		s.traffic(20*time.Second, []int{4, 5, 6})
	}
	expect(t, s.diagnose(), "k-backend-5xx high 120")
}

// The health page is a file; what users ask for needs more than that. What the last probe got tells the redirect.
func TestGreenProbeRedTraffic(t *testing.T) {
	for _, c := range []struct {
		detail, want string
		azure        bool
	}{
		{"Success. Received 200 status code", "a-green-probe-red-traffic high 0", false},
		{"Success. Received 302 status code", "a-probe-redirect-trap high 0", false},
		{"Success. Received 200 status code", "a-green-probe-red-traffic medium 0", true},
	} {
		s := newStory(t)
		s.azure, s.doc = c.azure, probed("/health")
		s.traffic(30*time.Second, []int{4, 5}, answers(500))
		history := []string{"2026-11-23T08:00:00Z Up"}
		if c.azure {
			history = nil
		}
		s.server("10.0.0.4", "Up", "", c.detail, history...)
		s.server("10.0.0.5", "Up", "", c.detail, history...)
		expect(t, s.diagnose(), "k-backend-5xx high 600", c.want)
	}
}

// A member that serves some and turns the others away has too much to do: its probe tells the truth.
func TestSheddingIsNoGreenProbe(t *testing.T) {
	s := newStory(t)
	s.doc = probed("/health")
	for range 100 {
		s.traffic(200*time.Millisecond, []int{4}, answers(503))
		s.traffic(100*time.Millisecond, []int{4})
	}
	s.server("10.0.0.4", "Up", "", "Success. Received 200 status code", "2026-11-23T08:00:00Z Up")
	for _, f := range s.diagnose().Findings {
		if f.Cause == "a-green-probe-red-traffic" {
			t.Errorf("%s %s", f.Cause, f.Confidence)
		}
	}
}

// A probe that asks for the very page that fails is no worse informed than users; neither is one that had no time yet.
func TestProbesThatAreNotToBlame(t *testing.T) {
	for _, c := range []struct {
		path  string
		lasts time.Duration
	}{{"/a", 30 * time.Second}, {"/health", 5 * time.Second}} {
		s := newStory(t)
		s.doc = probed(c.path)
		s.traffic(c.lasts, []int{4}, answers(500))
		s.server("10.0.0.4", "Up", "", "Success. Received 200 status code", "2026-11-23T08:00:00Z Up")
		if r := s.diagnose(); len(r.Findings) != 1 || r.Findings[0].Cause != "k-backend-5xx" {
			t.Errorf("probe of %s, %s: %d findings, the first is %s", c.path, c.lasts, len(r.Findings), r.Findings[0].Cause)
		}
	}
}

// A probe without a host of its own gets 404. Whether it is the page that is missing or the host that is unknown shows where
// users got that very page; otherwise either may be.
func TestNotFoundIsPageOrHost(t *testing.T) {
	for _, c := range []struct {
		asked, want string
	}{{"/other", "a-probe-status-mismatch high 50"}, {"/health", "a-probe-host-mismatch high 50"}} {
		s := newStory(t)
		s.doc = probed("/health")
		s.traffic(2*time.Second, []int{4}, path(c.asked))
		s.outOfService(5 * time.Second)
		s.server("10.0.0.4", "Down", "status_mismatch", "", "2026-11-23T09:00:02Z Down status_mismatch 404")
		r := s.diagnose()
		if expect(t, r, c.want); c.asked == "/other" && !strings.Contains(rivalsOf(&r.Findings[0]), "a-probe-host-mismatch") {
			t.Errorf("rivals: %s", rivalsOf(&r.Findings[0]))
		}
	}
}
