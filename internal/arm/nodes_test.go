package arm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"causeway/internal/access"
	"causeway/internal/activity"
	"causeway/internal/gateway"
	"causeway/internal/store"
	"causeway/internal/store/cluster"
)

// newNodes are the APIs of some nodes of one cluster, each at an address of its own. All serve one gateway.
func newNodes(t *testing.T, names ...string) (all []*world) {
	t.Helper()
	shared := newWorld(t)
	authority, err := LoadAuthority(t.Context(), shared.shelf)
	if err != nil {
		t.Fatal(err)
	}
	shared.created()
	var nodes []store.Node
	for _, name := range names {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, gateway: &fake{node: name, admitted: names}, shelf: shared.shelf, history: &past{}, tokens: shared.tokens}
		w.gateway.config = shared.gateway.config
		w.serve(ln, authority)
		nodes = append(nodes, store.Node{Name: name, API: ln.Addr().String()})
		all = append(all, w)
	}
	for _, w := range all {
		w.gateway.nodes = nodes
	}
	return all
}

// serve answers at an address, and under the name that the tests use.
func (w *world) serve(ln net.Listener, authority *cluster.Authority) {
	hosts := []string{ln.Addr().String()}
	w.server = New(w.gateway, w.shelf, w.history, access.NewControl(w.shelf), append(hosts, host), authority)
	endpoint := Serve(ln, w.server, authority, hosts)
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		endpoint.Close(ctx)
	})
}

// missing are the nodes that an answer lacks.
func (a answer) missing() string { return a.header.Get(missingHeader) }

// silentNode is a node that takes connections and never answers.
func silentNode(t *testing.T, name string) store.Node {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return store.Node{Name: name, API: ln.Addr().String()}
}

const activityURL = "/subscriptions/s/providers/Microsoft.Insights/eventtypes/management/values"

// seen is how an instance sees the member.
func seen(health, detail string) gateway.Health {
	h, _ := (&fake{}).Health()
	h.Pools[0].Settings[0].Servers[0].Health, h.Pools[0].Settings[0].Servers[0].Detail = health, detail
	h.Pools[0].Settings[0].Servers[0].Causeway = &gateway.HealthEvidence{}
	return h
}

func TestHealthOverNodes(t *testing.T) {
	nodes := newNodes(t, "a", "b", "c")
	a, b, c := nodes[0], nodes[1], nodes[2]
	a.gateway.views = map[string]gateway.Health{"appgw_a_0": seen("Up", ""), "appgw_a_1": seen("Up", "")}
	b.gateway.views = map[string]gateway.Health{"appgw_b_0": seen("Down", "Could not connect to the backend.")}
	c.gateway.views = map[string]gateway.Health{}
	server := []string{"backendAddressPools", "0", "backendHttpSettingsCollection", "0", "servers", "0"}
	f := func(who *world, health, detail, missing string) {
		t.Helper()
		got := who.do("POST", gatewayURL+"/backendhealth", "")
		if h := got.at(t, append(server, "health")...); h != health || got.missing() != missing {
			t.Errorf("%v, without %q, want %s without %q: %d %s", h, got.missing(), health, missing, got.status, got.text)
		}
		if d, _ := got.at(t, append(server, "healthProbeLog")...).(string); d != detail {
			t.Errorf("the detail is %q, want %q", d, detail)
		}
	}
	const partial = "The gateway's instances disagree. appgw_a_0, appgw_a_1: Up. appgw_b_0: Down: Could not connect to the backend."
	for _, who := range nodes {
		f(who, "Partial", partial, "")
	}
	b.gateway.views, b.gateway.mute = nil, errors.New("no instance answers")
	const note = "Node b did not answer; what its instances see is not included."
	f(a, "Up", note, "b")
	f(b, "Up", note, "b") // the node itself
	a.gateway.views = map[string]gateway.Health{"appgw_a_0": seen("Up", "Success.")}
	f(c, "Up", "Success. "+note, "b")
	expanded := a.do("POST", gatewayURL+"/backendhealth?$expand=BackendAddressPool", "")
	if got := expanded.at(t, "causewayMissingNodes", "0"); got != "b" || expanded.missing() != "b" {
		t.Errorf("%v: %s", got, expanded.text)
	}
	a.gateway.views = map[string]gateway.Health{"appgw_a_0": seen("Up", "Success.")}
	c.gateway.nodes = append(slices.Clone(nodes[0].gateway.nodes), store.Node{Name: "old"}) // one that runs without an API
	f(c, "Up", "Success. Node b, old did not answer; what its instances see is not included.", "b, old")
	c.gateway.nodes = nodes[0].gateway.nodes
	a.gateway.views, a.gateway.mute = nil, errors.New("no instance answers")
	f(c, "Up", "", "a, b") // the fake's own Health, which says why otherwise
}

