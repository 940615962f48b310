package proxy

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/conn"
	"causeway/internal/fault"
	"causeway/internal/http1"
)

// upgrade relays 101 and joins client and member until one of them ends, or until neither has sent anything for the
// request timeout, which on an Application Gateway bounds an upgraded session too. That is how such a session ends, and
// no fault: both sides see a clean end.
func (a *attempt) upgrade(begun []byte) *fault.Fault {
	x := a.x
	if !x.wantsUpgrade() || !http1.EqualFold(a.res.Upgrade, "websocket") {
		return &fault.Fault{
			Side:   fault.Backend,
			Phase:  fault.Head,
			Kind:   fault.BadInterim,
			Detail: "it switches to a protocol that nobody asked for",
		}
	}
	x.keepAlive = false
	buf := http1.AppendStatusLine(x.out[:0], 101, a.res.Reason)
	buf = http1.AppendFields(buf, a.res.Fields, http1.HopByHop)
	buf = append(buf, "Connection: Upgrade\r\n"...)
	buf = http1.AppendField(buf, "Upgrade", a.res.Upgrade)
	x.out = append(buf, "\r\n"...)
	if f := a.deliver(x.out, begun); f != nil {
		return f
	}
	ahead := x.in[x.req.Len:x.end] // a request that upgrades has no body
	a.backend.SetWriteDeadline(time.Now().Add(a.timeout()))
	if _, err := a.backend.Write(ahead); err != nil {
		return faultOf(err, fault.Body, a.rec.Reused)
	}
	a.rec.BytesIn, a.rec.BytesOut = int64(len(begun)), int64(len(ahead))
	x.body.read += int64(len(ahead))
	return a.tunnel()
}

var errIdle = errors.New("no data in either direction within the request timeout")

// tunnel relays both ways.
func (a *attempt) tunnel() *fault.Fault {
	x := a.x
	client := x.s.c
	t := tunnel{idle: a.timeout(), opened: time.Now()}
	up := func() error {
		return t.pump(a.backend, client, accesslog.EndClient, accesslog.EndMember, &a.rec.BytesOut)
	}
	down := func() error {
		return t.pump(client, a.backend, accesslog.EndMember, accesslog.EndClient, &a.rec.BytesIn)
	}
	in, out := a.rec.BytesIn, a.rec.BytesOut
	x.s.loop.Duplex(client, a.backend, up, down)
	x.sentBytes += a.rec.BytesIn - in
	x.body.read += a.rec.BytesOut - out
	if end := t.end.Load(); end != nil {
		x.rec.EndedBy, x.rec.End = end.by, end.how
		x.rec.IdleEnd = end.how == accesslog.EndIdle
	}
	return nil
}

// tunnel is what the two directions share: when either last carried something, and what ended it first.
type tunnel struct {
	idle   time.Duration
	opened time.Time
	last   atomic.Int64 // nanoseconds from opened, by the monotonic clock: a step of the wall clock moves nothing
	end    atomic.Pointer[tunnelEnd]
}

// tunnelEnd says who ended a tunnel, and how, in the words of the access log.
type tunnelEnd struct{ by, how string }

func (t *tunnel) touch() { t.last.Store(int64(time.Since(t.opened))) }

// quiet is how long neither side has sent anything.
func (t *tunnel) quiet() time.Duration { return time.Since(t.opened) - time.Duration(t.last.Load()) }

// ended notes an end, unless there was one already. The other direction then ends too, or is stopped.
func (t *tunnel) ended(by, how string) { t.end.CompareAndSwap(nil, &tunnelEnd{by, how}) }

// failed notes an end by an error on the connection of one side, unless the gateway itself closed it.
func (t *tunnel) failed(side string, err error) error {
	switch {
	case errors.Is(err, conn.ErrStopped): // the other direction ended it
	case errors.Is(err, net.ErrClosed):
		t.ended(accesslog.EndGateway, accesslog.EndReset)
	default:
		t.ended(side, accesslog.EndReset)
	}
	return err
}

// pump carries one direction; source and sink name the two sides.
func (t *tunnel) pump(to, from conn.Conn, source, sink string, count *int64) error {
	box := blocks.Get().(*[blockSize]byte)
	defer blocks.Put(box)
	for {
		from.SetReadDeadline(time.Now().Add(t.idle - t.quiet()))
		n, err := from.Read(box[:])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if t.quiet() >= t.idle {
				t.ended(accesslog.EndGateway, accesslog.EndIdle)
				return errIdle
			}
			continue
		case errors.Is(err, io.EOF):
			t.ended(source, accesslog.EndClean)
			return to.CloseWrite()
		case err != nil:
			return t.failed(source, err)
		}
		t.touch()
		to.SetWriteDeadline(time.Now().Add(max(t.idle, deliverTime)))
		if _, err = to.Write(box[:n]); err != nil {
			return t.failed(sink, err)
		}
		*count += int64(n)
	}
}
