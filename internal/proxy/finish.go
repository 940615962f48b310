package proxy

import (
	"bytes"
	"strconv"
	"sync/atomic"
	"time"

	"causeway/internal/fault"
	"causeway/internal/http1"
)

// finish ends every request: it answers if no member has, writes the record, and counts. failed is nil if nothing failed.
func (x *exchange) finish(failed *fault.Fault) {
	f := &x.rec.Fault
	if failed != nil {
		*f = *failed
	}
	if !x.headSent {
		x.answerFault(f)
	} else if !f.None() { // a message cut short must not pass for a whole one
		x.keepAlive, x.rec.Aborted = false, true
		x.s.c.Reset()
	}
	if x.done = x.try.over; !f.None() || x.done.IsZero() {
		x.done = time.Now()
	}
	x.keepAlive = x.keepAlive && x.body.inSync()
	x.settle(f)
	x.record(f)
	x.writeRecord()
	x.count(f)
	x.linger(f)
}

// answerFault writes the gateway's own answer, if the client is there to read it.
func (x *exchange) answerFault(f *fault.Fault) {
	status := f.Status(x.v1())
	x.rec.Status = status
	if status == 0 || status == fault.ClientGone {
		x.keepAlive = false
		return
	}
	if f.Side == fault.Client && f.Phase == fault.Request || !x.body.inSync() {
		x.keepAlive = false
	}
	x.writePage(status, nil)
}

func (x *exchange) v1() bool { return x.state != nil && x.state.v1 }

// writePage answers with a page of the gateway's own.
func (x *exchange) writePage(status int, location []byte) {
	page, now := pages[status], time.Now()
	x.keepAlive = x.keepAlive && x.body.inSync()
	buf := http1.AppendStatusLine(x.out[:0], status, []byte(page.reason))
	buf = appendDate(buf, now)
	if location != nil {
		buf = http1.AppendField(buf, "Location", location)
	}
	buf = append(buf, "Content-Type: text/html\r\nContent-Length: "...)
	buf = strconv.AppendInt(buf, int64(len(page.body)), 10)
	buf = append(buf, "\r\n"...)
	buf = append(x.appendConnection(buf, nil), "\r\n"...)
	if string(x.req.Method) != "HEAD" {
		buf = append(buf, page.body...)
	}
	x.out = buf
	x.rec.Status, x.rec.ContentType, x.headSent, x.firstSent = status, htmlType, true, now
	x.s.c.SetWriteDeadline(now.Add(deliverTime))
	n, err := x.s.c.Write(buf)
	x.sentBytes += int64(n)
	x.keepAlive = x.keepAlive && err == nil
}

// date is the Date line of all responses within one second.
type date struct {
	unix int64
	line []byte
}

var lastDate atomic.Pointer[date]

// appendDate appends the Date of a response that is made now, or came without one (RFC 9110 section 6.6.1).
func appendDate(b []byte, now time.Time) []byte {
	d := lastDate.Load()
	if unix := now.Unix(); d == nil || d.unix != unix {
		d = &date{unix, now.UTC().AppendFormat(nil, "Date: Mon, 02 Jan 2006 15:04:05 GMT\r\n")}
		lastDate.Store(d)
	}
	return append(b, d.line...)
}

var htmlType = []byte("text/html")

// queuedWorthNaming is the shortest wait for a place under the connection limit that the record mentions.
const queuedWorthNaming = 10 * time.Millisecond

// record fills the record in.
func (x *exchange) record(f *fault.Fault) {
	r, s := &x.rec, x.s
	r.Start, r.Taken = x.start, x.done.Sub(x.start)
	if !x.firstSent.IsZero() {
		r.ClientTime = x.done.Sub(x.firstSent)
	}
	r.V1, r.ResourceID, r.Instance, r.Revision = x.state.v1, x.state.resource, x.state.instance, x.state.Revision
	in := s.c.Info()
	r.Client, r.ClientSerial, r.ClientUses = in.Remote, in.ID, s.served
	r.TLSProtocol, r.TLSCipher = s.protocol, s.cipher
	if s.served == 1 && in.Queued >= queuedWorthNaming {
		r.Queued = in.Queued
	}
	r.ErrorInfo = f.ErrorInfo()
	if !f.None() || len(r.Attempts) > 1 || r.Aborted {
		r.Stalled = s.p.stalls.Stalled(x.start, x.done)
	}
	r.Sent, r.Received = x.sentBytes, int64(x.req.Len)+x.body.read
	r.BodyRead, r.Declared = x.body.read, x.req.ContentLength
	if t := x.target; t != nil {
		r.Listener, r.Rule, r.Pool, r.Settings = t.Listener, t.Rule, t.Pool, t.Settings
		r.Names = x.kept().names
	}
	x.recordRequest()
	x.dropQueries()
}

// recordRequest fills in what the request itself says. A head that never became whole has only its bytes to show.
func (x *exchange) recordRequest() {
	r := &x.rec
	r.Version = "HTTP/1.1"
	if x.req.Len == 0 {
		r.Received = int64(x.end)
		r.Method, r.OriginalURI = firstWords(x.in[:x.end])
		r.URI = r.OriginalURI
		return
	}
	if x.req.Minor == 0 {
		r.Version = "HTTP/1.0"
	}
	r.Method, r.OriginalURI, r.Query = x.req.Method, x.req.Target, x.req.Query
	r.URI, r.OriginalHost, r.Host, r.UserAgent = x.req.Path, x.req.Host, x.req.Host, x.req.Get(http1.UserAgent)
	if len(r.Attempts) > 0 {
		r.URI, r.Host = x.path, x.host
	}
}

// dropQueries removes the query strings if the log must not keep them. It touches every record last.
func (x *exchange) dropQueries() {
	if r := &x.rec; !x.state.Local.Logs.Queries {
		r.Query = nil
		r.OriginalURI, r.URI = withoutQuery(r.OriginalURI), withoutQuery(r.URI)
	}
}

func withoutQuery(uri []byte) []byte {
	path, _, _ := bytes.Cut(uri, []byte("?"))
	return path
}

// firstWords are the method and target of a broken head, as far as they are legible: nothing if the first word is no
// method, and only printable bytes.
func firstWords(b []byte) (method, target []byte) {
	line, _, _ := bytes.Cut(b[:min(len(b), 512)], []byte("\n"))
	words := bytes.Fields(line)
	if len(words) == 0 || !http1.ValidName(words[0]) {
		return nil, nil
	}
	if len(words) == 1 {
		return words[0], nil
	}
	end := bytes.IndexFunc(words[1], func(r rune) bool { return r <= ' ' || r > '~' })
	if end < 0 {
		end = len(words[1])
	}
	return words[0], words[1][:end]
}