// muteGateway is one of which no instance answers.
type muteGateway struct{ *fake }

func (muteGateway) Health() (gateway.Health, error) {
	return gateway.Health{}, errors.New("no instance answers")
}

func (g muteGateway) InstanceHealth() (map[string]gateway.Health, error) { return nil, nil }

// Clients ask again when no instance answers, and not when the gateway is stopped.
func TestHealthThatNobodyKnows(t *testing.T) {
	w := newWorld(t)
	w.created()
	w.server.gateway = muteGateway{w.gateway}
	f := func(status int, code string) {
		t.Helper()
		a := w.do("POST", gatewayURL+"/backendhealth", "")
		if a.status != status || a.code() != code || !strings.Contains(a.text, "no instance") {
			t.Errorf("%d %s", a.status, a.text)
		}
	}
	f(http.StatusServiceUnavailable, "BackendHealthUnavailable")
	w.gateway.stopped = true
	f(http.StatusConflict, "ApplicationGatewayIsStopped")
}

// What one node would measure with all instances of three is what each of them answers.
func TestMetricsOverNodes(t *testing.T) {
	one, nodes := newNodes(t, "a")[0], newNodes(t, "a", "b", "c")
	newPast(one)
	slow := map[string]string{"instance_id": "appgw_b_0", "listener": "l"}
	one.history.add("request_duration_seconds_sum", slow, 0, 9, 9, 9)
	one.history.add("request_duration_seconds_count", slow, 0, 1, 1, 2)
	one.history.add("capacity_units", map[string]string{"instance_id": "supervisor"}, 3, 4, 5, 6)
	one.history.add("capacity_units", map[string]string{"instance_id": "supervisor", "of": "b"}, 1, 1, 1, 1)
	for _, w := range nodes {
		w.history.begin = one.history.begin
	}
	for name, all := range one.history.series {
		for i, s := range all {
			to := nodes[i%2].history // c has nothing yet
			to.add("another", nil)
			to.series[name] = append(to.series[name], s)
		}
	}
	all := strings.Join(aggregations(), ",")
	compared := 0
	for _, m := range metrics() {
		queries := []url.Values{
			{"metricnames": {m.name}, "aggregation": {all}},
			{"metricnames": {m.name}, "aggregation": {all}, "interval": {"PT5M"}},
		}
		for _, d := range m.dimensions {
			queries = append(queries, url.Values{"metricnames": {m.name}, "aggregation": {all}, "$filter": {d + " eq '*'"}})
		}
		for _, query := range queries {
			want := one.metrics(query)
			compared += strings.Count(want.text, `"average"`)
			for _, w := range nodes {
				if got := w.metrics(query); got.text != want.text || got.missing() != "" {
					t.Errorf("%s, without %q: %v\ngot  %s\nwant %s", w.gateway.node, got.missing(), query, got.text, want.text)
				}
			}
		}
	}
	if compared < 20 {
		t.Errorf("%d values were compared", compared)
	}
}

