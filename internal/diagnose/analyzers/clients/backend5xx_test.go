package clients_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// A log whose other failures leave serverStatus empty does not echo: a status in it is an answer.
func TestALogThatLeavesBlanks(t *testing.T) {
	t.Parallel()
	s := story.Lively(t, 9, story.Echoing(502, 5*time.Millisecond, fault.NoError))
	for range 4 {
		s.After(time.Second).Request(4, story.Fails(story.RaceFault, time.Millisecond))
		s.After(time.Second).Request(4)
	}
	if r := s.Diagnose(); !strings.Contains(story.Causes(r), "k-backend-5xx high") {
		t.Errorf("found %q, open %q", story.Causes(r), story.Likely(r))
	}
}

// A request without an id is found by its time, as a report prints it, and as exactly as one likes to say it.
func TestExplainATime(t *testing.T) {
	t.Parallel()
	s := story.Moments(t)
	for what, want := range map[string]string{
		"2026-11-23T09:00:01Z":       "/alone",
		"2026-11-23T09:00:01":        "/alone",
		"2026-11-23T10:00:01+01:00":  "/alone",
		"2026-11-23T09:00:01.2Z":     "/alone",
		"2026-11-23T09:00:01.250Z":   "/alone",
		"2026-11-23T09:00:02.1Z":     "/first",
		"2026-11-23T09:00:02.200Z#1": "/second",
		"2026-11-23T09:00:02.200Z#2": "/third",
		"2026-11-23T09:00:02.2Z#2":   "/third",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			x, err := story.Explained(t, s, what)
			if err != nil || !strings.Contains(x.Request, want) || x.Cause != "k-backend-5xx" && x.Next == "" {
				t.Errorf("%s: %v, %+v", what, err, x)
			}
		})
	}
}

// All errors are answers of members: the gateway made none, and nothing of it is suspected.
func TestMetricsOfABadBackend(t *testing.T) {
	t.Parallel()
	r := story.DiagnoseMetrics(t,
		story.MetricSeries("ResponseStatus", "httpstatusgroup=5xx", "total", 60, story.During(50, 0)),
		story.MetricSeries("BackendResponseStatus", "httpstatusgroup=5xx", "total", 60, story.During(50, 0)),
		story.MetricSeries("CapacityUnits", "", "average", 60, story.Constant(10)))
	s := r.MetricsSummary.ErrorPeriods[0]
	if r.MetricsSummary.ByGateway != 0 || len(s.Rivals) != 1 || s.Rivals[0].Cause != "k-backend-5xx" {
		t.Errorf("%+v", r.MetricsSummary)
	}
}

// Errors that come and go are not those of a start.
func TestErrorsNowAndThenAreNoStart(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.Azure = true
	s.Traffic(10*time.Second, []int{4, 5, 6})
	for range 6 {
		s.Traffic(2*time.Second, []int{6}, story.Answers(503))
		s.Traffic(20*time.Second, []int{4, 5, 6})
	}
	story.Expect(t, s.Diagnose(), "k-backend-5xx high 120")
}

// A probe of the very page that fails is no worse informed than users; neither is one that had no time yet.
func TestProbesThatAreNotToBlame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path  string
		lasts time.Duration
	}{{"/a", 30 * time.Second}, {"/health", 5 * time.Second}} {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Doc = story.Probed(c.path)
			s.Traffic(c.lasts, []int{4}, story.Answers(500))
			s.Server("10.0.0.4", "Up", "", "Success. Received 200 status code", "2026-11-23T08:00:00Z Up")
			if r := s.Diagnose(); len(r.Findings) != 1 || story.Found(t, r, 0).Cause != "k-backend-5xx" {
				t.Errorf("probe of %s, %s: %d findings, the first is %s", c.path, c.lasts, len(r.Findings), story.Found(t, r, 0).Cause)
			}
		})
	}
}

func TestBackendsOwnErrors(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 10 {
		s.After(time.Second).Request(5, func(r *accesslog.Record, a *accesslog.Attempt) {
			if i%2 == 0 {
				r.Status, a.Status = 500, 500
			}
		})
	}
	r := s.Diagnose()
	story.Expect(t, r, "k-backend-5xx high 5")
	if story.Found(t, r, 0).Scope.Member != "10.0.0.5" {
		t.Errorf("%+v", story.Found(t, r, 0).Scope)
	}
}

// A gateway behind another one gets all its requests with a transaction, and none of its own.
func TestChainedGatewaysAreNoLoop(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 20 {
		s.After(time.Second).Request(4, story.Status(502),
			func(r *accesslog.Record, _ *accesslog.Attempt) { r.Parent = [16]byte{200, byte(i)} })
	}
	story.Expect(t, s.Diagnose(), "k-backend-5xx high 20")
}

// pageOf makes an error the page of a proxy.
func pageOf(product string) story.Change {
	return func(_ *accesslog.Record, a *accesslog.Attempt) { a.Page = product }
}

// Two products say by their pages that what is behind them failed; the application's own errors are another matter.
func TestErrorPagesOfProxies(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 10 {
		s.After(time.Second).Request(4, story.Status(502), pageOf("nginx"))
		s.Request(5, story.Status(503), pageOf("Envoy"))
		s.Request(6, story.Status(500))
		s.Request(6)
	}
	r := s.Diagnose()
	story.Expect(t, r, "k-backend-5xx high 10", "k-chained-proxy high 10", "k-chained-proxy high 10")
	if f := *story.Found(t, r, 1); len(f.Evidence) == 0 || f.Scope.Pool != "web" {
		t.Errorf("%+v", f)
	}
}

// Azure fills serverStatus with its own status at times; error_info says whose it is.
func TestAzuresOwnStatusIsNotTheBackends(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for range 6 {
		s.After(time.Second).Request(4, func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Status, a.Status, r.ErrorInfo = 502, 502, fault.UpstreamClosed
		})
	}
	for _, f := range s.Diagnose().Findings {
		t.Errorf("named %s", f.Cause)
	}
}
