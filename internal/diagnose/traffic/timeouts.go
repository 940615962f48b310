package traffic

import (
	"fmt"
	"time"

	"causeway/internal/fault"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// IsTimeout matches an event that ended at the request timeout, before the head of an answer was complete.
func IsTimeout(e *Event) bool {
	return e.Fault.Kind == fault.Timeout && e.Fault.Side == fault.Backend && (e.Fault.Phase == fault.Wait || e.Fault.Phase == fault.Head)
}

// CommonTimer is the timer, in whole seconds, at which four of five durations end; 0 if there is none.
func CommonTimer(took []time.Duration) time.Duration {
	timer := stats.Quantile(took, 0.5).Truncate(time.Second)
	n := 0
	for _, d := range took {
		if d >= timer && d <= timer+TimerBand(timer) {
			n++
		}
	}
	if 5*n < 4*len(took) {
		return 0
	}
	return timer
}

// correctTimeouts adopts the request timeouts that the requests show where they refute the document, which may be of another
// time: they end at another timer, answers come up to it, and none later.
func (t *Summary) correctTimeouts() {
	settings, groups := GroupBy(Filter(t.Events, func(e *Event) bool { return IsTimeout(e) && !e.Own && e.Tries == 1 }),
		func(e *Event) string { return e.Settings })
	for _, s := range settings {
		limit, events := t.Timeouts[s], groups[s]
		if limit == 0 || len(events) < stats.MinEvents {
			continue
		}
		timer := CommonTimer(SortedDurations(events, Lasted))
		if (timer-limit).Abs() <= TimerBand(max(timer, limit)) || !t.cutsAnswers(s, limit, timer) {
			continue
		}
		if t.Documented == nil {
			t.Documented = map[string]time.Duration{}
		}
		t.Timeouts[s], t.Documented[s] = timer, limit
		t.Assumptions = append(t.Assumptions,
			fmt.Sprintf("the request timeout of settings %s was %s: the document, which says %s, is of another time, for %d requests timed out there and answers came up to it, none later",
				s, units.Seconds(timer), units.Seconds(limit), len(events)))
	}
}

// cutsAnswers reports whether answers under some settings come up to a timer and end there. A timer beyond the limit may
// also be a second wait as long as the first: then no answer takes longer than the limit.
func (s *Summary) cutsAnswers(settings string, limit, timer time.Duration) bool {
	if timer == 0 {
		return false
	}
	sum := s.RoutesOf(settings)
	after := timer * 2 / 3
	if timer > limit {
		after = max(after, limit+TimerBand(limit))
	}
	return sum.Waits.Between(after, timer) >= stats.MinEvents && sum.Waits.Max <= timer+TimerBand(timer)
}

// Lasted is how long an attempt took; the request, where the attempt is not known. Of several attempts, one may end within the millisecond.
func Lasted(e *Event) time.Duration {
	if e.Attempt.Total > 0 || e.Attempt.Total == 0 && e.Tries > 1 {
		return e.Attempt.Total
	}
	return e.Taken
}

// RoutesOf adds up the routes under one settings object.
func (s *Summary) RoutesOf(settings string) *RouteStats {
	sum := &RouteStats{}
	for k, r := range s.Routes {
		if k.Settings == settings {
			sum.Answered += r.Answered
			sum.Waits.Merge(&r.Waits)
		}
	}
	return sum
}
