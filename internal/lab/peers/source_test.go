package peers

import (
	"net"
	"testing"
	"time"
)

// end is a connection that only has addresses.
type end struct {
	net.Conn
	local, remote string
}

type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

func (e end) LocalAddr() net.Addr  { return address(e.local) }
func (e end) RemoteAddr() net.Addr { return address(e.remote) }

// A port that one relay's connection had is the next one's far end, and the other way round: the search for a source ends all the same.
func TestPortsThatComeRoundAgain(t *testing.T) {
	t.Parallel()
	var s Sources
	s.carry(end{remote: "127.0.0.1:1"}, end{local: "127.0.0.1:2"}, "a:80")
	s.carry(end{remote: "127.0.0.1:2"}, end{local: "127.0.0.1:1"}, "b:80")
	done := make(chan struct{})
	go func() {
		s.note("r", end{remote: "127.0.0.1:1"}, "m:80")
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("the search goes in a circle")
	}
	if got := s.Of("r"); len(got) != 1 {
		t.Errorf("sources %v", got)
	}
}
