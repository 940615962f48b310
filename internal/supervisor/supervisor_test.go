package supervisor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
)

// house is a gateway with its files, and one member.
type house struct {
	*testing.T
	o     Options
	port  int
	slow  chan struct{} // requests to /slow wait for it
	s     *Supervisor
	ended chan struct{}
	quit  context.CancelFunc
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{T: t, port: freePort(t), slow: make(chan struct{})}
	dir := t.TempDir()
	member := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-h.slow
		}
		io.WriteString(w, "ok")
	}))
	t.Cleanup(member.Close)
	h.o = Options{
		Config: filepath.Join(dir, "gateway.json"), Local: filepath.Join(dir, "causeway.yaml"), Data: filepath.Join(dir, "data"),
		Listen: "127.0.0.1", PortOffset: h.port - 80, Admin: "127.0.0.1:0", Drain: 5 * time.Second,
	}
	h.write(h.o.Config, gatewayOn("10.0.0.4"))
	h.write(h.o.Local, "members:\n  10.0.0.4: "+strings.TrimPrefix(member.URL, "http://")+"\n")
	return h
}

func (h *house) write(path, text string) {
	h.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.Fatal(err)
	}
}

// gatewayOn is a gateway on port 80 for one member.
func gatewayOn(member string) string {
	const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"
	ref := func(kind, name string) string { return `{"id":"` + id + "/" + kind + "/" + name + `"}` }
	return `{"name":"gw","id":"` + id + `","location":"westeurope","properties":{"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1},
	"gatewayIPConfigurations":[{"name":"ip","properties":{"subnet":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/a"}}}],
	"frontendIPConfigurations":[{"name":"public","properties":{"publicIPAddress":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/p"}}}],
	"frontendPorts":[{"name":"http","properties":{"port":80}}],
	"backendAddressPools":[{"name":"pool","properties":{"backendAddresses":[{"ipAddress":"` + member + `"}]}}],
	"backendHttpSettingsCollection":[{"name":"settings","properties":{"port":80,"protocol":"Http","requestTimeout":20}}],
	"httpListeners":[{"name":"listener","properties":{"protocol":"Http","frontendIPConfiguration":` + ref("frontendIPConfigurations", "public") +
		`,"frontendPort":` + ref("frontendPorts", "http") + `}}],
	"requestRoutingRules":[{"name":"rule","properties":{"ruleType":"Basic","priority":100,"httpListener":` + ref("httpListeners", "listener") +
		`,"backendAddressPool":` + ref("backendAddressPools", "pool") + `,"backendHttpSettings":` + ref("backendHttpSettingsCollection",
		"settings") + `}}]}}`
}

func (h *house) start() {
	h.Helper()
	s, problems, err := Start(h.Context(), h.o)
	if err != nil {
		h.Fatalf("%v %v", err, problems)
	}
	var ctx context.Context
	h.s, h.ended = s, make(chan struct{})
	ctx, h.quit = context.WithCancel(context.Background())
	go func() {
		s.Run(ctx)
		close(h.ended)
	}()
	h.Cleanup(h.end)
}

// end is what SIGTERM does.
func (h *house) end() {
	h.quit()
	<-h.ended
}

func (h *house) url(path string) string { return fmt.Sprint("http://127.0.0.1:", h.port, path) }

func (h *house) get(url string) (int, string) {
	h.Helper()
	r, err := http.Get(url)
	if err != nil {
		h.Fatal(err)
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(b)
}

func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// logged are the records on disk.
func (h *house) logged() (rows []accesslog.Record) {
	h.Helper()
	filepath.Walk(LogRoot(h.o.Data), func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return nil
		}
		b, _ := os.ReadFile(path)
		for _, line := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
			r, _, err := accesslog.Decode(line)
			if err != nil {
				h.Errorf("%s: %v", line, err)
			}
			rows = append(rows, r)
		}
		return nil
	})
	return rows
}

