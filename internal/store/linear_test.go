package store_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"causeway/internal/store"
	"causeway/internal/store/storetest"
)

// processes are the three members of a cluster, each in a process of its own.
func processes(t *testing.T) ([3]*process, *storetest.Network) {
	t.Helper()
	network := storetest.NewNetwork()
	var ps [3]*process
	root := t.TempDir()
	for n := range ps {
		name := string(rune('a' + n))
		log, err := os.Create(filepath.Join(root, name+".log"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if text, _ := os.ReadFile(log.Name()); t.Failed() {
				t.Logf("member %s:\n%s", name, text[max(0, len(text)-4000):])
			}
		})
		p := &process{t: t, dir: filepath.Join(root, name), proxy: network.Proxy(t, name), log: log}
		f := founding(t, n)
		// Proxies are not used for loopback. This address is one for documentation: only a proxy knows the way.
		host := fmt.Sprintf("192.0.2.%d:%d", 11+n, f.Ports.Peer)
		f.Peer = "https://" + host
		network.Add(host, name, fmt.Sprintf("%s:%d", f.Address, f.Ports.Peer))
		if n == 0 {
			err = store.Found(t.Context(), p.dir, f)
		} else {
			err = join(t, ps[0].dir, p.dir, f)
		}
		if err != nil {
			t.Fatal(err)
		}
		p.start()
		t.Cleanup(p.stop)
		eventually(t, "the member votes", func() bool { a := p.ask(order{Do: "status"}); return a.Votes && !a.Lagging })
		ps[n] = p
	}
	return ps, network
}

// join invites and joins, as the commands do.
func join(t *testing.T, by, dir string, f store.Founding) error {
	t.Helper()
	s, err := store.Reach(t.Context(), by)
	if err != nil {
		return err
	}
	defer s.Close()
	token, err := s.Invite(t.Context(), time.Minute)
	if err != nil {
		return err
	}
	return store.Join(t.Context(), dir, token, f, true)
}

// register is the model of the store: a value with a revision.
type register struct {
	revision int64
	value    string
}

var model = porcupine.Model{
	Init: func() any { return register{} },
	Step: func(state, input, output any) (bool, any) {
		r, in, out := state.(register), input.(order), output.(answer)
		if in.Do == "get" {
			return out.Revision == r.revision && out.Value == r.value, r
		}
		next := register{in.If + 1, in.Value}
		switch out.Failure {
		case "":
			return r.revision == in.If && out.Revision == next.revision, next
		case "conflict":
			return r.revision != in.If && out.Revision == r.revision, r
		}
		if r.revision == in.If { // unknown: it takes effect wherever it can, or at the very end
			return true, next
		}
		return true, r
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
}

// work are clients that read and write at random members until it stops; it returns what they saw.
type work struct {
	mu      sync.Mutex
	history []porcupine.Operation
	counts  map[string]int
	stop    chan struct{}
	all     sync.WaitGroup
	began   time.Time
}

func startWork(ps [3]*process, clients int) *work {
	w := &work{counts: map[string]int{}, stop: make(chan struct{}), began: time.Now()}
	for c := range clients {
		w.all.Go(func() { w.client(c, ps) })
	}
	return w
}

func (w *work) client(id int, ps [3]*process) {
	var known int64
	for n := 0; ; n++ {
		select {
		case <-w.stop:
			return
		case <-time.After(time.Duration(rand.IntN(30)) * time.Millisecond):
		}
		o := order{Do: "get"}
		if rand.IntN(3) > 0 {
			o = order{Do: "put", Value: fmt.Sprintf("%d/%d", id, n), If: known}
		}
		called := time.Since(w.began)
		a := ps[rand.IntN(3)].ask(o)
		if a.Failure == "" || a.Failure == "conflict" {
			known = a.Revision
		}
		w.record(id, o, a, called)
	}
}

func (w *work) record(id int, o order, a answer, called time.Duration) {
	returned := int64(time.Since(w.began))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[o.Do+" "+a.Failure]++
	switch {
	case a.Failure == "other" || o.Do == "get" && a.Failure != "":
		return // it had no effect
	case a.Failure == "unknown":
		returned = math.MaxInt64
	}
	w.history = append(w.history, porcupine.Operation{ClientId: id, Input: o, Call: int64(called), Output: a, Return: returned})
}

func (w *work) end() {
	close(w.stop)
	w.all.Wait()
}

// Three members, and clients that write all the time, while the leader is killed, cut off, and all are killed at once. What
// the clients see is what one copy would show them, no acknowledged write is lost, and all members end the same.
func TestNoAcknowledgedWriteIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	t.Parallel()
	ps, network := processes(t)
	w := startWork(ps, 6)
	time.Sleep(time.Second)

	leader := leading(t, ps)
	ps[leader].kill()
	progress(t, w, "after the leader was killed")
	ps[leader].start()

	leader = leading(t, ps)
	name := string(rune('a' + leader))
	network.Isolate(name, true)
	eventually(t, "the old leader knows that it lags", func() bool { return ps[leader].ask(order{Do: "status"}).Lagging })
	progress(t, w, "while the old leader is cut off")
	network.Isolate(name, false)
	eventually(t, "it is back", func() bool { return !ps[leader].ask(order{Do: "status"}).Lagging })

	for _, p := range ps {
		p.kill()
	}
	for _, p := range ps {
		p.start()
	}
	progress(t, w, "after all were killed")
	w.end()
	check(t, w, ps)
}

// check compares what the clients saw with the model, and the members with each other.
func check(t *testing.T, w *work, ps [3]*process) {
	t.Helper()
	var last answer
	for n, p := range ps {
		var a answer
		eventually(t, "the member answers", func() bool { a = p.ask(order{Do: "get"}); return a.Failure == "" })
		a.ID = 0
		if n > 0 && a != last {
			t.Errorf("member %d has %+v, the one before %+v", n, a, last)
		}
		last = a
	}
	for _, op := range w.history {
		o, a := op.Input.(order), op.Output.(answer)
		if o.Do == "put" && a.Failure == "" && a.Revision > last.Revision {
			t.Errorf("the acknowledged revision %d is lost: the store is at %d", a.Revision, last.Revision)
		}
	}
	w.record(len(ps)+100, order{Do: "get"}, last, time.Since(w.began))
	result, info := porcupine.CheckOperationsVerbose(model, w.history, time.Minute)
	t.Logf("%d operations: %v; revision %d; %v", len(w.history), w.counts, last.Revision, result)
	if result != porcupine.Ok {
		path := filepath.Join(os.TempDir(), "causeway-history.html")
		t.Errorf("the history is not linearisable: %s, %v", path, porcupine.VisualizePath(model, info, path))
	}
}

// leading waits for a leader.
func leading(t *testing.T, ps [3]*process) (n int) {
	t.Helper()
	eventually(t, "a member leads", func() bool {
		for i, p := range ps {
			if a := p.ask(order{Do: "status"}); a.Leads && !a.Lagging {
				n = i
				return true
			}
		}
		return false
	})
	return n
}

// progress waits until clients write again.
func progress(t *testing.T, w *work, when string) {
	t.Helper()
	acknowledged := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.counts["put "]
	}
	before := acknowledged()
	eventually(t, "writes go on "+when, func() bool { return acknowledged() >= before+20 })
}
