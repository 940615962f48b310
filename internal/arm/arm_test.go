package arm

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/internal/access"
	"causeway/internal/activity"
	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/probe"
	"causeway/internal/store"
	"causeway/internal/upload"
)

// fake is a gateway that serves whatever is valid.
type fake struct {
	mu       sync.Mutex
	config   admin.Config
	stopped  bool
	callers  []string
	slow     chan struct{} // not nil: Apply waits for it
	broken   error         // what Apply returns
	rival    func()        // not nil: somebody else writes, once, before Apply does
	events   []activity.Event
	onDemand probe.OnDemand
	logs     string // root
	reads    int    // of the configuration

	node     string                    // name in a cluster
	nodes    []store.Node              // that run
	admitted []string                  // names of all nodes
	views    map[string]gateway.Health // of its instances; nil: one that has everything up
	mute     error                     // why no instance answers

	reports  []string // that were asked for
	reported string   // what a report says
	noted    string   // what could not be read for it
	given    string   // to the last one, on its standard input
	uploads  *upload.Uploads
	kept     map[int64][]byte // documents, by revision
	idle     string           // backendIdleTimeout
	noReport error            // why there is none
}

func (f *fake) Report(_ context.Context, c Command) (Printed, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reports = append(f.reports, strings.Join(append([]string{c.Name}, c.Args...), " "))
	f.given = string(c.Input)
	return Printed{Text: []byte(f.reported), Notes: []byte(f.noted)}, f.noReport
}

func (f *fake) Settings() (map[string]any, string) {
	return map[string]any{"backendIdleTimeout": f.idle}, "tag-" + f.idle
}

func (f *fake) ChangeSettings(_ context.Context, tag string, patch map[string]any) ([]gateway.Problem, error) {
	if _, now := f.Settings(); tag != "" && tag != now {
		return nil, &SettingsConflict{Now: now}
	}
	idle, ok := patch["backendIdleTimeout"].(string)
	if !ok {
		return nil, &document.FormatError{Message: "no", Hint: "such"}
	}
	f.idle = idle
	return nil, nil
}

func (f *fake) History(context.Context) (out []store.Change, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n := f.config.Revision; n > 0; n-- {
		out = append(out, store.Change{Revision: n, Who: "somebody"})
	}
	return out, nil
}

func (f *fake) At(_ context.Context, revision int64) (admin.Config, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, kept := f.kept[revision]
	if !kept {
		return admin.Config{}, store.ErrNoRevision
	}
	return admin.Config{Source: document.Source{Document: d}, Revision: revision}, nil
}

func (f *fake) Rollback(ctx context.Context, revision, replaces int64) ([]gateway.Problem, error) {
	c, err := f.At(ctx, revision)
	if err != nil {
		return nil, err
	}
	c.Revision = replaces
	return f.Apply(ctx, c)
}

func (f *fake) Uploads() *upload.Uploads { return f.uploads }

func (f *fake) Config() admin.Config {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	return f.config
}

