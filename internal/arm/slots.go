package arm

import (
	"net/http"
	"sync"
)

// slots bound how many large answers are in memory at once. Each has an element in the channel.
type slots chan struct{}

// take waits for a slot, as long as the request lives. The slot is free again after release, which may be called twice.
func (s slots) take(q *request) (release func(), err error) {
	select {
	case s <- struct{}{}:
		return sync.OnceFunc(func() { <-s }), nil
	case <-q.Context().Done():
		return nil, refuse(http.StatusTooManyRequests, "ThrottledError", "%d such queries run already; ask again", cap(s))
	}
}

// holding answers within a slot that stays taken until the answer is written.
func (s slots) holding(q *request, answer func() (response, error)) (out response, err error) {
	release, err := s.take(q)
	if err != nil {
		return response{}, err
	}
	defer func() {
		if out.release == nil {
			release()
		}
	}()
	out, err = answer()
	if err == nil {
		out.release = release
	}
	return out, err
}
