package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"causeway/internal/gateway/document"
	"causeway/internal/store"
)

// logged collects what the store and its etcd write to the log.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var lines logged

func TestMain(m *testing.M) {
	if dir := os.Getenv(memberVariable); dir != "" {
		serveMember(dir)
		return
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(&lines, nil)))
	os.Exit(m.Run())
}

func open(t *testing.T, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openSingle(t *testing.T) *store.Store {
	t.Helper()
	return open(t, store.Options{Dir: filepath.Join(t.TempDir(), "store")})
}

// gateway is a document with a certificate; the port tells one from another.
func gateway(t *testing.T, port int) []byte {
	t.Helper()
	d, err := document.Parse(fmt.Appendf(nil, `{"name":"g","properties":{"sku":{"name":"Standard_v2","tier":"Standard_v2"},
		"frontendPorts":[{"name":"p","properties":{"port":%d}},{"name":"q","properties":{"port":443}}],
		"sslCertificates":[{"name":"c","properties":{"data":"UEZYREFUQQ==","password":"hunter2"}}]}}`, port))
	if err != nil {
		t.Fatal(err)
	}
	return d.JSON()
}

func put(t *testing.T, s *store.Store, port int, if_ int64) int64 {
	t.Helper()
	n, err := s.Put(t.Context(), store.Snapshot{Document: gateway(t, port), Who: "ann", Note: fmt.Sprint("port ", port)}, if_)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func config(t *testing.T, s *store.Store) store.Snapshot {
	t.Helper()
	c, err := s.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnEmptyStore(t *testing.T) {
	s := openSingle(t)
	if _, err := s.Config(t.Context()); !errors.Is(err, store.ErrEmpty) {
		t.Errorf("Config: %v", err)
	}
	if h, err := s.History(t.Context()); err != nil || len(h) != 0 {
		t.Errorf("History = %v, %v", h, err)
	}
	if _, err := s.Put(t.Context(), store.Snapshot{Document: gateway(t, 80)}, 7); !errors.Is(err, store.ErrConflict) {
		t.Errorf("Put over a revision that is not there: %v", err)
	}
}

func TestWhatWasPutComesBack(t *testing.T) {
	s := openSingle(t)
	want := store.Snapshot{
		Document: gateway(t, 80),
		Shared:   []byte("keepAliveHint: honour\n"),
		Allow:    []string{"firewall"},
		State:    store.Stopped,
		Who:      "ann",
		Note:     "the first",
	}
	var err error
	if want.Revision, err = s.Put(t.Context(), want, 0); err != nil || want.Revision != 1 {
		t.Fatalf("Put = %d, %v", want.Revision, err)
	}
	got := config(t, s)
	if age := time.Since(got.When); age < 0 || age > time.Minute {
		t.Errorf("written at %v", got.When)
	}
	want.When = got.When
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAWriteNamesWhatItReplaces(t *testing.T) {
	s := openSingle(t)
	first := put(t, s, 80, 0)
	second := put(t, s, 81, first)
	_, err := s.Put(t.Context(), store.Snapshot{Document: gateway(t, 82), Who: "bob"}, first)
	var conflict *store.ConflictError
	if !errors.As(err, &conflict) || conflict.Current.Revision != second || conflict.Current.Who != "ann" {
		t.Fatalf("an old revision replaced a newer one: %v", err)
	}
	if !strings.Contains(err.Error(), "revision 2, written by ann at 20") {
		t.Errorf("the message is %q", err)
	}
	if n := put(t, s, 82, store.AnyRevision); n != 3 {
		t.Errorf("any revision: %d", n)
	}
	if n := put(t, s, 82, 3); n != 3 {
		t.Errorf("a write without a change made revision %d", n)
	}
}

// Of many writers that replace the same revision one wins, each time.
func TestOneOfManyWritersWins(t *testing.T) {
	s := openSingle(t)
	const writers, rounds = 8, 10
	revision := int64(0)
	for round := range rounds {
		var wins, conflicts int
		var mu sync.Mutex
		var all sync.WaitGroup
		for w := range writers {
			text := gateway(t, 1000+round*writers+w)
			all.Go(func() {
				_, err := s.Put(t.Context(), store.Snapshot{Document: text}, revision)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					wins++
				case errors.Is(err, store.ErrConflict):
					conflicts++
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		revision++
		if wins != 1 || conflicts != writers-1 {
			t.Errorf("round %d: %d writers won, %d lost", round, wins, conflicts)
		}
		if got := config(t, s).Revision; got != revision {
			t.Fatalf("round %d: revision %d, want %d", round, got, revision)
		}
	}
}

func TestHistoryAndRollback(t *testing.T) {
	s := open(t, store.Options{Dir: filepath.Join(t.TempDir(), "s"), History: 5})
	for n := range int64(8) {
		put(t, s, 8000+int(n), n)
	}
	h, err := s.History(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var revisions []int64
	for _, c := range h {
		revisions = append(revisions, c.Revision)
	}
	if diff := cmp.Diff([]int64{8, 7, 6, 5, 4}, revisions); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"child/frontendPorts/p"}, h[0].Keys); diff != "" || h[0].Note != "port 8007" || h[0].Who != "ann" {
		t.Errorf("the last change is %+v", h[0])
	}
	for n := int64(4); n <= 8; n++ {
		c, err := s.At(t.Context(), n)
		if err != nil || c.Revision != n || !bytes.Equal(c.Document, gateway(t, 8000+int(n)-1)) {
			t.Errorf("At(%d) = revision %d, %v", n, c.Revision, err)
		}
	}
	for _, n := range []int64{0, 3, 9} {
		if _, err := s.At(t.Context(), n); !errors.Is(err, store.ErrNoRevision) {
			t.Errorf("At(%d): %v", n, err)
		}
	}
	old, err := s.At(t.Context(), 5)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Put(t.Context(), old, 8); err != nil || n != 9 {
		t.Fatalf("rollback: %d, %v", n, err)
	}
	if got := config(t, s); !bytes.Equal(got.Document, old.Document) {
		t.Errorf("after the rollback: %s", got.Document)
	}
}

func TestARestartKeepsEverything(t *testing.T) {
	o := store.Options{Dir: filepath.Join(t.TempDir(), "s")}
	s := open(t, o)
	put(t, s, 80, 0)
	put(t, s, 81, 1)
	before := config(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	s = open(t, o)
	t.Logf("open again after %v", time.Since(started))
	if diff := cmp.Diff(before, config(t, s)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	if h, err := s.History(t.Context()); err != nil || len(h) != 2 {
		t.Errorf("History = %v, %v", h, err)
	}
	if put(t, s, 82, 2) != 3 {
		t.Error("revisions began again")
	}
}

func TestADirectoryHasOneProcess(t *testing.T) {
	o := store.Options{Dir: filepath.Join(t.TempDir(), "s")}
	open(t, o)
	if _, err := store.Open(t.Context(), o); !errors.Is(err, store.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
}

// A successor waits until its predecessor closes the store.
func TestHandover(t *testing.T) {
	o := store.Options{Dir: filepath.Join(t.TempDir(), "s"), Handover: time.Minute}
	old := open(t, o)
	put(t, old, 80, 0)
	time.AfterFunc(50*time.Millisecond, func() { old.Close() })
	if got := config(t, open(t, o)); got.Revision != 1 {
		t.Errorf("the successor has revision %d", got.Revision)
	}
}

// next waits for a configuration of a watch.
func next(t *testing.T, watch <-chan store.Snapshot) store.Snapshot {
	t.Helper()
	select {
	case c, ok := <-watch:
		if !ok {
			t.Fatal("the watch ended")
		}
		return c
	case <-time.After(time.Minute):
		t.Fatal("the watch stays silent")
	}
	panic("unreachable")
}

func TestAWatchDeliversTheNewest(t *testing.T) {
	s := openSingle(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	fromStart := s.Watch(ctx, 0)
	put(t, s, 80, 0)
	if c := next(t, fromStart); c.Revision != 1 || !bytes.Equal(c.Document, gateway(t, 80)) {
		t.Errorf("revision %d", c.Revision)
	}
	for n := int64(1); n < 10; n++ {
		put(t, s, 80+int(n), n)
	}
	for last := int64(1); last < 10; {
		c := next(t, fromStart)
		if c.Revision <= last {
			t.Fatalf("revision %d after %d", c.Revision, last)
		}
		last = c.Revision
	}
	if c := next(t, s.Watch(ctx, 9)); c.Revision != 10 {
		t.Errorf("a late watch began with revision %d", c.Revision)
	}
	silent := s.Watch(ctx, 10)
	select {
	case c := <-silent:
		t.Errorf("nothing is newer, and the watch delivered revision %d", c.Revision)
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	for range silent {
		t.Error("a watch delivers after its end")
	}
}

// A clean life of a store leaves no line in the log.
func TestAQuietLife(t *testing.T) {
	before := len(lines.String())
	s := openSingle(t)
	put(t, s, 80, 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if said := lines.String()[before:]; said != "" {
		t.Errorf("logged:\n%s", said)
	}
}

// Opening and closing leaves nothing running.
func TestCloseLeavesNothingRunning(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	life := func() {
		s := open(t, store.Options{Dir: dir})
		s.Watch(t.Context(), 0)
		s.Announce(store.Node{})
		put(t, s, 80, store.AnyRevision)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	life()
	before := runtime.NumGoroutine()
	for range 3 {
		life()
	}
	eventually(t, "no more goroutines than before", func() bool { return runtime.NumGoroutine() <= before })
}
