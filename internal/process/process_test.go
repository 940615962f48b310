package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"causeway/internal/conn"
	"causeway/internal/gateway/document"
	"causeway/internal/route"
)

// TestMain is also the program of the instances that the tests start.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "instance" {
		if err := Main("test"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// home is an instance with a member, and the listening socket that its supervisor would have.
type home struct {
	*testing.T
	data    string
	port    int
	binding route.Binding
	sockets map[string]int
	member  string
}

func newHome(t *testing.T) *home {
	t.Helper()
	member := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	t.Cleanup(member.Close)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	fd, err := conn.Descriptor(ln)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	return &home{
		T: t, data: t.TempDir(), port: ln.Addr().(*net.TCPAddr).Port, member: strings.TrimPrefix(member.URL, "http://"),
		binding: route.Binding{Listen: "127.0.0.1"}, sockets: map[string]int{ln.Addr().String(): fd},
	}
}

func (h *home) start() *Process {
	h.Helper()
	p, err := Start(h.Context(), Command{Path: os.Args[0], Args: []string{"instance"}}, Setup{Data: h.data, Number: 3, Binding: h.binding, Version: "test"}, nil)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { p.Kill("the test is over"); <-p.Gone() })
	return p
}

// config is a gateway on the socket, with a request timeout, by which they differ.
func (h *home) config(timeout int) Config {
	const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"
	ref := func(kind, name string) string { return `{"id":"` + id + "/" + kind + "/" + name + `"}` }
	return Config{Source: document.Source{
		Document: fmt.Appendf(nil, `{"name":"gw","id":"%s","location":"w","properties":{"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1},
"frontendIPConfigurations":[{"name":"f","properties":{"publicIPAddress":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/p"}}}],
"frontendPorts":[{"name":"p","properties":{"port":%d}}],"backendAddressPools":[{"name":"b","properties":{"backendAddresses":[{"ipAddress":"10.0.0.4"}]}}],
"backendHttpSettingsCollection":[{"name":"s","properties":{"port":80,"protocol":"Http","requestTimeout":%d}}],
"httpListeners":[{"name":"l","properties":{"protocol":"Http","frontendIPConfiguration":%s,"frontendPort":%s}}],
"requestRoutingRules":[{"name":"r","properties":{"ruleType":"Basic","priority":1,"httpListener":%s,"backendAddressPool":%s,"backendHttpSettings":%s}}]}}`,
			id, h.port, timeout, ref("frontendIPConfigurations", "f"), ref("frontendPorts", "p"), ref("httpListeners", "l"),
			ref("backendAddressPools", "b"), ref("backendHttpSettingsCollection", "s")),
		Local: []byte("members: {10.0.0.4: \"" + h.member + "\"}\n"),
	}}
}

func (h *home) prepare(p *Process, timeout int) *Change {
	h.Helper()
	c, err := p.Prepare(h.Context(), h.config(timeout), h.sockets, 5*time.Second)
	if err != nil {
		h.Fatal(err)
	}
	return c
}

