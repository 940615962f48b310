package test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/internal/lab/peers"
)

// Somebody finds two causes in the portal, fixes both there under load, and sees that failures stop as predicted: connections that a member
// closes just as they are used again, and a request timeout in the midst of slow answers.
func TestPortalFindsAndFixes(t *testing.T) {
	if testing.Short() {
		t.Skip("npm installs what drives the browser")
	}
	dir := browserDir(t)
	const idle, handler, delay = 400 * time.Millisecond, 150 * time.Millisecond, 15 * time.Millisecond
	orders := member(t, peers.Script{Idle: idle, Reply: peers.Reply{After: peers.Always(handler), Body: 100}})
	far, err := peers.NewRelay("127.0.0.1", orders, peers.LinkProfile{Up: peers.Direction{Delay: delay}, Down: peers.Direction{Delay: delay}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(far.Close)
	reports := member(t, peers.Script{Reply: peers.Reply{Body: 100, After: func(r *rand.Rand) time.Duration {
		if r.IntN(4) > 0 {
			return 5 * time.Millisecond
		}
		return 100*time.Millisecond + time.Duration(r.Int64N(int64(1400*time.Millisecond)))
	}}})
	orderFront, reportFront := freePort(t), freePort(t)
	d := &document{}
	d.port("orders", orderFront)
	d.port("reports", reportFront)
	d.pool("orders", "127.0.0.1")
	d.pool("reports", "127.0.0.1")
	d.setting("orders", portOf(t, far.Addr()), `"protocol":"Http"`)
	d.setting("reports", portOf(t, reports), `"protocol":"Http","requestTimeout":1`)
	d.listener("orders", "orders", `"protocol":"Http"`)
	d.listener("reports", "reports", `"protocol":"Http"`)
	d.basic("orders", 100, "orders", "orders", "orders")
	d.basic("reports", 110, "reports", "reports", "reports")
	g := serve(t, d.String(), "", "--api", fmt.Sprint("127.0.0.1:", freePort(t)))
	eventually(t, "the management API answers", func() bool { return strings.Contains(g.stderr.String(), "the management API answers") })

	var clients sync.WaitGroup
	defer clients.Wait()
	stop := make(chan struct{})
	defer close(stop)
	// Bursts come an idle limit and a handler's time apart, and every request of one needs a connection of its own.
	clients.Go(func() { bursts(stop, fmt.Sprintf("http://127.0.0.1:%d/orders", orderFront), idle+handler+delay) })
	for range 8 {
		clients.Go(func() { steadily(stop, fmt.Sprintf("http://127.0.0.1:%d/report", reportFront)) })
	}
	time.Sleep(12 * time.Second)
	walk(t, dir, "cause.mjs", g)
}

// portOf is the port of an address.
func portOf(t *testing.T, address string) int {
	t.Helper()
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return int(at.Port())
}

// member is a server of the lab; its address.
func member(t *testing.T, s peers.Script) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := peers.NewPeer(ln, s)
	t.Cleanup(p.End)
	return p.Addr()
}

// bursts posts many requests at once, again and again, until it is to stop.
func bursts(stop chan struct{}, url string, apart time.Duration) {
	dice := rand.New(rand.NewPCG(1, 2))
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for {
		var burst sync.WaitGroup
		for range 25 {
			wait := time.Duration(dice.Int64N(int64(120 * time.Millisecond)))
			burst.Go(func() {
				time.Sleep(wait)
				if a, err := client.Post(url, "text/plain", strings.NewReader("an order")); err == nil {
					a.Body.Close()
				}
			})
		}
		next := time.After(apart + time.Duration(dice.Int64N(int64(40*time.Millisecond))) - 20*time.Millisecond)
		burst.Wait()
		select {
		case <-stop:
			return
		case <-next:
		}
	}
}

// steadily posts one request after the other, until it is to stop.
func steadily(stop chan struct{}, url string) {
	client := &http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for {
		if a, err := client.Post(url, "text/plain", strings.NewReader("a question")); err == nil {
			a.Body.Close()
		}
		select {
		case <-stop:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}
