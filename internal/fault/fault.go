// Package fault is the vocabulary of failure: who failed, in which phase, and how. Everything about a failed
// request — the status, Azure's error_info, whether a retry is allowed, the text — is derived here from a Fault and nowhere
// else.
package fault

// A Fault is one failure of one attempt. The zero value is "no fault".
type Fault struct {
	Side  Side
	Phase Phase
	Kind  Kind

	Errno  string // ECONNREFUSED …; empty if the system had no part in it
	Alert  uint8  // TLS alert that the peer sent; 0: none
	Reused bool   // on a connection that had carried a request before
	Detail string // what was met, for people: the certificate's names, the limit that was passed
}

// None reports that nothing failed.
func (f Fault) None() bool { return f.Kind == "" }

// Side is where to look for the failure.
type Side string

// Sides.
const (
	Client  Side = "client"
	Gateway Side = "gateway"
	Backend Side = "backend"
	Network Side = "network" // between gateway and backend; which end is not known
)

// Phase is how far the request got. The order is that of the life of a request.
type Phase string

// Phases, in order.
const (
	Handshake Phase = "handshake" // TLS with the client
	Request   Phase = "request"   // reading the request head
	Route     Phase = "route"     // finding listener, rule and pool
	Pick      Phase = "pick"      // choosing a member
	Resolve   Phase = "resolve"   // looking up the address of a member
	Connect   Phase = "connect"   // TCP to the member
	TLS       Phase = "tls"       // TLS with the member
	Send      Phase = "send"      // writing the request head or body to the member
	Upload    Phase = "upload"    // reading the request body from the client
	Wait      Phase = "wait"      // for the first byte of the response
	Head      Phase = "head"      // between the first byte and the end of the response head
	Body      Phase = "body"      // relaying the response body
	Deliver   Phase = "deliver"   // writing the response to the client
)

// Kind is what happened.
type Kind string

// Kinds, each with the system's errors that it stands for.
const (
	Closed      Kind = "closed"      // clean end (FIN) where more was due
	Reset       Kind = "reset"       // ECONNRESET, EPIPE
	Refused     Kind = "refused"     // ECONNREFUSED
	Unreachable Kind = "unreachable" // EHOSTUNREACH, ENETUNREACH
	Timeout     Kind = "timeout"     // the timer of the phase
	Exhausted   Kind = "exhausted"   // EMFILE, EADDRNOTAVAIL, ENOBUFS: a resource of the gateway ran out
	Unresolved  Kind = "unresolved"  // a name without address
	NoMember    Kind = "no-member"   // the pool is empty
	NoHealthy   Kind = "no-healthy"  // no member of the pool is healthy
	Malformed   Kind = "malformed"   // bytes that are not the protocol
	Ambiguous   Kind = "ambiguous"   // a response whose length can be read in two ways
	BadMethod   Kind = "bad-method"  // a method that is not a token
	BadVersion  Kind = "bad-version" // neither HTTP/1.0 nor HTTP/1.1
	Version09   Kind = "version-09"  // an HTTP/0.9 request
	BadURI      Kind = "bad-uri"     // a request target with bytes that none may hold
	BadHost     Kind = "bad-host"    // a Host that is not a host
	MissingHost Kind = "no-host"     // HTTP/1.1 without Host
	BadLength   Kind = "bad-length"  // a Content-Length that is wrong or contradicted
	URITooLong  Kind = "uri-too-long"
	TooLarge    Kind = "too-large" // a head over the limit of size
	BodyTooBig  Kind = "body-too-large"
	Truncated   Kind = "truncated"   // the body ended before its declared length
	Certificate Kind = "certificate" // not valid, not trusted, or of another name
	Alerted     Kind = "alert"       // the peer ended TLS with an alert
	NotTLS      Kind = "not-tls"     // plain bytes where a handshake was due
	NotHTTP     Kind = "not-http"    // an answer that does not begin like HTTP/1.1
	BadStatus   Kind = "bad-status"  // a status line whose version or status is none
	// More informational responses than the gateway passes on, or a switch of protocols that nobody asked for
	BadInterim  Kind = "bad-interim"
	Panicked    Kind = "panic"       // a bug of ours
	Status      Kind = "status"      // the backend itself answered with an error status
	NoListener  Kind = "no-listener" // no listener for the host
	Misdirected Kind = "misdirected" // the connection's handshake is weaker than the listener of the host asks for
	NoTarget    Kind = "no-target"   // a rule without pool
	Unsupported Kind = "unsupported" // a method or feature that the gateway does not serve
)

// Details of NotHTTP that say what was met instead.
const (
	TLSRecord  = "a TLS record: the port expects TLS"
	HTTP2Frame = "a frame of HTTP/2: the port does not speak HTTP/1.1"
)

// CertificateAsked is the detail of an alert from a peer that had asked for a certificate before.
const CertificateAsked = "it had asked for a certificate and got none"
