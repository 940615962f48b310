package supervisor

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sync/atomic"
	"time"

	"causeway/internal/admin"
	"causeway/internal/fdpass"
	"causeway/internal/store"
)

// incumbent is a gateway that may have a successor.
type incumbent interface {
	givesWay() bool // also to a successor that does not insist
	handOut() (addresses []string, descriptors []int)
	snapshot() store.Snapshot
	replaced(number int) // by an instance of the successor
	restore()            // what was replaced
	relinquish()
}

// successors waits for a successor.
type successors struct {
	ln       *net.UnixListener
	serving  chan struct{} // closed when a successor serves
	proved   chan struct{} // closed when the instances of a new program serve, and this gateway shall go on with them
	talking  atomic.Bool   // a conversation is under way
	requests atomic.Int64  // of successors that insist, so far
	program  int           // descriptor of the program that has proved itself, once proved is closed; -1: it did not pass it on
}

// awaitSuccessors opens the hand-over socket of a data directory in place of a predecessor's.
func awaitSuccessors(data string) (*successors, error) {
	ln, err := admin.ReplaceSocket(filepath.Join(data, handoverName))
	if err != nil {
		return nil, fmt.Errorf("open the hand-over socket: %w", err)
	}
	return &successors{ln: ln, serving: make(chan struct{}), proved: make(chan struct{}), program: -1}, nil
}

// serve answers successors until close. One comes after another: two that serve at once would never know of each other.
func (h *successors) serve(g incumbent) {
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
		err = h.handOver(fdpass.New(c), g)
		h.talking.Store(false)
		c.Close()
		switch {
		case err == nil: // whoever comes now is the successor's to answer
			close(h.serving)
			g.relinquish()
			h.ln.Close()
			return
		case errors.Is(err, errProved):
			h.ln.Close()
			return
		}
	}
}

// handOver is one conversation; nil means that the successor serves, errProved that this gateway shall go on with its instances.
func (h *successors) handOver(c *fdpass.Conn, g incumbent) error {
	c.SetDeadline(time.Now().Add(askTime))
	var q request
	if _, err := c.Receive(&q); err != nil {
		return err
	}
	if !g.givesWay() && !q.TakeOver {
		c.Send(offer{Refused: true})
		return admin.ErrTaken
	}
	if q.TakeOver {
		h.requests.Add(1)
	}
	addresses, fds := g.handOut()
	inForce := g.snapshot()
	err := c.Send(offer{Addresses: addresses, Snapshot: &inForce}, fds...)
	fdpass.CloseAll(fds)
	if err != nil {
		return err
	}
	err = h.follow(c, g)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errProved) {
		slog.Warn("a successor failed; this gateway goes on", "error", err)
	}
	return err
}

// follow hears what becomes of a successor.
func (h *successors) follow(c *fdpass.Conn, g incumbent) error {
	replaced := false
	for {
		c.SetDeadline(time.Now().Add(readyTime))
		var n progress
		files, err := c.Receive(&n)
		switch {
		case err == nil && n.Serving:
			return nil
		case err == nil && n.Proved:
			if len(files) == 1 {
				h.program = files[0]
			}
			close(h.proved) // before the new program ends, which looks like a failure otherwise
			c.Send(noted{})
			return errProved
		case err == nil && n.Replaced != nil:
			replaced = true
			g.replaced(*n.Replaced)
		case replaced:
			g.restore()
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

var (
	errGaveBack = errors.New("it could not serve")
	errProved   = errors.New("its instances serve, and are this gateway's")
)

// wait gives a successor the time to come, and one that has come the time to begin, as long as they talk; no longer than limit.
func (h *successors) wait(limit time.Duration) {
	begin := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-h.serving:
			return
		case <-h.proved:
			return
		case <-tick.C:
		}
		if d := time.Since(begin); d >= limit || d >= successorTime && !h.talking.Load() {
			return
		}
	}
}

// succeeded reports whether a successor serves.
func (h *successors) succeeded() bool { return closed(h.serving) }

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// close stops waiting.
func (h *successors) close(data string) {
	h.ln.Close()
	admin.RemoveAbandoned(filepath.Join(data, handoverName))
}
