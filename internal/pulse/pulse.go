// Package pulse notices when the process itself did not get to run. A timer that fired meanwhile proves nothing about
// whoever was waited for: nobody was listening.
package pulse

import (
	"sync"
	"time"
)

const (
	beat  = 20 * time.Millisecond
	usual = 5 * time.Millisecond // how late a beat is on a machine that has nothing else to do
	kept  = 2048                 // stalls; on a machine on which every beat is late, the last 40 seconds at least
)

// Pulse remembers the times at which the process stood still. A nil Pulse knows of none.
type Pulse struct {
	stop chan struct{}

	mu     sync.Mutex
	due    time.Time // of the next beat
	stalls [kept]stall
	count  int
}

// stall is a beat that came late.
type stall struct{ from, to time.Time }

// Start begins to watch, until Stop.
func Start() *Pulse {
	p := &Pulse{stop: make(chan struct{}), due: time.Now().Add(beat)}
	go p.run()
	return p
}

// Stop ends the watch. What is remembered stays.
func (p *Pulse) Stop() { close(p.stop) }

func (p *Pulse) run() {
	t := time.NewTicker(beat)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
			p.beat(time.Now())
		}
	}
}

// beat notes that the process runs, and for how long it did not.
func (p *Pulse) beat(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.due) > usual {
		p.stalls[p.count%kept] = stall{p.due, now}
		p.count++
	}
	p.due = now.Add(beat)
}

// Stalled is for how much of a span of time the process is known to have stood still. It holds for the last minute or so.
func (p *Pulse) Stalled(from, to time.Time) time.Duration {
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	sum := overlap(stall{p.due.Add(usual), to}, from, to) // the beat that is due, if it is late
	for i := p.count - 1; i >= 0 && i >= p.count-kept; i-- {
		s := p.stalls[i%kept]
		if !s.to.After(from) {
			break
		}
		sum += overlap(s, from, to)
	}
	return sum
}

// overlap is the part of a span in which a stall was.
func overlap(s stall, from, to time.Time) time.Duration {
	if s.from.After(from) {
		from = s.from
	}
	if s.to.Before(to) {
		to = s.to
	}
	return max(0, to.Sub(from))
}
