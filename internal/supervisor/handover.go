package supervisor

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"causeway/internal/admin"
	"causeway/internal/conn"
	"causeway/internal/fdpass"
	"causeway/internal/store"
)

// A gateway that ends, or is asked to give way, hands its listening sockets to its successor: the sockets stay open
// throughout, so that no client is refused and what waits in the kernel's queue is served.
//
// The successor connects to the predecessor's hand-over socket and asks; the predecessor answers with the sockets
// themselves (SCM_RIGHTS). The successor starts its instances one after the other, and says so each time, upon which the
// predecessor drains its own of that number. Once all of them serve, the predecessor lets go of everything that they share,
// and ends. A successor that fails before that gives back: the predecessor starts again what it has drained.

const (
	handoverName = "next.sock" // as short as admin.sock: the path of a socket has 107 bytes at most
	adminSocket  = "admin"     // name of the read-only address among the sockets

	askTime     = 5 * time.Second        // for a question and its answer
	acceptPause = 100 * time.Millisecond // after a successor that could not be accepted
	readyTime   = 60 * time.Second       // for each instance of a successor to begin serving

	// successorTime is how long a gateway still accepts after its signal to end, so that a successor started at the same moment
	// finds the sockets open.
	successorTime = 500 * time.Millisecond
)

// ask is the successor's question, and legacy the answer. The sockets come with it.
type ask struct {
	TakeOver bool `json:"takeOver"` // also from a gateway that has not been told to end
}

type legacy struct {
	Refused   bool            `json:"refused,omitempty"`
	Addresses []string        `json:"addresses"`
	Snapshot  *store.Snapshot `json:"snapshot"` // what is in force: the store stays with the predecessor until the end
}

// news is what a successor says as it goes on, and noted the answer to each but the last.
type news struct {
	Replaced *int `json:"replaced,omitempty"` // instance of this number serves
	Serving  bool `json:"serving,omitempty"`  // all do, and the rest is done: the last word
	GiveBack bool `json:"giveBack,omitempty"` // it cannot go on
}

type noted struct{}

// testator is a gateway that may have a successor.
type testator interface {
	endingNow() bool
	handOut() (addresses []string, descriptors []int)
	snapshot() store.Snapshot
	replaced(number int) // by an instance of the successor
	restore()            // what was replaced
	letGo(succeeded bool)
}

// heirs waits for a successor.
type heirs struct {
	ln      *net.UnixListener
	ready   chan struct{} // closed when a successor serves
	talking atomic.Bool   // a conversation is under way
}

// awaitHeirs opens the hand-over socket of a data directory in place of a predecessor's.
func awaitHeirs(data string) (*heirs, error) {
	ln, err := admin.ReplaceSocket(filepath.Join(data, handoverName))
	if err != nil {
		return nil, fmt.Errorf("open the hand-over socket: %w", err)
	}
	return &heirs{ln: ln, ready: make(chan struct{})}, nil
}

// serve answers successors until close. One comes after another: two that serve at once would never know of each other.
func (h *heirs) serve(t testator) {
	for {
		c, err := h.ln.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // such as too many open files: it passes
			time.Sleep(acceptPause)
			continue
		}
		h.talking.Store(true)
		err = h.handOver(fdpass.New(c), t)
		h.talking.Store(false)
		c.Close()
		if err == nil { // whoever comes now is the successor's to answer
			close(h.ready)
			t.letGo(true)
			h.ln.Close()
			return
		}
	}
}

// handOver is one conversation; nil means that the successor serves.
func (h *heirs) handOver(c *fdpass.Conn, t testator) error {
	c.SetDeadline(time.Now().Add(askTime))
	var q ask
	if _, err := c.Receive(&q); err != nil {
		return err
	}
	if !t.endingNow() && !q.TakeOver {
		c.Send(legacy{Refused: true})
		return admin.ErrTaken
	}
	addresses, fds := t.handOut()
	inForce := t.snapshot()
	err := c.Send(legacy{Addresses: addresses, Snapshot: &inForce}, fds...)
	fdpass.CloseAll(fds)
	if err != nil {
		return err
	}
	err = h.follow(c, t)
	if err != nil && !errors.Is(err, io.EOF) {
		slog.Warn("a successor failed; this gateway goes on", "error", err)
	}
	return err
}

