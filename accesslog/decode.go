package accesslog

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"causeway/fault"
)

// ErrNotAccess is returned for a row that is readable but no access record.
var ErrNotAccess = errors.New("not an access record")

// Decode reads one line that Append, or Azure, wrote: v1 or v2, numbers as strings or as numbers, with or without the
// object `causeway`. hasExtension tells which. What is sloppy but clear is read (`"clientPort":-`, a trailing comma).
func Decode(line []byte) (r Record, hasExtension bool, err error) {
	var d Decoder
	hasExtension, err = d.Decode(line, &r)
	return r, hasExtension, err
}

// Decoder reads rows of one log after another. It remembers names and keys that repeat, so that a row costs no
// allocation on the common path. It is for one goroutine.
type Decoder struct {
	V1 Generation // of the gateway, where that is known from elsewhere

	scan    scanner
	row     Row
	ext     extension
	arena   []byte // of texts whose escapes were undone
	last    [numFields]lastName
	names   map[string]string
	servers map[string]netip.AddrPort
}

// Generation says whether times are counted in the milliseconds of a first-generation gateway.
type Generation uint8

// Guess goes by what each generation writes and the other never does.
const (
	Guess Generation = iota
	First
	Second
)

// Row reads a line of JSON. The row is good until the next call, and as long as the line is.
func (d *Decoder) Row(line []byte) (*Row, error) {
	if err := d.scan.row(line, &d.row); err != nil {
		return nil, fmt.Errorf("decode record: %w", err)
	}
	return &d.row, nil
}

// Decode reads a line of JSON into r, whose slices are good as long as the line is. It returns ErrNotAccess for a record
// of another category.
func (d *Decoder) Decode(line []byte, r *Record) (hasExtension bool, err error) {
	row, err := d.Row(line)
	if err != nil {
		return false, err
	}
	return d.Record(row, r)
}

// Record makes an access record of a row.
func (d *Decoder) Record(row *Row, r *Record) (hasExtension bool, err error) {
	if row.Kind() != Category {
		return false, ErrNotAccess
	}
	d.fill(row, r)
	if row.own == nil {
		return false, nil
	}
	d.ext = extension{}
	if err := d.ext.decode(row.own); err != nil {
		return false, fmt.Errorf("decode the object causeway of an access record: %w", err)
	}
	d.ext.fill(r, d)
	return true, nil
}

// Categories of Azure's gateway logs, beside Category for access records.
const (
	PerformanceCategory = "ApplicationGatewayPerformanceLog"
	FirewallCategory    = "ApplicationGatewayFirewallLog"
)

// Kind is the category of a row: what it says, or what its fields come to; empty if it is none of a gateway's.
func (r *Row) Kind() string {
	for _, c := range []string{Category, PerformanceCategory, FirewallCategory} {
		if equalFold(r.values[CategoryName], c) {
			return c
		}
	}
	switch {
	case r.Has(CategoryName):
		return ""
	case r.Has(Status) && (r.Has(Taken) || r.Has(ClientIP)):
		return Category
	case r.Has(Healthy) && r.Has(Throughput):
		return PerformanceCategory
	case r.Has(RuleID) && r.Has(Action):
		return FirewallCategory
	}
	return ""
}

func equalFold(b []byte, s string) bool { return len(b) == len(s) && strings.EqualFold(string(b), s) }

// fill puts Azure's fields into r.
func (d *Decoder) fill(row *Row, r *Record) {
	v := &row.values
	attempts := r.Attempts[:0]
	*r = Record{
		ResourceID: d.repeated(row, ResourceID), Listener: d.repeated(row, Listener), Rule: d.repeated(row, Rule), Pool: d.repeated(row, Pool), Settings: d.repeated(row, Settings),
		Instance: d.repeated(row, InstanceID), Method: d.text(row, Method), OriginalURI: d.text(row, OriginalURI), URI: d.text(row, URI), Query: d.text(row, Query),
		UserAgent: d.text(row, UserAgent), Version: d.repeated(row, Version), OriginalHost: d.text(row, OriginalHost), Host: d.text(row, Host),
		ContentType: d.text(row, ContentType), Status: int(integerOf(v[Status])),
		Received: integerOf(v[Received]), Sent: integerOf(v[Sent]), ClientTime: secondsOf(v[ClientTime]), TLSCipher: d.repeated(row, TLSCipher),
		TLSProtocol: d.repeated(row, TLSProtocol), BackendTLS: d.repeated(row, BackendTLS), BackendCipher: d.repeated(row, BackendCipher), ErrorInfo: d.repeated(row, ErrorInfo),
		ClientSerial: uint64(integerOf(v[Serial])), ClientUses: int(integerOf(v[Uses])), WAFTime: secondsOf(v[WAFTime]), Declared: -1,
	}
	r.Start, _ = row.When()
	r.Client = d.clientOf(v[ClientIP], v[ClientPort])
	r.Transaction = transactionOf(v[Transaction])
	if r.V1 = d.isV1(row); r.V1 {
		r.Taken = millisecondsOf(v[Taken])
		r.Attempts = d.attemptsV1(row, r, attempts)
	} else {
		r.Taken = max(secondsOf(v[Taken]), 0)
		r.Attempts = d.attemptsV2(row, attempts)
	}
}

