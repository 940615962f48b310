package traffic

import "time"

// longAnswers are the last answers of a member that took long: one that began before an outage and ended after it shows that the process
// had gone on.
type longAnswers struct {
	spans []span
	next  int // of them, the one that is overwritten once there are enough
}

// span is a stretch of time, in nanoseconds since 1970.
type span struct{ from, to int64 }

const (
	longAnswer  = 3 * time.Second // shorter ones hardly span an outage
	longestKept = 512
)

// see notes an answer that took long.
func (l *longAnswers) see(from, to time.Time) {
	if to.Sub(from) < longAnswer {
		return
	}
	s := span{from.UnixNano(), to.UnixNano()}
	if len(l.spans) < longestKept {
		l.spans = append(l.spans, s)
		return
	}
	l.spans[l.next] = s
	l.next = (l.next + 1) % longestKept
}

// Across reports whether an answer began before a time and ended after another.
func (l *longAnswers) Across(from, to time.Time) bool {
	for _, s := range l.spans {
		if s.from < from.UnixNano() && s.to > to.UnixNano() {
			return true
		}
	}
	return false
}
