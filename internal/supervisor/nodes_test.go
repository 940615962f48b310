package supervisor

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"causeway/internal/access"
	"causeway/internal/gateway"
	"causeway/internal/store"
)

// pair is a cluster of two gateways with management APIs: a has the vote, so that it goes on without b. One API is bound to an address of
// its own, the other one to all addresses of the machine. The instances on b cannot reach the member 10.0.0.5.
type pair struct{ a, b *house }

func newPair(t *testing.T) pair {
	t.Helper()
	p := pair{newHouse(t), newHouse(t)}
	document := strings.Replace(gatewayOn(`10.0.0.4"},{"ipAddress":"10.0.0.5`), `"capacity":1`, `"capacity":2`, 1)
	p.a.write(p.a.o.Config, document)
	local, err := os.ReadFile(p.a.o.Local)
	if err != nil {
		t.Fatal(err)
	}
	_, member, _ := strings.Cut(strings.TrimSpace(string(local)), "10.0.0.4: ")
	p.a.write(p.a.o.Local, string(local)+"  10.0.0.5: "+member+"\n")
	p.b.write(p.b.o.Local, fmt.Sprintf("%s  10.0.0.5: 127.0.0.1:%d\n", local, freePort(t)))
	p.a.o.Listen, p.b.o.Listen = "127.0.0.11", "127.0.0.12"
	p.a.o.API, p.b.o.API = "127.0.0.11:0", "0.0.0.0:0"
	p.b.o.Config, p.b.o.PortOffset, p.b.port = "", p.a.o.PortOffset, p.a.port

	if err := store.Found(t.Context(), store.Within(p.a.o.Data), founding(t, "a", "127.0.0.11")); err != nil {
		t.Fatal(err)
	}
	p.a.start()
	token, err := p.a.s.stored().Invite(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Join(t.Context(), store.Within(p.b.o.Data), token, founding(t, "b", "127.0.0.12"), false); err != nil {
		t.Fatal(err)
	}
	p.b.start()
	p.await("each knows the API of the other one, and has its share", func() bool {
		for _, h := range []*house{p.a, p.b} {
			nodes := h.s.Nodes()
			if len(nodes) != 2 || nodes[0].API == "" || nodes[1].API == "" || len(h.s.fleet.all()) != 1 {
				return false
			}
		}
		return true
	})
	return p
}

func founding(t *testing.T, name, address string) store.Founding {
	return store.Founding{Name: name, Address: address, Ports: store.Ports{Peer: freePort(t), Client: freePort(t), Join: freePort(t)}}
}

func (p pair) await(what string, done func() bool) {
	p.a.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.a.Fatalf("waiting in vain: %s", what)
		}
	}
}

// keepMetrics lets both nodes keep what they measure as that of a minute.
func (p pair) keepMetrics(at time.Time) {
	p.a.Helper()
	for _, h := range []*house{p.a, p.b} {
		p.await("the history is open", func() bool {
			h.s.api.recorder.mu.Lock()
			defer h.s.api.recorder.mu.Unlock()
			return h.s.api.recorder.history != nil
		})
		h.s.keepMetrics(at)
	}
}

// serve makes requests to both nodes, and waits until their instances have counted them.
func (p pair) serve(a, b int) {
	p.a.Helper()
	a0, b0 := p.a.requests(), p.b.requests()
	for range a {
		p.a.get(fmt.Sprint("http://127.0.0.11:", p.a.port))
	}
	for range b {
		p.b.get(fmt.Sprint("http://127.0.0.12:", p.b.port))
	}
	p.await("all requests are counted", func() bool { return p.a.requests() == a0+float64(a) && p.b.requests() == b0+float64(b) })
}

// requests is how many the instances of a gateway have counted.
func (h *house) requests() (n float64) {
	h.Helper()
	families, err := h.s.gather()
	if err != nil {
		h.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "causeway_requests_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			n += m.GetCounter().GetValue()
		}
	}
	return n
}

// request makes a request of a client to one of the nodes.
func (c *apiClient) request(method, path string, query url.Values) (missing string, body []byte) {
	c.t.Helper()
	query.Set("api-version", "2025-05-01")
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path+"?"+query.Encode(), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		c.t.Fatalf("%s %s: %d %s, %v", method, path, resp.StatusCode, answer, err)
	}
	return resp.Header.Get("Causeway-Missing-Nodes"), answer
}

const gatewayID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"

