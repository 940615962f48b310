package accesslog

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"causeway/fault"
)

// ErrNotAccess is returned for a line that is JSON but no access record.
var ErrNotAccess = errors.New("not an access record")

// Decode reads one line that Append, or Azure, wrote: v1 or v2, numbers as strings or as numbers, with or without the
// object `causeway`. HasExtension tells which. A line that Azure left malformed (`"clientPort":-`) is repaired.
func Decode(line []byte) (r Record, hasExtension bool, err error) {
	var e envelope
	if err := json.Unmarshal(line, &e); err != nil {
		fixed := bytes.ReplaceAll(bytes.ReplaceAll(line, []byte(":-,"), []byte(`:"-",`)), []byte(":-}"), []byte(`:"-"}`))
		if json.Unmarshal(fixed, &e) != nil {
			return Record{}, false, fmt.Errorf("decode access record: %w", err)
		}
	}
	if e.Category != "" && !strings.EqualFold(e.Category, Category) || e.Properties == nil {
		return Record{}, false, ErrNotAccess
	}
	r = e.record()
	if x := e.Properties.Causeway; x != nil {
		x.fill(&r)
	}
	return r, e.Properties.Causeway != nil, nil
}

type envelope struct {
	TimeStamp, Time, ResourceID, ListenerName, RuleName, BackendPoolName, BackendSettingName, Category string
	Properties                                                                                         *properties
}

type properties struct {
	InstanceID, HTTPMethod, OriginalRequestURIWithArgs, RequestURI, RequestQuery, UserAgent  loose
	ClientIP, ClientPort, HTTPStatus, HTTPVersion, ReceivedBytes, SentBytes                  loose
	ClientResponseTime, TimeTaken, TransactionID, SSLCipher, SSLProtocol, OriginalHost, Host loose
	ServerRouted, ServerStatus, ServerConnectTime, ServerHeaderTime, ServerResponseLatency   loose
	UpstreamSourcePort, ContentType, BackendSSLProtocol, BackendSSLCipher                    loose
	ErrorInfo                                                                                loose `json:"error_info"`
	ConnectionSerialNumber, NoOfConnectionRequests                                           loose
	Causeway                                                                                 *extension
}

// loose is a string that may also be written as a number.
type loose string

func (l *loose) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*l = loose(s)
		return nil
	}
	if s := string(b); s != "null" {
		*l = loose(s)
	}
	return nil
}

func (l loose) int() int64 { n, _ := strconv.ParseInt(string(l), 10, 64); return n }

// dur reads seconds; what is no number was not reached.
func (l loose) dur() time.Duration {
	n, err := strconv.ParseFloat(string(l), 64)
	if err != nil || n < 0 || n > 1e9 {
		return Unset
	}
	return fromSeconds(n)
}

// fromSeconds keeps whole microseconds: that is what records hold, and binary fractions would lose one.
func fromSeconds(s float64) time.Duration {
	return time.Duration(math.Round(s*1e6)) * time.Microsecond
}

