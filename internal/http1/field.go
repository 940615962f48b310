package http1

import "encoding/binary"

// A Field is one line of a head: its name, and its value without the white space around it.
type Field struct {
	Name, Value []byte
	ID          ID
}

// ID is a field name that this package knows.
type ID uint8

// The known names. Other is any name that is not among them.
const (
	Other ID = iota
	Host
	Connection
	ContentLength
	TransferEncoding
	KeepAlive
	ProxyConnection
	TE
	Trailer
	Upgrade
	Expect
	UserAgent
	ContentType
	ContentEncoding
	ContentRange
	XForwardedFor
	XForwardedProto
	XForwardedPort
	XForwardedHost
	XOriginalHost
	XOriginalURL
	XAppGWTraceID
	Cookie
	SetCookie
	Location
	Server
	Date
	Authorization
	ProxyAuthorization
	WWWAuthenticate
	ProxyAuthenticate
	IfModifiedSince
	IfUnmodifiedSince
	IfRange
	Range
	Referer
	MaxForwards
	CacheControl
	Accept
	AcceptEncoding
	RetryAfter
	Nominated // a name that the message's own Connection field lists: it is not forwarded
	ids
)

var names = [ids]string{
	Host: "host", Connection: "connection", ContentLength: "content-length", TransferEncoding: "transfer-encoding",
	KeepAlive: "keep-alive", ProxyConnection: "proxy-connection", TE: "te", Trailer: "trailer", Upgrade: "upgrade",
	Expect: "expect", UserAgent: "user-agent", ContentType: "content-type", ContentEncoding: "content-encoding",
	ContentRange: "content-range", XForwardedFor: "x-forwarded-for", XForwardedProto: "x-forwarded-proto",
	XForwardedPort: "x-forwarded-port", XForwardedHost: "x-forwarded-host", XOriginalHost: "x-original-host",
	XOriginalURL: "x-original-url", XAppGWTraceID: "x-appgw-trace-id", Cookie: "cookie", SetCookie: "set-cookie",
	Location: "location", Server: "server", Date: "date", Authorization: "authorization",
	ProxyAuthorization: "proxy-authorization", WWWAuthenticate: "www-authenticate",
	ProxyAuthenticate: "proxy-authenticate", IfModifiedSince: "if-modified-since",
	IfUnmodifiedSince: "if-unmodified-since", IfRange: "if-range", Range: "range", Referer: "referer",
	MaxForwards: "max-forwards", CacheControl: "cache-control", Accept: "accept", AcceptEncoding: "accept-encoding",
	RetryAfter: "retry-after",
}

var byLength = [...][]ID{
	2:  {TE},
	4:  {Host, Date},
	5:  {Range},
	6:  {Cookie, Accept, Server, Expect},
	7:  {Referer, Upgrade, Trailer},
	8:  {Location, IfRange},
	10: {Connection, UserAgent, SetCookie, KeepAlive},
	11: {RetryAfter},
	12: {ContentType, MaxForwards},
	13: {CacheControl, Authorization, ContentRange},
	14: {ContentLength, XOriginalURL},
	15: {AcceptEncoding, XForwardedFor, XOriginalHost},
	16: {XForwardedPort, ContentEncoding, XForwardedHost, XAppGWTraceID, ProxyConnection, WWWAuthenticate},
	17: {TransferEncoding, XForwardedProto, IfModifiedSince},
	18: {ProxyAuthenticate},
	19: {IfUnmodifiedSince, ProxyAuthorization},
}

// words are a name of four letters or more in lower case as numbers, which compare several bytes at once. They overlap, and
// together they hold the whole name.
type words struct{ first, middle, last uint64 }

var nameWords = func() (t [ids]words) {
	for id, name := range names {
		if len(name) >= 4 {
			t[id] = wordsOf([]byte(name))
		}
	}
	return t
}()

func wordsOf(name []byte) (w words) {
	n := len(name)
	if n < 8 {
		w.first = lower(uint64(binary.LittleEndian.Uint32(name)) | uint64(binary.LittleEndian.Uint32(name[n-4:]))<<32)
		return w
	}
	w.first, w.last = lower(binary.LittleEndian.Uint64(name)), lower(binary.LittleEndian.Uint64(name[n-8:]))
	if n > 16 {
		w.middle = lower(binary.LittleEndian.Uint64(name[8:]))
	}
	return w
}

// Lookup returns the ID of a name in any case.
func Lookup(name []byte) ID {
	if len(name) >= len(byLength) || len(byLength[len(name)]) == 0 {
		return Other
	}
	if len(name) < 4 {
		if EqualFold(name, names[TE]) {
			return TE
		}
		return Other
	}
	w := wordsOf(name)
	for _, id := range byLength[len(name)] {
		if t := &nameWords[id]; t.first == w.first && t.last == w.last && t.middle == w.middle {
			return id
		}
	}
	return Other
}

// String is the name in lower case; empty for Other and Nominated.
func (id ID) String() string {
	if id >= ids {
		return ""
	}
	return names[id]
}

// Set is a set of IDs.
type Set uint64

// Has reports whether id is in s.
func (s Set) Has(id ID) bool { return s>>id&1 != 0 }

const (
	// HopByHop are the fields of one connection, which a gateway removes and writes itself (RFC 9110 section 7.6.1).
	// Content-Length is not among them, nor are Expect and Trailer.
	HopByHop Set = 1<<Connection | 1<<KeepAlive | 1<<ProxyConnection | 1<<TE | 1<<TransferEncoding | 1<<Upgrade | 1<<Nominated

	// singletons have one value; servers disagree about a second one.
	singletons Set = 1<<Expect | 1<<ContentType | 1<<ContentRange | 1<<Authorization | 1<<ProxyAuthorization | 1<<IfModifiedSince |
		1<<IfUnmodifiedSince | 1<<IfRange | 1<<Range | 1<<MaxForwards
)

// EqualFold reports whether b is lower but for the case of ASCII letters. lower must be in lower case.
func EqualFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
