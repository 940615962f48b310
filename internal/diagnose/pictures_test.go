package diagnose

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"causeway/internal/accesslog"
)

func sum(list []int) int {
	n := 0
	for _, x := range list {
		n += x
	}
	return n
}

// The timeline holds every request and every failure once.
func TestTimelineAddsUp(t *testing.T) {
	s := raceStory(t)
	for range 30 { // a cause of its own, and some failures of none
		s.after(time.Second).request(6, fails(refusedFault, time.Millisecond))
	}
	r := s.diagnose()
	line := r.Pictures.Timeline
	if line.Step != 1 && line.Step != 2 || len(line.Requests) > maxSteps || sum(line.Requests) != r.Requests {
		t.Errorf("step %v, %d steps, %d requests of %d", line.Step, len(line.Requests), sum(line.Requests), r.Requests)
	}
	total := 0
	for _, c := range line.Causes {
		total += sum(c.Failures)
		if len(c.Failures) != len(line.Requests) || len(c.Recovered) != len(line.Requests) {
			t.Errorf("%s has %d steps", c.Cause, len(c.Failures))
		}
	}
	if total != r.Failures {
		t.Errorf("%d failures in the timeline, %d in the report", total, r.Failures)
	}
	if line.Causes[0].Cause != r.Findings[0].Cause && line.Causes[0].Cause != undeterminedName {
		t.Errorf("causes %+v", line.Causes)
	}
}

func TestStepsAreFew(t *testing.T) {
	from := time.Date(2026, 11, 23, 9, 0, 59, 0, time.UTC)
	for _, long := range []time.Duration{0, time.Second, 119 * time.Second, 2 * time.Minute, time.Hour, 36 * time.Hour, 400 * 24 * time.Hour, 3000 * 24 * time.Hour} {
		step := stepFor(from, from.Add(long), time.Second)
		n := from.Add(long).Truncate(step).Sub(from.Truncate(step))/step + 1
		if n > maxSteps || step > time.Second && n < maxSteps/8 {
			t.Errorf("%s: %d steps of %s", long, n, step)
		}
	}
	if step := stepFor(from, from.Add(time.Minute), 4*time.Second); step != 5*time.Second {
		t.Errorf("step %s is shorter than what was counted", step)
	}
}

// The request timeout is a line in the picture, and the failures lie on it.
func TestLatencyPicture(t *testing.T) {
	s := newStory(t)
	for i := range 300 {
		s.after(time.Second)
		wait := time.Duration(1+i*13%2100) * time.Millisecond
		if wait < 2*time.Second {
			s.request(4, took(wait))
		} else {
			s.request(4, fails(timeoutFault, 2*time.Second))
		}
	}
	r := s.diagnose()
	shapes := r.Pictures.Latency
	if len(shapes) != 1 || shapes[0].Settings != "http" || shapes[0].RequestTimeout != 2 {
		t.Fatalf("%+v", shapes)
	}
	answers, failures := 0, 0
	for i, b := range shapes[0].Buckets {
		answers, failures = answers+b.Answered, failures+b.Failed
		if b.Failed > 0 && (b.From > 2 || b.To < 2) {
			t.Errorf("failures far from the timeout: %+v", b)
		}
		if i > 0 && b.From != shapes[0].Buckets[i-1].To {
			t.Errorf("a gap before %+v", b)
		}
	}
	if answers+failures != r.Requests || failures != r.Failures || len(shapes[0].Buckets) > maxBuckets {
		t.Errorf("%d answered, %d failed, in %d buckets; report: %d of %d", answers, failures, len(shapes[0].Buckets), r.Failures, r.Requests)
	}
}

func TestLatencyBucketsAreFew(t *testing.T) {
	for _, most := range []time.Duration{time.Microsecond, 3 * time.Millisecond, time.Second, time.Hour, 100 * time.Hour} {
		h := &histogram{}
		h.add(time.Microsecond)
		h.add(most)
		s := latencyShape("x", h, nil, 0)
		if n := len(s.Buckets); n > maxBuckets || s.Buckets[n-1].To < most.Seconds()*0.99 {
			t.Errorf("%s: %d buckets, to %v", most, n, s.Buckets[n-1].To)
		}
	}
}

// The lost requests of a race lie just below the limit, and nothing was answered above it.
func TestIdlePicture(t *testing.T) {
	shapes := raceStory(t).diagnose().Pictures.IdleAge
	if len(shapes) != 1 || shapes[0].Member != "10.0.0.4" || shapes[0].Limit < 1.99 || shapes[0].Limit > 2.01 {
		t.Fatalf("%+v", shapes)
	}
	lost, closed := 0, 0
	for _, b := range shapes[0].Buckets {
		lost, closed = lost+b.Lost, closed+b.Closed
		if b.Lost > 0 && (b.From < 1.9 || b.From > 2) || b.Answered > 0 && b.From > 2 {
			t.Errorf("%+v", b)
		}
	}
	if lost != 29 || closed == 0 || len(shapes[0].Buckets) > maxBuckets {
		t.Errorf("%d lost, %d closed, %d buckets", lost, closed, len(shapes[0].Buckets))
	}
}

func TestMatrixShowsTheWorst(t *testing.T) {
	s := newStory(t)
	for i := range 120 {
		s.after(time.Second)
		elsewhere := func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Instance, a.Member = fmt.Sprintf("appgw_%02d", i%40), fmt.Sprintf("10.0.1.%d", i%60)
		}
		if i%40 == 7 {
			s.request(4, elsewhere, fails(refusedFault, time.Millisecond))
		} else {
			s.request(4, elsewhere)
		}
	}
	m := s.diagnose().Pictures.Matrix
	if len(m.Instances) != maxMatrixRows || len(m.Members) != maxMatrixCols || len(m.Cells) != maxMatrixRows || len(m.Cells[0]) != maxMatrixCols {
		t.Fatalf("%+v", m)
	}
	failures := 0
	for _, row := range m.Cells {
		for _, c := range row {
			failures += c.Failures
		}
	}
	if failures != 3 {
		t.Errorf("%d failures shown", failures)
	}
}

// The same evidence gives the same pictures, whatever the order of maps.
func TestPicturesAreStable(t *testing.T) {
	var first string
	for range 5 {
		b, err := json.Marshal(raceStory(t).diagnose().Pictures)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(b)
		} else if string(b) != first {
			t.Fatal("two runs differ")
		}
	}
}
