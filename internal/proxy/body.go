package proxy

import (
	"sync"
	"sync/atomic"
	"time"

	"causeway/internal/conn"
	"causeway/internal/fault"
	"causeway/internal/http1"
)

// bufferedMax is the size up to which the gateway reads a request body into memory before it asks a member, so that it can
// send the body again. Larger and chunked ones stream.
const bufferedMax = 64 << 10

// body is the body of a request.
type body struct {
	length  int64  // declared; -1: chunked
	first   []byte // what came with the head
	inHead  int    // how much of that belongs to the request
	chunks  http1.Chunks
	read    int64  // bytes of the client's body taken so far
	memory  []byte // the whole body as it is sent, if it is buffered
	box     *bodyBox
	whole   bool // all of it is in memory
	done    bool // all of it was read from the client
	tail    bool // bytes behind the body were read and cannot be given back
	expects bool // the client waits for 100 Continue

	fed bool // first went through chunks

	ended atomic.Bool // nothing more is read from the client; only then may the other side of Duplex look at the fields above
}

// bodyBox holds a body. It has a byte more, so that a read of a body's last byte shows whether anything is behind it.
type bodyBox [bufferedMax + 1]byte

var bodyBoxes = sync.Pool{New: func() any { return new(bodyBox) }}

// begin looks at what the head declares; rest is what lies behind the head.
func (b *body) begin(r *http1.Request, rest []byte) {
	b.length, b.expects, b.first = r.Body(), r.Expect, rest
	if b.length < 0 {
		return
	}
	b.inHead = int(min(b.length, int64(len(rest))))
	b.first, b.read = rest[:b.inHead], int64(b.inHead)
	if b.read == b.length {
		b.memory = b.first
		b.settle()
	}
}

// release gives back what the body borrowed.
func (b *body) release() {
	if b.box != nil {
		bodyBoxes.Put(b.box)
		b.box = nil
	}
}

// settle notes that the whole body is in memory.
func (b *body) settle() {
	b.whole, b.done = true, true
	b.ended.Store(true)
}

// inSync reports whether the client connection stands behind the body, at the start of another request.
func (b *body) inSync() bool { return b.ended.Load() && b.done && !b.tail }

// catchUp lets the uploading side of Duplex note that it has sent the last byte: the answer to that byte may be here before
// the note, and would cost the client its connection. It reports whether that took any time.
func (b *body) catchUp(loop *conn.Loop) (waited bool) {
	for n := 0; n < 100 && !b.ended.Load(); n++ {
		loop.Yield()
		waited = true
	}
	return waited
}

// bufferBody reads a small body into memory. It buffers a chunked one only if that came whole with its head: its sender
// may want an answer before it continues.
func (x *exchange) bufferBody() *fault.Fault {
	b := &x.body
	switch {
	case b.whole || b.length > bufferedMax:
		return nil
	case b.length < 0:
		return x.bufferChunked()
	}
	if f := x.sendContinue(); f != nil {
		return f
	}
	b.box = bodyBoxes.Get().(*bodyBox)
	b.memory = b.box[:copy(b.box[:], b.first)]
	for b.read < b.length {
		x.extendUpload()
		n, err := x.s.c.Read(b.box[b.read:b.length])
		if err != nil {
			return uploadFault(err)
		}
		b.read += int64(n)
		b.memory = b.box[:b.read]
	}
	b.settle()
	return nil
}

func (x *exchange) bufferChunked() *fault.Fault {
	b := &x.body
	b.box = bodyBoxes.Get().(*bodyBox)
	used, out, err := reframe(&b.chunks, b.first, b.box[:0])
	if err != nil {
		return uploadFault(err)
	}
	if !b.chunks.Done() {
		b.chunks.Reset() // uploadChunked starts over
		return nil
	}
	b.inHead, b.read, b.memory = used, int64(used), out
	b.settle()
	return nil
}

var continueResponse = []byte("HTTP/1.1 100 Continue\r\n\r\n")

// sendContinue answers Expect: 100-continue, once, when the gateway wants the body.
func (x *exchange) sendContinue() *fault.Fault {
	if !x.body.expects {
		return nil
	}
	x.body.expects = false
	x.s.c.SetWriteDeadline(time.Now().Add(deliverTime))
	n, err := x.s.c.Write(continueResponse)
	x.sentBytes += int64(n)
	if err != nil {
		return clientFault(err, fault.Upload, fault.Closed)
	}
	return nil
}

// extendUpload gives the client time for the next piece of its body. The timer runs between two reads, so there is no
// minimum rate.
func (x *exchange) extendUpload() { x.s.c.SetReadDeadline(time.Now().Add(bodyPause)) }