// Events stand in the order of their time, whichever node they are of. A page begins after the last event of the one before it, also when
// new events came, or a node does not answer.
func TestTheActivityLogOverNodes(t *testing.T) {
	nodes := newNodes(t, "a", "b")
	begin := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	event := func(i int) activity.Event {
		return activity.Event{
			At: begin.Add(time.Duration(i) * time.Second), Kind: activity.Configure, Resource: gatewayURL, Revision: int64(i), Node: "n",
		}
	}
	const n = 1000
	ofB := func(i int) bool { return i%3 == 0 }
	for i := 1; i <= n; i++ {
		w := nodes[0]
		if ofB(i) {
			w = nodes[1]
		}
		w.gateway.events = append(w.gateway.events, event(i))
	}
	next := activityURL
	page := func(who *world, from int, has func(int) bool, missing string) (last int) {
		t.Helper()
		a := who.do("GET", next, "")
		if a.status != http.StatusOK || a.missing() != missing {
			t.Fatalf("without %q: %d %s", a.missing(), a.status, a.text)
		}
		for i := range a.at(t, "value").([]any) {
			for !has(from) {
				from--
			}
			if got := a.at(t, "value", fmt.Sprint(i), "properties", "revision"); got != fmt.Sprint(from) {
				t.Fatalf("event %d is %v, want %d", i, got, from)
			}
			last, from = from, from-1
		}
		link, _ := a.at(t, "nextLink").(string)
		next = strings.TrimPrefix(link, "https://"+host)
		return last
	}
	either := func(int) bool { return true }
	last := page(nodes[0], n, either, "")
	nodes[0].gateway.events = append(nodes[0].gateway.events, event(n+1))
	up := nodes[1].gateway.nodes
	nodes[1].gateway.nodes = up[1:]
	last = page(nodes[1], last-1, ofB, "a")
	nodes[1].gateway.nodes = up
	for next != "" {
		last = page(nodes[1], last-1, either, "")
	}
	if last != 1 {
		t.Errorf("the last event is %d", last)
	}
	if a := nodes[0].do("GET", activityURL+"?$skiptoken=200", ""); a.status != http.StatusBadRequest || a.code() != "InvalidSkipToken" {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// An answer comes without the nodes that do not answer, and names them: a node that hangs, one that refuses, one that is another, one
// whose API has another authority, one without an API, and one that does not run.
func TestNodesThatAreMissing(t *testing.T) {
	w := newNodes(t, "a", "b")[0]
	stranger := newNodes(t, "stranger")[0]
	up := w.gateway.nodes
	w.gateway.nodes = append(slices.Clone(up), silentNode(t, "hung"), store.Node{Name: "old"},
		store.Node{Name: "refusing", API: "127.0.0.1:1"},
		store.Node{Name: "other", API: up[1].API},
		store.Node{Name: "stranger", API: stranger.gateway.nodes[0].API},
	)
	w.gateway.admitted = []string{"a", "b", "gone"}
	newPast(w)
	begin := time.Now()
	a := w.metrics(url.Values{"metricnames": {"TotalRequests,FailedRequests,Throughput,CapacityUnits"}})
	took := time.Since(begin)
	if got := a.missing(); a.status != http.StatusOK || got != "gone, hung, old, other, refusing, stranger" {
		t.Errorf("without %q: %d %s", got, a.status, a.text)
	}
	names, _ := a.at(t, "causewayMissingNodes").([]any)
	why, _ := a.at(t, "value", "0", "errorMessage").(string)
	if len(names) != 6 || why != "The values lack those of the nodes "+a.missing()+"." {
		t.Errorf("in its body the answer lacks %v: %s", names, why)
	}
	if got := a.at(t, "value", "0", "timeseries", "0", "data", "0", "total"); got != 15.0 {
		t.Errorf("the total is %v", got)
	}
	if took < nodeTime || took > 2*nodeTime { // one wait for all metrics
		t.Errorf("it took %v", took)
	}
}

// A node that takes connections and never answers costs no connection for good: each ends soon after its question.
func TestConnectionsToASilentNodeEnd(t *testing.T) {
	authority, err := LoadAuthority(t.Context(), &shelf{})
	if err != nil {
		t.Fatal(err)
	}
	client := peerClient(authority)
	transport, _ := client.Transport.(*http.Transport)
	dial := transport.DialContext
	if dial == nil || transport.TLSHandshakeTimeout == 0 {
		t.Fatal("connections are made without a bound")
	}
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) { return near, nil }
		ctx, cancel := context.WithTimeout(t.Context(), nodeTime)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://silent.example/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := client.Do(r); err == nil {
			resp.Body.Close()
			t.Fatal("it answered")
		}
		begin := time.Now()
		_, _ = io.Copy(io.Discard, far)
		if took := time.Since(begin); took > dialTime {
			t.Errorf("the connection ended %v after its question", took)
		}
	})
}

