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

// An answer may precede the end of its request. A close with unread input would make the kernel reset the connection and
// destroy the answer on its way (RFC 9112 section 9.6); and clients that write a whole body before they read anything
// need somebody to read the rest of it, however long it is.

// linger waits for the client to have read its answer.
func (x *exchange) linger(f *fault.Fault) {
	if x.keepAlive || x.rec.Aborted || !x.headSent || !x.unread(f) {
		return
	}
	if x.s.c.CloseWrite() != nil {
		return
	}
	box := blocks.Get().(*[blockSize]byte)
	defer blocks.Put(box)
	x.dropRest(box[:])
}

// settle reads and drops the rest of a body that the member did not take, and records how that ended.
func (x *exchange) settle(f *fault.Fault) {
	if x.keepAlive || x.rec.Aborted || !x.headSent || !x.cut(f) || x.s.c.CloseWrite() != nil {
		return
	}
	box := blocks.Get().(*[blockSize]byte)
	defer blocks.Put(box)
	x.dropBody(box[:])
}

// unread reports whether the client has sent, or may be sending, what nobody has read.
func (x *exchange) unread(f *fault.Fault) bool {
	return f.Phase == fault.Request || f.Phase == fault.Handshake || !x.body.inSync() || x.s.c.Peer() == conn.PeerReadable
}

// cut reports whether the rest of a body is unread and the client may still be sending it. A client that waits for 100
// Continue sends none, and one that failed in the middle of its body will send no more.
func (x *exchange) cut(f *fault.Fault) bool {
	return x.req.Len > 0 && !x.body.inSync() && !x.body.expects && x.body.length <= x.state.bodyMax &&
		(f.Side != fault.Client || f.Phase != fault.Upload)
}

// dropBody reads the rest of the body and discards it, as long as the client does not pause, and notes how that ended.
func (x *exchange) dropBody(box []byte) {
	b := &x.body
	before := b.read
	err := x.skip(box)
	x.rec.Dropped = b.read - before
	switch {
	case err == nil:
		x.rec.Cut, b.done = accesslog.CutDropped, true
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
	b := &x.body
	if b.length < 0 && !b.fed {
		if err := x.skipChunks(b.first); err != nil {
			return err
		}
	}
	for b.length >= 0 && b.read < b.length || b.length < 0 && !b.chunks.Done() {
		x.s.c.SetReadDeadline(time.Now().Add(lingerPause))
		want := box
		if left := b.length - b.read; b.length >= 0 && left < int64(len(want)) {
			want = want[:left]
		}
		n, err := x.s.c.Read(want)
		if err != nil {
			return err
		}
		if b.length < 0 {
			if err := x.skipChunks(want[:n]); err != nil {
				return err
			}
			continue
		}
		b.read += int64(n)
	}
	return nil
}

// skipChunks discards more of a chunked body.
func (x *exchange) skipChunks(in []byte) error {
	b := &x.body
	b.fed = true
	for len(in) > 0 && !b.chunks.Done() {
		used, _, err := b.chunks.Next(in)
		if err != nil {
			return err
		}
		if b.read += int64(used); b.chunks.Data() > x.state.bodyMax {
			return errBodyTooBig
		}
		in = in[used:]
	}
	return nil
}

// dropRest waits for the client's end, for lingerTime and lingerBytes at most.
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