func (f *fake) Apply(ctx context.Context, c admin.Config) ([]gateway.Problem, error) {
	if f.slow != nil {
		<-f.slow
	}
	if rival := f.rival; rival != nil {
		f.rival = nil
		rival()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.callers = append(f.callers, activity.CallerOf(ctx, "nobody").Name)
	d, err := document.Parse(c.Document)
	if err != nil {
		return nil, err
	}
	if problems := d.FailClosed(d.Problems(), c.Allow); gateway.HasErrors(problems) {
		return problems, fmt.Errorf("the document is invalid")
	}
	if c.Revision != 0 && max(c.Revision, 0) != f.config.Revision {
		return nil, &store.ConflictError{Wanted: c.Revision, Current: store.Change{Revision: f.config.Revision}}
	}
	if f.broken != nil {
		return nil, f.broken
	}
	f.config.Document, f.config.Allow = d.JSON(), c.Allow
	f.config.Revision++
	if f.kept == nil {
		f.kept = map[int64][]byte{}
	}
	f.kept[f.config.Revision] = f.config.Document
	return d.Problems(), nil
}

func (f *fake) Remove(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.config.Document = nil
	f.config.Revision++
	return nil
}

func (f *fake) SetRunning(_ context.Context, running bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = !running
	return nil
}

func (f *fake) Health() (gateway.Health, error) {
	const id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/gw1"
	return gateway.Health{Pools: []gateway.PoolHealth{{
		Pool: gateway.Ref{ID: id + "/backendAddressPools/web"},
		Settings: []gateway.SettingsHealth{{
			Settings: gateway.Ref{ID: id + "/backendHttpSettingsCollection/http"},
			Servers:  []gateway.ServerHealth{{Address: "127.0.0.1", Health: "Up"}},
		}},
	}}}, nil
}

func (f *fake) InstanceHealth() (map[string]gateway.Health, error) {
	if f.views != nil || f.mute != nil {
		return f.views, f.mute
	}
	h, err := f.Health()
	return map[string]gateway.Health{"appgw_0": h}, err
}

func (f *fake) Node() string { return f.node }

func (f *fake) Nodes() []store.Node { return f.nodes }

func (f *fake) Admitted(context.Context) ([]string, error) { return f.admitted, nil }

func (f *fake) Probe(_ context.Context, t probe.OnDemand) (gateway.Health, error) {
	f.mu.Lock()
	f.onDemand = t
	f.mu.Unlock()
	return f.Health()
}

func (f *fake) Activity() ([]activity.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.events, nil
}

func (f *fake) Note(e activity.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e.At = time.Now()
	f.events = append(f.events, e)
}

func (f *fake) Status() admin.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return admin.Status{Stopped: f.stopped, Logs: f.logs}
}

// shelf is a store in memory.
type shelf struct {
	mu          sync.Mutex
	items       map[string]store.Item
	writes      int64
	reads       map[string]int // of all items of a kind
	secret      map[string][]byte
	rival       func()           // not nil: somebody else writes, once, before PutItem does
	deleteRival func()           // the same before DeleteItem does
	down        map[string]error // kind → what every access to its items returns
}

// reach is the error of an access to items of a kind.
func (s *shelf) reach(ctx context.Context, kind string) error {
	if err := s.down[kind]; err != nil {
		return err
	}
	return ctx.Err()
}

func (s *shelf) Item(ctx context.Context, kind, name string) (store.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.reach(ctx, kind); err != nil {
		return store.Item{}, err
	}
	r, ok := s.items[kind+" "+name]
	if !ok {
		return r, store.ErrNoItem
	}
	return r, nil
}

func (s *shelf) Items(ctx context.Context, kind string) (out []store.Item, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.reach(ctx, kind); err != nil {
		return nil, err
	}
	s.reads[kind]++
	for _, r := range s.items {
		if r.Kind == kind {
			out = append(out, r)
		}
	}
	return out, nil
}