// From files to an answer, and from there to disk.
func TestServe(t *testing.T) {
	h := newHouse(t)
	h.start()
	if status, body := h.get(h.url("/")); status != 200 || body != "ok" {
		t.Errorf("%d %q", status, body)
	}
	c := admin.NewClient(Socket(h.o.Data))
	status, err := c.Status()
	if err != nil || !status.Ready || status.Name != "gw" || status.Revision != 1 || len(status.Ports) != 1 || status.PID != os.Getpid() {
		t.Errorf("%+v, %v", status, err)
	}
	health, err := c.Health()
	if err != nil || health.Pools[0].Settings[0].Servers[0].Health != "Up" {
		t.Errorf("%+v, %v", health, err)
	}
	info, err := os.Stat(Socket(h.o.Data))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if info, err = os.Stat(h.o.Data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	h.end()
	if rows := h.logged(); len(rows) != 1 || rows[0].Status != 200 || rows[0].Listener != "listener" {
		t.Errorf("on disk: %+v", rows)
	}
	b, err := os.ReadFile(HealthFile(h.o.Data))
	var kept gateway.Health
	if err != nil || json.Unmarshal(b, &kept) != nil || kept.Pools[0].Settings[0].Servers[0].Health != "Up" {
		t.Errorf("%s, %v", b, err)
	}
	if _, err := os.Stat(Socket(h.o.Data)); err == nil {
		t.Error("the control socket was left behind")
	}
}

// The read-only address answers three GETs and nothing else.
func TestAdminAddress(t *testing.T) {
	h := newHouse(t)
	h.start()
	base := "http://" + h.s.admin.Address().String()
	for path, want := range map[string]int{
		"/healthz": 200, "/readyz": 200, "/metrics": 200, "/config": 404, "/health": 404, "/status": 404,
		"/": 404, "/debug/pprof/": 404,
	} {
		if status, _ := h.get(base + path); status != want {
			t.Errorf("GET %s: %d, want %d", path, status, want)
		}
	}
	for _, path := range []string{"/config", "/healthz", "/metrics"} {
		req, _ := http.NewRequest(http.MethodPut, base+path, strings.NewReader("{}"))
		r, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode < 400 {
			t.Errorf("PUT %s: %d", path, r.StatusCode)
		}
	}
	h.get(h.url("/"))
	for _, want := range []string{
		`causeway_healthy_hosts{instance_id="appgw_0",pool="pool",settings="settings"} 1`,
		`causeway_unhealthy_hosts{instance_id="appgw_0",pool="pool",settings="settings"} 0`,
		`causeway_backend_idle_connections{instance_id="appgw_0"} 1`,
		`causeway_requests_total{instance_id="appgw_0",listener="listener",pool="pool",settings="settings",status="200"} 1`,
		`causeway_log_records_lost_total{instance_id="appgw_0"} 0`,
		`causeway_instances{instance_id="supervisor"} 1`,
	} {
		h.scrape(base+"/metrics", want)
	}
}

// docs/metrics.md lists every metric that a running gateway has.
func TestMetricsAreDocumented(t *testing.T) {
	h := newHouse(t)
	h.start()
	doc, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	h.get(h.url("/"))
	families, err := h.s.gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if name := f.GetName(); strings.HasPrefix(name, "causeway_") && !strings.Contains(string(doc), "`"+name+"`") {
			t.Errorf("docs/metrics.md lacks %s", name)
		}
	}
}