// list splits a field that holds one value for each attempt.
func (l loose) list() []string {
	if l == "" {
		return nil
	}
	parts := strings.FieldsFunc(strings.ReplaceAll(string(l), " : ", ","), func(c rune) bool { return c == ',' })
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

func (e *envelope) record() Record {
	p := e.Properties
	r := Record{
		ResourceID: e.ResourceID, Listener: e.ListenerName, Rule: e.RuleName, Pool: e.BackendPoolName, Settings: e.BackendSettingName,
		Instance: string(p.InstanceID), Method: []byte(p.HTTPMethod), OriginalURI: []byte(p.OriginalRequestURIWithArgs),
		URI: []byte(p.RequestURI), Query: []byte(p.RequestQuery), UserAgent: []byte(p.UserAgent), Version: string(p.HTTPVersion),
		OriginalHost: []byte(p.OriginalHost), Host: []byte(p.Host), ContentType: []byte(p.ContentType),
		Status: int(p.HTTPStatus.int()), Received: p.ReceivedBytes.int(), Sent: p.SentBytes.int(), ClientTime: p.ClientResponseTime.dur(),
		TLSCipher: string(p.SSLCipher), TLSProtocol: string(p.SSLProtocol), BackendTLS: string(p.BackendSSLProtocol),
		BackendCipher: string(p.BackendSSLCipher), ErrorInfo: string(p.ErrorInfo), ClientSerial: uint64(p.ConnectionSerialNumber.int()),
		ClientUses: int(p.NoOfConnectionRequests.int()), Declared: -1,
	}
	stamp := e.TimeStamp
	if stamp == "" {
		stamp = e.Time
	}
	r.Start, _ = time.Parse(time.RFC3339Nano, stamp)
	r.Client = clientOf(string(p.ClientIP), p.ClientPort.int())
	hex.Decode(r.Transaction[:], []byte(strings.ReplaceAll(string(p.TransactionID), "-", "")))
	r.V1 = p.isV1(e)
	if r.V1 {
		r.Taken = time.Duration(p.TimeTaken.int()) * time.Millisecond
		r.Attempts = p.attemptsV1(&r)
	} else {
		r.Taken = max(p.TimeTaken.dur(), 0)
		r.Attempts = p.attemptsV2()
	}
	return r
}

func clientOf(ip string, port int64) netip.AddrPort {
	if at, err := netip.ParseAddrPort(ip); err == nil {
		return at
	}
	addr, _ := netip.ParseAddr(ip)
	return netip.AddrPortFrom(addr, uint16(port))
}

// isV1 tells the generations apart by what each writes and the other never does.
func (p *properties) isV1(e *envelope) bool {
	if strings.HasPrefix(string(p.InstanceID), "ApplicationGatewayRole_IN_") {
		return true
	}
	return e.TimeStamp == "" && p.ServerResponseLatency == "" && p.TransactionID == ""
}

func (p *properties) attemptsV2() []Attempt {
	servers := p.ServerRouted.list()
	if len(servers) == 0 || len(servers) == 1 && servers[0] == "-" {
		return nil
	}
	statuses, connects, headers := p.ServerStatus.list(), p.ServerConnectTime.list(), p.ServerHeaderTime.list()
	latencies, ports := p.ServerResponseLatency.list(), p.UpstreamSourcePort.list()
	out := make([]Attempt, len(servers))
	for i := range servers {
		a := blankAttempt()
		a.Server, _ = netip.ParseAddrPort(servers[i])
		a.Status = int(at(statuses, i).int())
		a.Connect, a.HeaderTime, a.Total = at(connects, i).dur(), at(headers, i).dur(), at(latencies, i).dur()
		a.LocalPort = uint16(at(ports, i).int())
		out[i] = a
	}
	return out
}

func at(list []string, i int) loose {
	if i < len(list) {
		return loose(list[i])
	}
	return ""
}

// attemptsV1 unpacks requestQuery, which on the first generation holds what the gateway did and not the user's query.
func (p *properties) attemptsV1(r *Record) []Attempt {
	q := string(p.RequestQuery)
	i := strings.Index(q, "X-AzureApplicationGateway-CACHE-HIT")
	if i < 0 {
		return nil
	}
	r.Query = []byte(strings.TrimSuffix(q[:i], "&"))
	v, _ := url.ParseQuery(q[i:])
	hex.Decode(r.Transaction[:], []byte(strings.ReplaceAll(v.Get("X-AzureApplicationGateway-LOG-ID"), "-", "")))
	addr, err := netip.ParseAddr(v.Get("SERVER-ROUTED"))
	if err != nil {
		return nil
	}
	a := blankAttempt()
	a.Server = netip.AddrPortFrom(addr, 0)
	a.Status, _ = strconv.Atoi(v.Get("SERVER-STATUS"))
	return []Attempt{a}
}

func blankAttempt() Attempt {
	return Attempt{
		Idle: Unset, Stale: Unset, Hint: Unset, Connect: Unset, TLS: Unset, Send: Unset, Wait: Unset, Receive: Unset,
		Total: Unset, HeaderTime: Unset, DeclaredIn: -1,
	}
}

// extension is the object `causeway`.
type extension struct {
	V        int         `json:"v"`
	Start    json.Number `json:"start"`
	Rev      uint64      `json:"rev"`
	Fault    *faultJSON  `json:"fault"`
	Aborted  bool        `json:"aborted"`
	IdleEnd  bool        `json:"idleEnd"`
	Declared *int64      `json:"declared"`
	BodyRead int64       `json:"bodyRead"`
	Pool     string
	Settings string
	Attempts []attemptJSON
	attemptJSON
}

type attemptJSON struct {
	Member, Server                                                        string
	Port                                                                  uint16
	Status, Uses                                                          int
	Reused                                                                bool
	Idle, Age, Stale, Hint, Connect, TLS, Send, Wait, Receive, Total, RTT *float64
	BytesOut, BytesIn                                                     int64
	DeclaredIn                                                            *int64
	Retransmits                                                           uint32
	AttemptFault                                                          *faultJSON `json:"fault"`
}

type faultJSON struct {
	Side, Phase, Kind, Errno, Detail string
	Alert                            uint8
}

func (f *faultJSON) fault(reused bool) fault.Fault {
	if f == nil {
		return fault.Fault{}
	}
	return fault.Fault{
		Side: fault.Side(f.Side), Phase: fault.Phase(f.Phase), Kind: fault.Kind(f.Kind), Errno: f.Errno, Alert: f.Alert,
		Detail: f.Detail, Reused: reused,
	}
}

// fill puts what Causeway knows over what Azure's fields say.
func (x *extension) fill(r *Record) {
	if t, ok := unixMicro(string(x.Start)); ok {
		r.Start = t
	}
	r.Revision, r.Aborted, r.IdleEnd, r.BodyRead = x.Rev, x.Aborted, x.IdleEnd, x.BodyRead
	if x.Pool != "" {
		r.Pool, r.Settings = x.Pool, x.Settings
	}
	if x.Declared != nil {
		r.Declared = *x.Declared
	}
	if len(x.Attempts) > 0 {
		r.Attempts = r.Attempts[:0]
		for i := range x.Attempts {
			a := blankAttempt()
			x.Attempts[i].fill(&a)
			a.Reused = x.Attempts[i].Reused
			a.Fault = x.Attempts[i].AttemptFault.fault(a.Reused)
			r.Attempts = append(r.Attempts, a)
		}
	} else if n := len(r.Attempts); n > 0 {
		a := &r.Attempts[n-1]
		x.attemptJSON.fill(a)
		a.Reused = x.Idle != nil
	}
	if n := len(r.Attempts); n > 0 {
		r.Fault = x.Fault.fault(r.Attempts[n-1].Reused)
	} else {
		r.Fault = x.Fault.fault(false)
	}
}

func (j *attemptJSON) fill(a *Attempt) {
	if s, err := netip.ParseAddrPort(j.Server); err == nil {
		a.Server = s
	}
	if a.Member = j.Member; a.Member == "" && a.Server.IsValid() {
		a.Member = a.Server.Addr().String()
	}
	if j.Port != 0 {
		a.LocalPort = j.Port
	}
	if j.Status != 0 {
		a.Status = j.Status
	}
	a.Uses, a.BytesOut, a.BytesIn, a.Retransmits = j.Uses, j.BytesOut, j.BytesIn, j.Retransmits
	if j.DeclaredIn != nil {
		a.DeclaredIn = *j.DeclaredIn
	}
	a.Idle, a.Age, a.Stale, a.Hint = span(j.Idle), max(span(j.Age), 0), span(j.Stale), span(j.Hint)
	a.Connect, a.TLS, a.Send, a.Wait, a.Receive = span(j.Connect), span(j.TLS), span(j.Send), span(j.Wait), span(j.Receive)
	a.RTT = max(span(j.RTT), 0)
	if j.Total != nil {
		a.Total = span(j.Total)
	}
}

func span(s *float64) time.Duration {
	if s == nil || *s < 0 || *s > 1e9 {
		return Unset
	}
	return fromSeconds(*s)
}

func unixMicro(s string) (time.Time, bool) {
	whole, fraction, ok := strings.Cut(s, ".")
	sec, err1 := strconv.ParseInt(whole, 10, 64)
	micro, err2 := strconv.ParseInt(fraction, 10, 64)
	if !ok || err1 != nil || err2 != nil || len(fraction) != 6 {
		return time.Time{}, false
	}
	return time.Unix(sec, micro*1000).UTC(), true
}
