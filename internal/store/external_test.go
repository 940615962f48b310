package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/internal/store"
	"causeway/internal/store/storetest"
)

// relay passes TCP connections on until somebody cuts it.
type relay struct {
	listener net.Listener
	mu       sync.Mutex
	to       string
	cut      bool
	conns    map[net.Conn]struct{}
}

func startRelay(t *testing.T, address, to string) *relay {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: ln, to: to, conns: map[net.Conn]struct{}{}}
	go r.run()
	t.Cleanup(func() { ln.Close(); r.setCut(true) })
	return r
}

func (r *relay) run() {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return
		}
		go r.pass(c)
	}
}

func (r *relay) pass(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("tcp", r.to)
	if err != nil {
		return
	}
	defer to.Close()
	r.mu.Lock()
	if r.cut {
		r.mu.Unlock()
		return
	}
	r.conns[from], r.conns[to] = struct{}{}, struct{}{}
	r.mu.Unlock()
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() {
			io.Copy(pair[0], pair[1])
			done <- struct{}{}
		}()
	}
	<-done
	r.mu.Lock()
	delete(r.conns, from)
	delete(r.conns, to)
	r.mu.Unlock()
}

// setCut closes all connections, and those to come as well, until it is set back.
func (r *relay) setCut(cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = cut
	if cut {
		for c := range r.conns {
			c.Close()
		}
	}
}

func external(t *testing.T, endpoint, name string) *store.Store {
	t.Helper()
	return open(t, store.Options{
		Dir:      filepath.Join(t.TempDir(), name),
		Name:     name,
		External: store.External{Endpoints: []string{endpoint}},
	})
}

func TestAnExternalEtcd(t *testing.T) {
	s := external(t, storetest.StartEtcd(t), "a")
	watch := s.Watch(t.Context(), 0)
	put(t, s, 80, 0)
	put(t, s, 81, 1)
	if got := next(t, watch).Revision; got < 1 {
		t.Errorf("watched revision %d", got)
	}
	if st := s.Status(); st.Mode != store.ExternalMode || st.Lagging || st.Trouble != "" {
		t.Errorf("status %+v", st)
	}
}

