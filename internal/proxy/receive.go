package proxy

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/conn"
	"causeway/internal/fault"
	"causeway/internal/http1"
)

// responseLimits bound the head of a response; Azure documents 32 KB for headers.
var responseLimits = http1.Limits{Line: 8 << 10, Head: blockSize, Fields: 200, LenientLF: true, LenientColon: true}

// receive takes the member's answer and relays it.
func (x *exchange) receive() *fault.Fault {
	box := blocks.Get().(*[blockSize]byte)
	defer func() {
		if x.withheld == nil {
			blocks.Put(box)
		}
	}()
	x.clean = false
	x.res.Reset()
	end, now, f := x.receiveHead(box[:])
	if f != nil || x.keepBack(box, end) {
		return f
	}
	return x.answer(box, end, now)
}

// answer relays a response whose head is complete; end bytes of it are in box.
func (x *exchange) answer(box *[blockSize]byte, end int, now time.Time) *fault.Fault {
	defer func() { x.res.Fields = x.res.Fields[:0] }() // they lie in box
	if x.res.BareLF {
		x.s.p.metrics.BareLF.Inc()
	}
	if x.res.SpacedColon {
		x.s.p.metrics.SpacedColon.Inc()
	}
	x.noteLogin()
	if x.res.Status == 101 {
		return x.upgrade(box[x.res.Len:end])
	}
	f := x.relay(box[:], end, now)
	x.over = time.Now()
	x.a.Receive = x.over.Sub(x.began) - x.a.HeaderTime
	return f
}

// receiveHead reads until the head of the final response is complete. Meanwhile it looks at the client now and then:
// an answer that nobody waits for is not waited for. now is when the last of the head was read.
func (x *exchange) receiveHead(in []byte) (end int, now time.Time, f *fault.Fault) {
	now, phase := x.began, fault.Wait
	for {
		if look := x.nextLook(now); look != x.look {
			x.look = look
			x.b.SetReadDeadline(look)
		}
		n, err := x.b.Read(in[end:])
		now = time.Now()
		if err != nil {
			if f = x.interrupted(err, now, phase); f != nil {
				return end, now, foreign(f, in[:end])
			}
			continue
		}
		if end == 0 {
			phase, x.a.Wait = fault.Head, x.waited(now)
		}
		end, err = x.parseHead(in, end+n, now)
		if err == nil {
			x.a.Status, x.a.HeaderTime = x.res.Status, now.Sub(x.began)
			return end, now, nil
		}
		if !errors.Is(err, http1.ErrMore) || end == len(in) {
			return end, now, foreign(headFault(err), in[:end])
		}
	}
}

// parseHead passes interim responses on and returns how much is held of what follows them. Each gives the member the
// request timeout anew: it is at work, and says so.
func (x *exchange) parseHead(in []byte, end int, now time.Time) (int, error) {
	for {
		err := x.res.Parse(in[:end], &responseLimits)
		if err != nil || x.res.Status >= 200 || x.res.Status == 101 {
			return end, err
		}
		x.heard = now
		x.a.Interim++
		if err := x.interim.count(&x.res, now); err != nil {
			return end, err
		}
		x.relayInterim()
		if end = copy(in, in[x.res.Len:end]); end == 0 {
			x.res.Reset()
			return 0, http1.ErrMore
		}
		x.res.Reset()
	}
}

// waited is how long the member has kept us waiting: nothing, if it answers before the request is complete.
func (x *exchange) waited(now time.Time) time.Duration {
	after := x.sentAfter.Load()
	if after < 0 {
		return 0
	}
	return max(0, now.Sub(x.began)-time.Duration(after))
}

// nextLook is when a wait for the answer is next interrupted.
func (x *exchange) nextLook(now time.Time) time.Time {
	look := now.Add(min(max(now.Sub(x.began), firstGlance), glance))
	if limit := x.waitLimit(); !limit.IsZero() && limit.Before(look) {
		return limit
	}
	return look
}

// waitLimit is when the request timeout passes; zero while the request is still being sent.
func (x *exchange) waitLimit() time.Time {
	after := x.sentAfter.Load()
	if after < 0 {
		return time.Time{}
	}
	from := x.began.Add(time.Duration(after))
	if x.heard.After(from) {
		from = x.heard
	}
	return from.Add(x.target.Group.Timeout)
}

