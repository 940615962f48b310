package peers

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"causeway/internal/conn/conntest"
)

// talk is a connection to a peer.
type talk struct {
	t  *testing.T
	c  net.Conn
	in *bufio.Reader
}

func dialPeer(t *testing.T, addr string) *talk {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return newTalk(t, c)
}

func newTalk(t *testing.T, c net.Conn) *talk {
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	return &talk{t, c, bufio.NewReader(c)}
}

func (k *talk) ask(path string) (*http.Response, string, error) {
	k.t.Helper()
	if _, err := fmt.Fprintf(k.c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
		return nil, "", err
	}
	res, err := http.ReadResponse(k.in, nil)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}

func startPeer(t *testing.T, s Script) *Peer {
	t.Helper()
	p, err := StartPeer("127.0.0.1", s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.End)
	return p
}

func TestPeerAnswersByScript(t *testing.T) {
	p := startPeer(t, Script{Announce: 5 * time.Second, Reply: Reply{Text: "fine"}, Paths: map[string]Reply{
		"/chunked": {Text: "in parts", Chunked: true},
		"/missing": {Status: 404, Header: http.Header{"X-Lab": {"yes"}}},
		"/short":   {Body: 10, Declare: 20, End: Close, EndAt: 1 << 20},
		"/reset":   {End: Reset},
		"/closed":  {End: Close},
		"/half":    {Body: 1000, End: Close, EndAt: 30},
	}})
	f := func(path string, status int, body string, want error) {
		t.Helper()
		res, got, err := dialPeer(t, p.Addr()).ask(path)
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Fatalf("%s: error %v, want %v", path, err, want)
		}
		if status != 0 && (res.StatusCode != status || got != body) {
			t.Errorf("%s: %d %q, want %d %q", path, res.StatusCode, got, status, body)
		}
	}
	f("/", 200, "fine", nil)
	f("/chunked", 200, "in parts", nil)
	f("/missing", 404, "", nil)
	f("/short", 200, "xxxxxxxxxx", io.ErrUnexpectedEOF)
	f("/reset", 0, "", syscall.ECONNRESET)
	f("/closed", 0, "", io.ErrUnexpectedEOF)
	f("/half", 0, "", io.ErrUnexpectedEOF)

	k := dialPeer(t, p.Addr())
	for range 3 { // one connection
		if res, _, err := k.ask("/"); err != nil || res.Header.Get("Keep-Alive") != "timeout=5" {
			t.Fatalf("%v, error %v", res, err)
		}
	}
	if n := p.Requests(); n != 10 {
		t.Errorf("the peer counts %d requests, 10 were sent", n)
	}
}

func TestPeerAnswersEarlyAndInParts(t *testing.T) {
	p := startPeer(t, Script{Paths: map[string]Reply{
		"/early":  {Read: 10, Status: 413, End: Close, EndAt: 1 << 20},
		"/unread": {Read: Nothing, Status: 401, End: Close, EndAt: 1 << 20},
		"/parts":  {Text: "first then second", EndAt: 50, Rest: 50 * time.Millisecond},
	}})
	early := func(path string, status int) {
		t.Helper()
		k := dialPeer(t, p.Addr())
		fmt.Fprintf(k.c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n0123456789", path)
		if res, err := http.ReadResponse(k.in, nil); err != nil || res.StatusCode != status {
			t.Errorf("%s: %v, error %v, want %d before the whole body is there", path, res, err, status)
		}
	}
	early("/early", 413)
	early("/unread", 401)
	start := time.Now()
	if _, body, err := dialPeer(t, p.Addr()).ask("/parts"); err != nil || body != "first then second" ||
		time.Since(start) < 50*time.Millisecond {
		t.Errorf("%q after %v, error %v", body, time.Since(start), err)
	}
}

func TestPeerLimitsUses(t *testing.T) {
	p := startPeer(t, Script{MaxUses: 2})
	k := dialPeer(t, p.Addr())
	for i := range 3 {
		_, _, err := k.ask("/")
		if ended := err != nil; ended != (i == 2) {
			t.Fatalf("request %d: %v", i, err)
		}
	}
}

// TestPeerEndsIdleConnectionsOnTime: to the nanosecond, in fake time.
func TestPeerEndsIdleConnectionsOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := &conntest.Network{Latency: 10 * time.Millisecond}
		ln, err := network.Listen(netip.MustParseAddrPort("127.0.0.1:80"))
		if err != nil {
			t.Fatal(err)
		}
		p := NewPeer(ln, Script{Idle: 400 * time.Millisecond})
		c, err := network.Dial(netip.MustParseAddrPort("127.0.0.1:80"), time.Now().Add(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		k := newTalk(t, c)
		for range 2 {
			if _, _, err := k.ask("/"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(300 * time.Millisecond)
		}
		// The answer left 310 ms ago; the end takes as long to come as the answer did.
		start := time.Now()
		if _, err := k.in.ReadByte(); !errors.Is(err, io.EOF) || time.Since(start) != 100*time.Millisecond {
			t.Errorf("read %v after %v, want the end after 100ms", err, time.Since(start))
		}
		p.End()
	})
}

func TestPeerKillRetireRestart(t *testing.T) {
	slow := Script{Reply: Reply{After: Always(200 * time.Millisecond), Text: "late"}}
	p := startPeer(t, slow)
	refused := func() {
		t.Helper()
		if c, err := net.Dial("tcp", p.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatalf("dial %v, error %v; want a refusal", c, err)
		}
	}
	begin := func() (*talk, chan error) {
		k, done := dialPeer(t, p.Addr()), make(chan error, 1)
		before := p.Requests()
		go func() {
			_, _, err := k.ask("/")
			done <- err
		}()
		for p.Requests() == before {
			time.Sleep(time.Millisecond)
		}
		return k, done
	}

	_, done := begin()
	p.Kill()
	if err := <-done; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a request under way at a crash: %v, want a reset", err)
	}
	refused()
	if err := p.Restart(); err != nil {
		t.Fatal(err)
	}
	k, done := begin()
	p.Retire()
	if err := <-done; err != nil {
		t.Errorf("a request under way at a graceful stop: %v, want an answer", err)
	}
	if _, err := k.in.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last answer: %v, want the end", err)
	}
	refused()
}

