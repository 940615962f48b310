package http1

import (
	"bytes"
	"math"
	"time"
)

// Response is the head of a response, interim ones included. Its zero value is ready, and a value may be used again.
type Response struct {
	Message
	Status           int           // 100 to 999
	Reason           []byte        // may be empty
	KeepAliveTimeout time.Duration // announced by Keep-Alive: timeout=N; -1 without
	KeepAliveMax     int           // announced by Keep-Alive: max=N; -1 without
}

// BodyKind is how the end of a response's body is found.
type BodyKind uint8

// The kinds of body.
const (
	None       BodyKind = iota // there is no body
	Length                     // a number of bytes
	Chunked                    // chunked framing: see Chunks
	UntilClose                 // until the server closes
)

// Reset forgets the response, complete or not.
func (r *Response) Reset() {
	if r.unread() {
		return
	}
	r.Message.reset()
	r.Status, r.Reason, r.KeepAliveTimeout, r.KeepAliveMax = 0, nil, -1, -1
}

// Parse reads the head of a response from the start of b, as Request.Parse does.
func (r *Response) Parse(b []byte, lim *Limits) error {
	if r.phase == over || !r.ready {
		r.Reset()
	}
	r.rebase(b, &r.Reason)
	if r.phase == fresh {
		line, err := r.line(b, lim, lim.line(), LineTooLong)
		if err != nil {
			return err
		}
		r.phase = fields
		if k, at := r.statusLine(line); k != 0 {
			return r.fail(k, at)
		}
	}
	if err := r.section(b, lim, 0); err != nil {
		return err
	}
	r.keepAlive()
	return r.finish()
}

// Body returns how the body of the answer to a request with this method is framed, and with Length how long it is
// (RFC 9112 section 6.3).
func (r *Response) Body(method []byte) (kind BodyKind, n int64) {
	switch {
	case r.Status < 200, r.Status == 204, r.Status == 304, string(method) == "HEAD",
		string(method) == "CONNECT" && r.Status < 300:
		return None, 0
	case r.Message.Chunked:
		return Chunked, 0
	case r.ContentLength >= 0:
		return Length, r.ContentLength
	}
	return UntilClose, 0
}

func (r *Response) statusLine(line []byte) (k Kind, at int) {
	const code = len("HTTP/1.1 ")
	end := bytes.IndexByte(line, ' ')
	if end < 0 {
		end = len(line)
	}
	if k, r.Minor = version(line[:end]); k != 0 {
		return k, 0
	}
	if len(line) < code+3 {
		return BadStatus, end
	}
	n, ok := number(line[code : code+3])
	if !ok || n < 100 {
		return BadStatus, code
	}
	r.Status = int(n)
	reason := line[code+3:]
	if len(reason) == 0 {
		return 0, 0
	}
	if reason[0] != ' ' {
		return BadStatus, code + 3
	}
	r.Reason = reason[1:]
	if i := runValue(r.Reason); i < len(r.Reason) {
		return badByte(r.Reason[i], BadStatus), code + 4 + i
	}
	return 0, 0
}

// keepAlive reads the idle limit that the server announces. A parameter that makes no sense is no hint.
func (r *Response) keepAlive() {
	if !r.Has(KeepAlive) {
		return
	}
	for list := r.Get(KeepAlive); len(list) > 0; {
		var p []byte
		p, list = nextItem(list)
		if n, ok := parameter(p, "timeout"); ok && n <= int64(math.MaxInt64/time.Second) {
			r.KeepAliveTimeout = time.Duration(n) * time.Second
		} else if n, ok := parameter(p, "max"); ok && n <= math.MaxInt32 {
			r.KeepAliveMax = int(n)
		}
	}
}

func parameter(p []byte, name string) (int64, bool) {
	if len(p) <= len(name) || p[len(name)] != '=' || !EqualFold(p[:len(name)], name) {
		return 0, false
	}
	return number(p[len(name)+1:])
}