// interrupted decides whether a wait that was cut short goes on. The client comes first: if it is gone, nothing else
// matters, not even that the member failed or ran out of time at the same moment.
func (x *exchange) interrupted(err error, now time.Time, phase fault.Phase) *fault.Fault {
	if errors.Is(err, conn.ErrStopped) { // the upload failed, and says why
		return &fault.Fault{Side: fault.Client, Phase: fault.Upload, Kind: fault.Reset}
	}
	if gone := x.clientGone(); gone != nil {
		return clientFault(gone, fault.Wait, fault.Closed)
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return faultOf(err, phase, x.a.Reused)
	}
	if limit := x.waitLimit(); limit.IsZero() || now.Before(limit) {
		return nil
	}
	return &fault.Fault{Side: fault.Backend, Phase: phase, Kind: fault.Timeout, Reused: x.a.Reused}
}

// clientGone finds out whether the client still wants its answer; the error says how it went. A client that ended its
// side may only have said all it had to say. So it is asked, once: an interim response is harmless to who waits, and
// whoever left answers it with a reset, which is given a moment to come. It is 100 because every client of HTTP/1.1 skips
// that, while some take any other for the answer. HTTP/1.0 knows no interim responses and is not asked.
func (x *exchange) clientGone() error {
	if !x.body.ended.Load() {
		return nil
	}
	peer := x.s.c.Peer()
	if peer == conn.Gone {
		if err := x.ask(); err != nil {
			return err
		}
		peer = x.s.c.Peer()
	}
	if peer == conn.Lost {
		return syscall.ECONNRESET
	}
	return nil
}

// ask puts the question to the client, unless it was. The error says that the connection is over on our side already.
func (x *exchange) ask() error {
	var question []byte
	if x.req.Minor == 1 && !x.asked {
		question = []byte("HTTP/1.1 100 Continue\r\n\r\n")
	}
	x.asked = true
	x.s.c.SetWriteDeadline(time.Now().Add(deliverTime))
	n, err := x.s.c.Write(question)
	if x.sentBytes += int64(n); n > 0 && err == nil {
		x.s.h.Do(func() { time.Sleep(replyTime) })
	}
	return err
}

// headFault is what a response head that breaks the rules comes to.
func headFault(err error) *fault.Fault {
	f := &fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.TooLarge}
	var broken *http1.Error
	if errors.As(err, &broken) {
		f.Detail = broken.Kind.String()
		switch broken.Kind {
		case http1.HeadTooLarge, http1.LineTooLong, http1.TooManyFields:
		case http1.DuplicateContentLength, http1.BadContentLength, http1.LengthAndCoding, http1.BadCoding:
			f.Kind = fault.Ambiguous
		case http1.BadStatus, http1.BadVersion, http1.UnsupportedVersion:
			f.Kind = fault.BadStatus
		default:
			f.Kind = fault.Malformed
		}
	}
	if errors.Is(err, errInterimBytes) || errors.Is(err, errInterimRate) { // no rule forbids them: the limit is ours
		f.Side, f.Kind, f.Detail = fault.Gateway, fault.BadInterim, err.Error()
	}
	return f
}

// foreign says of an answer that does not even begin like HTTP/1.1 what it is instead.
func foreign(f *fault.Fault, in []byte) *fault.Fault {
	if detail, ok := fault.Foreign(in); ok && f.Side == fault.Backend && f.Phase == fault.Head {
		f.Kind, f.Errno, f.Detail = fault.NotHTTP, "", detail
	}
	return f
}

// relayInterim passes an informational response on to a client that understands it. 100 is not passed on: the gateway
// has answered the client's expectation itself.
func (x *exchange) relayInterim() {
	if x.res.Status == 100 || x.req.Minor == 0 {
		return
	}
	b := http1.AppendStatusLine(x.out[:0], x.res.Status, x.res.Reason)
	b = http1.AppendFields(b, x.res.Fields, http1.HopByHop)
	x.out = append(b, "\r\n"...)
	x.s.c.SetWriteDeadline(time.Now().Add(deliverTime))
	n, _ := x.s.c.Write(x.out) // if the client is gone, the answer itself will tell
	x.sentBytes += int64(n)
}

