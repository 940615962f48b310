package proxy

import (
	"errors"
	"sync"
	"time"

	"causeway/internal/conn"
	"causeway/internal/http1"
)

var errBodyTooBig = errors.New("the request body exceeds the gateway's limit")

// upload streams the body to the member. clientErr is the client's part in a failure, memberErr the member's; a member
// that takes no more may have answered already.
func (a *attempt) upload() (clientErr, memberErr error) {
	b := &a.x.body
	if b.length < 0 {
		clientErr, memberErr = a.uploadChunked()
	} else {
		clientErr, memberErr = a.uploadLength()
	}
	a.sentAll = clientErr == nil && memberErr == nil
	if !b.ended.Load() {
		b.done = a.sentAll
		b.ended.Store(true)
	}
	return clientErr, memberErr
}

func (a *attempt) uploadLength() (clientErr, memberErr error) {
	b := &a.x.body
	pace := conn.Pace{Read: bodyPause, Write: a.timeout()}
	n, lost, clientErr, memberErr := conn.Relay(a.backend, a.x.s.c, b.length-b.read, pace)
	b.read += n + lost
	a.rec.BytesOut += n
	return clientErr, memberErr
}

const blockSize = 32 << 10

var blocks = sync.Pool{New: func() any { return new([blockSize]byte) }}

// uploadChunked takes the client's framing off and puts ours on, so that it forwards nothing that two readers could read
// differently.
func (a *attempt) uploadChunked() (clientErr, memberErr error) {
	x, b := a.x, &a.x.body
	box := blocks.Get().(*[blockSize]byte)
	defer blocks.Put(box)
	frame := blocks.Get().(*[blockSize]byte)
	defer blocks.Put(frame)
	in, fromHead := b.first, true
	b.fed = true
	for {
		used, out, err := reframe(&b.chunks, in, frame[:0])
		if fromHead {
			b.inHead = used
		}
		if err != nil {
			return err, nil
		}
		if b.read += int64(used); b.chunks.Data() > x.state.bodyMax {
			return errBodyTooBig, nil
		}
		last := b.chunks.Done()
		if last {
			x.endUpload(in[used:], fromHead)
		}
		if err := a.sendChunks(out); err != nil || last {
			return nil, err
		}
		x.extendUpload()
		n, err := x.s.c.Read(box[:blockSize/2])
		if err != nil {
			return err, nil
		}
		in, fromHead = box[:n], false
	}
}

// sendChunks sends what was read of the body, in our framing; it may be nothing.
func (a *attempt) sendChunks(out []byte) error {
	a.backend.SetWriteDeadline(time.Now().Add(a.timeout()))
	if len(out) == 0 {
		return nil
	}
	_, err := a.backend.Write(out)
	if err == nil {
		a.rec.BytesOut = a.x.body.chunks.Data()
	}
	return err
}

// endUpload notes that the whole body was read, before its last bytes are sent: the answer to them may be quicker than
// anything after. rest is what was read behind the body.
func (x *exchange) endUpload(rest []byte, fromHead bool) {
	b := &x.body
	b.tail = !fromHead && !x.putBack(rest)
	b.done = true
	b.ended.Store(true)
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
