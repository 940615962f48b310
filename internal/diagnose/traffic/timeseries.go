package traffic

import (
	"math"
	"slices"
	"time"
)

// Bucket is what happened in a piece of time, by when requests began.
type Bucket struct {
	At       time.Time
	Requests int
	Failures int
	busy     time.Duration // time that members spent on requests: divided by the width, how many were under way
	Waited   time.Duration // of answered requests, in members
	Own      time.Duration // of answered requests, outside of members
	Answered int
	logs     float64 // of their times in members, in nanoseconds, natural, added up
	squares  float64 // of those logarithms, added up
	Sent     int64   // bytes to clients
	Clients  int     // requests that came on a new connection, where the log shows it

	Served int           // of these requests, those whose clients did not give up, as far as Causeway's log has it
	InVain time.Duration // longest that one waited who did
}

// Typical is the geometric mean of the times that answers took in members: a few that take a hundred times as long as the others hardly
// move it, and a time at which all are slow does. 0 without answers; times below a millisecond count as one.
func (b *Bucket) Typical() time.Duration {
	if b.Answered == 0 {
		return 0
	}
	return time.Duration(math.Exp(b.logs / float64(b.Answered)))
}

// Join adds the answers of another piece of time.
func (b *Bucket) Join(o *Bucket) {
	b.Answered, b.Waited, b.logs, b.squares = b.Answered+o.Answered, b.Waited+o.Waited, b.logs+o.logs, b.squares+o.squares
}

// SlowerBeyondChance reports whether the answers of b took longer than those of o by more than equal answers, spread as
// widely as these, would differ by chance: three standard errors between the means of the logarithms of their times
// (Welch's unequal variances), which chance exceeds once in 700 times. Where answers spread widely, as those do that a timeout
// cuts through, the typical times of a few dozen differ by half without any cause.
func (b *Bucket) SlowerBeyondChance(o *Bucket) bool {
	if b.Answered < 2 || o.Answered < 2 {
		return false
	}
	mean, square := b.meanLog()
	other, otherSquare := o.meanLog()
	return mean-other > 3*math.Sqrt(square+otherSquare)
}

// meanLog is the mean of the logarithms and the square of its standard error, of at least two answers.
func (b *Bucket) meanLog() (mean, square float64) {
	n := float64(b.Answered)
	mean = b.logs / n
	return mean, max(0, b.squares-n*mean*mean) / (n - 1) / n
}

// BeyondChance is how much of the variance between pieces of time, by the mean logarithm of their answers, is more than answers that
// spread as widely within each piece would show if all pieces were alike: 0 nothing, 1 all of it. Whoever picks the slowest pieces
// picks chance too, and finds of a difference between them and the quickest only this share again (regression to the mean). Pieces
// without answers do not count.
func BeyondChance(pieces []*Bucket) float64 {
	var all Bucket
	within, free := 0.0, 0.0
	pieces = slices.DeleteFunc(slices.Clone(pieces), func(b *Bucket) bool { return b.Answered == 0 })
	for _, b := range pieces {
		n := float64(b.Answered)
		mean := b.logs / n
		within += max(0, b.squares-n*mean*mean)
		free += n - 1
		all.Join(b)
	}
	grand, between := all.logs/float64(all.Answered), 0.0
	for _, b := range pieces {
		off := b.logs/float64(b.Answered) - grand
		between += float64(b.Answered) * off * off
	}
	if free == 0 || between == 0 {
		return 0
	}
	return max(0, 1-float64(len(pieces)-1)*within/free/between)
}

// TimeSeries cuts a window into intervals: seconds, as long as there are not too many of them.
type TimeSeries struct {
	byNumber map[int64]*Bucket
	Width    time.Duration
	last     *Bucket // rows come in about the order of time
	lastAt   int64
}

// maxIntervals bounds them: a day of seconds. Beyond, they become twice as long.
const maxIntervals = 90_000

func newTimeSeries() *TimeSeries {
	return &TimeSeries{byNumber: map[int64]*Bucket{}, Width: time.Second}
}

func (s *TimeSeries) at(t time.Time) *Bucket {
	k := t.UnixNano() / int64(s.Width)
	if s.last != nil && s.lastAt == k {
		return s.last
	}
	m := s.byNumber[k]
	if m == nil {
		if len(s.byNumber) >= maxIntervals {
			s.widen()
			return s.at(t)
		}
		m = &Bucket{At: time.Unix(0, k*int64(s.Width)).UTC()}
		s.byNumber[k] = m
	}
	s.last, s.lastAt = m, k
	return m
}

func (s *TimeSeries) widen() {
	s.Width *= 2
	s.last = nil
	old := s.byNumber
	s.byNumber = map[int64]*Bucket{}
	for _, m := range old {
		k := m.At.UnixNano() / int64(s.Width)
		to := s.byNumber[k]
		if to == nil {
			to = &Bucket{At: time.Unix(0, k*int64(s.Width)).UTC()}
			s.byNumber[k] = to
		}
		to.Requests, to.Failures, to.Answered, to.Clients = to.Requests+m.Requests, to.Failures+m.Failures, to.Answered+m.Answered,
			to.Clients+m.Clients
		to.Served, to.InVain = to.Served+m.Served, max(to.InVain, m.InVain)
		to.busy, to.Waited, to.Own, to.Sent = to.busy+m.busy, to.Waited+m.Waited, to.Own+m.Own, to.Sent+m.Sent
		to.logs, to.squares = to.logs+m.logs, to.squares+m.squares
	}
}

// Around is the interval of a time; nil if nothing happened in it.
func (s *TimeSeries) Around(t time.Time) *Bucket { return s.byNumber[t.UnixNano()/int64(s.Width)] }

// List is the intervals in order.
func (s *TimeSeries) List() []*Bucket {
	out := make([]*Bucket, 0, len(s.byNumber))
	for _, m := range s.byNumber {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *Bucket) int { return a.At.Compare(b.At) })
	return out
}
