// Package stall detects times in which the process did not get to run, or an event loop of it. A timer that fired meanwhile
// proves nothing about a member: the gateway was not listening.
package stall

import (
	"sync"
	"time"
)

const (
	interval  = 20 * time.Millisecond
	tolerance = 5 * time.Millisecond // a tick may be so late on a machine that has nothing else to do
	kept      = 2048                 // stalls; on a machine where every tick is late, the last 40 seconds at least
)

// Detector remembers when the process stood still: the times in which its ticks came late, and those in which an event loop
// did not come round. A budget stops one processor at a time, so that the ticks may go on while the loop does not. A nil
// Detector knows of none.
type Detector struct {
	stop chan struct{}
	busy func() time.Duration // since the loop that is worst off last came round; nil: there are no loops

	mu     sync.Mutex
	due    time.Time  // of the next tick
	stalls [kept]span // a ring; they do not overlap
	count  int        // stalls ever seen
}

// span is from the time at which a tick was due to the time at which it came.
type span struct{ from, to time.Time }

// Start starts to watch, until Stop. busy, which may be nil, returns for how long the event loop that is worst off has not come
// round.
func Start(busy func() time.Duration) *Detector {
	d := &Detector{stop: make(chan struct{}), busy: busy, due: time.Now().Add(interval)}
	go d.run()
	return d
}

// Stop ends the watch. What the Detector remembers stays.
func (d *Detector) Stop() { close(d.stop) }

func (d *Detector) run() {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-d.stop:
			return
		case <-t.C:
			d.tick(time.Now())
		}
	}
}

// tick notes that the process runs, and the stall before it, if there was one.
func (d *Detector) tick(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.due) > tolerance {
		d.note(span{d.due, now})
	}
	d.look(now)
	d.due = now.Add(interval)
}

// look notes how long a loop has stood still.
func (d *Detector) look(now time.Time) {
	if d.busy == nil {
		return
	}
	if b := d.busy(); b > interval+tolerance {
		d.note(span{now.Add(-b), now})
	}
}

// note adds a stall, which ends now. It takes in the ones before that overlap it.
func (d *Detector) note(s span) {
	for ; d.count > 0; d.count-- {
		last := d.stalls[(d.count-1)%kept]
		if last.to.Before(s.from) {
			break
		}
		if last.from.Before(s.from) {
			s.from = last.from
		}
	}
	d.stalls[d.count%kept] = s
	d.count++
}

// Stalled returns for how much of the time between from and to the process stood still. It remembers the last minute or
// so.
func (d *Detector) Stalled(from, to time.Time) time.Duration {
	if d == nil {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.look(time.Now())
	sum := overlap(span{d.overdue(), to}, from, to)
	for i := d.count - 1; i >= 0 && i >= d.count-kept; i-- {
		s := d.stalls[i%kept]
		if !s.to.After(from) {
			break
		}
		sum += overlap(s, from, to)
	}
	return sum
}

// overdue is from when on the tick that is due is late, or the end of the last stall, if that is later.
func (d *Detector) overdue() time.Time {
	late := d.due.Add(tolerance)
	if d.count > 0 {
		if end := d.stalls[(d.count-1)%kept].to; end.After(late) {
			return end
		}
	}
	return late
}

// overlap is how much of s lies between from and to.
func overlap(s span, from, to time.Time) time.Duration {
	if s.from.After(from) {
		from = s.from
	}
	if s.to.Before(to) {
		to = s.to
	}
	return max(0, to.Sub(from))
}