func (h *home) get() string {
	h.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	r, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", h.port))
	if err != nil {
		return err.Error()
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return string(b)
}

// The life of an instance: it prepares, serves, answers what it is asked, drains and ends.
func TestLifeOfAnInstance(t *testing.T) {
	h := newHome(t)
	p := h.start()
	if s, err := p.State(AnswerTime); err != nil || s.Revision != 0 || s.PID != p.PID || s.Number != 3 || s.Build != "test" {
		t.Fatalf("%+v %v", s, err)
	}
	c := h.prepare(p, 20)
	if s, _ := p.State(AnswerTime); s.Revision != 0 || len(s.Addresses) != 0 {
		t.Errorf("what is only prepared is served: %+v", s)
	}
	if err := c.Serve(7); err != nil {
		t.Fatal(err)
	}
	if got := h.get(); got != "ok" {
		t.Errorf("%q", got)
	}
	if s := p.Last(); s.Revision != 7 || len(s.Addresses) != 1 {
		t.Errorf("%+v", s)
	}
	if health, err := p.Health(AnswerTime); err != nil || health.Pools[0].Settings[0].Servers[0].Health != "Up" {
		t.Errorf("%+v %v", health, err)
	}
	families, err := p.Metrics()
	if err != nil || len(families) < 20 {
		t.Errorf("%d families of metrics, %v", len(families), err)
	}
	if m, err := p.Machine(AnswerTime); err != nil || m.Cores == 0 {
		t.Errorf("%+v %v", m, err)
	}
	if err := p.Drain(5 * time.Second); err != nil {
		t.Error(err)
	}
	<-p.Gone()
	if e := p.Exit(); !e.Known || !e.Drained || e.Code != 0 || e.Signal != 0 {
		t.Errorf("%+v", e)
	}
	if found, dead := Adopt(h.data, nil); len(found)+len(dead) != 0 {
		t.Errorf("it left something behind: %v %v", found, dead)
	}
}

// What was prepared and not served is given up: on request, when the conversation ends, and when another is prepared. What is
// served stays.
func TestPreparedIsGivenUp(t *testing.T) {
	h := newHome(t)
	p := h.start()
	if err := h.prepare(p, 20).Serve(1); err != nil {
		t.Fatal(err)
	}
	h.prepare(p, 21).Abandon()
	h.prepare(p, 22).c.Close() // as if the supervisor had died
	if err := h.prepare(p, 23).Serve(2); err != nil {
		t.Fatal(err)
	}
	if s, err := p.State(AnswerTime); err != nil || s.Revision != 2 || h.get() != "ok" {
		t.Errorf("%+v %v", s, err)
	}
}

// Two supervisors talk to one instance. What one of them serves or gives up leaves the sockets alone that came from the other.
func TestConversationsOwnTheirSockets(t *testing.T) {
	h, other := newHome(t), newHome(t)
	p := h.start()
	first := h.prepare(p, 20)
	second := make(chan *Change, 1)
	go func() { second <- other.prepare(p, 20) }() // it waits for the first
	time.Sleep(300 * time.Millisecond)
	if err := first.Serve(1); err != nil {
		t.Fatal(err)
	}
	if err := (<-second).Serve(2); err != nil {
		t.Fatal(err)
	}
	if got := other.get(); got != "ok" || p.Last().Revision != 2 {
		t.Errorf("%q, revision %d", got, p.Last().Revision)
	}
}

// A configuration that cannot be served is refused with its reason, and changes nothing.
func TestRefusal(t *testing.T) {
	h := newHome(t)
	p := h.start()
	if err := h.prepare(p, 20).Serve(1); err != nil {
		t.Fatal(err)
	}
	refusal := new(Refusal)
	bad := h.config(20)
	bad.Document = []byte("{")
	if _, err := p.Prepare(t.Context(), bad, h.sockets, time.Second); !errors.As(err, &refusal) || !strings.Contains(err.Error(), "gateway document") {
		t.Errorf("nonsense: %v", err)
	}
	h.port++ // a port for which there is no socket
	if _, err := p.Prepare(t.Context(), h.config(20), h.sockets, time.Second); !errors.As(err, &refusal) || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("without a socket: %v", err)
	}
	h.port--
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the client left"))
	if _, err := p.Prepare(ctx, h.config(20), h.sockets, time.Second); err == nil || !strings.Contains(err.Error(), "the client left") {
		t.Errorf("after the client left: %v", err)
	}
	if got := h.get(); got != "ok" || p.Last().Revision != 1 {
		t.Errorf("%q", got)
	}
}

// An instance that is killed is noticed at once, with the signal; another supervisor finds one that lives, with its sockets.
func TestDeathAndAdoption(t *testing.T) {
	h := newHome(t)
	p := h.start()
	if err := h.prepare(p, 20).Serve(1); err != nil {
		t.Fatal(err)
	}
	found, dead := Adopt(h.data, nil)
	if len(dead) > 0 || len(found) != 1 || found[0].PID != p.PID || found[0].Number != 3 || found[0].Last().Revision != 1 {
		t.Fatalf("%+v", found)
	}
	sockets, err := found[0].Sockets()
	if err != nil || len(sockets) != 1 {
		t.Errorf("%v %v", sockets, err)
	}
	for _, fd := range sockets {
		ln, err := conn.Listener(fd)
		if err != nil || ln.Addr().(*net.TCPAddr).Port != h.port {
			t.Errorf("%v", err)
		}
		ln.Close()
		syscall.Close(fd)
	}
	p.Kill("the test wants it")
	<-p.Gone()
	<-found[0].Gone()
	e := p.Exit()
	if !e.Known { // the system says it once, and here both ask
		e = found[0].Exit()
	}
	if !e.Known || e.Drained || e.Signal != syscall.SIGKILL || e.Connections != 0 {
		t.Errorf("%+v", e)
	}
	if _, err := p.State(AnswerTime); err == nil {
		t.Error("a dead instance answers")
	}
}

