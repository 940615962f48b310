package arm

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// slots bound how many large answers are in memory at once. A request that finds none free waits, as long as it lives.
type slots struct {
	taken   chan struct{} // an element for each that is taken
	waiting atomic.Int32  // requests
}

func newSlots(n int) *slots { return &slots{taken: make(chan struct{}, n)} }

// Bounds of a client who takes its answer slowly.
const (
	slotTime  = 30 * time.Second // after which it gives way to a request that waits
	slotCheck = time.Second      // how often that is looked at from then on
)

// slot is one that is taken. A nil *slot stands for none.
type slot struct {
	of *slots

	mu    sync.Mutex
	free  bool
	timer *time.Timer // ends the answer of a slow client; nil: it is not being written
}

// take waits for a slot, as long as ctx lives.
func (s *slots) take(ctx context.Context) (*slot, error) {
	s.waiting.Add(1)
	defer s.waiting.Add(-1)
	select {
	case s.taken <- struct{}{}:
		return &slot{of: s}, nil
	case <-ctx.Done():
		return nil, refuse(http.StatusTooManyRequests, "ThrottledError", "%d such queries run already; ask again", cap(s.taken))
	}
}

// holding answers within a slot that stays taken until the answer is written.
func (s *slots) holding(q *request, answer func() (response, error)) (out response, err error) {
	held, err := s.take(q.Context())
	if err != nil {
		return response{}, err
	}
	defer func() {
		if out.slot == nil {
			held.release()
		}
	}()
	out, err = answer()
	if err == nil {
		out.slot = held
	}
	return out, err
}

// giveWay cuts off a client who takes its answer slowly, as soon as another request waits for the slot.
func (t *slot) giveWay(w http.ResponseWriter) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = time.AfterFunc(slotTime, func() { t.look(w) })
}

// look is what the timer does. After the release w belongs to another request.
func (t *slot) look(w http.ResponseWriter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.free:
	case t.of.waiting.Load() == 0:
		t.timer.Reset(slotCheck)
	default:
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now()) // every connection of the API has one
	}
}

// release lets another request have the slot. A second one does nothing.
func (t *slot) release() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.free {
		return
	}
	t.free = true
	if t.timer != nil {
		t.timer.Stop()
	}
	<-t.of.taken
}
