package traffic

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
	"causeway/internal/units"
)

// Event is a failed request, or a failed attempt that a retry hid.
type Event struct {
	At       time.Time // when the attempt ended
	Start    time.Time // of the request
	ID       string
	Pool     string
	Settings string
	Rule     string
	Listener string
	Instance string
	gateway  *int
	Member   string
	Server   netip.AddrPort
	port     uint16 // local port of the connection
	Method   string
	Path     string // template
	Client   netip.Addr
	Status   int
	Taken    time.Duration
	Visible  bool
	Own      bool // the record carries Causeway's object
	Fault    fault.Fault
	Attempt  accesslog.Attempt
	Tried    bool // a member was
	Tries    int
	Declared int64
	BodyRead int64
	Received int64
	sent     int64
	v1       bool
	coarse   bool   // its times are as exact as whole seconds
	untimed  bool   // the columns of its row are numbers, which cannot hold the times of several attempts
	Info     string // error_info
	Host     string // of the request
	front    string // platform that the host leads to which the member was sent; empty: none that is known
	Stream   string // media type of an answer that goes on for as long as both sides like; empty: it is none
	Typed    bool   // the log has the media type of the answer
	Agent    string
	WAF      time.Duration // that the firewall took
	Queued   time.Duration // for how long, at most, its client waited for room under the limit of connections
	Stalled  time.Duration // for how much of it the gateway's process stood still
	Session  bool          // a connection through a TCP or TLS listener: there is no request in it

	Unconnected bool // Azure's log shows that no connection to the member was established
	Established bool // Azure's log shows that one was, and the request failed on it
	Rebuilt     bool // the log has no source port of its connection; what is known of that follows from the other rows
	Unnamed     bool // the log does not show whether a member was tried
	Ambiguous   bool // the status may be the gateway's own or the member's, and nothing in the log decides

	Before *RouteStats // what its connection had carried before; nil: nothing, or not known

	explained bool // it is the one to be explained
}

// newEvent takes of a record what attribution needs. which is the attempt that failed; -1 if no member was tried.
func (s *Summary) newEvent(r *accesslog.Record, own bool, which int, f fault.Fault, visible bool) *Event {
	e := &Event{
		Start: r.Start, At: endOf(r), ID: IDOf(r), Pool: r.Pool, Settings: r.Settings, Rule: r.Rule, Listener: r.Listener,
		Instance: r.Instance, gateway: s.lastGateway,
		Method: string(r.Method), Path: Template(r.URI), Client: r.Client.Addr(), Status: r.Status, Taken: r.Taken, Visible: visible,
		Own: own, v1: r.V1, coarse: !r.Logged.IsZero(), untimed: untimed(r),
		Fault: f, Declared: r.Declared, BodyRead: r.BodyRead, Received: r.Received, sent: r.Sent, Tries: len(r.Attempts), Info: r.ErrorInfo,
		Host: string(r.OriginalHost), WAF: max(0, r.WAFTime), Stalled: r.Stalled, Queued: r.Queued, Session: r.Session,
		Agent: string(r.UserAgent[:min(len(r.UserAgent), 120)]),
		front: platformOfName(string(r.Host)), Typed: len(r.ContentType) > 0, Stream: streamType(string(r.ContentType)),
	}
	if which >= 0 {
		if own {
			e.Before = s.last.of(which)
		} else {
			s.conns.lostWith(which, e)
		}
		a := r.Attempts[which]
		e.Attempt, e.Tried, e.Member, e.Server, e.port = a, true, a.Member, a.Server, a.LocalPort
		if e.Member == "" && a.Server.IsValid() {
			e.Member = a.Server.Addr().String()
		}
		if !visible && a.Total >= 0 { // a later attempt went on
			e.At = r.Start.Add(a.Total)
		}
	}
	return e
}

// MemberKey names a member under its settings.
type MemberKey struct {
	Settings string
	Member   string
	Server   netip.AddrPort
}

// Key is the member of an event.
func (e *Event) Key() MemberKey {
	return MemberKey{Settings: e.Settings, Member: e.Member, Server: e.Server}
}

// UsedBefore reports whether the log shows that the attempt's connection had been used before. That of a rebuilt one only fits.
func (e *Event) UsedBefore() bool { return e.Attempt.Reused && !e.Rebuilt }

// QuietInfo reports whether the gateway gave no word of its own for what happened.
func (e *Event) QuietInfo() bool { return quietInfo(e.Info) }

// Route is the route of an event.
func (e *Event) Route() RouteKey { return RouteKey{e.Settings, e.Method, e.Path} }

// ClosedUnanswered reports whether the member's connection ended after the request went out and before a byte came back.
func (e *Event) ClosedUnanswered() bool {
	return e.Tried && (e.Fault.Phase == fault.Wait || e.Fault.Phase == fault.Send) && (e.Fault.Kind == fault.Closed ||
		e.Fault.Kind == fault.Reset) &&
		e.Fault.Side == fault.Backend
}

// IDOf is the name by which a record can be found again: its transaction or, where the log has none, its time.
func IDOf(r *accesslog.Record) string {
	if r.Transaction == [16]byte{} {
		return units.Stamp(Stamp(r))
	}
	return hex.EncodeToString(r.Transaction[:])
}

// templateMax bounds a path template.
const templateMax = 120

// Template replaces the parts of a path that look like ids, so that one route is one key.
func Template(path []byte) string { return string(fold(nil, path)) }

// PoolKey is a pool under settings.
type PoolKey struct{ Pool, Settings string }

// PoolKey is the pool of an event, under its settings.
func (e *Event) PoolKey() PoolKey { return PoolKey{e.Pool, e.Settings} }

// SortedDurations are durations of events, the shortest first.
func SortedDurations(events []*Event, f func(*Event) time.Duration) []time.Duration {
	var out []time.Duration
	for _, e := range events {
		out = append(out, f(e))
	}
	slices.Sort(out)
	return out
}

// A member's connection ended, and no byte of an answer came. Causeway's trace says in which phase, on what connection;
// Azure's log has only that it ended, how long after, and over which source port.

// ClosedSomehow matches what Azure's log calls a closed connection: the phase is not known.
func ClosedSomehow(e *Event) bool {
	return !e.Own && e.Tried && e.Fault.Side == fault.Backend && e.Fault.Phase == "" && e.Fault.Kind == fault.Closed
}

// Resolution is how exact the times of an event are: Azure's log has whole seconds.
func (e *Event) Resolution() time.Duration {
	if e.coarse {
		return time.Second
	}
	return 0
}
