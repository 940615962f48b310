package telemetry

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The histogram counts as the client library's own does, at the very ends of buckets too.
func TestHistogramCountsAsTheLibrarys(t *testing.T) {
	var ours histogram
	var ends []float64
	for _, b := range bounds {
		ends = append(ends, b.Seconds())
	}
	theirs := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "theirs", Buckets: ends})
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 10_000 {
		d := bounds[i%len(bounds)] + time.Duration(i%3-1)
		if i%2 == 0 {
			d = time.Duration(r.Int64N(2 << (i % 38)))
		}
		ours.observe(d)
		theirs.Observe(d.Seconds())
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(theirs, one{&ours})
	got, err := registry.Gather() // in the order of their names
	if err != nil {
		t.Fatal(err)
	}
	g, w := got[0].Metric[0].GetHistogram(), got[1].Metric[0].GetHistogram()
	if g.GetSampleCount() != w.GetSampleCount() || math.Abs(g.GetSampleSum()-w.GetSampleSum()) > 1e-6*w.GetSampleSum() ||
		len(g.Bucket) != len(w.Bucket) {
		t.Fatalf("%v, want %v", g, w)
	}
	for i := range g.Bucket {
		if g.Bucket[i].GetUpperBound() != w.Bucket[i].GetUpperBound() ||
			g.Bucket[i].GetCumulativeCount() != w.Bucket[i].GetCumulativeCount() {
			t.Errorf("%v, want %v", g.Bucket[i], w.Bucket[i])
		}
	}
}

// one is a histogram as a collector.
type one struct{ *histogram }

var oursDesc = prometheus.NewDesc("ours", "", nil, nil)

func (o one) Describe(to chan<- *prometheus.Desc) { to <- oursDesc }
func (o one) Collect(to chan<- prometheus.Metric) { to <- o.metric(oursDesc) }

// No load makes the sum of all durations overflow.
func TestSumDoesNotOverflow(t *testing.T) {
	var h histogram
	const year = 365 * 24 * time.Hour
	for range 1000 {
		h.observe(year)
	}
	if got, want := h.seconds(), 1000*year.Seconds(); math.Abs(got-want) > 1 {
		t.Errorf("%v s, want %v", got, want)
	}
}
