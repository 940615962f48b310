// Package history keeps the metrics of the gateway: one sample a minute for thirty days, in the database of Prometheus.
package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	dto "github.com/prometheus/client_model/go"

	"causeway/internal/telemetry"
)

// Retention is for how long samples are kept, and Every how far apart they are.
const (
	Retention = 30 * 24 * time.Hour
	Every     = time.Minute
)

// Bounds of the database. Its defaults are for a server that does nothing else.
const (
	bytesMax    = 2 << 30
	blockTime   = 2 * time.Hour
	blockMax    = 3 * 24 * time.Hour
	stripes     = 1 << 10
	segmentSize = 4 << 20
)

// History is an open database.
type History struct {
	db   *tsdb.DB
	last map[string]sampled // by instance
}

// Open opens the database in a folder, and makes it where there is none.
func Open(folder string) (*History, error) {
	o := tsdb.DefaultOptions()
	o.RetentionDuration = Retention.Milliseconds()
	o.MaxBytes = bytesMax
	o.MinBlockDuration, o.MaxBlockDuration = blockTime.Milliseconds(), blockMax.Milliseconds()
	o.StripeSize = stripes
	o.WALSegmentSize = segmentSize
	db, err := tsdb.Open(folder, slog.New(slog.DiscardHandler), nil, o, nil)
	if err != nil {
		return nil, fmt.Errorf("open the history of the metrics in %s: %w", folder, err)
	}
	return &History{db: db, last: map[string]sampled{}}, nil
}

// Close ends the database.
func (h *History) Close() error { return h.db.Close() }

// sampled is what was kept of an instance the last time.
type sampled struct {
	at     int64               // Unix milliseconds
	counts map[uint64]struct{} // hashes of the labels of all counters
}

// Append adds a sample of every metric. Of a histogram it keeps the count and the sum, as NAME_count and NAME_sum. What counts for
// the first time counts from zero: a counter that an instance did not have the last time, such as that of its first 502, and all of an
// instance that is young. What an older instance counted before anybody looked is not known. Append may not run twice at once.
func (h *History) Append(ctx context.Context, at time.Time, families []*dto.MetricFamily, young func(instance string) bool) error {
	into := &appender{to: h.db.Appender(ctx), at: at.UnixMilli(), young: young, last: h.last, now: map[string]sampled{}}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			into.metric(f.GetName(), m)
		}
	}
	if into.err != nil {
		return errors.Join(fmt.Errorf("keep the metrics: %w", into.err), into.to.Rollback())
	}
	if err := into.to.Commit(); err != nil {
		return fmt.Errorf("keep the metrics: %w", err)
	}
	h.last = into.now
	return nil
}

type appender struct {
	to        storage.Appender
	at        int64 // Unix milliseconds
	young     func(instance string) bool
	last, now map[string]sampled // by instance
	err       error
}

func (a *appender) metric(name string, m *dto.Metric) {
	switch {
	case m.GetCounter() != nil:
		a.count(name, m, m.GetCounter().GetValue())
	case m.GetGauge() != nil:
		a.sample(labelsOf(name, m), a.at, m.GetGauge().GetValue())
	case m.GetHistogram() != nil:
		a.count(name+"_sum", m, m.GetHistogram().GetSampleSum())
		a.count(name+"_count", m, float64(m.GetHistogram().GetSampleCount()))
	}
}

// count adds a sample of what only grows.
func (a *appender) count(name string, m *dto.Metric, v float64) {
	instance, of := labelOf(m, telemetry.InstanceLabel), labelsOf(name, m)
	if from, begins := a.begins(instance, of.Hash()); begins {
		a.sample(of, from, 0)
	}
	a.sample(of, a.at, v)
	if _, known := a.now[instance]; !known {
		a.now[instance] = sampled{a.at, map[uint64]struct{}{}}
	}
	a.now[instance].counts[of.Hash()] = struct{}{}
}

// begins says since when a counter counts from zero, if it begins now.
func (a *appender) begins(instance string, counter uint64) (from int64, ok bool) {
	last, known := a.last[instance]
	switch {
	case a.young(instance): // it may have taken the place of another since
		return max(last.at+1, a.at-Every.Milliseconds()), true
	case !known, a.at-last.at > 2*Every.Milliseconds(): // nobody looked for a while
		return 0, false
	}
	_, had := last.counts[counter]
	return last.at, !had
}

func labelOf(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

func labelsOf(name string, m *dto.Metric) labels.Labels {
	b := labels.NewScratchBuilder(len(m.GetLabel()) + 1)
	b.Add(model.MetricNameLabel, name)
	for _, l := range m.GetLabel() {
		b.Add(l.GetName(), l.GetValue())
	}
	b.Sort()
	return b.Labels()
}

// sample adds a sample. One that is older than what is there already is left out: the clock was set back.
func (a *appender) sample(of labels.Labels, at int64, v float64) {
	_, err := a.to.Append(0, of, at, v)
	if errors.Is(err, storage.ErrOutOfOrderSample) || errors.Is(err, storage.ErrOutOfBounds) ||
		errors.Is(err, storage.ErrDuplicateSampleForTimestamp) {
		return
	}
	a.err = errors.Join(a.err, err)
}

// Series are the samples of one metric with one set of labels.
type Series struct {
	Labels map[string]string // without the name
	Times  []time.Time
	Values []float64
}

// Read are all series of a metric, with their samples from one time to another, both included.
func (h *History) Read(ctx context.Context, name string, from, to time.Time) (out []Series, err error) {
	q, err := h.db.Querier(from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("read the history of %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	found := q.Select(ctx, true, nil, labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, name))
	for found.Next() {
		s, err := read(found.At())
		if err != nil {
			return nil, fmt.Errorf("read the history of %s: %w", name, err)
		}
		out = append(out, s)
	}
	return out, found.Err()
}

func read(from storage.Series) (Series, error) {
	s := Series{Labels: map[string]string{}}
	from.Labels().Range(func(l labels.Label) {
		if l.Name != model.MetricNameLabel {
			s.Labels[l.Name] = l.Value
		}
	})
	samples := from.Iterator(nil)
	for samples.Next() == chunkenc.ValFloat {
		at, v := samples.At()
		if math.IsNaN(v) {
			continue
		}
		s.Times, s.Values = append(s.Times, time.UnixMilli(at).UTC()), append(s.Values, v)
	}
	return s, samples.Err()
}

// Increases are by how much a counter grew between each sample and the one before. A counter that fell began anew, as that of
// an instance that was replaced: what it shows is what it grew by.
func (s Series) Increases() Series {
	out := Series{Labels: s.Labels}
	for i := 1; i < len(s.Values); i++ {
		grown := s.Values[i] - s.Values[i-1]
		if grown < 0 {
			grown = s.Values[i]
		}
		out.Times, out.Values = append(out.Times, s.Times[i]), append(out.Values, grown)
	}
	return out
}
