package probe

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"causeway/internal/conn"
	"causeway/internal/gateway"
	"causeway/internal/resolve"
)

// An on-demand probe asks with a probe that the configuration does not have, and changes nothing.
func TestOnce(t *testing.T) {
	member := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/deep" || r.Host != "shop.example" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer member.Close()
	at := netip.MustParseAddrPort(strings.TrimPrefix(member.URL, "http://"))
	c := &gateway.Config{
		Name: "gw",
		SKU:  gateway.SKU{Tier: "Standard_v2"},
		Pools: []gateway.Pool{
			{Name: "pool", Members: []gateway.Address{{IP: "127.0.0.1"}, {IP: "127.0.0.99"}}}, {Name: "other"},
		},
		Settings: []gateway.Settings{{Name: "settings", Port: int(at.Port()), Protocol: "Http", RequestTimeout: 20}},
	}
	var loop *conn.Loop
	conn.NewGoroutines(func(l *conn.Loop) { loop = l })
	ask := func(p gateway.Probe) []gateway.ServerHealth {
		t.Helper()
		h, err := Once(t.Context(), c, gateway.DefaultLocal(), OnDemand{Pool: "POOL", Settings: "settings", Probe: p}, resolve.System().Lookup, loop)
		if err != nil || len(h.Pools) != 1 {
			t.Fatalf("%+v, %v", h, err)
		}
		return h.Pools[0].Settings[0].Servers
	}
	if s := ask(gateway.Probe{Path: "/deep", Host: "shop.example", Timeout: 5}); s[0].Health != "Up" || s[1].Health != "Down" {
		t.Errorf("%+v", s)
	}
	if s := ask(gateway.Probe{Timeout: 5}); s[0].Health != "Down" || !strings.Contains(s[0].Detail, "404") {
		t.Errorf("%+v", s)
	}
	if len(c.Probes) != 0 || c.Settings[0].Probe != "" {
		t.Errorf("the configuration changed: %+v", c)
	}
	for _, bad := range []OnDemand{{Pool: "none", Settings: "settings"}, {Pool: "pool", Settings: "none"}} {
		if _, err := Once(t.Context(), c, gateway.DefaultLocal(), bad, resolve.System().Lookup, loop); err == nil || !strings.Contains(err.Error(), "none") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Once(gone, c, gateway.DefaultLocal(), OnDemand{Pool: "pool", Settings: "settings"}, resolve.System().Lookup, loop); err == nil {
		t.Error("the client had left")
	}
}
