// Package storetest is what tests of the store and of its clusters need around them: an etcd of somebody else's, a network that
// can be cut, and a disk that fills up.
package storetest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// Network is the ways among the members of a cluster: each reaches the others through an HTTP proxy of its own (HTTPS_PROXY),
// which can be cut for each pair.
type Network struct {
	mu    sync.Mutex
	hosts map[string]end // by HOST:PORT as the members know it
	cut   map[[2]string]bool
	open  map[net.Conn][2]string
}

// end is where a member really listens.
type end struct{ name, listens string }

// NewNetwork makes a network without members.
func NewNetwork() *Network {
	return &Network{hosts: map[string]end{}, cut: map[[2]string]bool{}, open: map[net.Conn][2]string{}}
}

// Add adds the way to a member: host is HOST:PORT as the others know it, and listens where it really listens.
func (n *Network) Add(host, name, listens string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[host] = end{name, listens}
}

// Proxy starts the proxy of a member and returns its URL.
func (n *Network) Proxy(t *testing.T, name string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go n.relay(name, c)
		}
	}()
	return "http://" + ln.Addr().String()
}

func (n *Network) relay(from string, c net.Conn) {
	defer c.Close()
	reader := bufio.NewReader(c)
	request, err := http.ReadRequest(reader)
	if err != nil {
		return
	}
	n.mu.Lock()
	to := n.hosts[request.Host]
	n.mu.Unlock()
	pair := [2]string{from, to.name}
	other, err := net.Dial("tcp", to.listens)
	if err != nil {
		io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
		return
	}
	defer other.Close()
	n.mu.Lock()
	if n.cut[pair] {
		n.mu.Unlock()
		return
	}
	n.open[c], n.open[other] = pair, pair
	n.mu.Unlock()
	io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
	done := make(chan struct{}, 2)
	go func() { io.Copy(other, reader); done <- struct{}{} }()
	go func() { io.Copy(c, other); done <- struct{}{} }()
	<-done
	n.mu.Lock()
	delete(n.open, c)
	delete(n.open, other)
	n.mu.Unlock()
}

// Isolate cuts a member off from the others, or brings it back.
func (n *Network) Isolate(name string, cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, other := range n.hosts {
		if other.name != name {
			n.cut[[2]string{name, other.name}], n.cut[[2]string{other.name, name}] = cut, cut
		}
	}
	for c, pair := range n.open {
		if n.cut[pair] {
			c.Close()
		}
	}
}
