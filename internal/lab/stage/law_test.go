package stage

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/conn"
	"causeway/internal/conn/conntest"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/instance"
	"causeway/internal/lab/peers"
	"causeway/internal/telemetry"
)

// The idle race obeys a law. With a member that ends idle connections at T, a round trip of R to it, and gaps between
// the requests of each connection that are exponential with mean g, the share of requests that fail is
//
//	exp(-(T-R)/g) - exp(-T/g)
//
// because a request is lost exactly if its connection has been idle for between T-R and T when the gateway takes it:
// earlier it arrives in time, later the end has come already and the gateway sees it.
func TestLawOfTheIdleRace(t *testing.T) {
	f := func(gap time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) { lawHolds(t, gap) })
	}
	f(100 * time.Millisecond)
	f(200 * time.Millisecond)
	f(400 * time.Millisecond)
	f(1600 * time.Millisecond)
}

const (
	lawLimit   = 400 * time.Millisecond // T
	lawLatency = 15 * time.Millisecond  // one way
	lawTrip    = 2 * lawLatency         // R
	lawClients = 40
	lawShots   = 150 // of each client
	lawSlack   = time.Millisecond
)

func lawHolds(t *testing.T, gap time.Duration) {
	w := newLawWorld(t, lawClients, 0)
	exposed, failed := w.run(gap)
	w.close()

	p := math.Exp(-float64(lawLimit-lawTrip)/float64(gap)) - math.Exp(-float64(lawLimit)/float64(gap))
	want, band := p*float64(exposed), 3*math.Sqrt(p*(1-p)*float64(exposed))
	if math.Abs(float64(failed)-want) > band || failed == 0 {
		t.Errorf("mean gap %v: %d of %d requests failed; the law says %.1f ± %.1f", gap, failed, exposed, want, band)
	}
	t.Logf("mean gap %v: %d of %d requests failed; the law says %.1f ± %.1f", gap, failed, exposed, want, band)
	lost := 0
	for _, a := range w.log.attempts {
		switch {
		case a.Status == 0:
			lost++
			if a.Idle <= lawLimit-lawTrip-lawSlack || a.Idle >= lawLimit+lawSlack {
				t.Errorf("mean gap %v: a request was lost at an idle age of %v, outside (T-R, T)", gap, a.Idle)
			}
			if closed := a.Idle + a.Total; (closed - lawLimit).Abs() > lawSlack {
				t.Errorf("mean gap %v: the connection ended at an idle age of %v, not %v", gap, closed, lawLimit)
			}
		case a.Reused && a.Idle > lawLimit-lawTrip+lawSlack:
			t.Errorf("mean gap %v: a request was answered at an idle age of %v, beyond T-R", gap, a.Idle)
		case a.Stale >= 0 && a.Stale < lawLimit-lawSlack:
			t.Errorf("mean gap %v: a connection was found closed at an idle age of %v, before T", gap, a.Stale)
		}
	}
	if lost != failed {
		t.Errorf("mean gap %v: %d requests failed, and the log has %d lost attempts", gap, failed, lost)
	}
}

// TestIdleLimitBelowTheWindowEndsTheRace: the gateway's own limit below T-R removes every failure.
func TestIdleLimitBelowTheWindowEndsTheRace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newLawWorld(t, 10, lawLimit-lawTrip-5*time.Millisecond)
		exposed, failed := w.run(lawLimit)
		w.close()
		if failed > 0 || exposed < 1000 {
			t.Errorf("%d of %d requests failed although no connection in the window is used", failed, exposed)
		}
	})
}

// lawWorld is a gateway in memory where every client has a member, and so a backend connection, of its own.
type lawWorld struct {
	t        *testing.T
	network  *conntest.Network
	instance *instance.Instance
	peers    []*peers.Peer
	log      *attemptLog
	front    netip.AddrPort
}

// attemptLog keeps the attempts of every record.
type attemptLog struct {
	mu       sync.Mutex
	attempts []accesslog.Attempt
}

func (l *attemptLog) Write(r *accesslog.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts = append(l.attempts, r.Attempts...)
}

func newLawWorld(t *testing.T, clients int, idle time.Duration) *lawWorld {
	w := &lawWorld{
		t:       t,
		network: &conntest.Network{Latency: lawLatency},
		log:     &attemptLog{},
		front:   netip.MustParseAddrPort("127.0.0.1:8080"),
	}
	site := Site{Name: "law", BackendIdleTimeout: idle}
	for i := range clients {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, byte(4 + i)}), 8080)
		ln, err := w.network.Listen(at)
		if err != nil {
			t.Fatal(err)
		}
		w.peers = append(w.peers, peers.NewPeer(ln, peers.Script{Idle: lawLimit, Reply: peers.Reply{Text: "ok"}}))
		p := Pool{Name: fmt.Sprintf("p%d", i), Members: []Member{{Name: at.Addr().String(), Dial: at.String()}}}
		if i > 0 {
			p.Path = fmt.Sprintf("/c%d/*", i)
		}
		site.Pools = append(site.Pools, p)
	}
	var probes *conn.Loop
	conn.NewGoroutinesOver(w.network.Dial, func(h *conn.Loop) { probes = h })
	w.instance = instance.New(instance.Options{
		Engine: conn.NewGoroutinesOver(w.network.Dial, nil), Dialer: probes, Log: w.log, Metrics: telemetry.New(),
		ListenAddr: func(frontend string, _ int) string { return frontend },
		Listen:     func(string) (net.Listener, error) { return w.network.Listen(w.front) },
	})
	w.apply(site)
	return w
}

func (w *lawWorld) apply(site Site) {
	document, local, problems, err := document.Source{Document: site.Document(), Local: site.Local()}.Parse()
	if err != nil || gateway.HasErrors(problems) {
		w.t.Fatal(err, problems)
	}
	if err := w.instance.Apply(context.Background(), document.Config, local, 1); err != nil {
		w.t.Fatal(err)
	}
}

func (w *lawWorld) close() {
	w.instance.Close(time.Now().Add(time.Second))
	for _, p := range w.peers {
		p.End()
	}
}

// run lets every client ask one request at a time with gaps of a mean. exposed counts the requests before which the
// gateway held an idle connection, open or not.
func (w *lawWorld) run(gap time.Duration) (exposed, failed int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range w.peers {
		wg.Go(func() {
			e, f := w.client(i, gap)
			mu.Lock()
			defer mu.Unlock()
			exposed, failed = exposed+e, failed+f
		})
	}
	wg.Wait()
	return exposed, failed
}

func (w *lawWorld) client(i int, gap time.Duration) (exposed, failed int) {
	rng := rand.New(rand.NewPCG(uint64(gap), uint64(i)))
	c, err := w.network.Dial(w.front, time.Now().Add(time.Minute))
	if err != nil {
		w.t.Error(err)
		return 0, 0
	}
	defer c.Close()
	in := bufio.NewReader(c)
	warm := false
	for range lawShots {
		// What the gateway counts as idle includes the client's own round trip; shorter gaps are none of the law's business.
		time.Sleep(time.Duration(rng.ExpFloat64()*float64(gap)) - lawTrip)
		status, err := post(c, in, fmt.Sprintf("/c%d/orders", i))
		if err != nil {
			w.t.Error(err)
			return exposed, failed
		}
		if warm {
			exposed++
		}
		if warm = status == http.StatusOK; !warm {
			failed++
		}
	}
	return exposed, failed
}

func post(c net.Conn, in *bufio.Reader, path string) (int, error) {
	if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: law\r\nContent-Length: 2\r\n\r\nhi", path); err != nil {
		return 0, err
	}
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}
