package proxy

import (
	"errors"
	"io"
	"os"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/conn"
	"causeway/internal/fault"
)

// An answer may come before its request was read. A close with unread input would make the kernel reset the connection
// and destroy the answer on its way (RFC 9112 section 9.6); and clients that write all of a body before they read anything
// need the rest of it taken, however long that is.

// linger waits for the client to have read its answer.
func (x *exchange) linger(f *fault.Fault) {
	if x.keep || x.rec.Aborted || !x.headSent || !x.unread(f) {
		return
	}
	if x.s.c.CloseWrite() != nil {
		return
	}
	box := blocks.Get().(*[blockSize]byte)
	defer blocks.Put(box)
	x.dropRest(box[:])
}

// settle sees to a body that the member did not take: it is read and dropped, and how that ended is for the record.
func (x *exchange) settle(f *fault.Fault) {
	if x.keep || x.rec.Aborted || !x.headSent || !x.cut(f) || x.s.c.CloseWrite() != nil {
		return
	}
	box := blocks.Get().(*[blockSize]byte)
	defer blocks.Put(box)
	x.dropBody(box[:])
}

// unread reports whether the client has sent, or may be sending, what nobody has read.
func (x *exchange) unread(f *fault.Fault) bool {
	return f.Phase == fault.Request || f.Phase == fault.Handshake || !x.body.inStep() || x.s.c.Peer() == conn.Spoke
}

// cut reports whether a body was left unread that the client may still be sending. A client that waits to be asked for its
// body sends none, and one that failed in the middle of it is not waited for.
func (x *exchange) cut(f *fault.Fault) bool {
	return x.req.Len > 0 && !x.body.inStep() && !x.body.expects && x.body.length <= x.state.bodyMax &&
		(f.Side != fault.Client || f.Phase != fault.Upload)
}

// dropBody reads the rest of the body and throws it away, for as long as the client does not pause, and notes how that
// ended.
func (x *exchange) dropBody(box []byte) {
	y := &x.body
	before := y.read
	err := x.skip(box)
	x.rec.Dropped = y.read - before
	switch {
	case err == nil:
		x.rec.Cut, y.done = accesslog.CutDropped, true
	case errors.Is(err, os.ErrDeadlineExceeded):
		x.rec.Cut = accesslog.CutPaused
	case errors.Is(err, io.EOF), clientFault(err, fault.Upload, fault.Reset).Side == fault.Client:
		x.rec.Cut = accesslog.CutLeft
	default:
		x.rec.Cut = accesslog.CutEnded
	}
}

// skip reads the body to its end.
func (x *exchange) skip(box []byte) error {
	y := &x.body
	if y.length < 0 && !y.fed {
		if err := x.skipChunks(y.first); err != nil {
			return err
		}
	}
	for y.length >= 0 && y.read < y.length || y.length < 0 && !y.chunks.Done() {
		x.s.c.SetReadDeadline(time.Now().Add(lingerPause))
		want := box
		if left := y.length - y.read; y.length >= 0 && left < int64(len(want)) {
			want = want[:left]
		}
		n, err := x.s.c.Read(want)
		if err != nil {
			return err
		}
		if y.length < 0 {
			if err := x.skipChunks(want[:n]); err != nil {
				return err
			}
			continue
		}
		y.read += int64(n)
	}
	return nil
}

// skipChunks takes more of a chunked body.
func (x *exchange) skipChunks(in []byte) error {
	y := &x.body
	y.fed = true
	for len(in) > 0 && !y.chunks.Done() {
		used, _, err := y.chunks.Next(in)
		if err != nil {
			return err
		}
		if y.read += int64(used); y.chunks.Data() > x.state.bodyMax {
			return errBodyTooBig
		}
		in = in[used:]
	}
	return nil
}

// dropRest waits for the client's end, for a short time and so many bytes.
func (x *exchange) dropRest(box []byte) {
	x.s.c.SetReadDeadline(time.Now().Add(lingerTime))
	for n := 0; n < lingerBytes; {
		k, err := x.s.c.Read(box)
		if err != nil {
			return
		}
		n += k
	}
}
