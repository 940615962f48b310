package conn

import "os"

// timers is a heap of sockets by the time of their entry. A socket has one entry at most, for the earliest of its
// deadlines. A deadline that moved later is entered again when its entry comes up, so moving it costs one store.
type timers []*sock

// expire wakes what waits beyond its deadline.
func (l *epollLoop) expire() {
	for len(l.timers) > 0 && l.timers[0].when <= l.now {
		s := l.timers.remove(0)
		if next := s.expire(); next != 0 {
			l.arm(s, next)
		}
	}
}

// expire wakes what waits beyond its deadline, and returns the earliest deadline of the waits that continue.
func (s *sock) expire() (next int64) {
	check := func(d int64, waits bool, passed func()) {
		switch {
		case d == 0 || !waits:
		case d <= s.l.now:
			passed()
		case next == 0 || d < next:
			next = d
		}
	}
	check(s.rd, s.rf != nil, func() { s.l.timeout(s.rf) })
	check(s.wd, s.wf != nil, func() { s.l.timeout(s.wf) })
	check(s.rd, s.handle != nil && (!s.busy || s.isFresh()), s.startHandler)
	return next
}

func (l *epollLoop) timeout(f *coroutine) {
	if !f.queued {
		f.why = os.ErrDeadlineExceeded
		l.queue(f)
	}
}

// arm makes sure that s has an entry at d or earlier.
func (l *epollLoop) arm(s *sock, d int64) {
	if s.ti < 0 {
		l.timers.push(s, d)
	} else if d < s.when {
		l.timers.sooner(s, d)
	}
}

func (t *timers) push(s *sock, d int64) {
	s.ti = len(*t)
	*t = append(*t, s)
	t.sooner(s, d)
}

func (t timers) sooner(s *sock, d int64) {
	s.when = d
	i := s.ti
	for i > 0 && d < t[(i-1)/2].when {
		t.set(i, t[(i-1)/2])
		i = (i - 1) / 2
	}
	t.set(i, s)
}

func (t timers) set(i int, s *sock) { t[i], s.ti = s, i }

func (t *timers) remove(i int) *sock {
	s, n := (*t)[i], len(*t)-1
	last := (*t)[n]
	(*t)[n] = nil
	*t = (*t)[:n]
	if s.ti = -1; i == n {
		return s
	}
	h := *t
	for {
		k := 2*i + 1
		if k+1 < n && h[k+1].when < h[k].when {
			k++
		}
		if k >= n || last.when <= h[k].when {
			break
		}
		h.set(i, h[k])
		i = k
	}
	h.set(i, last)
	h.sooner(last, last.when) // it may have come from another branch
	return s
}
