package admin

import (
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// However many connect to the admin address, it takes no more than its share of descriptors, and those that say nothing
// are let go within seconds.
func TestAdminAddressIsBounded(t *testing.T) {
	s, err := Listen(filepath.Join(t.TempDir(), "s"), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.Serve(new(house), prometheus.NewRegistry())
	at := s.Address().String()
	begin := time.Now()
	var idle []net.Conn
	for range 3 * connections {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		idle = append(idle, c)
	}
	idle[0].SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadAll(idle[0]); err != nil || time.Since(begin) > 8*time.Second {
		t.Errorf("a silent connection lasts %v: %v", time.Since(begin), err)
	}
	for _, c := range idle {
		c.Close()
	}
	r, err := http.Get("http://" + at + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if !r.Close {
		t.Error("a connection is kept between two questions")
	}
}
