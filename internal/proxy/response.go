package proxy

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
	"causeway/internal/http1"
)

// responseLimits bound the head of a response; Azure documents 32 KB for headers.
var responseLimits = http1.Limits{Line: 8 << 10, Head: blockSize, Fields: 200, LenientLF: true, LenientColon: true}

// receive takes the member's answer and relays it.
func (a *attempt) receive() *fault.Fault {
	box := blocks.Get().(*[blockSize]byte)
	defer func() {
		if a.withheld == nil {
			blocks.Put(box)
		}
	}()
	a.clean = false
	a.res.Reset()
	end, now, f := a.receiveHead(box[:])
	if f != nil || a.withhold(box, end) {
		return f
	}
	return a.answer(box, end, now)
}

// answer relays a response whose head is complete; the first end bytes of it are in box.
func (a *attempt) answer(box *[blockSize]byte, end int, now time.Time) (f *fault.Fault) {
	defer func() { a.res.Fields = a.res.Fields[:0] }() // they lie in box
	a.countOddities()
	a.noteLogin()
	if a.res.Status == http.StatusSwitchingProtocols {
		return a.upgrade(box[a.res.Len:end])
	}
	a.clean, f = a.relay(box[:], end, now)
	a.over = time.Now()
	a.rec.Receive = a.over.Sub(a.began) - a.rec.HeaderTime
	return f
}

// countOddities counts what a strict reader would refuse in the head.
func (a *attempt) countOddities() {
	if a.res.BareLF {
		a.x.s.p.metrics.BareLF.Inc()
	}
	if a.res.SpacedColon {
		a.x.s.p.metrics.SpacedColon.Inc()
	}
}

// receiveHead reads until the head of the final response is complete. Now and then it checks on the client: nobody needs
// an answer that nobody waits for. now is when the last of the head was read.
func (a *attempt) receiveHead(in []byte) (end int, now time.Time, f *fault.Fault) {
	now, phase := a.began, fault.Wait
	for {
		if next := a.checkAt(now); next != a.nextCheck {
			a.nextCheck = next
			a.backend.SetReadDeadline(next)
		}
		n, err := a.backend.Read(in[end:])
		now = time.Now()
		if err != nil {
			if f = a.interrupted(err, now, phase); f != nil {
				return end, now, foreign(f, in[:end])
			}
			continue
		}
		if end == 0 {
			phase, a.rec.Wait = fault.Head, a.waited(now)
		}
		end, err = a.parseHead(in, end+n, now)
		if err == nil {
			a.rec.Status, a.rec.HeaderTime = a.res.Status, now.Sub(a.began)
			return end, now, nil
		}
		if !errors.Is(err, http1.ErrMore) || end == len(in) {
			return end, now, foreign(headFault(err), in[:end])
		}
	}
}

// parseHead relays interim responses and returns how many bytes it holds of what follows them. Each interim response
// restarts the request timeout: the member is at work, and says so.
func (a *attempt) parseHead(in []byte, end int, now time.Time) (int, error) {
	for {
		err := a.res.Parse(in[:end], &responseLimits)
		if err != nil || a.res.Status >= 200 || a.res.Status == http.StatusSwitchingProtocols {
			return end, err
		}
		a.rec.Interim++
		if err := a.interim.count(a.res, now); err != nil {
			return end, err
		}
		a.relayInterim()
		if end = copy(in, in[a.res.Len:end]); end == 0 {
			a.res.Reset()
			return 0, http1.ErrMore
		}
		a.res.Reset()
	}
}

// relayInterim passes an informational response to a client that understands it, but for 100: the gateway itself has
// answered what the client expects.
func (a *attempt) relayInterim() {
	x := a.x
	if a.res.Status == http.StatusContinue || x.req.Minor == 0 {
		return
	}
	buf := http1.AppendStatusLine(x.out[:0], a.res.Status, a.res.Reason)
	buf = http1.AppendFields(buf, a.res.Fields, http1.HopByHop)
	x.out = append(buf, "\r\n"...)
	x.s.c.SetWriteDeadline(time.Now().Add(deliverTime))
	n, _ := x.s.c.Write(x.out) // if the client is gone, the answer itself meets that
	x.sentBytes += int64(n)
}