// An instance knows since when it has no supervisor, also when one came in between that served nothing; one that serves is its supervisor.
func TestAnInstanceKnowsSinceWhenItIsAlone(t *testing.T) {
	h := &host{ended: make(chan struct{})}
	close(h.ended)
	visit := func(serves bool) int64 {
		h.talks.Add(1)
		if serves {
			one := talk{host: h, serve: func(uint64) {}}
			one.answer(&question{Verb: serve}, nil)
			if h.alone.Load() != 0 {
				t.Error("alone beside a supervisor that serves")
			}
		}
		h.left()
		return h.alone.Load()
	}
	first := visit(true)
	if age := time.Since(time.Unix(0, first)); age < 0 || age > time.Minute {
		t.Errorf("alone since %s ago", age)
	}
	if again := visit(false); again != first {
		t.Errorf("alone since %d, want %d: the one in between served nothing", again, first)
	}
	if after := visit(true); after <= first {
		t.Errorf("alone since %d, and a supervisor has served after %d", after, first)
	}
}

// An instance is killed while no supervisor runs. The next one finds that out from what it left behind, once. One that drained leaves
// nothing.
func TestDeathThatNobodySaw(t *testing.T) {
	h := newHome(t)
	p := h.start()
	if err := h.prepare(p, 20).Serve(1); err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", h.port))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	time.Sleep(beatEvery + 500*time.Millisecond)
	kept, err := os.ReadFile(heartbeatOf(p.socket))
	if err != nil || len(kept) != beatSize {
		t.Fatalf("%q, %v", kept, err)
	}
	socket, err := net.ListenUnix("unix", &net.UnixAddr{Name: p.socket + ".other", Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	p.Kill("")
	<-p.Gone() // this supervisor has tidied up: put back what one that died would have left
	socket.SetUnlinkOnClose(false)
	socket.Close()
	if err := errors.Join(os.Rename(p.socket+".other", p.socket), os.WriteFile(heartbeatOf(p.socket), kept, 0o600)); err != nil {
		t.Fatal(err)
	}
	_, dead := Adopt(h.data, nil)
	if len(dead) != 1 || dead[0].Number != 3 || dead[0].PID != p.PID {
		t.Fatalf("%+v", dead)
	}
	if e := dead[0].Exit(); e.Drained || e.Known || e.Connections != 1 || time.Since(e.Seen) > 10*time.Second || dead[0].Started.IsZero() {
		t.Errorf("%+v", e)
	}
	if found, dead := Adopt(h.data, nil); len(found)+len(dead) != 0 {
		t.Errorf("found again: %v %v", found, dead)
	}
}

// A program that is no instance costs its error, and leaves nothing behind.
func TestStartFails(t *testing.T) {
	h := newHome(t)
	for path, want := range map[string]string{"/nowhere/causeway": "no such file", "/bin/false": "ended before it was ready"} {
		_, err := Start(t.Context(), Command{Path: path}, Setup{Data: h.data}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	begin := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := Start(ctx, Command{Path: "/bin/sleep", Args: []string{"60"}}, Setup{Data: h.data}, nil); err == nil || time.Since(begin) > 5*time.Second {
		t.Errorf("a program that says nothing: %v after %v", err, time.Since(begin))
	}
	held := errors.New("not held")
	_, err := Start(t.Context(), Command{Path: os.Args[0], Args: []string{"instance"}}, Setup{Data: h.data}, func(int) error { return held })
	if !errors.Is(err, held) {
		t.Errorf("%v", err)
	}
}
