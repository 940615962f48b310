// Package fdpass exchanges JSON messages that may carry descriptors over a unix socket (SCM_RIGHTS, unix(7)).
//
// Descriptors are plain numbers here, not os.Files: those would enter the runtime's poller, so that every client of a listening
// socket would wake each process that merely keeps it, and Fd could make a socket blocking under another process's feet.
package fdpass

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// perWrite is how many files travel in one write: the kernel takes 253 (SCM_MAX_FD).
const perWrite = 64

// Conn is one conversation. Messages arrive in order and whole, with their files. One goroutine may send while another
// receives.
type Conn struct {
	c     *net.UnixConn
	in    *json.Decoder
	files []int // descriptors that have arrived and belong to a message not received yet
	oob   [4 * 256]byte
}

// New makes a conversation of a connected socket.
func New(c *net.UnixConn) *Conn {
	f := &Conn{c: c}
	f.in = json.NewDecoder(reader{f})
	return f
}

// Dial begins a conversation with whoever listens at path.
func Dial(path string, timeout time.Duration) (*Conn, error) {
	c, err := net.DialTimeout("unix", path, timeout)
	if err != nil {
		return nil, err
	}
	return New(c.(*net.UnixConn)), nil
}

// envelope is a message as it travels.
type envelope struct {
	Files int             `json:"files,omitempty"` // that come with it
	Body  json.RawMessage `json:"body"`
}

// Send sends a message and its files, which stay the caller's.
func (f *Conn) Send(message any, files ...int) error {
	body, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("encode a message: %w", err)
	}
	text, err := json.Marshal(envelope{Files: len(files), Body: body})
	if err != nil {
		return fmt.Errorf("encode a message: %w", err)
	}
	for first := true; first || len(files) > 0; first = false {
		n := min(len(files), perWrite)
		part := text // the files need a byte each to travel with: the message goes last, blanks before it
		if len(files) > n {
			part = []byte{' '}
		}
		if _, _, err = f.c.WriteMsgUnix(part[:min(len(part), 1)], rights(files[:n]), nil); err == nil {
			_, err = f.c.Write(part[min(len(part), 1):])
		}
		if err != nil {
			return err
		}
		files = files[n:]
	}
	return nil
}

// rights is the control message that carries files.
func rights(files []int) []byte {
	if len(files) == 0 {
		return nil
	}
	return syscall.UnixRights(files...)
}

// Receive waits for the next message. The files that came with it are the caller's to close. The error is io.EOF when
// the other side has ended the conversation.
func (f *Conn) Receive(message any) ([]int, error) {
	var e envelope
	if err := f.in.Decode(&e); err != nil {
		return nil, err
	}
	if e.Files < 0 || e.Files > len(f.files) {
		return nil, fmt.Errorf("a message announces %d files, and %d came", e.Files, len(f.files))
	}
	files := f.files[:e.Files:e.Files]
	f.files = f.files[e.Files:]
	if err := json.Unmarshal(e.Body, message); err != nil {
		CloseAll(files)
		return nil, fmt.Errorf("decode a message: %w", err)
	}
	return files, nil
}

// CloseAll closes descriptors.
func CloseAll(files []int) {
	for _, fd := range files {
		_ = syscall.Close(fd)
	}
}

// SetDeadline bounds what follows; the zero time lifts the bound. On a conversation that has ended it does nothing.
func (f *Conn) SetDeadline(t time.Time) { _ = f.c.SetDeadline(t) }

// Close ends the conversation, with the files that nobody has received.
func (f *Conn) Close() {
	CloseAll(f.files)
	f.files = nil
	_ = f.c.Close()
}

// reader reads the bytes of a conversation and keeps the files that come with them.
type reader struct{ f *Conn }

func (r reader) Read(p []byte) (int, error) {
	n, k, _, _, err := r.f.c.ReadMsgUnix(p, r.f.oob[:])
	if k > 0 {
		files, bad := descriptors(r.f.oob[:k])
		r.f.files = append(r.f.files, files...)
		err = errors.Join(err, bad)
	}
	if n <= 0 && err == nil {
		err = io.EOF
	}
	return max(n, 0), err // n is -1 beside some errors
}

// descriptors are the files within a control message.
func descriptors(oob []byte) (files []int, err error) {
	messages, err := syscall.ParseSocketControlMessage(oob)
	for _, m := range messages {
		fds, bad := syscall.ParseUnixRights(&m)
		err = errors.Join(err, bad)
		for _, fd := range fds {
			syscall.CloseOnExec(fd)
			files = append(files, fd)
		}
	}
	return files, err
}