// countingCluster counts who asks for the cluster.
type countingCluster struct {
	*fake
	asked int
}

func (c *countingCluster) Nodes() []store.Node { c.asked++; return nil }

func (c *countingCluster) Admitted(context.Context) ([]string, error) { c.asked++; return nil, nil }

func TestANodeAloneAsksNobody(t *testing.T) {
	w := newWorld(t)
	w.created()
	counting := &countingCluster{fake: w.gateway}
	w.server.gateway = counting
	for _, a := range []answer{
		w.do("POST", gatewayURL+"/backendhealth", ""), w.metrics(url.Values{"metricnames": {"TotalRequests"}}), w.do("GET", activityURL, ""),
	} {
		if a.status != http.StatusOK || a.missing() != "" {
			t.Errorf("%d %s", a.status, a.text)
		}
	}
	if counting.asked != 0 {
		t.Errorf("it asked %d times", counting.asked)
	}
	if a := w.do("POST", nodePath+"health", ""); a.status != http.StatusNotFound {
		t.Errorf("it answers nodes: %d %s", a.status, a.text)
	}
}

// Only a node is answered as one. A client cannot claim to be a node, whatever token it asks for, and a node is no client.
func TestWhoIsANode(t *testing.T) {
	nodes := newNodes(t, "a", "b")
	a, b := nodes[0], nodes[1]
	token, err := a.server.control.IssueNode(t.Context(), "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	made, err := b.server.control.Issue(t.Context(), access.Caller{ID: "a", Role: access.Owner},
		access.Audience{Issuer: "causeway-node", Resource: "b"})
	if err != nil {
		t.Fatal(err)
	}
	credential, secret, err := access.Create(t.Context(), a.shelf, access.Owner, "")
	if err != nil {
		t.Fatal(err)
	}
	granted := b.signIn("/adfs/oauth2/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {credential.ID}, "client_secret": {secret}, "resource": {"b"},
	})
	got, _ := granted.at(t, "access_token").(string)
	if got == "" {
		t.Fatalf("%d %s", granted.status, granted.text)
	}
	f := func(what, method, path, token string, want int) {
		t.Helper()
		if x := b.do(method, path, "{}", "Authorization", "Bearer "+token); x.status != want {
			t.Errorf("%s: %d, want %d: %s", what, x.status, want, x.text)
		}
	}
	for _, part := range []string{"health", "metric", "activity"} {
		f("an owner", "POST", nodePath+part, b.tokens[access.Owner], http.StatusUnauthorized)
		f("a client with the audience of the node", "POST", nodePath+part, got, http.StatusUnauthorized)
		f("a client's token with the claims of a node", "POST", nodePath+part, made, http.StatusUnauthorized)
		f("nobody", "POST", nodePath+part, "", http.StatusUnauthorized)
	}
	f("a node", "POST", nodePath+"health", token, http.StatusOK)
	f("a node, for what there is not", "POST", nodePath+"config", token, http.StatusNotFound)
	f("a node, as a client", "GET", gatewayURL, token, http.StatusUnauthorized)
	f("a node, as a client who changes", "DELETE", gatewayURL, token, http.StatusUnauthorized)
}