// relay sends the response on. in holds end bytes of it, the last of which came just now.
func (x *exchange) relay(in []byte, end int, now time.Time) *fault.Fault {
	kind, length := x.res.Body(x.req.Method)
	begun := in[x.res.Len:end]
	x.rec.ContentType = append(x.contentType[:0], x.res.Get(http1.ContentType)...)
	x.contentType = x.rec.ContentType
	if x.res.Status == http.StatusTooManyRequests || x.res.Status >= http.StatusInternalServerError {
		x.a.RetryAfter, x.a.Page = retryAfter(x.res.Get(http1.RetryAfter)), fault.Page(x.res.Status, begun)
	}
	if x.body.catchUp(x.s.h) {
		now = time.Now()
	}
	x.responseHead(kind, now)
	if kind == http1.None {
		x.clean = len(begun) == 0 && !x.announcesBody()
		return x.deliverAt(now, x.out, nil)
	}
	var met error
	if len(begun) == 0 && (kind != http1.Length || length > 0) {
		n := 0
		n, met = x.gather(in[end:], now)
		begun, now = in[x.res.Len:end+n], time.Now()
	}
	if filled := x.res.Len+len(begun) == len(in); filled && kind == http1.Length && met == nil && int64(len(begun)) < length && length <= heldMax {
		box := heldBoxes.Get().(*heldBox)
		defer heldBoxes.Put(box)
		begun, met = x.gatherRest(box[:length+1], begun, now)
		now = time.Now()
	}
	switch kind {
	case http1.Length:
		x.a.DeclaredIn = length
		return x.relayLength(begun, length, met, now)
	case http1.Chunked:
		return x.relayChunked(in, begun, met)
	}
	return x.relayUntilClose(in, begun, met)
}