// total is a metric's total over all nodes.
func (c *apiClient) total(metric, timespan string) (total float64, missing string) {
	c.t.Helper()
	missing, text := c.request(http.MethodGet, gatewayID+"/providers/Microsoft.Insights/metrics", url.Values{
		"metricnames": {metric}, "timespan": {timespan}, "aggregation": {"Total"},
	})
	var answer struct {
		Value []struct {
			Timeseries []struct{ Data []struct{ Total float64 } }
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		c.t.Fatal(err)
	}
	for _, series := range answer.Value[0].Timeseries {
		for _, d := range series.Data {
			total += d.Total
		}
	}
	return total, missing
}

// health is that of a member.
func (c *apiClient) health(address string) (h gateway.ServerHealth, missing string) {
	c.t.Helper()
	missing, text := c.request(http.MethodPost, gatewayID+"/backendhealth", url.Values{})
	var all gateway.Health
	if err := json.Unmarshal(text, &all); err != nil {
		c.t.Fatal(err)
	}
	for _, s := range all.Pools[0].Settings[0].Servers {
		if s.Address == address {
			return s, missing
		}
	}
	c.t.Fatalf("%s is not among the members: %s", address, text)
	return h, missing
}

// started are the nodes whose start is in the activity log.
func (c *apiClient) started() (nodes, missing string) {
	c.t.Helper()
	missing, text := c.request(http.MethodGet, "/subscriptions/s/providers/Microsoft.Insights/eventtypes/management/values", url.Values{})
	var answer struct {
		Value []struct {
			OperationName struct{ Value string }
			Properties    struct{ Node string }
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		c.t.Fatal(err)
	}
	for _, e := range answer.Value {
		if strings.HasSuffix(e.OperationName.Value, "/start/action") {
			nodes += e.Properties.Node
		}
	}
	return nodes, missing
}

// Whichever node is asked, the answer is that of the whole gateway.
func TestTheAPIAnswersForAllNodes(t *testing.T) {
	p := newPair(t)
	asked := map[string]*apiClient{"a": p.a.client(access.Reader), "b": p.b.client(access.Reader)}
	for name, c := range asked {
		h, missing := c.health("10.0.0.5")
		if h.Health != "Partial" || !strings.Contains(h.Detail, "appgw_a_0: Up. appgw_b_0: Down") || missing != "" {
			t.Errorf("health from %s, without %q: %+v", name, missing, h)
		}
		if h, _ := c.health("10.0.0.4"); h.Health != "Up" || len(h.Causeway.Instances) != 2 {
			t.Errorf("health from %s: %+v", name, h)
		}
		if nodes, missing := c.started(); nodes != "ba" || missing != "" {
			t.Errorf("activity from %s, without %q: starts of %s", name, missing, nodes)
		}
		if status, text := c.do(http.MethodPost, "/causeway/node/health", ""); status != http.StatusUnauthorized {
			t.Errorf("%s takes a client for a node: %d %s", name, status, text)
		}
	}
	at := time.Now().Truncate(time.Minute).Add(10 * time.Minute) // no minute of the supervisors themselves
	p.serve(1, 1)                                                // from then on the instances count
	p.keepMetrics(at)
	p.serve(5, 3)
	p.keepMetrics(at.Add(time.Minute))
	timespan := at.UTC().Format(time.RFC3339) + "/" + at.Add(time.Minute).UTC().Format(time.RFC3339)
	for name, c := range asked {
		if n, missing := c.total("TotalRequests", timespan); n != 8 || missing != "" {
			t.Errorf("requests from %s, without %q: %v", name, missing, n)
		}
	}

	p.b.end()
	begin := time.Now()
	n, missing := asked["a"].total("TotalRequests", timespan)
	if took := time.Since(begin); n != 5 || missing != "b" || took > 4*time.Second {
		t.Errorf("when b has ended, after %v, without %q: %v", took, missing, n)
	}
	if nodes, missing := asked["a"].started(); nodes != "a" || missing != "b" {
		t.Errorf("when b has ended, without %q: starts of %s", missing, nodes)
	}
	h, missing := asked["a"].health("10.0.0.5")
	if h.Health != "Up" || !strings.HasSuffix(h.Detail, "Node b did not answer; what its instances see is not included.") || missing != "b" {
		t.Errorf("when b has ended, without %q: %+v", missing, h)
	}
	p.await("b is no longer among the nodes that run", func() bool { return len(p.a.s.Nodes()) == 1 })
	if away := p.a.s.Status().Away; len(away) != 1 || away[0].Node != "b" || away[0].Since.Before(begin) || away[0].Since.After(time.Now()) {
		t.Errorf("b is away since the test ended it at %s: %+v", begin, away)
	}
	if n, missing := asked["a"].total("TotalRequests", timespan); n != 5 || missing != "b" {
		t.Errorf("when b does not run, without %q: %v", missing, n)
	}
	if h, missing := asked["a"].health("10.0.0.5"); strings.Contains(h.Detail, "Node b") || missing != "b" {
		t.Errorf("when b does not run, without %q: %+v", missing, h)
	}
	if err := p.a.s.SetRunning(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if _, text := asked["a"].do(http.MethodPost, gatewayID+"/backendhealth", ""); !strings.Contains(text, "stopped on purpose") {
		t.Errorf("the health of a gateway that is stopped: %s", text)
	}
}

// An API on all addresses has the address at which the others reach the node, in its certificate as well.
func TestTheAddressForOtherNodes(t *testing.T) {
	h := newHouse(t)
	h.o.API = "0.0.0.0:0"
	f := founding(t, "gw1", "gw1.example")
	f.Listen = "127.0.0.1"
	f.Address = "gw1.example"
	if err := store.Found(t.Context(), store.Within(h.o.Data), f); err != nil {
		t.Fatal(err)
	}
	h.start()
	_, port, _ := net.SplitHostPort(h.s.api.ln.Addr().String())
	if got, want := h.s.self().API, "gw1.example:"+port; got != want {
		t.Errorf("the node announces %s, want %s", got, want)
	}
	c := h.clientAt(access.Reader, "127.0.0.1:"+port)
	c.base = "https://gw1.example:" + port
	if status, text := c.do(http.MethodGet, "/metadata/endpoints", ""); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
}
