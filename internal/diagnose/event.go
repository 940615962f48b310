package diagnose

import (
	"encoding/hex"
	"net/netip"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// event is a failed request, or a failed attempt that a retry hid.
type event struct {
	at       time.Time // when the attempt ended
	start    time.Time // of the request
	id       string
	pool     string
	settings string
	rule     string
	listener string
	instance string
	gateway  *int
	member   string
	server   netip.AddrPort
	port     uint16 // local port of the connection
	method   string
	path     string // template
	client   netip.Addr
	status   int
	taken    time.Duration
	visible  bool
	own      bool // the record carries Causeway's object
	fault    fault.Fault
	attempt  accesslog.Attempt
	tried    bool // a member was
	tries    int
	declared int64
	bodyRead int64
	received int64
	sent     int64
	v1       bool
	info     string // error_info
	host     string // that was asked for
	front    string // platform that the host leads to which the member was sent; empty: none that is known
	stream   string // media type of an answer that goes on for as long as both sides like; empty: it is none
	agent    string
	waf      time.Duration // that the firewall took
	queued   time.Duration // for how long, at most, its client waited for room under the limit of connections
	stalled  time.Duration // for how much of it the gateway's process stood still
	session  bool          // a connection through a TCP or TLS listener: there is no request in it

	unnamed bool // the log does not say whether a member was asked
	unsaid  bool // the status may be the gateway's own or the member's, and nothing in the log decides

	before *routeTally // what its connection had carried before; nil: nothing, or not known

	asked bool // it is the one to be explained
}

// newEvent takes of a record what attribution needs. which is the attempt that failed; -1 if no member was tried.
func (t *tally) newEvent(r *accesslog.Record, own bool, which int, f fault.Fault, visible bool) *event {
	e := &event{
		start: r.Start, at: r.Start.Add(r.Taken), id: idOf(r), pool: r.Pool, settings: r.Settings, rule: r.Rule, listener: r.Listener, instance: r.Instance, gateway: t.lastGateway,
		method: string(r.Method), path: template(r.URI), client: r.Client.Addr(), status: r.Status, taken: r.Taken, visible: visible, own: own, v1: r.V1,
		fault: f, declared: r.Declared, bodyRead: r.BodyRead, received: r.Received, sent: r.Sent, tries: len(r.Attempts), info: r.ErrorInfo,
		host: string(r.OriginalHost), waf: max(0, r.WAFTime), stalled: r.Stalled, queued: r.Queued, session: r.Session, agent: string(r.UserAgent[:min(len(r.UserAgent), 120)]),
		front: platformOfName(string(r.Host)), stream: streamType(string(r.ContentType)),
	}
	if which >= 0 {
		if own {
			e.before = t.last.of(which)
		}
		a := r.Attempts[which]
		e.attempt, e.tried, e.member, e.server, e.port = a, true, a.Member, a.Server, a.LocalPort
		if e.member == "" && a.Server.IsValid() {
			e.member = a.Server.Addr().String()
		}
		if !visible && a.Total > 0 { // a later attempt went on
			e.at = r.Start.Add(a.Total)
		}
	}
	return e
}

// memberKey names a member under its settings.
type memberKey struct {
	settings string
	member   string
	server   netip.AddrPort
}

func (e *event) key() memberKey {
	return memberKey{settings: e.settings, member: e.member, server: e.server}
}

// quietInfo reports whether the gateway gave no word of its own for what happened.
func (e *event) quietInfo() bool { return quietInfo(e.info) }

func (e *event) route() routeKey { return routeKey{e.settings, e.method, e.path} }

// closedUnanswered reports whether the member's connection ended after the request went out and before a byte came back.
func (e *event) closedUnanswered() bool {
	return e.tried && (e.fault.Phase == fault.Wait || e.fault.Phase == fault.Send) && (e.fault.Kind == fault.Closed || e.fault.Kind == fault.Reset) &&
		e.fault.Side == fault.Backend
}

// idOf is how a record can be found again: its transaction, or, where the log has none, its time.
func idOf(r *accesslog.Record) string {
	if r.Transaction == [16]byte{} {
		return stamp(r.Start)
	}
	return hex.EncodeToString(r.Transaction[:])
}

// templateMax bounds a path template.
const templateMax = 120

// template folds the parts of a path that look like ids, so that one route is one key.
func template(path []byte) string { return string(fold(nil, path)) }