// announcesBody reports whether the head announces a body that the status does not allow: where the next response begins
// is then anybody's guess. Answers to HEAD and 304 may say how long the body would have been (RFC 9110 section 8.6).
func (x *exchange) announcesBody() bool {
	return (x.res.Status == http.StatusNoContent || x.res.Status < 200) && (x.res.Chunked || x.res.ContentLength > 0)
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

// responseHead makes the head for the client and decides whether its connection may stay.
func (x *exchange) responseHead(kind http1.BodyKind, now time.Time) {
	framed := kind != http1.UntilClose && (kind != http1.Chunked || x.req.Minor == 1)
	x.keep = x.keep && framed && (x.body.inStep() || !x.body.ended.Load() && !x.res.Close) && !x.s.p.draining.Load()
	b := http1.AppendStatusLine(x.out[:0], x.res.Status, x.res.Reason)
	b = http1.AppendFields(b, x.res.Fields, http1.HopByHop|1<<http1.ContentLength)
	if !x.res.Has(http1.Date) { // RFC 9110 section 6.6.1
		b = appendDate(b, now)
	}
	switch {
	case kind == http1.Chunked && x.req.Minor == 1:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case kind != http1.Chunked && x.res.ContentLength >= 0 && x.res.Status != http.StatusNoContent: // RFC 9110 section 8.6
		b = http1.AppendLength(b, x.res.ContentLength)
	}
	x.out = append(x.appendConnection(b, x.offered()), "\r\n"...)
}

// offered is the protocol that a 426 asks the client to change to: it must say so (RFC 9110 section 15.5.22). Elsewhere a
// member's offer is of its own connection.
func (x *exchange) offered() []byte {
	if x.res.Status == http.StatusUpgradeRequired && x.req.Minor == 1 {
		return x.res.Upgrade
	}
	return nil
}

// appendConnection says what becomes of the client's connection, and which protocol it may change to.
func (x *exchange) appendConnection(b, upgrade []byte) []byte {
	if len(upgrade) > 0 {
		b = http1.AppendField(b, "Upgrade", upgrade)
		if x.keep {
			return append(b, "Connection: Upgrade\r\n"...)
		}
		return append(b, "Connection: close, Upgrade\r\n"...)
	}
	switch {
	case !x.keep:
		return append(b, "Connection: close\r\n"...)
	case x.req.Minor == 0:
		return append(b, "Connection: keep-alive\r\n"...)
	}
	return b
}

// deliver writes to the client. The first call carries the head.
func (x *exchange) deliver(head, body []byte) *fault.Fault {
	return x.deliverAt(time.Now(), head, body)
}

func (x *exchange) deliverAt(now time.Time, head, body []byte) *fault.Fault {
	x.s.c.SetWriteDeadline(now.Add(deliverTime))
	if !x.headSent {
		x.headSent, x.firstSent = true, now
		x.rec.Status = x.res.Status
	}
	n, err := x.s.c.Writev(head, body)
	if x.sentBytes += int64(n); err != nil && n == 0 && head != nil {
		x.rec.Status = fault.Fault{Side: fault.Client, Kind: fault.Closed}.Status(x.state.v1) // it saw nothing of the answer
	}
	return deliverFault(err)
}

func deliverFault(err error) *fault.Fault {
	if err == nil {
		return nil
	}
	return clientFault(err, fault.Deliver, fault.Reset)
}

// bodyFault is what a failed read of the response body comes to.
func (x *exchange) bodyFault(err error) *fault.Fault {
	f := faultOf(err, fault.Body, x.a.Reused)
	if errors.Is(err, io.EOF) {
		f.Kind = fault.Truncated
	}
	if errors.Is(err, conn.ErrStopped) {
		return &fault.Fault{Side: fault.Client, Phase: fault.Upload, Kind: fault.Reset}
	}
	var broken *http1.Error
	if errors.As(err, &broken) {
		f.Kind, f.Detail = fault.Malformed, broken.Kind.String()
	}
	return f
}

func (x *exchange) relayLength(begun []byte, length int64, met error, now time.Time) *fault.Fault {
	extra := int64(len(begun)) > length
	if extra {
		begun = begun[:length]
	}
	x.a.BytesIn = int64(len(begun))
	if f := x.deliverAt(now, x.out, begun); f != nil {
		return f
	}
	switch {
	case x.a.BytesIn == length:
		x.clean = !extra
		return nil
	case met != nil:
		return x.bodyFault(met)
	}
	n, lost, rerr, werr := conn.Relay(x.s.c, x.b, length-x.a.BytesIn, conn.Pace{Read: x.target.Group.Timeout, Write: deliverTime})
	x.a.BytesIn += n + lost
	x.sentBytes += n
	if werr != nil {
		return deliverFault(werr)
	}
	if rerr != nil {
		return x.bodyFault(rerr)
	}
	x.clean = !extra
	return nil
}

// refresh gives the member the request timeout for what comes next.
func (x *exchange) refresh() { x.b.SetReadDeadline(time.Now().Add(x.target.Group.Timeout)) }

// relayChunked takes the member's framing off and puts ours on; a client of HTTP/1.0 gets the bare data and our end.
func (x *exchange) relayChunked(in, begun []byte, met error) *fault.Fault {
	var chunks http1.Chunks
	frame := blocks.Get().(*[blockSize]byte)
	defer blocks.Put(frame)
	head := x.out
	for {
		used, out, err := x.framed(&chunks, begun, frame[:0])
		x.a.BytesIn = chunks.Data()
		if err != nil && !x.headSent {
			return x.bodyFault(err)
		}
		if len(head)+len(out) > 0 {
			if f := x.deliver(head, out); f != nil {
				return f
			}
		}
		if err != nil {
			return x.bodyFault(err)
		}
		if chunks.Done() {
			x.clean = used == len(begun)
			return nil
		}
		if met != nil {
			return x.bodyFault(met)
		}
		head = nil
		x.refresh()
		n, err := x.b.Read(in[:blockSize/2])
		if err != nil {
			return x.bodyFault(err)
		}
		begun = in[:n]
	}
}

func (x *exchange) framed(c *http1.Chunks, in, out []byte) (used int, _ []byte, err error) {
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

// relayUntilClose ends with the connection: whether the body was whole nobody can tell.
func (x *exchange) relayUntilClose(in, begun []byte, met error) *fault.Fault {
	head := x.out
	for {
		x.a.BytesIn += int64(len(begun))
		if f := x.deliver(head, begun); f != nil {
			return f
		}
		head = nil
		n, err := 0, met
		if err == nil {
			x.refresh()
			n, err = x.b.Read(in)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return x.bodyFault(err)
		}
		begun = in[:n]
	}
}
