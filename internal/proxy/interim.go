package proxy

import (
	"errors"
	"time"

	"causeway/internal/http1"
)

// A member may send any number of informational responses before its answer (RFC 9110 section 15.2), and the gateway relays
// every one. It only bounds what no honest server sends.
const (
	interimBytes  = 4 << 20 // of the heads of all interim responses to one request
	interimRate   = 1000    // interim responses in interimWindow
	interimWindow = time.Second
)

var (
	errInterimBytes = errors.New("the gateway passes on at most 4 MiB of interim responses to a request")
	errInterimRate  = errors.New("the gateway passes on at most 1,000 interim responses a second to a request")
)

// interim watches the informational responses to a request.
type interim struct {
	bytes  int
	last   time.Time // when the last one came; zero: none did
	since  time.Time // of the window
	recent int       // in the window
	odd    bool      // one announced a body, which it may not have
}

// count takes one more.
func (i *interim) count(r *http1.Response, now time.Time) error {
	i.last = now
	i.odd = i.odd || r.Chunked || r.ContentLength > 0
	if i.bytes += r.Len; i.bytes > interimBytes {
		return errInterimBytes
	}
	if now.Sub(i.since) >= interimWindow {
		i.since, i.recent = now, 0
	}
	if i.recent++; i.recent > interimRate {
		return errInterimRate
	}
	return nil
}
