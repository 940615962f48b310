package timing_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/analyzers/timing"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/story"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
)

// 502 and 504 at one timer are one finding: the gateway's timer made both, though no document gives it.
func TestTwoStatusesAtOneTimer(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.NoDoc = true
	for i := range 300 {
		switch s.After(2 * time.Second); {
		case i%20 == 7:
			s.Request(4, story.Fails(story.TimeoutFault, 20*time.Second+3*time.Millisecond),
				func(r *accesslog.Record, _ *accesslog.Attempt) { r.Status, r.ErrorInfo = 504, "" })
		case i%30 == 11:
			s.Request(4, story.Fails(story.RaceFault, 20*time.Second+4*time.Millisecond),
				func(r *accesslog.Record, _ *accesslog.Attempt) { r.Status, r.ErrorInfo = 502, "" })
		default:
			s.Request(4, story.Took(time.Duration(i%190)*100*time.Millisecond))
		}
	}
	story.Expect(t, s.Diagnose(), "d-timeout-below-latency medium 25")
}

// Of many timeouts a sample is looked at, and answers just below the timeout are all counted: few of them do not become many.
func TestFewAnswersBesideASampleOfTimeouts(t *testing.T) {
	t.Parallel()
	limit := 2 * time.Second
	r := &traffic.RouteStats{Answers: stats.NewClock().NewTimeline()}
	for range 20 {
		r.Answered++
		r.Waits.Add(limit * 9 / 10)
	}
	tal := traffic.NewSummary(traffic.Excluded{})
	tal.Routes[traffic.RouteKey{Settings: "http", Method: "GET", Path: "/a"}], tal.Timeouts["http"], tal.Sample.Shift = r, limit, 4
	for i := range 20 { // of 320
		e := &traffic.Event{
			Settings: "http",
			Method:   "GET",
			Path:     "/a",
			Fault:    story.TimeoutFault,
			Tried:    true,
			Visible:  true,
			Taken:    limit,
		}
		e.Start = time.Date(2026, 11, 23, 9, 0, i, 0, time.UTC)
		e.At = e.Start.Add(limit)
		tal.Events = append(tal.Events, e)
		r.Answers.Add(e.Start.Add(limit / 2))
	}
	tal.Clock.Sort()
	c := &inference.Case{Traffic: tal}
	if timing.TimeoutBelowLatency.Run(c); len(c.Findings) > 0 {
		t.Errorf("%s: %v", c.Findings[0].Confidence, c.Findings[0].Evidence)
	}
}

// Answers took as long as the request timeout of 2 s when the gateway made errors.
func TestMetricsOfSlowAnswers(t *testing.T) {
	t.Parallel()
	r := story.DiagnoseMetrics(t,
		story.MetricSeries("ResponseStatus", "httpstatusgroup=5xx", "total", 60, story.During(50, 0)),
		story.MetricSeries("BackendResponseStatus", "httpstatusgroup=2xx", "total", 60, story.Constant(900)),
		story.MetricSeries("BackendFirstByteResponseTime", "", "maximum", 60, story.During(2001, 300)),
		story.MetricSeries("BackendConnectTime", "", "average", 60, story.Constant(1)))
	s := r.MetricsSummary.ErrorPeriods[0]
	if r.MetricsSummary.ByGateway != 500 || s.Rivals[0].Cause != "d-timeout-below-latency" || s.Rivals[1].Cause != "d-hung" {
		t.Errorf("%+v", r.MetricsSummary)
	}
}

// The answers slope into the timeout: a longer one would catch some of the rest.
func TestTimeoutBelowLatency(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 200 {
		s.After(100 * time.Millisecond)
		if d := time.Duration(100+i*37%200*11) * time.Millisecond; d < 2*time.Second {
			s.Request(4, story.Took(d))
		} else {
			s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
		}
	}
	r := s.Diagnose()
	story.Expect(t, r, "d-timeout-below-latency high 27")
	if !strings.Contains(fmt.Sprint(story.Found(t, r, 0).Fixes), "set requestTimeout to 3") {
		t.Errorf("%+v", story.Found(t, r, 0).Fixes)
	}
}

// A path that was never answered may hang or may always take too long: nobody can tell from this.
func TestNeverAnsweredIsNotDecided(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 30 {
		s.After(100*time.Millisecond).Request(4, story.Path("/report"), story.Fails(story.TimeoutFault, 2*time.Second))
		s.Request(4)
	}
	r := s.Diagnose()
	story.Expect(t, r)
	if r.Undetermined.Failures != 30 || len(r.Undetermined.Rivals) != 4 {
		t.Errorf("%+v", r.Undetermined)
	}
}

// Equal requests, seven a second, whose times spread widely: the slowest quarter of the seconds is four times as slow as the quickest by
// chance alone. The timeout cuts through the slower answers; no time is slow.
func TestTimesThatOnlyChanceMakesSlow(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	s := story.New(t)

	for range 1400 {
		s.After(time.Second / 7)
		took := time.Duration(math.Exp(math.Log(0.15)+1.7*rng.NormFloat64()) * float64(time.Second))
		if took < 2*time.Second {
			s.Request(4, story.Took(took))
		} else {
			s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
		}
	}
	r := s.Diagnose()
	story.Named(t, r, "d-timeout-below-latency")
}
