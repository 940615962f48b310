package http1

import "bytes"

// Request is the head of a request. Its zero value is ready, and a value may be used again and again.
type Request struct {
	Message
	Method, Target []byte
	Form           Form
	Host           []byte // the authority of an absolute or authority target, else the value of Host; nil: HTTP/1.0 without
	Path           []byte // of the target, percent-encoded; "/" for an absolute target without one, nil for * and CONNECT
	Query          []byte // after "?", which is not part of it; nil without "?"
	Expect         bool   // Expect: 100-continue
	NoLength       bool   // a POST, PUT or PATCH that announces no body: it has none, where Azure answers 400
}

// Form is the form of a request target (RFC 9112 section 3.2).
type Form uint8

// The forms.
const (
	OriginForm    Form = iota // "/path?query"
	AbsoluteForm              // "http://host/path?query"
	AuthorityForm             // "host:port", for CONNECT only
	AsteriskForm              // "*", for OPTIONS only
)

// Reset forgets the request, complete or not.
func (r *Request) Reset() {
	if r.unread() {
		return
	}
	r.Message.reset()
	r.Method, r.Target, r.Form, r.Host, r.Path, r.Query = nil, nil, 0, nil, nil, nil
	r.Expect, r.NoLength = false, false
}

// Parse reads the head of a request from the start of b. It returns nil, ErrMore, or an *Error. After ErrMore, call it
// again with the same bytes and more, at any address: it continues where it stopped. Reset gives such a request up.
// Otherwise it starts over.
//
// It skips one empty line before the request line, as RFC 9112 section 2.2 asks, and refuses bytes that cannot begin a
// method before the line is whole.
func (r *Request) Parse(b []byte, lim *Limits) error {
	if r.phase == over || !r.ready {
		r.Reset()
	}
	if lim != nil && (lim.LenientLF || lim.LenientColon) {
		strict := *lim
		strict.LenientLF, strict.LenientColon = false, false
		lim = &strict
	}
	r.rebase(b, &r.Method, &r.Target)
	for r.phase < fields {
		if err := r.first(b, lim); err != nil {
			return err
		}
	}
	if err := r.section(b, lim, singletons); err != nil {
		return err
	}
	if err := r.Message.finish(); err != nil {
		return err
	}
	return r.finish()
}

func (r *Request) first(b []byte, lim *Limits) error {
	start := r.pos
	if c := at(b, start); c != '\r' && c != '\n' && class[c]&isToken == 0 {
		return r.fail(badByte(c, BadMethod), start) // at once: there may be no line end to wait for
	}
	line, err := r.line(b, lim, lim.line(), LineTooLong)
	if err != nil {
		return err
	}
	if len(line) == 0 && r.phase == fresh {
		r.phase = blank
		return nil
	}
	r.phase = fields
	if k, at := r.requestLine(line); k != 0 {
		return r.fail(k, start+at)
	}
	return nil
}

// at is the byte at a place, and a harmless one beyond the end.
func at(b []byte, i int) byte {
	if i < len(b) {
		return b[i]
	}
	return '\r'
}

func (r *Request) requestLine(line []byte) (k Kind, at int) {
	n := run(line, isToken)
	if n == 0 || n == len(line) || line[n] != ' ' {
		if n < len(line) {
			return badByte(line[n], BadMethod), n
		}
		return BadMethod, n
	}
	r.Method = line[:n]
	rest := line[n+1:]
	t := run(rest, isTarget)
	r.Target = rest[:t]
	switch {
	case t == 0:
		return BadTarget, n + 1
	case t == len(rest):
		return Version09, len(line)
	case rest[t] != ' ':
		return badByte(rest[t], BadTarget), n + 1 + t
	}
	k, r.Minor = version(rest[t+1:])
	return k, n + 2 + t
}

// version reads HTTP/1.0 or HTTP/1.1.
func version(v []byte) (k Kind, minor int) {
	if len(v) == 8 && string(v[:7]) == "HTTP/1." && (v[7] == '1' || v[7] == '0') {
		return 0, int(v[7] - '0')
	}
	for _, c := range v {
		if c == '\r' || c == 0 {
			return badByte(c, 0), 0
		}
	}
	if len(v) == 8 && string(v[:5]) == "HTTP/" && digit(v[5]) && v[6] == '.' && digit(v[7]) {
		return UnsupportedVersion, 0
	}
	return BadVersion, 0
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// finish applies the rules that need the whole head.
func (r *Request) finish() error {
	if !r.Has(Host) && r.Minor == 1 {
		return r.fail(NoHost, r.Len)
	}
	if r.Has(Host) {
		if r.Host = r.Get(Host); !ValidHost(r.Host) {
			return r.fail(BadHost, r.Len)
		}
	}
	if !r.target() {
		return r.fail(BadTarget, len(r.Method)+1)
	}
	if r.Has(Expect) && r.Minor == 1 {
		if !EqualFold(r.Get(Expect), "100-continue") {
			return r.fail(BadExpect, r.Len)
		}
		r.Expect = true
	}
	if r.ContentLength < 0 && !r.Chunked {
		switch string(r.Method) {
		case "POST", "PUT", "PATCH":
			r.NoLength = true
		}
	}
	return nil
}

var slash = []byte("/")

// target splits the target by its form.
func (r *Request) target() bool {
	t := r.Target
	switch {
	case string(r.Method) == "CONNECT":
		r.Form, r.Host = AuthorityForm, t
		return ValidHost(t) && hasPort(t)
	case t[0] == '/':
		return r.path(t)
	case string(t) == "*":
		r.Form = AsteriskForm
		return string(r.Method) == "OPTIONS"
	}
	n := schemeLen(t)
	if n == 0 {
		return false
	}
	r.Form = AbsoluteForm
	t = t[n:]
	end := bytes.IndexAny(t, "/?")
	if end < 0 {
		end = len(t)
	}
	r.Host = t[:end]
	return ValidHost(r.Host) && r.path(t[end:])
}

func schemeLen(t []byte) int {
	switch {
	case len(t) > 7 && EqualFold(t[:7], "http://"):
		return 7
	case len(t) > 8 && EqualFold(t[:8], "https://"):
		return 8
	}
	return 0
}

// path splits a path from its query and checks the path's percent-encoding.
func (r *Request) path(t []byte) bool {
	r.Path = t
	if q := bytes.IndexByte(t, '?'); q >= 0 {
		r.Path, r.Query = t[:q], t[q+1:]
	}
	if len(r.Path) == 0 {
		r.Path = slash
	}
	return wellEncoded(r.Path)
}

func wellEncoded(p []byte) bool {
	for {
		i := bytes.IndexByte(p, '%')
		if i < 0 {
			return true
		}
		if i+2 >= len(p) || class[p[i+1]]&class[p[i+2]]&isHex == 0 {
			return false
		}
		p = p[i+3:]
	}
}

// Body is the length of the body in bytes, or -1 if it is chunked (RFC 9112 section 6.3).
func (r *Request) Body() int64 {
	if r.Chunked {
		return -1
	}
	return max(0, r.ContentLength)
}