// What nodes ask is bounded, too: an answer may be as large as one for a client.
func TestQuestionsOfNodesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.gateway.node = "b"
		token, err := w.server.control.IssueNode(t.Context(), "a", "b")
		if err != nil {
			t.Fatal(err)
		}
		var all []*slot
		for range nodeQuestions {
			taken, err := w.server.answering.take(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, taken)
		}
		f := func(want int) {
			t.Helper()
			if a := w.do("POST", nodePath+"activity", "{}", "Authorization", "Bearer "+token); a.status != want {
				t.Errorf("%d, want %d: %s", a.status, want, a.text)
			}
		}
		f(http.StatusTooManyRequests)
		all[0].release()
		token, err = w.server.control.IssueNode(t.Context(), "a", "b") // one of before has ended
		if err != nil {
			t.Fatal(err)
		}
		for range nodeQuestions {
			f(http.StatusOK)
		}
	})
}

// A node answers for itself alone, so that a question never goes round.
func TestAQuestionGoesNoFurther(t *testing.T) {
	nodes := newNodes(t, "a", "b")
	b := &countingCluster{fake: nodes[1].gateway}
	nodes[1].server.gateway = b
	nodes[0].do("POST", gatewayURL+"/backendhealth", "")
	nodes[0].do("GET", activityURL, "")
	nodes[0].metrics(url.Values{"metricnames": {"TotalRequests"}})
	if b.asked != 0 {
		t.Errorf("the node that was asked asks others, %d times", b.asked)
	}
}

func TestReach(t *testing.T) {
	hosts := []string{"localhost:8443", "127.0.0.1:8443", "192.0.2.7:8443", "gw1:8443"}
	for _, x := range []struct{ bound, node, want string }{
		{"192.0.2.1:8443", "192.0.2.9", "192.0.2.1:8443"},
		{"127.0.0.11:8443", "192.0.2.9", "127.0.0.11:8443"},
		{"0.0.0.0:8443", "192.0.2.9", "192.0.2.9:8443"},
		{"[::]:8443", "2001:db8::1", "[2001:db8::1]:8443"},
		{"[::]:8443", "gw1.example", "gw1.example:8443"},
		{"[::]:8443", "", "192.0.2.7:8443"},
	} {
		bound, err := net.ResolveTCPAddr("tcp", x.bound)
		if err != nil {
			t.Fatal(err)
		}
		if got := Reach(bound, x.node, hosts); got != x.want {
			t.Errorf("%s of %q: %q, want %q", x.bound, x.node, got, x.want)
		}
	}
	if got := Reach(&net.TCPAddr{IP: net.IPv4zero, Port: 8443}, "", hosts[:2]); got != "" {
		t.Errorf("a machine with loopback alone: %q", got)
	}
}

// A query of the access log is answered from one node's own, and says whose requests it lacks.
func TestTheLogIsOfOneNode(t *testing.T) {
	w := newNodes(t, "a", "b", "c")[1]
	w.gateway.logs = t.TempDir()
	const query = `{"query":"AGWAccessLogs | take 1"}`
	answer := w.do("POST", "/v1/workspaces/x/query", query)
	if answer.status != http.StatusOK || answer.missing() != "a, c" || answer.at(t, "causewayMissingNodes", "1") != "c" {
		t.Errorf("%d %q %s", answer.status, answer.missing(), answer.text)
	}
	alone := newWorld(t)
	alone.gateway.logs = t.TempDir()
	answer = alone.do("POST", "/v1/workspaces/x/query", query)
	if answer.status != http.StatusOK || answer.missing() != "" {
		t.Errorf("%d %q %s", answer.status, answer.missing(), answer.text)
	}
}
