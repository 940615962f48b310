package lab

import (
	"context"
	"fmt"
	"sync"
	"time"

	"causeway/internal/lab/stage"
)

// users visit a gateway until they end. Each visit is due at its time, whatever became of those before.
type users struct {
	screen *screen
	stop   func()
	done   chan struct{}

	mu  sync.Mutex
	all []answer
}

// answer is what a user got, and when the request was due.
type answer struct {
	due time.Time
	stage.Outcome
}

// usersOf are the users of a gateway, so many visits a second.
func (e *Experiment) usersOf(ctx context.Context, rate float64) *users {
	ctx, cancel := context.WithCancel(ctx)
	u := &users{screen: &e.screen, stop: cancel, done: make(chan struct{})}
	load := e.load()
	load.Rate, load.Timeout, load.Each = rate, usersWait, u.note
	go func() {
		defer close(u.done)
		load.Run(ctx)
	}()
	return u
}

func (u *users) note(due time.Time, o stage.Outcome) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all = append(u.all, answer{due, o})
}

// end sends nothing more, and waits for the answers.
func (u *users) end() {
	u.stop()
	<-u.done
}

// watch shows how they fare for some time, and returns what became of the requests that were due in it, as far as it is known.
func (u *users) watch(ctx context.Context, d time.Duration) *stage.Outcomes {
	const step = 3 * time.Second
	begin := time.Now()
	for from := begin; time.Since(begin) < d && ctx.Err() == nil; from = from.Add(step) {
		sleep(ctx, min(step, d-time.Since(begin)))
		u.screen.say(fmt.Sprintf("%3.0f s  %s", time.Since(begin).Seconds(), answersText(u.ended(from, time.Now()))))
	}
	return u.between(begin, time.Now())
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// between is what became of the requests that were due in a time.
func (u *users) between(from, to time.Time) *stage.Outcomes {
	return u.those(func(a *answer) bool { return !a.due.Before(from) && a.due.Before(to) })
}

// ended is what became of the requests that ended in a time.
func (u *users) ended(from, to time.Time) *stage.Outcomes {
	return u.those(func(a *answer) bool { end := a.due.Add(a.Latency); return !end.Before(from) && end.Before(to) })
}

func (u *users) those(which func(*answer) bool) *stage.Outcomes {
	u.mu.Lock()
	defer u.mu.Unlock()
	out := stage.NewOutcomes()
	for i := range u.all {
		if which(&u.all[i]) {
			out.Add(u.all[i].Outcome)
		}
	}
	return out
}

// lost is how many users did not get what they asked for: an error, or no answer in time.
func lost(o *stage.Outcomes) int { return o.Failed() + o.ByStatus[0] }

// answersText describes outcomes: 308 visits: 219 served, 89 gave up after 3s; 99 of 100 within 2.39s.
func answersText(o *stage.Outcomes) string {
	text := fmt.Sprintf("%5d visits: %d served", o.Sent, o.Sent-lost(o))
	if n := o.Failed(); n > 0 {
		text += fmt.Sprintf(", %d × 502", n)
	}
	if n := o.ByStatus[0]; n > 0 {
		text += fmt.Sprintf(", %d gave up after %v", n, usersWait)
	}
	return text + fmt.Sprintf("; 99 of 100 within %v", o.Percentile(0.99).Round(10*time.Millisecond))
}
