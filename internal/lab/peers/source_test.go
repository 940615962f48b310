package peers

import (
	"fmt"
	"net"
	"slices"
	"testing"
)

// A member behind a relay tells the gateway's own port, and a request that no member answers is known by its way.
func TestSourcesThroughARelay(t *testing.T) {
	s := &Sources{}
	peer, err := StartPeer("127.0.0.2", Script{Sources: s})
	if err != nil {
		t.Fatal(err)
	}
	defer peer.End()
	relay, err := NewRelay("127.0.0.250", peer.Addr(), LinkProfile{Sources: s})
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	c, err := net.Dial("tcp", relay.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: a\r\n%s: 17\r\n\r\n", RequestHeader)
	if _, err := c.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(c.LocalAddr().String())
	if got, want := s.Of("17"), []Source{{relay.Addr(), port}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := s.Of("18"); got != nil {
		t.Errorf("%v of a request that nobody made", got)
	}
}
