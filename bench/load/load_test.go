//go:build linux

package load

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func portOf(s *httptest.Server) int { return s.Listener.Addr().(*net.TCPAddr).Port }

func TestSteadyRate(t *testing.T) {
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Write(make([]byte, 1024))
	}))
	defer s.Close()
	r, err := Play(Spec{Port: portOf(s), Path: "/", Connections: 8, Length: 300 * time.Millisecond, Rate: 500})
	if err != nil {
		t.Fatal(err)
	}
	if r.Requests != 150 || r.Errors != 0 || asked.Load() != 150 {
		t.Errorf("%+v, %d asked; want 150 answers", r, asked.Load())
	}
}

// A server that stops for a while delays all requests that become due meanwhile, not only the one that it holds.
func TestSteadyCountsWaiting(t *testing.T) {
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 10 {
			time.Sleep(200 * time.Millisecond)
		}
	}))
	defer s.Close()
	r, err := Play(Spec{Port: portOf(s), Path: "/", Connections: 1, Length: 300 * time.Millisecond, Rate: 500})
	if err != nil {
		t.Fatal(err)
	}
	if r.P50 < 20*time.Millisecond {
		t.Errorf("half of the requests were answered within %s, while the only connection stood still for 200 ms", r.P50)
	}
}

func TestSteadyCountsFailures(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	r, err := Play(Spec{Port: portOf(s), Path: "/", Connections: 2, Length: 100 * time.Millisecond, Rate: 100})
	if err != nil {
		t.Fatal(err)
	}
	if r.Requests != 0 || r.Errors != 10 {
		t.Errorf("%+v; want 10 errors", r)
	}
}

func TestHandshakesAreFull(t *testing.T) {
	var asked, resumed atomic.Int64
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.TLS.DidResume {
			resumed.Add(1)
		}
	}))
	defer s.Close()
	r, err := Play(Spec{Port: portOf(s), Path: "/", Connections: 2, Length: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if r.Requests == 0 || r.Errors != 0 || int(asked.Load()) != r.Requests || resumed.Load() != 0 {
		t.Errorf("%+v, %d asked, %d resumed; want each answered after a full handshake", r, asked.Load(), resumed.Load())
	}
}

func TestNoLoad(t *testing.T) {
	for _, s := range []Spec{{}, {Connections: 1}, {Connections: 1, Length: time.Second, Rate: -1}} {
		if _, err := Play(s); err == nil {
			t.Errorf("%+v was played", s)
		}
	}
}