// follow hears what becomes of a successor.
func (h *heirs) follow(c *fdpass.Conn, t testator) error {
	replaced := false
	for {
		c.SetDeadline(time.Now().Add(readyTime))
		var n news
		_, err := c.Receive(&n)
		switch {
		case err == nil && n.Serving:
			return nil
		case err == nil && n.Replaced != nil:
			replaced = true
			t.replaced(*n.Replaced)
		case replaced:
			t.restore()
		}
		if err != nil {
			return err
		}
		if err := c.Send(noted{}); err != nil {
			return err
		}
		if n.GiveBack {
			return errGaveBack
		}
	}
}

var errGaveBack = errors.New("it could not serve")

// wait gives a successor the time to come, and one that has come the time to begin, as long as they talk; no longer than limit.
func (h *heirs) wait(limit time.Duration) {
	begin := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-h.ready:
			return
		case <-tick.C:
		}
		if d := time.Since(begin); d >= limit || d >= successorTime && !h.talking.Load() {
			return
		}
	}
}

// succeeded reports whether a successor serves.
func (h *heirs) succeeded() bool {
	select {
	case <-h.ready:
		return true
	default:
		return false
	}
}

// close stops waiting. The socket's file is a successor's by then, if there is one.
func (h *heirs) close(data string) {
	h.ln.Close()
	if !h.succeeded() {
		os.Remove(filepath.Join(data, handoverName))
	}
}

// errHandOver is why a successor could not begin where another gateway was.
var errHandOver = errors.New("the conversation broke off")

// inheritance is what a successor got. The zero value is that of a gateway without a predecessor.
type inheritance struct {
	c        *fdpass.Conn
	sockets  map[string]int
	admin    net.Listener    // the read-only address; nil: none
	snapshot *store.Snapshot // what the predecessor serves
}

// inherit asks the gateway that runs on a data directory, if one does, for its sockets.
func inherit(data string, takeOver bool) (*inheritance, error) {
	c, err := fdpass.Dial(filepath.Join(data, handoverName), time.Second)
	if err != nil {
		return &inheritance{}, nil // nobody is there
	}
	l, fds, err := question(c, ask{TakeOver: takeOver})
	i := &inheritance{c: c, sockets: map[string]int{}, snapshot: l.Snapshot}
	if err == nil {
		err = i.take(l.Addresses, fds)
	} else {
		fdpass.CloseAll(fds)
	}
	if err != nil {
		i.close()
		if errors.Is(err, admin.ErrTaken) {
			return nil, err
		}
		return nil, fmt.Errorf("take over from the gateway that runs on this data directory: %w: %w", errHandOver, err)
	}
	c.SetDeadline(time.Time{})
	return i, nil
}

// question asks a predecessor for what it has.
func question(c *fdpass.Conn, q ask) (l legacy, fds []int, err error) {
	c.SetDeadline(time.Now().Add(askTime))
	if err = c.Send(q); err == nil {
		fds, err = c.Receive(&l)
	}
	switch {
	case err != nil:
	case l.Refused:
		err = admin.ErrTaken
	case l.Snapshot == nil:
		err = errors.New("it does not say what it serves")
	case len(fds) != len(l.Addresses):
		err = fmt.Errorf("%d sockets came with %d addresses", len(fds), len(l.Addresses))
	}
	return l, fds, err
}

// take takes the sockets over.
func (i *inheritance) take(addresses []string, fds []int) (err error) {
	for at, address := range addresses {
		if address != adminSocket {
			i.sockets[address] = fds[at]
			continue
		}
		i.admin, err = conn.Listener(fds[at])
		syscall.Close(fds[at])
		if err != nil {
			err = fmt.Errorf("take over the admin address: %w", err)
		}
	}
	return err
}

// takeAdmin takes the inherited read-only address; nil: none.
func (i *inheritance) takeAdmin() net.Listener {
	ln := i.admin
	i.admin = nil
	return ln
}

// tell says how far the successor is, and waits until the predecessor has noted it.
func (i *inheritance) tell(n news) error {
	i.c.SetDeadline(time.Now().Add(readyTime))
	err := i.c.Send(n)
	if err == nil && !n.Serving {
		_, err = i.c.Receive(&noted{})
	}
	if err != nil {
		return fmt.Errorf("talk to the gateway before this one: %w: %w", errHandOver, err)
	}
	return nil
}

// close ends the conversation. Before the word that this gateway serves, the predecessor goes on.
func (i *inheritance) close() {
	for _, fd := range i.sockets {
		syscall.Close(fd)
	}
	i.sockets = nil
	if i.admin != nil {
		i.admin.Close()
	}
	if i.c != nil {
		i.c.Close()
		i.c = nil
	}
}
