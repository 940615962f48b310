package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"causeway/internal/access"
	"causeway/internal/activity"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/store"
)

// house is a gateway that refuses what says so.
type house struct {
	applied Config
	ready   bool
	by      string        // who applied it
	slow    chan struct{} // unless nil, Apply waits until it may give up, and closes it
}

func (h *house) Config() Config {
	c := h.applied
	c.Revision = 7
	return c
}

func (h *house) Health() (gateway.Health, error) {
	return gateway.Health{Pools: []gateway.PoolHealth{{}}}, nil
}

func (h *house) InvitePortal(caller string) (string, error) {
	return "https://127.0.0.1:8443/portal/#code=FOR-" + caller, nil
}

func (h *house) Status() Status { return Status{Ready: h.ready, Name: "gw", Revision: 7} }

// SetRunning does nothing.
func (h *house) SetRunning(context.Context, bool) error { return nil }

// Upgrade does nothing.
func (h *house) Upgrade(context.Context) error { return nil }

// History has one change.
func (h *house) History(context.Context) ([]store.Change, error) {
	return []store.Change{{Revision: 7, Who: "ann"}}, nil
}

// At knows revision 7 only.
func (h *house) At(_ context.Context, revision int64) (Config, error) {
	if revision != 7 {
		return Config{}, &Refusal{store.ErrNoRevision, "look at the history"}
	}
	return h.applied, nil
}

// Rollback is At.
func (h *house) Rollback(ctx context.Context, revision, _ int64) ([]gateway.Problem, error) {
	_, err := h.At(ctx, revision)
	return nil, err
}

// Backup fails in the middle for a recipient of this name.
func (h *house) Backup(_ context.Context, w io.Writer, recipients []string) error {
	io.WriteString(w, "half")
	if len(recipients) > 0 {
		return errors.New("no such recipient")
	}
	return nil
}

// Machine is small.
func (h *house) Access() access.Store { return nil }

func (h *house) Note(activity.Event) {}

func (h *house) Machine() evidence.Machine {
	return evidence.Machine{Cores: 2, ConnectionsLimit: 9}
}

func (h *house) Apply(ctx context.Context, c Config) ([]gateway.Problem, error) {
	if h.slow != nil {
		<-ctx.Done()
		close(h.slow)
		return nil, ctx.Err()
	}
	if strings.Contains(string(c.Document), "refuse") {
		return []gateway.Problem{{Path: "$.x", Message: "wrong"}}, &Refusal{
			Err:  errors.New("the configuration has errors"),
			Hint: "mend it",
		}
	}
	h.applied, h.by = c, activity.CallerOf(ctx, "nobody").Name
	return []gateway.Problem{{Path: "$.y", Severity: gateway.Warning}}, nil
}

func serve(t *testing.T, h *house, address string) (*Server, *Client) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "admin.sock")
	s, err := Listen(socket, address)
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(h, prometheus.NewRegistry())
	t.Cleanup(func() { s.Close() })
	return s, NewClient(socket)
}

func TestControl(t *testing.T) {
	var told bytes.Buffer
	was := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&told, nil)))
	defer slog.SetDefault(was)
	h := &house{ready: true}
	_, c := serve(t, h, "")
	if s, err := c.Status(); err != nil || s.Name != "gw" || s.Revision != 7 {
		t.Errorf("%+v, %v", s, err)
	}
	if m, err := c.Machine(); err != nil || m.Cores != 2 || m.ConnectionsLimit != 9 {
		t.Errorf("%+v, %v", m, err)
	}
	if v, err := c.Health(); err != nil || len(v.Pools) != 1 {
		t.Errorf("%+v, %v", v, err)
	}
	want := Config{Source: document.Source{Document: []byte("{}"), Local: []byte("a: b"), Dir: "/x"}}
	if problems, err := c.Apply(t.Context(), want); err != nil || len(problems) != 1 || problems[0].Severity != gateway.Warning {
		t.Errorf("%v, %v", problems, err)
	}
	if id := fmt.Sprint("uid ", os.Geteuid()); !strings.HasPrefix(h.by, id) || !strings.HasSuffix(h.by, " over the control socket") {
		t.Errorf("applied by %q, want it to be %s", h.by, id)
	}
	if got, err := c.Config(); err != nil || string(got.Document) != "{}" || string(got.Local) != "a: b" || got.Dir != "/x" {
		t.Errorf("%+v, %v", got, err)
	}
	problems, err := c.Apply(t.Context(), Config{Source: document.Source{Document: []byte("refuse")}})
	if err == nil || err.Error() != "the configuration has errors" || len(problems) != 1 || problems[0].Path != "$.x" {
		t.Errorf("%v, %v", problems, err)
	}
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Hint != "mend it" {
		t.Errorf("%#v", err)
	}
	if string(h.applied.Document) != "{}" {
		t.Errorf("a refusal changed %s", h.applied.Document)
	}
	for _, want := range []string{
		`"configuration applied over the control socket" revision=7 by="uid ` + strconv.Itoa(os.Geteuid()),
		`refused; the previous configuration stays in force" error="the configuration has errors"`,
	} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("the gateway's log lacks %s: %s", want, told.String())
		}
	}
}

