package proxy

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"causeway/internal/conn"
	"causeway/internal/fault"
	"causeway/internal/http1"
)

// heldMax is the size up to which a request body is taken into memory before a member is asked, so that it can be sent
// again. Larger and chunked ones stream.
const heldMax = 64 << 10

// body is the body of a request.
type body struct {
	length  int64  // declared; -1: chunked
	first   []byte // what came with the head
	inHead  int    // how much of that belongs to the request
	chunks  http1.Chunks
	read    int64  // bytes of the client's body taken so far
	memory  []byte // the whole body as it is sent, if it is held
	box     *heldBox
	whole   bool // all of it is in memory
	done    bool // all of it was read from the client
	tail    bool // bytes behind the body were read and cannot be given back
	expects bool // the client waits for 100 Continue

	fed bool // first went through chunks

	ended atomic.Bool // nothing more is read from the client; only then may the other strand look at what is above
}

// heldBox holds a body. It has a byte more, so that a read of the last of one shows whether anything is behind it.
type heldBox [heldMax + 1]byte

var heldBoxes = sync.Pool{New: func() any { return new(heldBox) }}

// begin looks at what the head declares; rest is what lies behind it.
func (y *body) begin(r *http1.Request, rest []byte) {
	y.length, y.expects, y.first = r.Body(), r.Expect, rest
	if y.length < 0 {
		return
	}
	y.inHead = int(min(y.length, int64(len(rest))))
	y.first, y.read = rest[:y.inHead], int64(y.inHead)
	if y.read == y.length {
		y.memory = y.first
		y.settle()
	}
}

// release gives back what the body borrowed.
func (y *body) release() {
	if y.box != nil {
		heldBoxes.Put(y.box)
		y.box = nil
	}
}

// settle says that the whole body is in memory.
func (y *body) settle() {
	y.whole, y.done = true, true
	y.ended.Store(true)
}

// inStep reports whether the client connection stands behind the body, at the start of another request.
func (y *body) inStep() bool { return y.ended.Load() && y.done && !y.tail }

// catchUp gives the strand that uploads a chance to say that it has sent the last byte: an answer to that may be here
// sooner, and would cost the client its connection. It reports whether that took any time.
func (y *body) catchUp(h *conn.Home) (waited bool) {
	for n := 0; n < 100 && !y.ended.Load(); n++ {
		h.Yield()
		waited = true
	}
	return waited
}

// hold takes a small body into memory. A chunked one is held only if it came whole with its head: its sender may want
// an answer before it goes on.
func (x *exchange) hold() *fault.Fault {
	y := &x.body
	switch {
	case y.whole || y.length > heldMax:
		return nil
	case y.length < 0:
		return x.holdChunked()
	}
	if f := x.welcome(); f != nil {
		return f
	}
	y.box = heldBoxes.Get().(*heldBox)
	y.memory = y.box[:copy(y.box[:], y.first)]
	for y.read < y.length {
		x.extend()
		n, err := x.s.c.Read(y.box[y.read:y.length])
		if err != nil {
			return uploadFault(err)
		}
		y.read += int64(n)
		y.memory = y.box[:y.read]
	}
	y.settle()
	return nil
}

func (x *exchange) holdChunked() *fault.Fault {
	y := &x.body
	y.box = heldBoxes.Get().(*heldBox)
	used, out, err := reframe(&y.chunks, y.first, y.box[:0])
	if err != nil {
		return uploadFault(err)
	}
	if !y.chunks.Done() {
		y.chunks.Reset() // uploadChunked begins at the beginning
		return nil
	}
	y.inHead, y.read, y.memory = used, int64(used), out
	y.settle()
	return nil
}

// welcome answers Expect: 100-continue, once, when the body is wanted.
func (x *exchange) welcome() *fault.Fault {
	if !x.body.expects {
		return nil
	}
	x.body.expects = false
	x.s.c.SetWriteDeadline(time.Now().Add(deliverTime))
	n, err := x.s.c.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
	x.sentBytes += int64(n)
	if err != nil {
		return clientFault(err, fault.Upload, fault.Closed)
	}
	return nil
}

// extend gives the client time for the next piece of its body: the timer runs between two reads, so there is no least rate.
func (x *exchange) extend() { x.s.c.SetReadDeadline(time.Now().Add(bodyPause)) }

// uploadFault is what a failed read of the request body comes to. A client that ends its body early is at fault
// itself: nothing of it is laid at the member's door.
func uploadFault(err error) *fault.Fault {
	f := clientFault(err, fault.Upload, fault.Reset)
	var broken *http1.Error
	switch {
	case errors.As(err, &broken):
		f.Kind, f.Detail = fault.Malformed, broken.Kind.String()
	case errors.Is(err, errBodyTooBig):
		f.Kind = fault.BodyTooBig
	case errors.Is(err, io.EOF):
		f.Kind = fault.Truncated
	}
	return f
}

