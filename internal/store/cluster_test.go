package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"causeway/internal/store"
)

// ports are free ones of an address.
func ports(t *testing.T, address string) store.Ports {
	t.Helper()
	var p store.Ports
	for _, port := range []*int{&p.Peer, &p.Client, &p.Join} {
		ln, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		*port = ln.Addr().(*net.TCPAddr).Port
	}
	return p
}

// founding is node n of a test: 0, 1 or 2.
func founding(t *testing.T, n int) store.Founding {
	t.Helper()
	address := fmt.Sprintf("127.0.0.%d", 11+n)
	return store.Founding{Name: string(rune('a' + n)), Address: address, Ports: ports(t, address)}
}

// three are the members of a cluster, on 127.0.0.11 to 13.
func three(t *testing.T) (stores [3]*store.Store, dirs [3]string) {
	t.Helper()
	if testing.Short() {
		t.Skip("etcd takes a third member after five seconds")
	}
	root := t.TempDir()
	for n := range stores {
		dirs[n] = filepath.Join(root, string(rune('a'+n)))
	}
	if err := store.Found(t.Context(), dirs[0], founding(t, 0)); err != nil {
		t.Fatal(err)
	}
	stores[0] = openMember(t, dirs[0])
	for n := 1; n < 3; n++ {
		joined(t, stores[0], dirs[n], founding(t, n), true)
		stores[n] = openMember(t, dirs[n])
		eventually(t, "the member votes", func() bool { return !stores[n].Status().Learner && !stores[n].Status().Lagging })
	}
	return stores, dirs
}

func openMember(t *testing.T, dir string) *store.Store {
	t.Helper()
	return open(t, store.Options{Dir: dir})
}

