package report

import (
	"fmt"
	"math"
	"time"

	"causeway/internal/stats"
	"causeway/internal/units"
)

// Followup compares a window with what an earlier report expected of it: did the fix work?
type Followup struct {
	Cause    string     `json:"cause"`
	Title    string     `json:"title"`
	Scope    Scope      `json:"scope"`
	Before   Rate       `json:"before"`
	Now      Rate       `json:"now"`
	Expected [2]float64 `json:"expected"` // failures in this window if the fix works, at least and at most
	Result   string     `json:"result"`   // worked, partly, not, too-early, overlapping
	Why      string     `json:"why"`
}

// Rate is how many requests failed of how many.
type Rate struct {
	Failures int `json:"failures"`
	Requests int `json:"requests"`
}

// Results of a comparison.
const (
	worked   = "worked"
	partly   = "partly"
	noEffect = "not"
	tooEarly = "too-early"
	overlaps = "overlapping"
)

// Follow holds the report against an earlier one of the same gateway: what each of its findings has become. What the
// earlier report promised is scaled to the traffic of now.
func (r *Report) Follow(before *Report) {
	r.Before = []Followup{}
	common := r.overlap(before)
	for i := range before.Findings {
		f := &before.Findings[i]
		if f.Failures+f.Recovered == 0 {
			continue
		}
		u := r.follow(before, f)
		if common != "" {
			u.Result, u.Why = overlaps, common
		}
		r.Before = append(r.Before, u)
	}
}

// overlap says why this window shows nothing about the earlier one: it holds requests of that time, or of a time
// before. Empty if it comes after it. Windows that touch overlap by the time that the last request took.
func (r *Report) overlap(before *Report) string {
	from, to := timeOf(r.Window.From), timeOf(r.Window.To)
	then, end := timeOf(before.Window.From), timeOf(before.Window.To)
	if from.IsZero() || end.IsZero() || !from.Before(end) {
		return ""
	}
	if !to.After(then) {
		return fmt.Sprintf("cannot tell: this window, %s to %s, lies before that of the earlier report, which begins at %s", r.Window.From,
			r.Window.To, before.Window.From)
	}
	begin, stop := from, to
	if then.After(begin) {
		begin = then
	}
	if end.Before(stop) {
		stop = end
	}
	if 100*stop.Sub(begin) < to.Sub(from) {
		return ""
	}
	return fmt.Sprintf("cannot tell: %s to %s is in both windows, so earlier failures would count as new ones; diagnose with --since %s",
		units.Stamp(begin), units.Stamp(stop), before.Window.To)
}

// timeOf reads a time of a report; zero if there is none.
func timeOf(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

func (r *Report) follow(before *Report, f *Finding) Followup {
	u := Followup{
		Cause: f.Cause, Title: f.Title, Scope: f.Scope, Before: Rate{f.Failures + f.Recovered, before.Requests},
		Now: Rate{r.failuresOf(f), r.Requests},
	}
	unfixed := float64(u.Before.Failures) * float64(r.Requests) / float64(max(1, before.Requests))
	low, high := promised(f)
	u.Expected = [2]float64{scaled(u.Before.Failures-high, u), scaled(u.Before.Failures-low, u)}
	now := float64(u.Now.Failures)
	switch {
	case unfixed < stats.MinEvents:
		u.Result, u.Why = tooEarly, fmt.Sprintf("at the old rate this window would have %.1f such failures: too few to decide", unfixed)
	case now <= u.Expected[1]+2*math.Sqrt(max(1, u.Expected[1])) && now < unfixed/2 || now == 0:
		u.Result, u.Why = worked, fmt.Sprintf("%d failures where the old rate would have made %.0f", u.Now.Failures, unfixed)
	case now < unfixed-2*math.Sqrt(unfixed):
		u.Result, u.Why = partly,
			fmt.Sprintf("%d failures where the old rate would have made %.0f: fewer than chance explains, and more than was expected",
				u.Now.Failures, unfixed)
	default:
		u.Result, u.Why = noEffect, fmt.Sprintf("%d failures where the old rate would have made %.0f: no fewer than chance explains",
			u.Now.Failures, unfixed)
	}
	if grew := r.Undetermined.Failures; u.Result == worked && float64(grew) > unfixed/2 && grew > before.Undetermined.Failures {
		u.Result, u.Why = partly, u.Why+fmt.Sprintf("; but %d failures of now are undetermined, and may be the same", grew)
	}
	return u
}

// promised is the most that any of the fixes was expected to remove.
func promised(f *Finding) (low, high int) {
	for _, x := range f.Fixes {
		low, high = max(low, x.Expected.Removes[0]), max(high, x.Expected.Removes[1])
	}
	return low, high
}

func scaled(failures int, u Followup) float64 {
	return math.Round(10*float64(max(0, failures))*float64(u.Now.Requests)/float64(max(1, u.Before.Requests))) / 10
}

// failuresOf is how many failures the same cause has in this report, at the same place.
func (r *Report) failuresOf(f *Finding) int {
	n := 0
	for i := range r.Findings {
		if o := &r.Findings[i]; o.Cause == f.Cause && (f.Scope.Member == "" || o.Scope.Member == "" || o.Scope.Member == f.Scope.Member) &&
			(f.Scope.Settings == "" || o.Scope.Settings == "" || o.Scope.Settings == f.Scope.Settings) {
			n += o.Failures + o.Recovered
		}
	}
	return n
}
