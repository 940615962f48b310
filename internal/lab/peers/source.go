package peers

import (
	"bytes"
	"net"
	"slices"
	"sync"
)

// RequestHeader names a request to the members, so that they can tell which came from where.
const RequestHeader = "X-Request-Id"

// Source is from where an attempt came, as a member knows it, seen through the relays on the way.
type Source struct {
	Dialled string // host:port that the gateway dialled
	Port    string // of the gateway's end
}

// Sources notes from which port of the gateway each attempt came that a member took. A nil one notes nothing.
type Sources struct {
	mu      sync.Mutex
	came    map[string][]hop
	carried map[string]hop // by the relay's own end of the connection that it made
}

// mostRelays bounds the relays that stand one behind the other.
const mostRelays = 4

// hop is a connection: where it was taken, and its other end.
type hop struct{ at, from string }

func (s *Sources) note(request string, c net.Conn, at string) {
	if s == nil || request == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.came == nil {
		s.came = map[string][]hop{}
	}
	h := hop{at, c.RemoteAddr().String()}
	for range mostRelays { // ports come round again, so that what old connections left may lead in a circle
		before, ok := s.carried[h.from]
		if !ok {
			break
		}
		h = before
	}
	if !slices.Contains(s.came[request], h) { // a relay may have seen it pass
		s.came[request] = append(s.came[request], h)
	}
}

// pass notes the request in what a relay passes on, whether or not a member takes it in the end.
func (s *Sources) pass(b []byte, c net.Conn, at string) {
	if s == nil {
		return
	}
	_, rest, ok := bytes.Cut(b, []byte(RequestHeader+": "))
	id, _, whole := bytes.Cut(rest, []byte("\r\n"))
	if ok && whole {
		s.note(string(id), c, at)
	}
}

// carry notes that a relay takes what comes on one connection to another.
func (s *Sources) carry(came, goes net.Conn, at string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.carried == nil {
		s.carried = map[string]hop{}
	}
	s.carried[goes.LocalAddr().String()] = hop{at, came.RemoteAddr().String()}
}

// Of are the sources of a request's attempts in the order in which members took them.
func (s *Sources) Of(request string) []Source {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Source
	for _, h := range s.came[request] {
		if _, port, err := net.SplitHostPort(h.from); err == nil {
			out = append(out, Source{h.at, port})
		}
	}
	return out
}
