package proxy

import (
	"errors"
	"io"
	"time"

	"causeway/internal/conn"
	"causeway/internal/fault"
	"causeway/internal/http1"
)

// relay sends the response on. in holds end bytes of it, the last of which have just arrived. clean reports that the
// response ended where it should, with nothing behind it.
func (a *attempt) relay(in []byte, end int, now time.Time) (clean bool, f *fault.Fault) {
	x := a.x
	kind, length := a.res.Body(x.req.Method)
	begun := in[a.res.Len:end]
	a.recordHead(begun)
	if x.body.catchUp(x.s.loop) {
		now = time.Now()
	}
	head := a.buildResponseHead(kind, now)
	if kind == http1.None {
		return len(begun) == 0 && !a.announcesBody(), a.deliverAt(now, head, nil)
	}
	var met error
	if len(begun) == 0 && (kind != http1.Length || length > 0) {
		n := 0
		n, met = a.gather(in[end:], now)
		begun, now = in[a.res.Len:end+n], time.Now()
	}
	filled := a.res.Len+len(begun) == len(in)
	if filled && kind == http1.Length && met == nil && int64(len(begun)) < length && length <= bufferedMax {
		box := bodyBoxes.Get().(*bodyBox)
		defer bodyBoxes.Put(box)
		begun, met = a.gatherRest(box[:length+1], begun, now)
		now = time.Now()
	}
	switch kind {
	case http1.Length:
		a.rec.DeclaredIn = length
		return a.relayLength(head, begun, length, met, now)
	case http1.Chunked:
		return a.relayChunked(head, in, begun, met)
	}
	return false, a.relayUntilClose(head, in, begun, met)
}

// deliver writes to the client. The first call carries the head.
func (a *attempt) deliver(head, body []byte) *fault.Fault {
	return a.deliverAt(time.Now(), head, body)
}

func (a *attempt) deliverAt(now time.Time, head, body []byte) *fault.Fault {
	x := a.x
	x.s.c.SetWriteDeadline(now.Add(deliverTime))
	if !x.headSent {
		x.headSent, x.firstSent = true, now
		x.rec.Status = a.res.Status
	}
	n, err := x.s.c.Writev(head, body)
	if x.sentBytes += int64(n); err != nil && n == 0 && head != nil {
		x.rec.Status = fault.Fault{Side: fault.Client, Kind: fault.Closed}.Status(x.state.v1) // it saw nothing of the answer
	}
	return deliverFault(err)
}

// relayLength relays a body of declared length. begun is what has arrived of it, met the error that ended that read.
func (a *attempt) relayLength(head, begun []byte, length int64, met error, now time.Time) (clean bool, f *fault.Fault) {
	x := a.x
	extra := int64(len(begun)) > length
	if extra {
		begun = begun[:length]
	}
	a.rec.BytesIn = int64(len(begun))
	if f := a.deliverAt(now, head, begun); f != nil {
		return false, f
	}
	switch {
	case a.rec.BytesIn == length:
		return !extra, nil
	case met != nil:
		return false, a.bodyFault(met)
	}
	pace := conn.Pace{Read: a.timeout(), Write: deliverTime}
	n, lost, readErr, writeErr := conn.Relay(x.s.c, a.backend, length-a.rec.BytesIn, pace)
	a.rec.BytesIn += n + lost
	x.sentBytes += n
	if writeErr != nil {
		return false, deliverFault(writeErr)
	}
	if readErr != nil {
		return false, a.bodyFault(readErr)
	}
	return !extra, nil
}

// extendRead gives the member the request timeout for its next piece.
func (a *attempt) extendRead() { a.backend.SetReadDeadline(time.Now().Add(a.timeout())) }

// relayChunked takes the member's framing off and puts ours on; a client of HTTP/1.0 gets the bare data, and the end of
// its connection.
func (a *attempt) relayChunked(head, in, begun []byte, met error) (clean bool, f *fault.Fault) {
	var chunks http1.Chunks
	frame := blocks.Get().(*[blockSize]byte)
	defer blocks.Put(frame)
	for {
		used, out, err := a.x.frame(&chunks, begun, frame[:0])
		a.rec.BytesIn = chunks.Data()
		if err != nil && !a.x.headSent {
			return false, a.bodyFault(err)
		}
		if len(head)+len(out) > 0 {
			if f := a.deliver(head, out); f != nil {
				return false, f
			}
		}
		if err != nil {
			return false, a.bodyFault(err)
		}
		if chunks.Done() {
			return used == len(begun), nil
		}
		if met != nil {
			return false, a.bodyFault(met)
		}
		head = nil
		a.extendRead()
		n, err := a.backend.Read(in[:blockSize/2])
		if err != nil {
			return false, a.bodyFault(err)
		}
		begun = in[:n]
	}
}

// frame appends the data of a chunked body to out in the form that the client understands.
func (x *exchange) frame(c *http1.Chunks, in, out []byte) (used int, _ []byte, err error) {
	if x.req.Minor == 1 {
		return reframe(c, in, out)
	}
	for used < len(in) && !c.Done() {
		n, data, err := c.Next(in[used:])
		if used += n; err != nil {
			return used, out, err
		}
		out = append(out, data...)
	}
	return used, out, nil
}

// relayUntilClose relays a body that ends with the connection: nobody can tell whether it was whole.
func (a *attempt) relayUntilClose(head, in, begun []byte, met error) *fault.Fault {
	for {
		a.rec.BytesIn += int64(len(begun))
		if f := a.deliver(head, begun); f != nil {
			return f
		}
		head = nil
		n, err := 0, met
		if err == nil {
			a.extendRead()
			n, err = a.backend.Read(in)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return a.bodyFault(err)
		}
		begun = in[:n]
	}
}
