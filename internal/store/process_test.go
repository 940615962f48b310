package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"causeway/internal/store"
)

// A member as a process of its own: this test binary, run again with the directory in its environment. It reads orders from
// standard input and writes answers to standard output, one JSON object a line, several at a time.

const memberVariable = "CAUSEWAY_TEST_MEMBER"

// order is what a process is asked to do: put, get or status.
type order struct {
	ID    int
	Do    string
	Value string
	If    int64
}

type answer struct {
	ID       int
	Revision int64
	Value    string
	Leads    bool
	Votes    bool
	Lagging  bool
	Failure  string // conflict, unknown, other
	Text     string
}

// serveMember is the main function of such a process.
func serveMember(dir string) {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	s, err := store.Open(context.Background(), store.Options{Dir: dir, Patience: 5 * time.Second})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var mu sync.Mutex
	out := json.NewEncoder(os.Stdout)
	in := json.NewDecoder(os.Stdin)
	for {
		var o order
		if err := in.Decode(&o); err != nil {
			s.Close()
			return
		}
		go func() {
			a := o.carryOut(s)
			mu.Lock()
			defer mu.Unlock()
			out.Encode(a)
		}()
	}
}

// orderTime is how long an order may take.
const orderTime = 3 * time.Second

const plainDocument = `{"name":"g","properties":{"sku":{"name":"Standard_v2"}}}`

func (o order) carryOut(s *store.Store) answer {
	ctx, cancel := context.WithTimeout(context.Background(), orderTime)
	defer cancel()
	a := answer{ID: o.ID}
	var err error
	switch o.Do {
	case "put":
		a.Revision, err = s.Put(ctx, store.Snapshot{Document: []byte(plainDocument), Shared: []byte(o.Value)}, o.If)
		var conflict *store.ConflictError
		if errors.As(err, &conflict) {
			a.Revision = conflict.Current.Revision
		}
	case "get":
		var c store.Snapshot
		c, err = s.Config(ctx)
		a.Revision, a.Value = c.Revision, string(c.Shared)
		if errors.Is(err, store.ErrEmpty) {
			err = nil
		}
	case "status":
		st := s.Status()
		a.Revision, a.Votes, a.Lagging = st.Revision, st.Leader != "" && !st.Learner, st.Lagging
		a.Leads = st.Leader != "" && st.Leader == s.MemberID()
	}
	switch {
	case errors.Is(err, store.ErrConflict):
		a.Failure = "conflict"
	case errors.Is(err, store.ErrUnknown):
		a.Failure = "unknown"
	case err != nil:
		a.Failure = "other"
	}
	if err != nil {
		a.Text = err.Error()
	}
	return a
}

// process is such a process, seen from the test.
type process struct {
	t       *testing.T
	dir     string
	proxy   string // through which it reaches its peers
	log     *os.File
	mu      sync.Mutex
	cmd     *exec.Cmd
	in      io.WriteCloser
	next    int
	waiting map[int]chan answer
}

func (p *process) start() {
	p.t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), memberVariable+"="+p.dir, "HTTPS_PROXY="+p.proxy)
	cmd.Stderr = p.log
	in, err := cmd.StdinPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	p.cmd, p.in, p.waiting = cmd, in, map[int]chan answer{}
	p.mu.Unlock()
	go p.read(cmd, out)
}

func (p *process) read(cmd *exec.Cmd, out io.Reader) {
	dec := json.NewDecoder(out)
	for {
		var a answer
		if dec.Decode(&a) != nil {
			break
		}
		p.mu.Lock()
		c := p.waiting[a.ID]
		delete(p.waiting, a.ID)
		p.mu.Unlock()
		c <- a
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != cmd {
		return
	}
	for _, c := range p.waiting { // the process died: nobody knows
		c <- answer{Failure: "unknown", Text: "the process died"}
	}
	p.waiting, p.in = nil, nil
}

// ask carries out an order. Of a process that does not run, the failure is other: it has done nothing.
func (p *process) ask(o order) answer {
	p.mu.Lock()
	if p.in == nil {
		p.mu.Unlock()
		return answer{Failure: "other", Text: "the process does not run"}
	}
	p.next++
	o.ID = p.next
	c := make(chan answer, 1)
	p.waiting[o.ID] = c
	err := json.NewEncoder(p.in).Encode(o)
	p.mu.Unlock()
	if err != nil {
		return answer{Failure: "unknown", Text: err.Error()}
	}
	return <-c
}

// kill ends the process as kill -9 does.
func (p *process) kill() {
	p.mu.Lock()
	cmd := p.cmd
	p.mu.Unlock()
	cmd.Process.Kill()
	cmd.Wait()
}

// stop ends it in an orderly way.
func (p *process) stop() {
	p.mu.Lock()
	cmd, in := p.cmd, p.in
	p.mu.Unlock()
	if in != nil {
		in.Close()
	}
	cmd.Wait()
}
