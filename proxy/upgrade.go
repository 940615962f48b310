package proxy

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"causeway/conn"
	"causeway/fault"
	"causeway/http1"
)

// upgrade passes 101 on and joins client and member until one of them ends, or until neither has said anything for the
// request timeout, which on an Application Gateway bounds an upgraded session too. That is how such a session ends, and
// no fault: both sides see a clean end.
func (x *exchange) upgrade(begun []byte) fault.Fault {
	if !x.wantsUpgrade() || !http1.EqualFold(x.res.Upgrade, "websocket") {
		return fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.BadInterim, Detail: "it switches to a protocol that nobody asked for"}
	}
	x.keep = false
	b := http1.AppendStatusLine(x.out[:0], 101, x.res.Reason)
	b = http1.AppendFields(b, x.res.Fields, http1.HopByHop)
	b = append(b, "Connection: Upgrade\r\n"...)
	b = http1.AppendField(b, "Upgrade", x.res.Upgrade)
	x.out = append(b, "\r\n"...)
	if f := x.deliver(x.out, begun); !f.None() {
		return f
	}
	ahead := x.in[x.req.Len:x.end] // a request that upgrades has no body
	x.b.SetWriteDeadline(time.Now().Add(x.target.Group.Timeout))
	if _, err := x.b.Write(ahead); err != nil {
		return fault.Of(err, fault.Body, x.a.Reused)
	}
	x.a.BytesIn, x.a.BytesOut = int64(len(begun)), int64(len(ahead))
	x.body.read += int64(len(ahead))
	return x.tunnel()
}

var errIdle = errors.New("no data in either direction within the request timeout")

// tunnel relays both ways.
func (x *exchange) tunnel() fault.Fault {
	t := tunnel{idle: x.target.Group.Timeout}
	t.touch()
	up := func() error { return t.pump(x.b, x.s.c, &x.a.BytesOut) }
	down := func() error { return t.pump(x.s.c, x.b, &x.a.BytesIn) }
	in, out := x.a.BytesIn, x.a.BytesOut
	upErr, downErr := x.s.h.Both(x.s.c, x.b, up, down)
	x.sentBytes += x.a.BytesIn - in
	x.body.read += x.a.BytesOut - out
	x.rec.IdleEnd = errors.Is(upErr, errIdle) || errors.Is(downErr, errIdle)
	return fault.Fault{}
}

// tunnel is what the two directions share: when either last carried something.
type tunnel struct {
	idle time.Duration
	last atomic.Int64
}

func (t *tunnel) touch() { t.last.Store(time.Now().UnixNano()) }

func (t *tunnel) pump(to, from conn.Conn, count *int64) error {
	box := blocks.Get().(*[blockSize]byte)
	defer blocks.Put(box)
	for {
		until := time.Unix(0, t.last.Load()).Add(t.idle)
		from.SetReadDeadline(until)
		n, err := from.Read(box[:])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if time.Since(time.Unix(0, t.last.Load())) >= t.idle {
				return errIdle
			}
			continue
		case errors.Is(err, io.EOF):
			return to.CloseWrite()
		case err != nil:
			return err
		}
		t.touch()
		to.SetWriteDeadline(time.Now().Add(max(t.idle, deliverTime)))
		if _, err = to.Write(box[:n]); err != nil {
			return err
		}
		*count += int64(n)
	}
}
