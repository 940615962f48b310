package proxy

import (
	"sync"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/backend"
	"causeway/internal/fault"
	"causeway/internal/http1"
	"causeway/internal/route"
)

// exchange is one request and everything that happens to it. A session borrows one while its handler runs: an idle connection holds
// none.
//
// Exchanges are pooled, so whatever one leaves behind would meet a request of another client. Everything that a request
// sets lies in life, which is zeroed as a whole; what keeps its memory lies in buffers, which are emptied.
type exchange struct {
	s     *session
	state *State

	in  []byte // what the client sent; the head, and the slices of the record, lie here until the end
	end int    // bytes of in
	req http1.Request

	buffers
	life
}

// buffers keep their memory from one request to the next, and nothing else.
type buffers struct {
	out         []byte // head under construction
	path        []byte // sent to the member
	host        []byte // sent to the member
	contentType []byte // of the response
	attempts    [4]accesslog.Attempt
	triedBox    [4]*backend.Member
	res         http1.Response
}

func (b *buffers) empty() {
	b.out, b.path, b.host, b.contentType = b.out[:0], b.path[:0], b.host[:0], b.contentType[:0]
	b.res.Reset()
}

// life is the state of one request.
type life struct {
	body   body
	target *route.Target
	tried  []*backend.Member
	try    attempt // the attempt under way, or the last one

	start, done  time.Time
	headSent     bool // the client has seen the head of the response
	clientProbed bool // the gateway has asked the client whether it still waits
	sentBytes    int64
	firstSent    time.Time // when the head went out
	keepAlive    bool      // the client connection may carry another request

	rec accesslog.Record
}

const (
	headBuffer = 20 << 10 // a head and a small body
	headMax    = 64 << 10 // a request line of 32 KiB and as much of fields
	outBuffer  = 4 << 10
)

var requestLimits = http1.Limits{Line: 32 << 10, Head: headMax, Fields: 200}

var exchanges = sync.Pool{New: func() any {
	x := &exchange{in: make([]byte, headBuffer), buffers: buffers{out: make([]byte, 0, outBuffer)}}
	x.clear()
	return x
}}

func newExchange(s *session) *exchange {
	x := exchanges.Get().(*exchange)
	x.s, x.state = s, s.seen
	return x
}

func (x *exchange) free() {
	if len(x.in) > headBuffer {
		x.in = make([]byte, headBuffer)
	}
	x.clear()
	x.s, x.state, x.end = nil, nil, 0
	exchanges.Put(x)
}

// clear prepares for the next request; what lies in x.in stays.
func (x *exchange) clear() {
	x.req.Reset()
	x.body.release()
	x.buffers.empty()
	clear(x.attempts[:min(len(x.rec.Attempts), len(x.attempts))])
	clear(x.triedBox[:min(len(x.tried), len(x.triedBox))])
	x.life = life{}
	x.tried, x.rec.Attempts, x.rec.Declared = x.triedBox[:0], x.attempts[:0], -1
}

// grow makes room for a head that does not fit.
func (x *exchange) grow() {
	if x.end == len(x.in) {
		bigger := make([]byte, headMax+1)
		copy(bigger, x.in)
		x.in = bigger
	}
}

// nextRequest moves what came behind the request to the front: the next one is pipelined. If nothing came, free clears.
func (x *exchange) nextRequest() {
	used := x.req.Len + x.body.inHead
	if x.end = copy(x.in, x.in[used:x.end]); x.end > 0 {
		x.clear()
	}
}

// run is the life of a request whose head is complete.
func (x *exchange) run(now time.Time) (keep bool) {
	x.body.begin(&x.req, x.in[x.req.Len:x.end])
	x.keepAlive = !x.req.Close && !x.s.p.draining.Load()
	f := x.admit()
	if f == nil {
		f = x.route()
	}
	if f == nil && x.target.Redirect != nil {
		x.redirect()
	} else if f == nil {
		if !x.body.whole {
			f = x.bufferBody()
			now = time.Now()
		}
		if f == nil {
			f = x.abandoned(now)
		}
		if f == nil {
			f = x.forward(now)
		}
	}
	x.finish(f)
	return x.keepAlive
}

// admit refuses what the gateway never forwards.
func (x *exchange) admit() *fault.Fault {
	var kind fault.Kind
	switch {
	case x.req.Form == http1.AuthorityForm || string(x.req.Method) == "CONNECT" || string(x.req.Method) == "TRACE":
		kind = fault.Unsupported
	case x.req.ContentLength > x.state.bodyMax:
		kind = fault.BodyTooBig
	case x.req.NoLength && string(x.req.Method) == "POST": // Azure's own rule; HTTP/1.1 would take it for an empty body
		kind = fault.BadLength
	default:
		return nil
	}
	return &fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: kind}
}

// route finds the target. Each request takes the state anew, so that a kept-alive client follows a reload.
func (x *exchange) route() *fault.Fault {
	if !x.s.follow() { // the listener went: a client that is still connected gets one more answer from the old state
		x.keepAlive = false
	}
	x.state = x.s.seen
	site := x.s.port.Site(x.req.Host)
	if site == nil {
		return &fault.Fault{Side: fault.Client, Phase: fault.Route, Kind: fault.NoListener}
	}
	if !x.s.admitted(site) {
		x.keepAlive = false // on another connection the client may get what it asks for
		return &fault.Fault{Side: fault.Client, Phase: fault.Route, Kind: fault.Misdirected}
	}
	target, ok := site.Target(x.req.Path)
	if x.target = target; !ok {
		return &fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.BadURI, Detail: "the path climbs above the root"}
	}
	if x.target.Redirect == nil && x.target.Group == nil {
		return &fault.Fault{Side: fault.Gateway, Phase: fault.Route, Kind: fault.NoTarget}
	}
	return nil
}

// redirect answers without a member.
func (x *exchange) redirect() {
	r := x.target.Redirect
	x.writePage(r.Status, r.AppendLocation(nil, x.req.Host, x.req.Path, x.req.Query, x.s.p.portOffset))
}

// forward sends the request to members until one has answered or no other may be tried.
func (x *exchange) forward(now time.Time) *fault.Fault {
	var last *fault.Fault
	again := tries{idempotent: idempotent(x.req.Method), safe: safe(x.req.Method), buffered: x.body.whole, v1: x.state.v1}
	var m *backend.Member
	for {
		if !again.fresh {
			next, f := x.pick()
			if f != nil {
				if last != nil { // no member is left: the fault is what the last one did
					return last
				}
				return f
			}
			m = next
			x.tried = append(x.tried, m)
		}
		last = x.tryMember(m, again.fresh, now)
		if last == nil || x.headSent || !again.decide(*last) {
			return last
		}
		now = time.Now()
	}
}

// pick chooses the next member: the one to which the client has a private connection, else the one that the group picks.
func (x *exchange) pick() (*backend.Member, *fault.Fault) {
	if m := x.s.pinnedMember(x.target.Group); m != nil && len(x.tried) == 0 {
		return m, nil
	}
	m, held, f := x.target.Group.Pick(x.tried)
	if held != nil {
		x.rec.HeldBack = held.Name
	}
	if f.None() {
		return m, nil
	}
	return nil, new(f)
}

// safe methods change nothing (RFC 9110 section 9.2.1); the gateway does not serve TRACE.
func safe(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS":
		return true
	}
	return false
}

// idempotent methods may be repeated (RFC 9110 section 9.2.2); the gateway does not serve TRACE.
func idempotent(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "PUT", "DELETE":
		return true
	}
	return false
}