// When is the time of a row: its own stamp, else when it was taken in.
func (r *Row) When() (time.Time, bool) {
	if t, ok := ParseTime(r.values[Time]); ok {
		return t, true
	}
	return ParseTime(r.values[Generated])
}

// text is the value of a field without escapes.
func (d *Decoder) text(row *Row, f Field) []byte {
	if row.escaped&(1<<f) == 0 {
		return row.values[f]
	}
	if cap(d.arena)-len(d.arena) < len(row.values[f]) {
		d.arena = make([]byte, 0, max(arenaSize, len(row.values[f])))
	}
	begin := len(d.arena)
	d.arena = unescape(d.arena, row.values[f])
	return d.arena[begin:len(d.arena):len(d.arena)]
}

// arenaSize is how much is allocated at once for texts whose escapes are undone.
const arenaSize = 64 << 10

// lastName is the text that a field had in the last row, and what it came to: most rows repeat it.
type lastName struct{ raw, name string }

// repeated is the text of a field as a string.
func (d *Decoder) repeated(row *Row, f Field) string {
	text := row.values[f]
	if len(text) == 0 {
		return ""
	}
	l := &d.last[f]
	if l.raw != string(text) {
		l.name = d.name(text)
		l.raw = l.name
		if row.escaped&(1<<f) != 0 {
			l.raw = string(text)
		}
	}
	return l.name
}

// name returns the text as a string; names that repeat are made once. Escapes are undone.
func (d *Decoder) name(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	if s, ok := d.names[string(text)]; ok {
		return s
	}
	if d.names == nil || len(d.names) >= maxNames {
		d.names = map[string]string{}
	}
	s := string(unescape(nil, text))
	d.names[string(text)] = s
	return s
}

// maxNames bounds what is remembered; a log with more different names than that is read all the same.
const maxNames = 1 << 14

func (d *Decoder) clientOf(ip, port []byte) netip.AddrPort {
	addr, err := netip.ParseAddr(string(ip))
	if err != nil {
		at, _ := netip.ParseAddrPort(string(ip))
		return at
	}
	return netip.AddrPortFrom(addr, uint16(integerOf(port)))
}

// isV1 tells the generations apart by what each writes and the other never does.
func (d *Decoder) isV1(row *Row) bool {
	switch {
	case bytes.HasPrefix(row.values[InstanceID], []byte("ApplicationGatewayRole_IN_")):
		return true
	case bytes.HasPrefix(row.values[InstanceID], []byte("appgw_")):
		return false
	case d.V1 != Guess:
		return d.V1 == First
	}
	return bytes.Contains(row.values[Query], []byte(cacheHit))
}

// attemptsV2 unpacks the fields that hold a value for each attempt.
func (d *Decoder) attemptsV2(row *Row, out []Attempt) []Attempt {
	v := &row.values
	servers, statuses, connects, headers, latencies, ports := list{v[Server]}, list{v[ServerStatus]}, list{v[ConnectTime]}, list{v[HeaderTime]}, list{v[Latency]}, list{v[SourcePort]}
	for server := range servers.each {
		a := blankAttempt()
		a.Server = d.server(server)
		a.Status = int(integerOf(statuses.next()))
		a.Connect, a.HeaderTime, a.Total = secondsOf(connects.next()), secondsOf(headers.next()), secondsOf(latencies.next())
		a.LocalPort = uint16(integerOf(ports.next()))
		if a.Server.IsValid() {
			a.Member = d.address(a.Server)
		}
		out = append(out, a)
	}
	return out
}

