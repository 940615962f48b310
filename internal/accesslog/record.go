// Package accesslog is the record of a request: Azure's access-log schema field for field, with one object of
// Causeway's own beside it. It encodes records without allocating, decodes them again, and keeps them in segments on
// disk in the layout that Azure's storage accounts have.
package accesslog

import (
	"bytes"
	"net/netip"
	"slices"
	"time"

	"causeway/internal/fault"
)

// Unset is the value of a duration whose phase was not reached. In JSON it is -1.
const Unset = time.Duration(-1)

// Record is one request. Byte slices belong to the caller and are only read during encoding.
type Record struct {
	V1         bool   // write the v1 schema
	Session    bool   // read only: a connection through a TCP or TLS listener; Status is serverStatus, Taken the time of the session
	ResourceID string // upper case, as Azure writes it
	Instance   string // appgw_0; ApplicationGatewayRole_IN_0 on v1

	Listener, Rule, Pool, Settings string

	// Names is what AppendNames makes of the six strings above, for writers of many records with the same names; nil: not made.
	// On v1 it is not used.
	Names []byte

	Start         time.Time // first byte of the request
	Logged        time.Time // read only: the stamp of a log that has whole seconds and stamps the end; zero: Start is the stamp
	Client        netip.AddrPort
	Method        []byte
	OriginalURI   []byte // as received, with query
	URI           []byte // path after rewriting, without query
	Query         []byte // without "?"
	UserAgent     []byte
	Version       string // HTTP/1.1
	OriginalHost  []byte
	Host          []byte // as sent to the backend
	ContentType   []byte
	Status        int
	Received      int64 // bytes from the client
	Sent          int64 // bytes to the client
	Taken         time.Duration
	ClientTime    time.Duration // first byte to last byte sent to the client
	Transaction   [16]byte
	TLSCipher     string // OpenSSL name; empty without TLS
	TLSProtocol   string // TLSv1.3
	ClientSerial  uint64 // connectionSerialNumber
	ClientUses    int    // noOfConnectionRequests
	BackendTLS    string
	BackendCipher string
	WAFTime       time.Duration // that the firewall took; Unset without one
	ErrorInfo     string

	Attempts []Attempt // in order; empty when no member was tried
	Fault    fault.Fault
	Revision uint64        // of the configuration
	Declared int64         // Content-Length of the request; -1: none. Logged on failure
	BodyRead int64         // bytes of the request body that the client delivered. Logged on failure
	Stalled  time.Duration // of Taken, for how long the gateway's process stood still. Logged on failure
	Aborted  bool          // the response was cut after its head had been sent
	Parent   [16]byte      // transaction of the gateway that sent the request here, as X-AppGW-Trace-Id says; zero: none did
	IdleEnd  bool          // an upgraded session was ended because neither side sent anything for the request timeout
	EndedBy  string        // who ended an upgraded session: EndClient, EndMember or EndGateway; empty: there was none
	End      string        // how: EndClean, EndReset or EndIdle
	Cut      string        // what became of the rest of a request body that the member did not take: one of Cut…; empty: it took all
	Dropped  int64         // bytes of that rest that were read and thrown away
	HeldBack string        // next member in turn, which passive ejection held back; empty: none
	// For how long, at most, the connection waited for one of the places of the gateway's limit; 0: not at all. Logged
	// for its first request
	Queued time.Duration
}

// Ends of an upgraded session.
const (
	EndClient  = "client"
	EndMember  = "member"
	EndGateway = "gateway"

	EndClean = "clean" // FIN
	EndReset = "reset" // RST, or a failed write
	EndIdle  = "idle"  // neither side sent anything for the request timeout
)

// Ways in which the rest of an unwanted request body ended.
const (
	CutDropped = "dropped" // the gateway read all of it and threw it away
	CutPaused  = "paused"  // the client paused for so long that the gateway closed
	CutLeft    = "left"    // the client closed first
	CutEnded   = "ended"   // the gateway's time to drain was over, or the rest broke the rules
)

// Clone copies a record with its texts, so that the original can be reused.
func (r *Record) Clone() Record {
	c := *r
	c.Attempts = slices.Clone(r.Attempts)
	for _, text := range []*[]byte{&c.Method, &c.OriginalURI, &c.URI, &c.Query, &c.UserAgent, &c.OriginalHost, &c.Host, &c.ContentType} {
		*text = bytes.Clone(*text)
	}
	return c
}

// Attempt is one try on one member. The last one decides the outcome.
type Attempt struct {
	Member    string // the member as the document names it
	Server    netip.AddrPort
	LocalPort uint16
	Status    int // of the backend; 0: none
	// Read only: what serverStatus holds although it proves no answer, for the gateway itself may have written it; 0:
	// nothing
	Echo       int
	Fault      fault.Fault
	Reused     bool
	Uses       int           // requests this connection had carried before
	Idle       time.Duration // since its last use, when picked; Unset when fresh
	Age        time.Duration // since it was opened, when picked; 0 when fresh
	Stale      time.Duration // fresh: idle age of the connection that was found closed instead; Unset: none was
	Hint       time.Duration // idle limit that the server had announced on it; Unset: none
	Connect    time.Duration // includes TLS; Unset when reused or not reached
	TLS        time.Duration
	Send       time.Duration // pick to last byte of the request written
	Wait       time.Duration // request written to first byte of the response
	Receive    time.Duration // first to last byte of the response
	Total      time.Duration // the attempt from pick to end: serverResponseLatency
	HeaderTime time.Duration // pick to end of the response head: serverHeaderTime
	BytesOut   int64         // body bytes written to the member
	BytesIn    int64         // body bytes read from it
	DeclaredIn int64         // Content-Length of its response; -1: none
	Active     int           // other requests that this instance had in progress at the member when it was picked
	// Fewest that it had in progress at another member of the pool when the attempt ended; -1: there is no other. Logged
	// on failure
	Least      int
	Interim    int           // informational responses that the member sent, 100 included
	Ejected    bool          // with this failure the member was held back: see docs/behaviour.md, passive ejection
	RetryAfter time.Duration // that the member's error asks for; Unset: it asks for none. Logged with a status of 429 or 5xx
	// Product whose own error page the member's error is: a proxy's, when the server behind it failed; empty: not known
	Page        string
	Presented   string        // names in the member's certificate, where that was refused
	RTT         time.Duration // TCP_INFO; 0: not known. Logged on failure
	Retransmits uint32        // TCP_INFO. Logged on failure
}