func joined(t *testing.T, by *store.Store, dir string, f store.Founding, vote bool) {
	t.Helper()
	token, err := by.Invite(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Join(t.Context(), dir, token, f, vote); err != nil {
		t.Fatal(err)
	}
}

func TestASingleStoreBecomesAClusterAndKeepsItsData(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := filepath.Join(root, "a")
	single := open(t, store.Options{Dir: dir})
	put(t, single, 80, 0)
	if err := store.Found(t.Context(), dir, founding(t, 0)); !errors.Is(err, store.ErrInUse) {
		t.Errorf("while it runs: %v", err)
	}
	if err := single.Close(); err != nil {
		t.Fatal(err)
	}
	if err := store.Found(t.Context(), dir, founding(t, 0)); err != nil {
		t.Fatal(err)
	}
	if err := store.Found(t.Context(), dir, founding(t, 0)); !errors.Is(err, store.ErrMember) {
		t.Errorf("a second time: %v", err)
	}
	a := openMember(t, dir)
	if c := config(t, a); c.Revision != 1 || !bytes.Equal(c.Document, gateway(t, 80)) {
		t.Errorf("revision %d", c.Revision)
	}
	if st := a.Status(); st.Mode != store.Member || st.Node != "a" || st.Leader == "" {
		t.Errorf("status %+v", st)
	}
	client := filepath.Join(root, "c")
	joined(t, a, client, founding(t, 2), false)
	c := openMember(t, client)
	if st := c.Status(); st.Mode != store.ExternalMode || st.Lagging {
		t.Errorf("a node without a vote: %+v", st)
	}
	if host, err := store.HostOf(client); err != nil || host != "127.0.0.13" {
		t.Errorf("the others reach it at %q, %v", host, err)
	}
	admitted := func(want ...string) {
		t.Helper()
		if got, err := a.Admitted(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("the nodes of the cluster are %q, %v, want %q", got, err, want)
		}
	}
	admitted("a", "c")
	if put(t, c, 81, 1) != 2 || next(t, a.Watch(t.Context(), 1)).Revision != 2 {
		t.Error("a node without a vote does not share the configuration")
	}
	// Once it is removed, its certificate opens no connection any more.
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.Remove(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	admitted("a")
	eventually(t, "its certificate is revoked", func() bool {
		again, err := store.Open(t.Context(), store.Options{Dir: client, Patience: time.Second})
		if err != nil {
			return false
		}
		defer again.Close()
		return again.Status().Lagging
	})
	config(t, a)
}

func TestTokens(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := filepath.Join(root, "a")
	if err := store.Found(t.Context(), dir, founding(t, 0)); err != nil {
		t.Fatal(err)
	}
	a := openMember(t, dir)
	token, err := a.Invite(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	taken := founding(t, 1)
	taken.Name = "a"
	if err := store.Join(t.Context(), filepath.Join(root, "b0"), token, taken, true); err == nil ||
		!strings.Contains(err.Error(), "a node a is part of the cluster, and does not run now") {
		t.Errorf("with the name of another: %v", err)
	}
	if err := store.Join(t.Context(), filepath.Join(root, "b"), token, founding(t, 1), true); err != nil {
		t.Errorf("a refusal used the token up: %v", err)
	}
	if err := store.Join(t.Context(), filepath.Join(root, "b2"), token, founding(t, 1), true); err == nil ||
		!strings.Contains(err.Error(), store.ErrToken.Error()) {
		t.Errorf("a second time: %v", err)
	}
	old, err := a.Invite(t.Context(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	members, err := a.Members(t.Context())
	if err != nil || len(members) != 2 || members[1].Votes || members[1].Problem != "it has not started yet" {
		t.Errorf("Members = %+v, %v", members, err)
	}
	eventually(t, "the token ends", func() bool {
		resp, err := a.Client().Get(t.Context(), "/causeway/v1/tokens/", clientv3.WithPrefix())
		return err == nil && len(resp.Kvs) == 0
	})
	err = store.Join(t.Context(), filepath.Join(root, "b3"), old, founding(t, 2), false)
	if err == nil || !strings.Contains(err.Error(), store.ErrToken.Error()) {
		t.Errorf("an old token: %v", err)
	}
}

func TestThreeMembers(t *testing.T) {
	t.Parallel()
	stores, dirs := three(t)
	var watches [3]<-chan store.Snapshot
	for n, s := range stores {
		watches[n] = s.Watch(t.Context(), 0)
	}
	for n, s := range stores {
		if got := put(t, s, 8000+n, int64(n)); got != int64(n)+1 {
			t.Fatalf("node %d wrote revision %d", n, got)
		}
	}
	for _, w := range watches {
		for next(t, w).Revision < 3 {
		}
	}
	written := time.Now()
	put(t, stores[2], 8003, 3)
	for _, w := range watches {
		next(t, w)
	}
	t.Logf("a change reached all after %v", time.Since(written))
	members, err := stores[1].Members(t.Context())
	if err != nil || len(members) != 3 {
		t.Fatalf("Members = %+v, %v", members, err)
	}
	for n, m := range members {
		if m.Name != string(rune('a'+n)) || !m.Votes || !m.Answers || m.Problem != "" {
			t.Errorf("member %d: %+v", n, m)
		}
	}
	one, err := store.Reach(t.Context(), dirs[2])
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	if err := one.RotateDataKey(t.Context()); err != nil {
		t.Errorf("a command rotates the data key: %v", err)
	}
	if err := one.RotateNodeKey(t.Context()); err != nil {
		t.Errorf("a command rotates the key of its node: %v", err)
	}
	for n, s := range stores {
		if c := config(t, s); c.Revision != 4 {
			t.Errorf("node %d after the rotation: revision %d", n, c.Revision)
		}
	}
}

func TestAMemberIsRemoved(t *testing.T) {
	t.Parallel()
	stores, dirs := three(t)
	put(t, stores[0], 80, 0)
	eventually(t, "the configuration is known", func() bool { return stores[2].Revision() == 1 })
	if err := stores[0].Remove(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	if err := stores[0].Remove(t.Context(), "c"); err == nil {
		t.Error("it can be removed twice")
	}
	eventually(t, "the member notices", func() bool { return stores[2].Status().Lagging })
	if _, err := stores[2].Put(timeout(t, 2*time.Second), store.Snapshot{Document: gateway(t, 81)}, 1); err == nil {
		t.Error("a member that was removed writes")
	}
	put(t, stores[1], 82, 1)
	if err := stores[2].Close(); err != nil {
		t.Error(err)
	}
	// It may come back as a new member.
	if err := store.Leave(dirs[2]); err != nil {
		t.Fatal(err)
	}
	joined(t, stores[0], dirs[2], founding(t, 2), true)
	back := openMember(t, dirs[2])
	eventually(t, "it has caught up", func() bool { return back.Revision() == 2 && !back.Status().Learner })
}

func TestAllStoppedAndStartedAgain(t *testing.T) {
	t.Parallel()
	stores, dirs := three(t)
	put(t, stores[0], 80, 0)
	put(t, stores[1], 81, 1)
	for _, s := range stores[1:] {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	one, err := store.Reach(t.Context(), dirs[0])
	if err != nil {
		t.Fatal(err)
	}
	members, err := one.Members(t.Context())
	if err != nil || len(members) != 3 || members[1].Answers || members[1].Problem == "" {
		t.Errorf("Members without a quorum = %+v, %v", members, err)
	}
	if err := errors.Join(one.Close(), stores[0].Close()); err != nil {
		t.Error(err)
	}
	first, err := store.Open(t.Context(), store.Options{Dir: dirs[0], Patience: 100 * time.Millisecond})
	if err != nil {
		t.Fatalf("one of three, without a quorum: %v", err)
	}
	t.Cleanup(func() { first.Close() })
	if !first.Status().Lagging {
		t.Error("one of three finds a quorum")
	}
	if _, err := first.Config(timeout(t, 500*time.Millisecond)); err == nil {
		t.Error("one of three answers for all")
	}
	second := openMember(t, dirs[1])
	if c, err := second.Config(t.Context()); err != nil || c.Revision != 2 || !bytes.Equal(c.Document, gateway(t, 81)) {
		t.Errorf("after the restart: %d, %v", c.Revision, err)
	}
	eventually(t, "the first one too", func() bool { return first.Revision() == 2 && !first.Status().Lagging })
}
