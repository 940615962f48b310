package story

import (
	"time"

	"causeway/internal/accesslog"
)

// Active says how many other requests were in progress at the member.
func Active(n int) Change {
	return func(_ *accesslog.Record, a *accesslog.Attempt) { a.Active = n }
}

// BusySeconds have requests of two kinds, the later ones of each second with more in progress.
func BusySeconds(s *Story, seconds, level int, each func(second, active int)) {
	for i := range seconds {
		s.After(time.Second)
		for n := range level {
			s.After(2 * time.Millisecond)
			each(i, n)
		}
	}
}