func (s *shelf) PutItem(ctx context.Context, r store.Item) (int64, error) {
	if rival := s.rival; rival != nil {
		s.rival = nil
		rival()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.reach(ctx, r.Kind); err != nil {
		return 0, err
	}
	if now := s.items[r.Kind+" "+r.Name].Revision; r.Revision != store.AnyRevision && r.Revision != now {
		return 0, store.ErrConflict
	}
	s.writes++
	r.Revision = s.writes
	s.items[r.Kind+" "+r.Name] = r
	return r.Revision, nil
}

func (s *shelf) DeleteItem(ctx context.Context, r store.Item) error {
	if rival := s.deleteRival; rival != nil {
		s.deleteRival = nil
		rival()
	}
	now, err := s.Item(ctx, r.Kind, r.Name)
	if err != nil {
		return err
	}
	if r.Revision != store.AnyRevision && r.Revision != now.Revision {
		return store.ErrConflict
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.items, r.Kind+" "+r.Name)
	return nil
}

func (s *shelf) Secret(_ context.Context, name string, create func() ([]byte, error)) (_ []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secret == nil {
		s.secret = map[string][]byte{}
	}
	if s.secret[name] == nil {
		s.secret[name], err = create()
	}
	return s.secret[name], err
}

const host = "127.0.0.1:8443"

// world is an API in front of a fake gateway, and a client of each role.
type world struct {
	t       testing.TB
	gateway *fake
	shelf   *shelf
	history *past
	server  *Server
	tokens  map[access.Role]string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, gateway: &fake{}, shelf: &shelf{items: map[string]store.Item{}, reads: map[string]int{}}, history: &past{}, tokens: map[access.Role]string{}}
	control := access.NewControl(w.shelf)
	w.server = New(w.gateway, w.shelf, w.history, control, []string{host, "localhost:8443"}, nil)
	for _, role := range access.Roles() {
		c, secret, err := access.Create(t.Context(), w.shelf, role, "")
		if err != nil {
			t.Fatal(err)
		}
		audience := access.Audience{Issuer: "https://" + host + "/adfs", Resource: "https://" + host + "/arm", Tenant: tenant}
		if w.tokens[role], err = control.SignIn(t.Context(), netip.Addr{}, c.ID, secret, audience); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// answer is what a client gets.
type answer struct {
	status int
	header http.Header
	text   string
}

// code is the code of an error.
func (a answer) code() string {
	var body struct{ Error struct{ Code string } }
	if json.Unmarshal([]byte(a.text), &body) != nil {
		return ""
	}
	return body.Error.Code
}

// at is a value within the answer: at("properties", "sku", "name").
func (a answer) at(t *testing.T, path ...string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(a.text), &v); err != nil {
		t.Fatalf("%v: %s", err, a.text)
	}
	for _, p := range path {
		switch x := v.(type) {
		case map[string]any:
			v = x[p]
		case []any:
			var i int
			fmt.Sscan(p, &i)
			if i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// do makes a request as an owner, unless header says otherwise.
func (w *world) do(method, path, body string, header ...string) answer {
	w.t.Helper()
	if !strings.Contains(path, "api-version") {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		path += separator + "api-version=2025-05-01"
	}
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, strings.NewReader(body))
	r.Host, r.RemoteAddr = host, "192.0.2.7:1234"
	r.Header.Set("Authorization", "Bearer "+w.tokens[access.Owner])
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	record := httptest.NewRecorder()
	w.server.ServeHTTP(record, r)
	text, _ := io.ReadAll(record.Body)
	return answer{record.Code, record.Header(), string(text)}
}

func (w *world) as(role access.Role) []string {
	return []string{"Authorization", "Bearer " + w.tokens[role]}
}

const (
	gatewayURL = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/gw1"

	// sloppy is a gateway as az writes one into its templates: names in any case, numbers as text, null for nothing.
	sloppy = `{"Location":"westeurope","zones":null,"properties":{"Sku":{"name":"standard_v2","tier":"Standard_v2","capacity":"2"},
		"frontendIPConfigurations":[{"name":"pub","properties":{"publicIPAddress":{"id":"/x/ip"}}}],
		"frontendPorts":[{"name":"p","properties":{"Port":"8080"}}],
		"backendAddressPools":[{"name":"web","properties":{"BackendAddresses":[{"ipAddress":"127.0.0.1"}]}}],
		"backendHttpSettingsCollection":[{"name":"http","properties":{"Port":9000,"Protocol":"http","CookieBasedAffinity":"disabled"}}],
		"httpListeners":[{"name":"l","properties":{"FrontendIpConfiguration":{"Id":"` + gatewayURL + `/frontendIPConfigurations/pub"},
			"FrontendPort":{"id":"` + gatewayURL + `/frontendPorts/p"},"Protocol":"http","SslCertificate":null}}],
		"requestRoutingRules":[{"Name":"r","properties":{"RuleType":"basic","priority":10,
			"httpListener":{"id":"` + gatewayURL + `/httpListeners/l"},"backendAddressPool":{"id":"` + gatewayURL + `/backendAddressPools/web"},
			"backendHttpSettings":{"id":"` + gatewayURL + `/backendHttpSettingsCollection/http"}}}]}}`
)

func (w *world) created() answer {
	w.t.Helper()
	a := w.do("PUT", gatewayURL, sloppy)
	if a.status != http.StatusCreated {
		w.t.Fatalf("%d %s", a.status, a.text)
	}
	return a
}

// form makes a sign-in.
func (w *world) signIn(path string, values url.Values) answer {
	w.t.Helper()
	return w.do("POST", path, values.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Authorization", "")
}