// A client that leaves while its configuration is being applied takes it back.
func TestClientLeavesDuringApply(t *testing.T) {
	h := &house{slow: make(chan struct{})}
	_, c := serve(t, h, "")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Apply(ctx, Config{Source: document.Source{Document: []byte("{}")}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	select {
	case <-h.slow:
	case <-time.After(10 * time.Second):
		t.Error("the gateway was not told that the client had left")
	}
}

// A part that is nil stays nil on its way, an empty one stays empty: they mean different things.
func TestNilAndEmptyParts(t *testing.T) {
	h := &house{}
	_, c := serve(t, h, "")
	c.Apply(t.Context(), Config{Source: document.Source{Document: []byte("{}")}})
	if h.applied.Local != nil {
		t.Errorf("%q", h.applied.Local)
	}
	c.Apply(t.Context(), Config{Source: document.Source{Document: []byte("{}"), Local: []byte{}}})
	if h.applied.Local == nil {
		t.Error("an empty causeway.yaml is taken for none given")
	}
}

func TestNobodyThere(t *testing.T) {
	if _, err := NewClient(filepath.Join(t.TempDir(), "admin.sock")).Status(); !errors.Is(err, ErrNotRunning) ||
		!strings.HasSuffix(err.Error(), ErrNotRunning.Error()) {
		t.Errorf("%v", err)
	}
}

func TestReadiness(t *testing.T) {
	h := &house{}
	s, _ := serve(t, h, "127.0.0.1:0")
	get := func(path string) int {
		t.Helper()
		r, err := http.Get("http://" + s.Address().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		return r.StatusCode
	}
	if a, b := get("/healthz"), get("/readyz"); a != 200 || b != 503 {
		t.Errorf("before: %d %d", a, b)
	}
	h.ready = true
	if b := get("/readyz"); b != 200 {
		t.Errorf("after: %d", b)
	}
}

func TestSocketThatIsTaken(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "admin.sock")
	s, err := Listen(socket, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := Listen(socket, ""); !errors.Is(err, ErrTaken) { // even before the first answers
		t.Errorf("%v", err)
	}
	if s.Address() != nil {
		t.Error("no TCP address was asked for")
	}
}

// A gateway that ends leaves the control socket to a successor, which has replaced it already and may not have reported so yet.
func TestASuccessorKeepsTheControlSocket(t *testing.T) {
	old, client := serve(t, &house{}, "")
	successor, err := Succeed(SocketPath(old.socket), "", Listeners{})
	if err != nil {
		t.Fatal(err)
	}
	successor.Serve(&house{ready: true}, prometheus.NewRegistry())
	old.Close()
	if status, err := client.Status(); err != nil || !status.Ready {
		t.Errorf("ready: %v, %v", status.Ready, err)
	}
	successor.Close()
	if _, err := os.Lstat(SocketPath(old.socket)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nobody listens, and the file is still there: %v", err)
	}
}

// Who asks while one gateway takes the place of another may be in the queue of the one that goes: the question is asked again.
func TestAskedDuringASuccession(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "admin.sock")
	going, err := ReplaceSocket(socket)
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan error)
	go func() {
		_, err := NewClient(socket).Status()
		asked <- err
	}()
	c, err := going.Accept() // the client is connected
	if err != nil {
		t.Fatal(err)
	}
	s, err := Succeed(socket, "", Listeners{})
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(&house{}, prometheus.NewRegistry())
	defer s.Close()
	going.Close()
	c.Close()
	if err := <-asked; err != nil {
		t.Error(err)
	}
}

// The history, an old revision, a rollback and a backup go over the control socket; a refusal comes with its hint, and a
// backup that broke off is an error.
func TestHistoryAndBackup(t *testing.T) {
	h := &house{applied: Config{Source: document.Source{Document: []byte("doc")}}}
	server, c := serve(t, h, "")
	defer server.Close()
	if all, err := c.History(); err != nil || len(all) != 1 || all[0].Who != "ann" {
		t.Errorf("%+v %v", all, err)
	}
	if got, err := c.At(7); err != nil || string(got.Document) != "doc" {
		t.Errorf("%s %v", got.Document, err)
	}
	if _, err := c.At(3); HintOf(err) != "look at the history" {
		t.Errorf("%v", err)
	}
	if _, err := c.Rollback(t.Context(), 7); err != nil {
		t.Error(err)
	}
	if _, err := c.Rollback(t.Context(), 3); HintOf(err) != "look at the history" {
		t.Errorf("%v", err)
	}
	var b bytes.Buffer
	if err := c.Backup(t.Context(), &b, nil); err != nil || b.String() != "half" {
		t.Errorf("%q %v", b.String(), err)
	}
	if err := c.Backup(t.Context(), &b, []string{"nobody"}); err == nil || !strings.Contains(err.Error(), "no such recipient") {
		t.Errorf("%v", err)
	}
}

// A link to the portal signs in as the user who asks for it.
func TestPortalLink(t *testing.T) {
	_, client := serve(t, &house{}, "")
	link, err := client.PortalLink()
	if want := fmt.Sprint("#code=FOR-uid ", os.Geteuid()); err != nil || !strings.Contains(link, want) {
		t.Errorf("%s, %v; want %s", link, err, want)
	}
}
