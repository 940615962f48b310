package story

import (
	"fmt"
	"math"
	"math/rand"
	"net/netip"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// ByInstance makes the record one of instance n of the gateway: appgw_n.
func ByInstance(n int) Change {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Instance = fmt.Sprintf("appgw_%d", n) }
}

// Lean is a record as Azure writes it, without the trace.
func Lean(r *accesslog.Record, _ *accesslog.Attempt) { r.Listener = "lean" }

// Around draws lognormal times about a median; sigma is that of the logarithm.
func Around(median time.Duration, sigma float64) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration {
		return time.Duration(float64(median) * math.Exp(sigma*r.NormFloat64()))
	}
}

// Port sets the local port of the connection to the member.
func Port(p int) Change {
	return func(_ *accesslog.Record, a *accesslog.Attempt) { a.LocalPort = uint16(p) }
}

// Status makes the member answer with a status, without a fault.
func Status(n int) Change {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		r.Status, a.Status = n, n
		a.Fault = fault.Fault{}
	}
}

// Echoing makes a request end with a status that serverStatus repeats, after a time.
func Echoing(n int, after time.Duration, info string) Change {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		r.Status, a.Status, r.ErrorInfo = n, n, info
		a.Fault, a.HeaderTime, r.Taken, a.Total, a.Wait = fault.Fault{}, accesslog.Unset, after, after, accesslog.Unset
	}
}

// Unnumbered has no transaction, as rows of the first generation.
func Unnumbered(r *accesslog.Record, _ *accesslog.Attempt) { r.Transaction = [16]byte{} }

// From makes the client 203.0.113.n.
func From(client int) Change {
	return func(r *accesslog.Record, _ *accesslog.Attempt) {
		r.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(client)}), 40000)
	}
}

// Of makes the record one of another gateway, by its resource id.
func Of(gateway string) Change {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.ResourceID = gateway }
}

// FirstGeneration makes a record one of a first-generation gateway, which has no word of its own for what happened.
func FirstGeneration(r *accesslog.Record, a *accesslog.Attempt) {
	Nameless(r, a)
	r.V1, r.Instance, r.ErrorInfo = true, "ApplicationGatewayRole_IN_0", ""
}

// BadGateway is a 502 that came at once.
func BadGateway(r *accesslog.Record, a *accesslog.Attempt) {
	FirstGeneration(r, a)
	r.Status, r.Taken = 502, 2*time.Millisecond
}

// Nameless makes a record as the first generation writes it: without pool, settings, rule and listener.
func Nameless(r *accesslog.Record, _ *accesslog.Attempt) {
	r.Pool, r.Settings, r.Rule, r.Listener = "", "", "", ""
}

// QueuedFor makes the connection wait for a place under the gateway's limit, as its first request records.
func QueuedFor(d time.Duration) Change {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Queued, r.ClientUses = d, 1 }
}

// Answers makes the member answer with a status.
func Answers(status int) Change {
	return func(r *accesslog.Record, a *accesslog.Attempt) { r.Status, a.Status = status, status }
}

// Change makes a usual request another one: its record, and its last attempt.
type Change = func(*accesslog.Record, *accesslog.Attempt)

// Path sets the path of the request.
func Path(p string) Change {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.URI, r.OriginalURI = []byte(p), []byte(p) }
}

// Took sets the time of the request and of its answer.
func Took(d time.Duration) Change {
	return func(r *accesslog.Record, a *accesslog.Attempt) { r.Taken, a.Total, a.Wait, a.HeaderTime = d, d, d, d }
}

// Reused sends the request on a connection that had been idle for a time and had carried so many requests.
func Reused(idle time.Duration, uses int) Change {
	return func(_ *accesslog.Record, a *accesslog.Attempt) {
		a.Reused, a.Idle, a.Uses, a.Connect, a.Age = true, idle, uses, accesslog.Unset, idle+time.Duration(uses)*time.Second
	}
}

// Fails makes the last attempt fail, and with it the request.
func Fails(f fault.Fault, after time.Duration) Change {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		f := f // A change that two stories share at once keeps what it was made with.
		f.Reused = a.Reused
		r.Fault, r.ErrorInfo, r.Status = f, f.ErrorInfo(), f.Status(false)
		r.Taken = after
		a.Fault, a.Status, a.Wait, a.Receive, a.HeaderTime, a.Total = f, 0, accesslog.Unset, accesslog.Unset, accesslog.Unset, after
		if f.Phase == fault.Connect {
			a.Connect, a.LocalPort = accesslog.Unset, 0
		}
	}
}

// Recovered makes a first attempt that failed before the one that went well.
func Recovered(f fault.Fault, first Change) Change {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		failed := *a
		first(&accesslog.Record{}, &failed)
		f := f
		f.Reused = failed.Reused
		failed.Fault, failed.Status, failed.Wait = f, 0, accesslog.Unset
		r.Attempts = append(r.Attempts, failed)
		r.Method = []byte("GET")
	}
}

// Faults that stories use most: a connection closed while its request waited, a refused one, the request timeout, an attempt to connect
// without an answer, and a pool without a healthy member.
var (
	RaceFault    = fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Closed}
	RefusedFault = fault.Fault{Side: fault.Backend, Phase: fault.Connect, Kind: fault.Refused, Errno: "ECONNREFUSED"}
	TimeoutFault = fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Timeout}
	DropFault    = fault.Fault{Side: fault.Network, Phase: fault.Connect, Kind: fault.Timeout}
	NoHealthy    = fault.Fault{Side: fault.Gateway, Phase: fault.Pick, Kind: fault.NoHealthy}
)

// Active sets how many other requests were in progress at the member.
func Active(n int) Change {
	return func(_ *accesslog.Record, a *accesslog.Attempt) { a.Active = n }
}