// scrape waits until the metrics say something: a request is counted when its client has its answer already.
func (h *house) scrape(url, want string) {
	h.Helper()
	var metrics string
	for range 500 {
		if _, metrics = h.get(url); strings.Contains(metrics, want) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	h.Errorf("no %s in\n%s", want, metrics)
}

// A second gateway on the same data directory is refused before it does anything, and the first goes on.
func TestSecondGatewayIsRefused(t *testing.T) {
	h := newHouse(t)
	h.start()
	before := h.s.Config()
	o := h.o
	o.PortOffset = freePort(t) - 80
	h.write(h.o.Config, gatewayOn("10.0.0.9"))
	if _, _, err := Start(t.Context(), o); !errors.Is(err, admin.ErrTaken) {
		t.Errorf("%v", err)
	}
	if after := h.s.Config(); !bytes.Equal(before.Document, after.Document) || h.s.Status().Revision != 1 {
		t.Error("it wrote over what the first one keeps")
	}
	if status, _ := h.get(h.url("/")); status != 200 {
		t.Error(status)
	}
	if _, err := admin.NewClient(Socket(h.o.Data)).Status(); err != nil {
		t.Error(err)
	}
}

// A socket that a crash left behind is no gateway.
func TestStaleSocketIsReplaced(t *testing.T) {
	h := newHouse(t)
	os.MkdirAll(h.o.Data, 0o700)
	ln, err := net.Listen("unix", Socket(h.o.Data))
	if err != nil {
		t.Fatal(err)
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	ln.Close()
	h.start()
	if _, err := admin.NewClient(Socket(h.o.Data)).Status(); err != nil {
		t.Error(err)
	}
}

func TestApply(t *testing.T) {
	h := newHouse(t)
	h.start()
	c := admin.NewClient(Socket(h.o.Data))
	if _, err := c.Apply(t.Context(),
		admin.Config{Source: document.Source{Document: []byte(strings.Replace(gatewayOn("10.0.0.4"), `"requestTimeout":20`,
			`"requestTimeout":30`, 1))}}); err != nil {
		t.Fatal(err)
	}
	got, err := c.Config()
	if err != nil || !bytes.Contains(got.Document, []byte(`"requestTimeout": 30`)) || !bytes.Contains(got.Local, []byte("members:")) {
		t.Errorf("the part that was left alone stays: %s %s %v", got.Document, got.Local, err)
	}
	for what, doc := range map[string]string{"not JSON": "{", "invalid": strings.Replace(gatewayOn("10.0.0.4"), `"port":80,"protocol"`,
		`"port":99999,"protocol"`, 1)} {
		problems, err := c.Apply(t.Context(), admin.Config{Source: document.Source{Document: []byte(doc)}})
		if err == nil {
			t.Errorf("%s: applied", what)
		}
		if what == "invalid" && (!gateway.HasErrors(problems) || !strings.Contains(err.Error(), ErrInvalid.Error())) {
			t.Errorf("%v %v", problems, err)
		}
	}
	if _, err := c.Apply(t.Context(), admin.Config{Source: document.Source{Local: []byte("connectTimeout: soon\n")}}); err == nil {
		t.Error("a bad causeway.yaml was applied")
	}
	if status, _ := c.Status(); status.Revision != 2 {
		t.Errorf("revision %d", status.Revision)
	}
	base := "http://" + h.s.admin.Address().String() + "/metrics"
	h.scrape(base, `causeway_reloads_total{instance_id="supervisor",result="applied"} 2`)
	h.scrape(base, `causeway_reloads_total{instance_id="supervisor",result="refused"} 3`)
	if status, _ := h.get(h.url("/")); status != 200 {
		t.Error(status)
	}
}

// A reload writes the files into the store. At a restart the store wins over the files, whatever these say by then.
func TestReloadAndRestart(t *testing.T) {
	told := new(toldLog)
	was := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(told, nil)))
	defer slog.SetDefault(was)
	h := newHouse(t)
	h.start()
	h.write(h.o.Config, strings.Replace(gatewayOn("10.0.0.4"), `"requestTimeout":20`, `"requestTimeout":21`, 1))
	if _, err := h.s.Reload(t.Context()); err != nil || h.s.Status().Revision != 2 {
		t.Fatal(err)
	}
	h.write(h.o.Config, "{")
	if _, err := h.s.Reload(t.Context()); err == nil {
		t.Error("reloaded nonsense")
	}
	os.Remove(h.o.Config)
	if _, err := h.s.Reload(t.Context()); err == nil || h.s.Status().Revision != 2 {
		t.Errorf("reloaded nothing: %v", err)
	}
	h.end()
	restart := func(says string) {
		t.Helper()
		told.take()
		h.start()
		if text := told.take(); strings.Contains(text, "of --config") != (says != "") || !strings.Contains(text, says) {
			t.Errorf("want %q:\n%s", says, text)
		}
		if s := h.s.Status(); s.Revision != 2 || !bytes.Contains(h.s.Config().Document, []byte(`"requestTimeout": 21`)) {
			t.Errorf("%+v", s)
		}
		if status, _ := h.get(h.url("/")); status != 200 {
			t.Error(status)
		}
		h.end()
	}
	restart("cannot be read")
	h.write(h.o.Config, "{")
	restart("cannot be read")
	h.write(h.o.Config, gatewayOn("10.0.0.4"))
	restart("differs from the stored configuration")
	h.write(h.o.Config, strings.Replace(gatewayOn("10.0.0.4"), `"requestTimeout":20`, `"requestTimeout":21`, 1))
	restart("")
	h.write(h.o.Config, strings.ReplaceAll(gatewayOn("10.0.0.4"), `"name":"gw"`, `"name":"another"`))
	if _, _, err := Start(t.Context(), h.o); err == nil || !strings.Contains(err.Error(), `holds "gw"`) || !strings.Contains(admin.HintOf(err), "--data") {
		t.Errorf("the document of another gateway: %v", err)
	}
	h.o.Config = ""
	restart("")
}

