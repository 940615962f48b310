// Package stall detects times in which the process did not get to run. A timer that fired meanwhile proves nothing about a
// member: the gateway was not listening.
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

// Detector remembers when the process stood still: the times in which its ticks came late. A nil Detector knows of none.
type Detector struct {
	stop chan struct{}

	mu     sync.Mutex
	due    time.Time  // of the next tick
	stalls [kept]span // a ring
	count  int        // stalls ever seen
}

// span is from the time at which a tick was due to the time at which it came.
type span struct{ from, to time.Time }

// Start starts to watch, until Stop.
func Start() *Detector {
	d := &Detector{stop: make(chan struct{}), due: time.Now().Add(interval)}
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
		d.stalls[d.count%kept] = span{d.due, now}
		d.count++
	}
	d.due = now.Add(interval)
}

// Stalled returns for how much of the time between from and to the process stood still. It remembers the last minute or
// so.
func (d *Detector) Stalled(from, to time.Time) time.Duration {
	if d == nil {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	sum := overlap(span{d.due.Add(tolerance), to}, from, to) // the tick that is due, if it is late
	for i := d.count - 1; i >= 0 && i >= d.count-kept; i-- {
		s := d.stalls[i%kept]
		if !s.to.After(from) {
			break
		}
		sum += overlap(s, from, to)
	}
	return sum
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
