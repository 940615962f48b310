package supervisor

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"causeway/internal/admin"
)

// A gateway that ends, or is asked to give way, hands its listening sockets to its successor: the sockets stay open
// throughout, so that no client is refused and what waits in the kernel's queue is served.
//
// The successor connects to the predecessor's hand-over socket and asks; the predecessor answers with the names of its
// sockets and the sockets themselves (SCM_RIGHTS). Both accept from then on. Once the successor serves, it says so, and the
// predecessor lets go of everything that they share, and drains. A successor that fails before that changes nothing.

const (
	handoverName = "next.sock" // as short as admin.sock: the path of a socket has 107 bytes at most
	adminSocket  = "admin"     // name of the read-only address among the sockets

	askTime   = 5 * time.Second  // for a question and its answer
	readyTime = 60 * time.Second // for a successor to begin serving
	perBatch  = 64               // sockets in one message: the kernel takes 253

	// successorTime is how long a gateway still accepts after its signal to end, so that a successor started at the same moment
	// finds the sockets open.
	successorTime = 500 * time.Millisecond
)

// ask is the successor's question, and batch an answer with as many sockets as it has names. More says that another follows.
type ask struct {
	TakeOver bool `json:"takeOver"` // also from a gateway that has not been told to end
}

type batch struct {
	Refused bool     `json:"refused,omitempty"`
	Names   []string `json:"names"`
	More    bool     `json:"more"`
}

// socket is a listening socket that a successor may have.
type socket interface{ File() (*os.File, error) }

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

// serve answers successors until close. ending reports whether this gateway got its signal to end, sockets are what it has, and
// letGo is called once a successor serves. One comes after another: two that serve at once would never know of each other.
func (h *heirs) serve(ending func() bool, sockets func() map[string]socket, letGo func()) {
	for {
		c, err := h.ln.AcceptUnix()
		if err != nil {
			return
		}
		h.talking.Store(true)
		err = h.handOver(c, ending(), sockets())
		h.talking.Store(false)
		c.Close()
		if err == nil { // whoever comes now is the successor's to answer
			letGo()
			close(h.ready)
			h.ln.Close()
			return
		}
	}
}

// handOver is one conversation; nil means that the successor serves.
func (h *heirs) handOver(c *net.UnixConn, ending bool, sockets map[string]socket) error {
	c.SetDeadline(time.Now().Add(askTime))
	in := bufio.NewReader(c)
	var q ask
	if err := readLine(in, &q); err != nil {
		return err
	}
	if !ending && !q.TakeOver {
		send(c, batch{Refused: true}, nil)
		return admin.ErrTaken
	}
	if err := sendSockets(c, sockets); err != nil {
		return err
	}
	c.SetDeadline(time.Now().Add(readyTime))
	var done string
	return readLine(in, &done)
}

func sendSockets(c *net.UnixConn, sockets map[string]socket) error {
	b := batch{Names: []string{}}
	var files []*os.File
	flush := func(more bool) error {
		b.More = more
		err := send(c, b, files)
		for _, f := range files {
			f.Close()
		}
		b.Names, files = []string{}, nil
		return err
	}
	for name, s := range sockets {
		f, err := s.File()
		if err != nil { // closed just now: the successor binds the port itself
			continue
		}
		b.Names, files = append(b.Names, name), append(files, f)
		if len(files) == perBatch {
			if err := flush(true); err != nil {
				return err
			}
		}
	}
	return flush(false)
}

func send(c *net.UnixConn, b batch, files []*os.File) error {
	line, err := json.Marshal(b)
	if err != nil {
		return err
	}
	var fds []int
	for _, f := range files {
		fds = append(fds, int(f.Fd()))
	}
	var rights []byte
	if len(fds) > 0 {
		rights = syscall.UnixRights(fds...)
	}
	_, _, err = c.WriteMsgUnix(append(line, '\n'), rights, nil)
	return err
}

func readLine(in *bufio.Reader, into any) error {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, into)
}

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
	c       *net.UnixConn
	sockets map[string]net.Listener
}

// inherit asks the gateway that runs on a data directory, if one does, for its sockets.
func inherit(data string, takeOver bool) (*inheritance, error) {
	nc, err := net.DialTimeout("unix", filepath.Join(data, handoverName), time.Second)
	if err != nil {
		return &inheritance{}, nil // nobody is there, or an older version that knows no hand-over
	}
	c := nc.(*net.UnixConn)
	c.SetDeadline(time.Now().Add(askTime))
	i := &inheritance{c: c, sockets: map[string]net.Listener{}}
	q, err := json.Marshal(ask{TakeOver: takeOver})
	if err == nil {
		_, err = c.Write(append(q, '\n'))
	}
	for more := true; err == nil && more; {
		more, err = i.take()
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

// take reads one batch. Each was sent as one message: a read returns no more of the stream than that, since the kernel
// does not join messages that carry descriptors, and those without are the last.
func (i *inheritance) take() (more bool, err error) {
	line, oob := make([]byte, 64<<10), make([]byte, syscall.CmsgSpace(4*perBatch))
	n, k, _, _, err := i.c.ReadMsgUnix(line, oob)
	if err != nil {
		return false, err
	}
	if n == 0 {
		return false, io.ErrUnexpectedEOF
	}
	files, err := descriptors(oob[:k])
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	var b batch
	if err == nil {
		err = json.Unmarshal(line[:n], &b)
	}
	switch {
	case err != nil:
		return false, err
	case b.Refused:
		return false, admin.ErrTaken
	case len(b.Names) != len(files):
		return false, fmt.Errorf("%d sockets came with %d names", len(files), len(b.Names))
	}
	for at, f := range files {
		ln, err := net.FileListener(f)
		if err != nil {
			return false, err
		}
		i.sockets[b.Names[at]] = ln
	}
	return b.More, nil
}

// descriptors are the files that came with a message.
func descriptors(oob []byte) (files []*os.File, err error) {
	messages, err := syscall.ParseSocketControlMessage(oob)
	for _, m := range messages {
		fds, parseErr := syscall.ParseUnixRights(&m)
		err = errors.Join(err, parseErr)
		for _, fd := range fds {
			syscall.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "inherited"))
		}
	}
	return files, err
}

// socket takes an inherited socket by its name, or by another spelling of its address; nil if there is none.
func (i *inheritance) socket(name string) net.Listener {
	for known, ln := range i.sockets {
		if known == name || name != adminSocket && known != adminSocket && admin.SameAddress(ln.Addr().String(), name) {
			delete(i.sockets, known)
			return ln
		}
	}
	return nil
}

// serving tells the predecessor that it may go, and lets go of sockets that nobody wants.
func (i *inheritance) serving() {
	if i.c != nil {
		i.c.SetDeadline(time.Now().Add(askTime))
		i.c.Write([]byte("\"serving\"\n"))
	}
	i.close()
}

// close ends the conversation. Without serving the predecessor goes on as before.
func (i *inheritance) close() {
	for _, ln := range i.sockets {
		ln.Close()
	}
	i.sockets = nil
	if i.c != nil {
		i.c.Close()
	}
}