func TestASecondNodeNeedsToBeAdmitted(t *testing.T) {
	endpoint := storetest.StartEtcd(t)
	a := external(t, endpoint, "a")
	put(t, a, 80, 0)
	o := store.Options{
		Dir:      filepath.Join(t.TempDir(), "b"),
		Name:     "b",
		External: store.External{Endpoints: []string{endpoint}},
	}
	_, err := store.Open(t.Context(), o)
	var stranger *store.NotAdmittedError
	if !errors.Is(err, store.ErrNoKey) || !errors.As(err, &stranger) || stranger.Node != "b" {
		t.Fatalf("Open without a key: %v", err)
	}
	other, err := store.Open(t.Context(), store.Options{
		Dir: filepath.Join(t.TempDir(), "c"), Name: "c", External: store.External{Endpoints: []string{endpoint}},
	})
	var third *store.NotAdmittedError
	if other != nil || !errors.As(err, &third) {
		t.Fatalf("a third node: %v", err)
	}
	for name, bad := range map[string][2]string{
		"another's key": {"b", third.Recipient}, "a node that never asked": {"d", third.Recipient}, "itself": {"a", third.Recipient},
	} {
		if err := a.AdmitAsking(t.Context(), bad[0], bad[1]); err == nil {
			t.Errorf("%s was admitted", name)
		}
	}
	if err := a.AdmitAsking(t.Context(), "b", stranger.Recipient); err != nil {
		t.Fatal(err)
	}
	b := open(t, o)
	if put(t, b, 81, 1) != 2 || next(t, a.Watch(t.Context(), 1)).Revision != 2 {
		t.Error("the nodes do not share a configuration")
	}
	if err := a.RotateDataKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	if put(t, b, 82, 2) != 3 {
		t.Error("after the rotation the second node cannot write")
	}
	if err := a.Remove(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node says that it was removed", func() bool { st := b.Status(); return st.Lagging && st.Trouble == store.ErrRemoved.Error() })
	if err := a.RotateDataKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Config(t.Context()); !errors.Is(err, store.ErrNoKey) {
		t.Errorf("a node that was forgotten reads on: %v", err)
	}
}

// Commands know only the directory: they find the external etcd that its gateway uses, whether the gateway runs or not.
func TestReachAnExternalEtcd(t *testing.T) {
	endpoint := storetest.StartEtcd(t)
	o := store.Options{
		Dir:      filepath.Join(t.TempDir(), "a"),
		Name:     "default", // the name of the etcd member, too
		External: store.External{Endpoints: []string{endpoint}, Prefix: "/elsewhere"},
	}
	a := open(t, o)
	put(t, a, 80, 0)
	reach := func(when string) *store.Store {
		s, err := store.Reach(t.Context(), o.Dir)
		if err != nil {
			t.Fatal(when, err)
		}
		if c, err := s.Config(t.Context()); err != nil || c.Revision != 1 {
			t.Errorf("%s: revision %d, %v", when, c.Revision, err)
		}
		return s
	}
	reach("while the gateway runs").Close()
	a.Close()
	s := reach("after its end")
	if err := s.Remove(t.Context(), "default"); err == nil || !strings.Contains(err.Error(), "cannot remove itself") {
		t.Errorf("Remove of the own name: %v", err)
	}
	s.Close()

	// Without an external etcd in its options the gateway has a store of its own again, and commands find that one.
	open(t, store.Options{Dir: o.Dir}).Close()
	s, err := store.Reach(t.Context(), o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Config(t.Context()); !errors.Is(err, store.ErrEmpty) {
		t.Errorf("the store of the directory itself: %v", err)
	}
}

func TestLimitsOfAnExternalEtcd(t *testing.T) {
	s := external(t, storetest.StartEtcd(t), "a")
	_, err := s.Put(t.Context(), store.Snapshot{Document: large(t)}, 0)
	if !errors.Is(err, store.ErrTooLarge) || !strings.Contains(err.Error(), "--max-txn-ops=") ||
		!strings.Contains(err.Error(), "--max-request-bytes=") {
		t.Errorf("Put of a large document: %v", err)
	}
	if put(t, s, 80, 0) != 1 {
		t.Error("something of it was written")
	}
}

// A node loses its connection, misses changes that etcd has compacted away meanwhile, and catches up.
func TestAWatchOutlastsSilenceAndCompaction(t *testing.T) {
	t.Parallel()
	endpoint := storetest.StartEtcd(t)
	r := startRelay(t, "127.0.0.1:0", strings.TrimPrefix(endpoint, "http://"))
	writer := external(t, endpoint, "a")
	put(t, writer, 80, 0)
	dir := filepath.Join(t.TempDir(), "a2")
	reader := open(t, store.Options{
		Dir:      dir,
		Name:     "b",
		External: store.External{Endpoints: []string{"http://" + r.listener.Addr().String()}},
		Patience: time.Nanosecond,
	})
	if err := writer.Admit(t.Context(), "b", recipientOf(t, dir)); err != nil {
		t.Fatal(err)
	}
	watch := reader.Watch(t.Context(), 0)
	if c := next(t, watch); c.Revision != 1 {
		t.Fatalf("revision %d", c.Revision)
	}
	r.setCut(true)
	for n := int64(1); n < 6; n++ {
		put(t, writer, 80+int(n), n)
	}
	resp, err := writer.Client().Get(t.Context(), "/")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Client().Compact(t.Context(), resp.Header.Revision); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node says that it lags", func() bool { return reader.Status().Lagging && reader.Lag() > 0 })
	if _, err := reader.Put(timeout(t, time.Second), store.Snapshot{Document: gateway(t, 99)}, 1); err == nil {
		t.Error("a write without a connection succeeds")
	}
	if reader.Revision() != 1 {
		t.Error("the node lost what it had")
	}
	r.setCut(false)
	if c := next(t, watch); c.Revision != 6 {
		t.Errorf("after the silence: revision %d", c.Revision)
	}
	eventually(t, "the node no longer lags", func() bool { return !reader.Status().Lagging && reader.Lag() == 0 })
}

func timeout(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

func TestNodesAreListedWhileTheyRun(t *testing.T) {
	t.Parallel()
	endpoint := storetest.StartEtcd(t)
	a := external(t, endpoint, "a")
	put(t, a, 80, 0)
	running := func() string {
		nodes, err := a.Nodes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, n := range nodes {
			out += fmt.Sprintf("%s:%d ", n.Name, n.Revision)
		}
		return out
	}
	one := a.Announce(store.Node{Revision: 1})
	eventually(t, "the node is listed", func() bool { return running() == "a:1 " })
	one.Update(store.Node{Revision: 2})
	eventually(t, "the node says something new", func() bool { return running() == "a:2 " })
	// Its lease ends, as after a long pause: it comes back under another one.
	leases, err := a.Client().Leases(t.Context())
	if err != nil || len(leases.Leases) != 1 {
		t.Fatalf("leases: %v, %v", leases, err)
	}
	if _, err := a.Client().Revoke(t.Context(), leases.Leases[0].ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node is gone", func() bool { return running() == "" })
	eventually(t, "the node is back", func() bool { return running() == "a:2 " })
	one.Leave()
	if got := running(); got != "" {
		t.Errorf("after it left: %s", got)
	}
	// One that ends without a word, and starts again, was never away.
	a.Announce(store.Node{Revision: 3}).Silence()
	again := a.Announce(store.Node{Revision: 4})
	eventually(t, "the node is listed again", func() bool { return running() == "a:4 " })
	again.Silence()
	time.Sleep(50 * time.Millisecond)
	if got := running(); got != "a:4 " {
		t.Errorf("after it fell silent: %s", got)
	}
}

func TestOneNodeLeads(t *testing.T) {
	endpoint := storetest.StartEtcd(t)
	a := external(t, endpoint, "a")
	put(t, a, 80, 0)
	first, err := a.Campaign(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n, err := first.Put(t.Context(), store.Snapshot{Document: gateway(t, 81)}, 1); err != nil || n != 2 {
		t.Fatalf("the leader's write: %d, %v", n, err)
	}
	if name, err := a.Leader(t.Context()); err != nil || name != "a" {
		t.Errorf("Leader = %q, %v", name, err)
	}
	// Somebody ends the lease of the leader, as a long pause does; the second candidate follows.
	won := make(chan *store.Leadership, 1)
	go func() {
		second, err := a.Campaign(t.Context())
		if err != nil {
			t.Error(err)
		}
		won <- second
	}()
	time.Sleep(50 * time.Millisecond)
	leases, err := a.Client().Leases(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Client().Revoke(t.Context(), first.Lease()); err != nil {
		t.Fatal(err, leases)
	}
	second := <-won
	if _, err := first.Put(t.Context(), store.Snapshot{Document: gateway(t, 82)}, 2); !errors.Is(err, store.ErrNotLeader) {
		t.Errorf("the old leader still writes: %v", err)
	}
	if n, err := second.Put(t.Context(), store.Snapshot{Document: gateway(t, 83)}, 2); err != nil || n != 3 {
		t.Errorf("the new leader's write: %d, %v", n, err)
	}
	if _, err := first.Scale(t.Context(), 9, ""); !errors.Is(err, store.ErrNotLeader) {
		t.Errorf("the old leader still scales: %v", err)
	}
	scaled, err := second.Scale(t.Context(), 4, "busy")
	if err != nil {
		t.Fatal(err)
	}
	if p, err := a.Presence(t.Context()); err != nil || p.Scaled != scaled || scaled.Want != 4 || scaled.By != "a" {
		t.Errorf("Presence = %+v, %v; the leader wrote %+v", p.Scaled, err, scaled)
	}
	if err := second.Resign(t.Context()); err != nil {
		t.Error(err)
	}
}