// recordHead keeps what the access log says of a response head. begun is what has arrived of the body.
func (a *attempt) recordHead(begun []byte) {
	x := a.x
	x.rec.ContentType = append(x.contentType[:0], a.res.Get(http1.ContentType)...)
	x.contentType = x.rec.ContentType
	if a.res.Status == http.StatusTooManyRequests || a.res.Status >= http.StatusInternalServerError {
		a.rec.RetryAfter, a.rec.Page = retryAfter(a.res.Get(http1.RetryAfter)), fault.Page(a.res.Status, begun)
	}
}

// retryAfter is the time that a Retry-After field asks for (RFC 9110 section 10.2.3), to the second; Unset if it asks for none.
func retryAfter(value []byte) time.Duration {
	if n, err := strconv.ParseUint(string(value), 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(string(value)); err == nil {
		return max(0, time.Until(at).Round(time.Second))
	}
	return accesslog.Unset
}

// announcesBody reports whether the head announces a body that the status does not allow: where the next response begins
// is then anybody's guess. Answers to HEAD and 304 may say how long the body would have been (RFC 9110 section 8.6).
func (a *attempt) announcesBody() bool {
	return (a.res.Status == http.StatusNoContent || a.res.Status < 200) && (a.res.Chunked || a.res.ContentLength > 0)
}

// buildResponseHead makes the head for the client, in x.out, and decides whether the client's connection may stay.
func (a *attempt) buildResponseHead(kind http1.BodyKind, now time.Time) []byte {
	x := a.x
	framed := kind != http1.UntilClose && (kind != http1.Chunked || x.req.Minor == 1)
	x.keepAlive = x.keepAlive && framed && (x.body.inSync() || !x.body.ended.Load() && !a.res.Close) && !x.s.p.draining.Load()
	buf := http1.AppendStatusLine(x.out[:0], a.res.Status, a.res.Reason)
	buf = http1.AppendFields(buf, a.res.Fields, http1.HopByHop|1<<http1.ContentLength)
	if !a.res.Has(http1.Date) { // RFC 9110 section 6.6.1
		buf = appendDate(buf, now)
	}
	switch {
	case kind == http1.Chunked && x.req.Minor == 1:
		buf = append(buf, "Transfer-Encoding: chunked\r\n"...)
	case kind != http1.Chunked && a.res.ContentLength >= 0 && a.res.Status != http.StatusNoContent: // RFC 9110 section 8.6
		buf = http1.AppendLength(buf, a.res.ContentLength)
	}
	x.out = append(x.appendConnection(buf, a.offered()), "\r\n"...)
	return x.out
}

// offered is the protocol that a 426 asks the client to change to: it must name one (RFC 9110 section 15.5.22). Elsewhere
// a member's offer concerns its own connection only.
func (a *attempt) offered() []byte {
	if a.res.Status == http.StatusUpgradeRequired && a.x.req.Minor == 1 {
		return a.res.Upgrade
	}
	return nil
}

// appendConnection tells the client what becomes of its connection, and which protocol it may change to.
func (x *exchange) appendConnection(buf, upgrade []byte) []byte {
	if len(upgrade) > 0 {
		buf = http1.AppendField(buf, "Upgrade", upgrade)
		if x.keepAlive {
			return append(buf, "Connection: Upgrade\r\n"...)
		}
		return append(buf, "Connection: close, Upgrade\r\n"...)
	}
	switch {
	case !x.keepAlive:
		return append(buf, "Connection: close\r\n"...)
	case x.req.Minor == 0:
		return append(buf, "Connection: keep-alive\r\n"...)
	}
	return buf
}