// faultOf is what a failed operation on a member's connection comes to.
func faultOf(err error, phase fault.Phase, reused bool) *fault.Fault {
	return new(fault.Of(err, phase, reused))
}

// clientFault is a failed operation on the client's connection; kind is what it is if no timer ran out. A connection
// that is closed already was ended by the gateway itself, at the end of a drain.
func clientFault(err error, phase fault.Phase, kind fault.Kind) *fault.Fault {
	switch {
	case errors.Is(err, net.ErrClosed):
		return &fault.Fault{Side: fault.Gateway, Phase: phase, Kind: fault.Closed, Detail: "the time to drain was over"}
	case errors.Is(err, os.ErrDeadlineExceeded):
		kind = fault.Timeout
	}
	return &fault.Fault{Side: fault.Client, Phase: phase, Kind: kind}
}

var errBodyTooBig = errors.New("the request body is larger than the gateway takes")

// upload streams the body to the member. clientErr is the client's part in a failure, memberErr the member's; a member
// that takes no more may have answered already.
func (x *exchange) upload() (clientErr, memberErr error) {
	if x.body.length < 0 {
		clientErr, memberErr = x.uploadChunked()
	} else {
		clientErr, memberErr = x.uploadLength()
	}
	x.sentAll = clientErr == nil && memberErr == nil
	if !x.body.ended.Load() {
		x.body.done = x.sentAll
		x.body.ended.Store(true)
	}
	return clientErr, memberErr
}

func (x *exchange) uploadLength() (clientErr, memberErr error) {
	y := &x.body
	n, lost, clientErr, memberErr := conn.Relay(x.b, x.s.c, y.length-y.read,
		conn.Pace{Read: bodyPause, Write: x.target.Group.Timeout})
	y.read += n + lost
	x.a.BytesOut += n
	return clientErr, memberErr
}

const blockSize = 32 << 10

var blocks = sync.Pool{New: func() any { return new([blockSize]byte) }}

// uploadChunked takes the client's framing off and puts ours on, so that nothing that two readers could read
// differently is passed on.
func (x *exchange) uploadChunked() (clientErr, memberErr error) {
	y := &x.body
	box := blocks.Get().(*[blockSize]byte)
	defer blocks.Put(box)
	frame := blocks.Get().(*[blockSize]byte)
	defer blocks.Put(frame)
	in, fromHead := y.first, true
	y.fed = true
	for {
		used, out, err := reframe(&y.chunks, in, frame[:0])
		if fromHead {
			y.inHead = used
		}
		if err != nil {
			return err, nil
		}
		if y.read += int64(used); y.chunks.Data() > x.state.bodyMax {
			return errBodyTooBig, nil
		}
		last := y.chunks.Done()
		if last { // known before the last bytes are sent: the answer to them may be quicker than anything after
			y.tail = !fromHead && !x.putBack(in[used:])
			y.done = true
			y.ended.Store(true)
		}
		x.b.SetWriteDeadline(time.Now().Add(x.target.Group.Timeout))
		if len(out) > 0 {
			if _, err := x.b.Write(out); err != nil {
				return nil, err
			}
			x.a.BytesOut = y.chunks.Data()
		}
		if last {
			return nil, nil
		}
		x.extend()
		n, err := x.s.c.Read(box[:blockSize/2])
		if err != nil {
			return err, nil
		}
		in, fromHead = box[:n], false
	}
}

// putBack keeps what was read behind the body for the request that follows: it goes behind what came with the head, all
// of which is used by now.
func (x *exchange) putBack(rest []byte) bool {
	if len(rest) > len(x.in)-x.end {
		return false
	}
	x.end += copy(x.in[x.end:], rest)
	return true
}

// reframe appends the data of a chunked body with framing of our own. It stops at the end of the body.
func reframe(c *http1.Chunks, in, out []byte) (used int, _ []byte, err error) {
	for used < len(in) && !c.Done() {
		n, data, err := c.Next(in[used:])
		if used += n; err != nil {
			return used, out, err
		}
		if len(data) > 0 {
			out = http1.AppendChunkHead(out, len(data))
			out = append(append(out, data...), http1.ChunkEnd...)
		}
	}
	if c.Done() {
		out = appendEnd(out, c)
	}
	return used, out, nil
}

func appendEnd(out []byte, c *http1.Chunks) []byte {
	if t := c.Trailers(); len(t) > 0 {
		return http1.AppendTrailers(out, t)
	}
	return append(out, http1.LastChunk...)
}
