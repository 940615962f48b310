package supervisor

import (
	"net"
	"testing"

	"causeway/internal/conn"
)

// Clients that nobody accepts wait in the queue of the listening socket.
func TestQueued(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	fd, err := conn.Descriptor(ln)
	if err != nil {
		t.Fatal(err)
	}
	s := newSockets("")
	s.open["it"] = fd
	defer s.closeAll()
	for want := range 3 {
		if got := s.queued(); got != want {
			t.Errorf("%d wait, of %d", got, want)
		}
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
}