// Nobody else gets the port of a peer that is away: what is sent there must not be answered by another's server.
func TestPeerKeepsItsPort(t *testing.T) {
	p := startPeer(t, Script{})
	p.Kill()
	others := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0) })
	}}
	if ln, err := others.Listen(t.Context(), "tcp", p.Addr()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("another listens there: %v, error %v", ln, err)
	}
	if err := p.Restart(); err != nil {
		t.Errorf("its own return: %v", err)
	}
}

// A process that is being started holds a copy of every open file for a moment, of a listener that was closed meanwhile too.
func TestPeerRestartsBesideAFork(t *testing.T) {
	p := startPeer(t, Script{})
	copied, err := p.ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	p.Kill()
	time.AfterFunc(50*time.Millisecond, func() { copied.Close() })
	if err := p.Restart(); err != nil {
		t.Error(err)
	}
}

func TestPeerBlackhole(t *testing.T) {
	p := startPeer(t, Script{})
	old := dialPeer(t, p.Addr())
	if _, _, err := old.ask("/"); err != nil {
		t.Fatal(err)
	}
	if err := p.Blackhole(); err != nil {
		t.Fatal(err)
	}
	if c, err := net.DialTimeout("tcp", p.Addr(), 300*time.Millisecond); err == nil {
		c.Close()
		t.Error("a black hole took a connection")
	} else if e := net.Error(nil); !errors.As(err, &e) || !e.Timeout() {
		t.Errorf("a black hole answered a dial: %v", err)
	}
	old.c.SetDeadline(time.Now().Add(200 * time.Millisecond))
	if _, _, err := old.ask("/"); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a black hole answered on an old connection: %v", err)
	}
	if err := p.Restart(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := dialPeer(t, p.Addr()).ask("/"); err != nil {
		t.Errorf("after the black hole: %v", err)
	}
}

func TestPeerTLS(t *testing.T) {
	ca, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	f := func(until time.Time, name string, wantErr string) {
		t.Helper()
		server, err := ca.Server("shop.lab.example", until)
		if err != nil {
			t.Fatal(err)
		}
		p := startPeer(t, Script{TLS: server})
		roots := x509.NewCertPool()
		roots.AddCert(ca.cert)
		c, err := tls.Dial("tcp", p.Addr(), &tls.Config{RootCAs: roots, ServerName: name})
		if wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), wantErr) {
				t.Errorf("certificate until %v asked for %s: error %v, want %q", until, name, err, wantErr)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := newTalk(t, c).ask("/"); err != nil {
			t.Error(err)
		}
	}
	f(time.Now().Add(time.Hour), "shop.lab.example", "")
	f(time.Now().Add(-time.Minute), "shop.lab.example", "expired")
	f(time.Now().Add(time.Hour), "blog.lab.example", "not blog.lab.example")
}