// server reads address:port, once for each text.
func (d *Decoder) server(text []byte) netip.AddrPort {
	if s, ok := d.servers[string(text)]; ok {
		return s
	}
	at, err := netip.ParseAddrPort(string(text))
	if err != nil {
		addr, _ := netip.ParseAddr(string(text))
		at = netip.AddrPortFrom(addr, 0)
	}
	if d.servers == nil || len(d.servers) >= maxNames {
		d.servers = map[string]netip.AddrPort{}
	}
	d.servers[string(text)] = at
	return at
}

// address is the name of a member of which nothing but the address is known.
func (d *Decoder) address(at netip.AddrPort) string {
	var b [64]byte
	return d.name(at.Addr().AppendTo(b[:0]))
}

// list is the text of a field that holds one value for each attempt, split on "," or " : ".
type list struct{ rest []byte }

func (l *list) next() []byte {
	text := l.rest
	i, n := bytes.IndexByte(text, ','), 1
	if j := bytes.Index(text, []byte(" : ")); j >= 0 && (i < 0 || j < i) {
		i, n = j, 3
	}
	if i < 0 {
		l.rest = nil
		return bytes.TrimSpace(text)
	}
	l.rest = text[i+n:]
	return bytes.TrimSpace(text[:i])
}

func (l *list) each(yield func([]byte) bool) {
	for len(l.rest) > 0 {
		if !yield(l.next()) {
			return
		}
	}
}

const cacheHit = "X-AzureApplicationGateway-CACHE-HIT"

// attemptsV1 unpacks requestQuery, which on the first generation holds what the gateway did and not the user's query.
func (d *Decoder) attemptsV1(row *Row, r *Record, out []Attempt) []Attempt {
	q := row.values[Query]
	i := bytes.Index(q, []byte(cacheHit))
	if i < 0 {
		return out
	}
	r.Query = bytes.TrimSuffix(q[:i], []byte("&"))
	v, _ := url.ParseQuery(string(q[i:]))
	r.Transaction = transactionOf([]byte(v.Get("X-AzureApplicationGateway-LOG-ID")))
	addr, err := netip.ParseAddr(v.Get("SERVER-ROUTED"))
	if err != nil {
		return out
	}
	a := blankAttempt()
	a.Server = netip.AddrPortFrom(addr, 0)
	a.Member = d.address(a.Server)
	a.Status, _ = strconv.Atoi(v.Get("SERVER-STATUS"))
	return append(out, a)
}

func blankAttempt() Attempt {
	return Attempt{
		Idle: Unset, Stale: Unset, Hint: Unset, Connect: Unset, TLS: Unset, Send: Unset, Wait: Unset, Receive: Unset,
		Total: Unset, HeaderTime: Unset, DeclaredIn: -1,
	}
}

func transactionOf(text []byte) (id [16]byte) {
	var plain [32]byte
	n := 0
	for _, c := range text {
		if c != '-' && n < len(plain) {
			plain[n] = c
			n++
		}
	}
	if n == len(plain) {
		if _, err := hex.Decode(id[:], plain[:]); err != nil {
			return [16]byte{}
		}
	}
	return id
}

// extension is the object `causeway`.
type extension struct {
	V        int        `json:"v"`
	Start    moment     `json:"start"`
	Rev      uint64     `json:"rev"`
	Fault    *faultJSON `json:"fault"`
	Aborted  bool       `json:"aborted"`
	IdleEnd  bool       `json:"idleEnd"`
	Declared *int64     `json:"declared"`
	BodyRead int64      `json:"bodyRead"`
	Pool     string
	Settings string
	Attempts []attemptJSON
	attemptJSON
}

// moment is a time in Unix seconds, or none.
type moment struct {
	given bool
	t     time.Time
}

func (m *moment) UnmarshalJSON(b []byte) error {
	m.t, m.given = unixMicro(b)
	return nil
}

type attemptJSON struct {
	member []byte // as read from a flat object

	Member, Server                                                        string
	Port                                                                  uint16
	Status, Uses                                                          int
	Reused                                                                bool
	Idle, Age, Stale, Hint, Connect, TLS, Send, Wait, Receive, Total, RTT span
	BytesOut, BytesIn                                                     int64
	DeclaredIn                                                            *int64
	Retransmits                                                           uint32
	AttemptFault                                                          *faultJSON `json:"fault"`
}

// span is a time in seconds, or none.
type span struct {
	given bool
	d     time.Duration
}

func (s *span) UnmarshalJSON(b []byte) error {
	s.given, s.d = true, secondsOf(b)
	return nil
}

