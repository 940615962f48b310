package supervisor

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// startEtcd starts an etcd as somebody else would run it, and returns its endpoint.
func startEtcd(t *testing.T) string {
	t.Helper()
	c := embed.NewConfig()
	c.Dir = filepath.Join(t.TempDir(), "etcd")
	c.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	c.TickMs, c.ElectionMs = 20, 100
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client := url.URL{Scheme: "http", Host: free.Addr().String()}
	free.Close()
	c.ListenPeerUrls = nil
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	e, err := embed.StartEtcd(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	<-e.Server.ReadyNotify()
	return client.String()
}

// A gateway keeps its configuration in an etcd elsewhere, and has a name among those that share it.
func TestExternalEtcd(t *testing.T) {
	h := newHouse(t)
	local, err := os.ReadFile(h.o.Local)
	if err != nil {
		t.Fatal(err)
	}
	h.write(h.o.Local, string(local)+"store: {endpoints: ["+startEtcd(t)+"], node: gw7}\n")
	h.start()
	s := h.s.Status()
	if s.Node != "gw7" || s.Revision != 1 || len(s.Instances) != 1 || s.Instances[0].ID != "appgw_gw7_0" || len(s.Lagging) > 0 {
		t.Errorf("%+v", s)
	}
	if _, err := os.Stat(filepath.Join(h.o.Data, "store", "etcd")); !os.IsNotExist(err) {
		t.Errorf("it has an etcd of its own: %v", err)
	}
	listed := func() bool {
		nodes := h.s.Status().Nodes
		return len(nodes) == 1 && nodes[0].Name == "gw7" && nodes[0].Instances == 1
	}
	for end := time.Now().Add(20 * time.Second); !listed(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it is not listed: %+v", h.s.Status().Nodes)
		}
	}
	if _, text := h.get(h.url("/")); !strings.Contains(text, "ok") {
		t.Errorf("%q", text)
	}
}