// A reload that undoes what was applied over the control socket says so; any other does not.
func TestReloadOverApplied(t *testing.T) {
	told := new(toldLog)
	was := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(told, nil)))
	defer slog.SetDefault(was)
	h := newHouse(t)
	h.start()
	reload := func(warns bool) {
		t.Helper()
		told.take()
		_, err := h.s.Reload(t.Context())
		if text := told.take(); err != nil || strings.Contains(text, "have replaced what was applied") != warns {
			t.Errorf("%v %s", err, text)
		}
	}
	longer := strings.Replace(gatewayOn("10.0.0.4"), `"requestTimeout":20`, `"requestTimeout":21`, 1)
	apply := func() {
		t.Helper()
		if _, err := h.s.Apply(t.Context(), admin.Config{Source: document.Source{Document: []byte(longer)}}); err != nil {
			t.Fatal(err)
		}
	}
	reload(false)
	apply()
	reload(true)
	reload(false)
	apply()
	h.write(h.o.Config, longer)
	reload(false)
}

// toldLog is what was logged, also while others log.
type toldLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *toldLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// take returns what was logged since it was last called.
func (l *toldLog) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.text.String()
	l.text.Reset()
	return text
}

// SIGTERM: what is under way is answered, then the end comes.
func TestDrainAtTheEnd(t *testing.T) {
	h := newHouse(t)
	h.start()
	answered := make(chan int)
	go func() {
		status, _ := h.get(h.url("/slow"))
		answered <- status
	}()
	for h.s.metricsLive() == 0 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond)
	h.quit()
	time.Sleep(20 * time.Millisecond)
	if status, _ := h.get(h.url("/")); status != 200 { // a successor may be on its way: nobody is refused yet
		t.Error(status)
	}
	time.Sleep(successorTime + 200*time.Millisecond)
	if _, err := net.DialTimeout("tcp", fmt.Sprint("127.0.0.1:", h.port), time.Second); err == nil {
		t.Error("it still accepts")
	}
	close(h.slow)
	if status := <-answered; status != 200 {
		t.Error(status)
	}
	<-h.ended
	if rows := h.logged(); len(rows) != 2 || rows[0].Status != 200 {
		t.Errorf("%+v", rows)
	}
}

// metricsLive is the number of client connections now.
func (s *Supervisor) metricsLive() (n float64) {
	families, _ := s.gather()
	for _, f := range families {
		if f.GetName() == "causeway_client_connections" {
			n = f.Metric[0].GetGauge().GetValue()
		}
	}
	return n
}

// Logs that cannot be written cost log lines, which are counted, and no request.
func TestDiskThatTakesNothing(t *testing.T) {
	h := newHouse(t)
	h.start()
	if err := os.RemoveAll(LogRoot(h.o.Data)); err != nil {
		t.Fatal(err)
	}
	h.write(LogRoot(h.o.Data), "a file where a directory is wanted")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				if status, _ := h.get(h.url("/")); status != 200 {
					t.Error(status)
				}
			}
		})
	}
	wg.Wait()
	h.scrape("http://"+h.s.admin.Address().String()+"/metrics", `causeway_log_records_lost_total{instance_id="appgw_0"} 20`)
	if lost := h.s.Status().Lost; lost != 20 {
		t.Errorf("%d records lost", lost)
	}
}

func TestStartErrors(t *testing.T) {
	f := func(edit func(h *house), want string) {
		t.Helper()
		h := newHouse(t)
		edit(h)
		s, problems, err := Start(t.Context(), h.o)
		if s != nil || err == nil || !strings.Contains(fmt.Sprint(err, problems), want) {
			t.Errorf("%v %v, want %s", err, problems, want)
		}
		if _, err := os.Stat(Socket(h.o.Data)); err == nil {
			t.Error("the control socket was left behind")
		}
	}
	f(func(h *house) { os.Remove(h.o.Config) }, "no such file")
	f(func(h *house) { h.write(h.o.Config, "[]") }, "read the gateway document")
	f(func(h *house) {
		h.write(h.o.Config, strings.Replace(gatewayOn("10.0.0.4"), `"port":80,`, `"port":0,`, 1))
	}, "has errors")
	f(func(h *house) { h.write(h.o.Local, "members: [") }, "causeway.yaml")
	f(func(h *house) { h.o.Admin = "nonsense" }, "--admin nonsense")
	f(func(h *house) {
		ln, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", h.port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ln.Close() })
	}, "this gateway has it already")
}