// or is the time, or Unset.
func (s span) orUnset() time.Duration {
	if !s.given {
		return Unset
	}
	return s.d
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

// decode reads the object. On a plain success it is flat, and that is most of a log: then it is read without reflection.
func (x *extension) decode(b []byte) error {
	if x.flat(b) {
		return nil
	}
	*x = extension{}
	return json.Unmarshal(b, x)
}

// flat reads an object of numbers and names only; it gives up on anything else.
func (x *extension) flat(b []byte) bool {
	s := scanner{data: b, at: 1}
	for {
		if s.space(); s.at >= len(b) {
			return false
		}
		switch b[s.at] {
		case '}':
			return true
		case ',':
			s.at++
			continue
		case '"':
		default:
			return false
		}
		key, escaped, err := s.str()
		if err != nil || escaped || s.at >= len(b) || b[s.at] != ':' {
			return false
		}
		s.at++
		if s.space(); s.at >= len(b) || b[s.at] == '{' || b[s.at] == '[' {
			return false
		}
		var value []byte
		if b[s.at] == '"' {
			if value, escaped, err = s.str(); err != nil || escaped {
				return false
			}
		} else {
			value = s.scalar()
		}
		if !x.set(key, value) {
			return false
		}
	}
}

// set takes one field of a flat object.
func (x *extension) set(key, value []byte) bool {
	t := func(s *span) { s.given, s.d = true, secondsOf(value) }
	switch string(key) {
	case "v":
		x.V = int(integerOf(value))
	case "start":
		x.Start.t, x.Start.given = unixMicro(value)
	case "rev":
		x.Rev = uint64(integerOf(value))
	case "member":
		x.member = value
	case "port":
		x.Port = uint16(integerOf(value))
	case "uses":
		x.Uses = int(integerOf(value))
	case "idle":
		t(&x.Idle)
	case "age":
		t(&x.Age)
	case "stale":
		t(&x.Stale)
	case "hint":
		t(&x.Hint)
	case "connect":
		t(&x.Connect)
	case "tls":
		t(&x.TLS)
	case "send":
		t(&x.Send)
	case "wait":
		t(&x.Wait)
	case "receive":
		t(&x.Receive)
	case "total":
		t(&x.Total)
	default:
		return false
	}
	return true
}

// fill puts what Causeway knows over what Azure's fields say.
func (x *extension) fill(r *Record, d *Decoder) {
	if x.Start.given {
		r.Start = x.Start.t
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
			x.Attempts[i].fill(&a, d)
			a.Reused = x.Attempts[i].Reused
			a.Fault = x.Attempts[i].AttemptFault.fault(a.Reused)
			r.Attempts = append(r.Attempts, a)
		}
	} else if n := len(r.Attempts); n > 0 {
		a := &r.Attempts[n-1]
		x.attemptJSON.fill(a, d)
		a.Reused = x.Idle.given
	}
	if n := len(r.Attempts); n > 0 {
		r.Fault = x.Fault.fault(r.Attempts[n-1].Reused)
	} else {
		r.Fault = x.Fault.fault(false)
	}
}

func (j *attemptJSON) fill(a *Attempt, d *Decoder) {
	if j.Server != "" {
		if s := d.server([]byte(j.Server)); s.IsValid() {
			a.Server = s
		}
	}
	switch {
	case len(j.member) > 0:
		a.Member = d.name(j.member)
	case j.Member != "":
		a.Member = d.name([]byte(j.Member))
	case a.Server.IsValid():
		a.Member = d.address(a.Server)
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
	a.Idle, a.Age, a.Stale, a.Hint = j.Idle.orUnset(), max(j.Age.orUnset(), 0), j.Stale.orUnset(), j.Hint.orUnset()
	a.Connect, a.TLS, a.Send, a.Wait, a.Receive = j.Connect.orUnset(), j.TLS.orUnset(), j.Send.orUnset(), j.Wait.orUnset(), j.Receive.orUnset()
	a.RTT = max(j.RTT.orUnset(), 0)
	if j.Total.given {
		a.Total = j.Total.d
	}
}

// unixMicro reads Unix seconds with exactly six decimals.
func unixMicro(b []byte) (time.Time, bool) {
	point := len(b) - 7
	if point < 1 || b[point] != '.' {
		return time.Time{}, false
	}
	sec, ok1 := digitsOf(b[:point])
	micro, ok2 := digitsOf(b[point+1:])
	if !ok1 || !ok2 || point > 12 {
		return time.Time{}, false
	}
	return time.Unix(int64(sec), int64(micro)*1000).UTC(), true
}
