package accesslog

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
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
	V1      Generation // of the gateway, where that is known from elsewhere
	Without Fields     // texts that nobody will ask a record for

	shapes  shapes
	scan    scanner
	row     Row
	ext     extension
	arena   []byte // of texts whose escapes were undone
	last    [numFields]lastName
	plain   [numFields]plainText
	names   map[string]string
	servers map[string]server
	stamp   []byte    // time of the last record as text
	start   time.Time // the value of stamp
}

// Generation says whether times are counted in the milliseconds of a first-generation gateway.
type Generation uint8

// Guess goes by what each generation writes and the other never does.
const (
	Guess Generation = iota
	First
	Second
)

// Fields is a set of fields.
type Fields uint64

// FieldsOf is the set of some fields.
func FieldsOf(list ...Field) (set Fields) {
	for _, f := range list {
		set |= 1 << f
	}
	return set
}

// Row reads a line of JSON. The row is good until the next call, and as long as the line is.
func (d *Decoder) Row(line []byte) (*Row, error) {
	if row := d.shapes.follow(line); row != nil {
		return row, nil
	}
	if err := d.scan.row(line, &d.row); err != nil {
		return nil, fmt.Errorf("decode record: %w", err)
	}
	if !d.scan.more {
		d.shapes.learn(line, d.scan.marks)
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

// Kind is the category of a row: the one it names, or the one that its fields imply; empty if it is none of a gateway's.
func (r *Row) Kind() string {
	for _, c := range []string{Category, PerformanceCategory, FirewallCategory} {
		if equalFold(r.values[CategoryName], c) {
			return c
		}
	}
	switch {
	case r.Has(CategoryName):
		return ""
	case r.Has(Status) && r.ofRequest(), r.IsSession():
		return Category
	case r.Has(Healthy) && r.Has(Throughput):
		return PerformanceCategory
	case r.Has(RuleID) && r.Has(Action):
		return FirewallCategory
	}
	return ""
}

// Is reports whether a row is of a category.
func (r *Row) Is(category string) bool { return equalFold(r.values[CategoryName], category) }

// ofRequest reports whether a row is of one request, by a column that only those have; a count of many has its number.
func (r *Row) ofRequest() bool {
	return r.Has(Taken) || r.Has(ClientIP) ||
		!r.Has(Samples) && (r.Has(URI) || r.Has(OriginalURI) || r.Has(ErrorInfo) || r.Has(Server) || r.Has(Transaction))
}

// IsSession reports whether an access record is of a connection through a TCP or TLS listener: it has no request in it.
func (r *Row) IsSession() bool { return !r.Has(Status) && r.Has(SessionTime) && r.Has(ServerStatus) }

func equalFold(b []byte, s string) bool { return len(b) == len(s) && strings.EqualFold(string(b), s) }

// fill puts Azure's fields into r.
func (d *Decoder) fill(row *Row, r *Record) {
	v := &row.values
	attempts := r.Attempts[:0]
	*r = Record{
		ResourceID: d.repeated(row, ResourceID), Listener: d.repeated(row, Listener), Rule: d.repeated(row, Rule),
		Pool:     d.repeated(row, Pool),
		Settings: d.repeated(row, Settings),
		Instance: d.repeated(row, InstanceID), Method: d.text(row, Method), OriginalURI: d.text(row, OriginalURI), URI: d.text(row, URI),
		Query:     d.text(row, Query),
		UserAgent: d.text(row, UserAgent), Version: d.repeated(row, Version), OriginalHost: d.text(row, OriginalHost),
		Host:        d.text(row, Host),
		ContentType: d.text(row, ContentType), Status: int(integerOf(v[Status])),
		Received: integerOf(v[Received]), Sent: integerOf(v[Sent]), ClientTime: secondsOf(v[ClientTime]),
		TLSCipher:   d.repeated(row, TLSCipher),
		TLSProtocol: d.repeated(row, TLSProtocol), BackendTLS: d.repeated(row, BackendTLS), BackendCipher: d.repeated(row, BackendCipher),
		ErrorInfo:    d.repeated(row, ErrorInfo),
		ClientSerial: uint64(integerOf(v[Serial])), ClientUses: int(integerOf(v[Uses])), WAFTime: secondsOf(v[WAFTime]), Declared: -1,
	}
	r.Start = d.when(row)
	r.Client = d.clientOf(v[ClientIP], v[ClientPort])
	r.Transaction = transactionOf(v[Transaction])
	if r.V1 = d.isV1(row); r.V1 {
		r.Taken = millisecondsOf(v[Taken])
		r.Attempts = d.attemptsV1(row, r, attempts)
	} else {
		r.Taken = max(secondsOf(v[Taken]), 0)
		r.Attempts = d.attemptsV2(row, attempts)
	}
	if r.Session = row.IsSession(); r.Session {
		r.Status, r.Taken = int(integerOf(v[ServerStatus])), max(secondsOf(v[SessionTime]), 0)
	}
}

// When is the time of a row: its own stamp, else when it was taken in.
func (r *Row) When() (time.Time, bool) {
	if t, ok := ParseTime(r.values[Time]); ok {
		return t, true
	}
	if len(r.values[Generated]) == 0 {
		return time.Time{}, false
	}
	return ParseTime(r.values[Generated])
}

// when is the time of a row. Many rows in a row have the same one.
func (d *Decoder) when(row *Row) time.Time {
	if text := row.values[Time]; len(text) == 0 || string(text) != string(d.stamp) {
		d.start, _ = row.When()
		d.stamp = append(d.stamp[:0], text...)
	}
	return d.start
}

// text is the value of a field without escapes.
func (d *Decoder) text(row *Row, f Field) []byte {
	if d.Without&(1<<f) != 0 {
		return nil
	}
	if row.escaped&(1<<f) == 0 {
		return row.values[f]
	}
	if row.steady&(1<<f) == 0 {
		return d.unescaped(row.values[f])
	}
	p := &d.plain[f]
	if raw := row.values[f]; len(p.raw) != len(raw) || &p.raw[0] != &raw[0] {
		p.raw, p.text = raw, d.unescaped(raw)
	}
	return p.text
}

// plainText is a text of a row that stays where it is, and the same text without escapes.
type plainText struct{ raw, text []byte }

func (d *Decoder) unescaped(text []byte) []byte {
	if cap(d.arena)-len(d.arena) < len(text) {
		d.arena = make([]byte, 0, max(arenaSize, len(text)))
	}
	begin := len(d.arena)
	d.arena = unescape(d.arena, text)
	return d.arena[begin:len(d.arena):len(d.arena)]
}

// arenaSize is how much is allocated at once for texts whose escapes are undone.
const arenaSize = 64 << 10

// lastName is the text that a field had in the last row, and its decoded value: most rows repeat it.
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
	if addr, ok := dotted(ip); ok {
		return netip.AddrPortFrom(addr, uint16(integerOf(port)))
	}
	addr, err := netip.ParseAddr(string(ip))
	if err != nil {
		at, _ := netip.ParseAddrPort(string(ip))
		return at
	}
	return netip.AddrPortFrom(addr, uint16(integerOf(port)))
}

// dotted reads an IPv4 address of four numbers without leading zeros, which is what nearly all are.
func dotted(text []byte) (netip.Addr, bool) {
	var ip [4]byte
	part, number, digits := 0, 0, 0
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9' && (digits == 0 || number > 0):
			number, digits = number*10+int(c-'0'), digits+1
			if number > 255 {
				return netip.Addr{}, false
			}
		case c == '.' && digits > 0 && part < 3:
			ip[part] = byte(number)
			part, number, digits = part+1, 0, 0
		default:
			return netip.Addr{}, false
		}
	}
	ip[3] = byte(number)
	return netip.AddrFrom4(ip), part == 3 && digits > 0
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
	q := row.values[Query]
	return bytes.Contains(q, []byte("X-AzureApplicationGateway-CACHE-HIT")) ||
		bytes.Contains(q, []byte("SERVER-ROUTED=")) && bytes.Contains(q, []byte("SERVER-STATUS="))
}

// attemptsV2 unpacks the fields that hold a value for each attempt.
func (d *Decoder) attemptsV2(row *Row, out []Attempt) []Attempt {
	v := &row.values
	servers, statuses, connects := list{v[Server]}, list{v[ServerStatus]}, list{v[ConnectTime]}
	headers, latencies, ports := list{v[HeaderTime]}, list{v[Latency]}, list{v[SourcePort]}
	if row.tooMany(Latency) {
		latencies = list{} // the first part would be taken for a whole number
	}
	for server := range servers.each {
		a := blankAttempt()
		known := d.server(server)
		a.Server, a.Member = known.at, known.member
		a.Status = int(integerOf(statuses.next()))
		a.Connect, a.HeaderTime, a.Total = secondsOf(connects.next()), secondsOf(headers.next()), secondsOf(latencies.next())
		a.LocalPort = uint16(integerOf(ports.next()))
		out = append(out, a)
	}
	return out
}

// server is the address and port of a member, and its name if nothing else names it.
type server struct {
	at     netip.AddrPort
	member string
}

// server reads address:port, once for each text.
func (d *Decoder) server(text []byte) server {
	if s, ok := d.servers[string(text)]; ok {
		return s
	}
	at, err := netip.ParseAddrPort(string(text))
	if err != nil {
		addr, _ := netip.ParseAddr(string(text))
		at = netip.AddrPortFrom(addr, 0)
	}
	if d.servers == nil || len(d.servers) >= maxNames {
		d.servers = map[string]server{}
	}
	s := server{at: at}
	if at.IsValid() {
		s.member = d.address(at)
	}
	d.servers[string(text)] = s
	return s
}

// address is the name of a member known only by its address.
func (d *Decoder) address(at netip.AddrPort) string {
	var b [64]byte
	return d.name(at.Addr().AppendTo(b[:0]))
}

// list is the text of a field that holds one value for each attempt, split on "," or " : ".
type list struct{ rest []byte }

func (l *list) next() []byte {
	for i, c := range l.rest {
		n := 0
		switch {
		case c == ',':
			n = 1
		case c == ' ' && bytes.HasPrefix(l.rest[i:], []byte(" : ")):
			n = 3
		default:
			continue
		}
		text := l.rest[:i]
		l.rest = l.rest[i+n:]
		return bytes.TrimSpace(text)
	}
	text := l.rest
	l.rest = nil
	return bytes.TrimSpace(text)
}

func (l *list) each(yield func([]byte) bool) {
	for len(l.rest) > 0 {
		if !yield(l.next()) {
			return
		}
	}
}

// gatewayPart is what a first-generation gateway writes into requestQuery.
type gatewayPart struct{ routed, status, transaction []byte }

// partOf parts what the gateway wrote into requestQuery from the user's own query, in whatever order its parameters stand
// and whichever of them are missing. The gateway writes behind the user, so the last parameter of a name is its own.
func partOf(query []byte) (g gatewayPart, user []byte, there bool) {
	for part := range bytes.SplitSeq(query, []byte("&")) {
		name, value, _ := bytes.Cut(part, []byte("="))
		switch string(name) {
		case "SERVER-ROUTED":
			g.routed = value
		case "SERVER-STATUS":
			g.status = value
		case "X-AzureApplicationGateway-LOG-ID":
			g.transaction = value
		case "X-AzureApplicationGateway-CACHE-HIT":
		default:
			if user != nil {
				user = append(user, '&')
			}
			user = append(user, part...)
			continue
		}
		there = true
	}
	return g, user, there
}

// attemptsV1 unpacks requestQuery, which on the first generation holds what the gateway did beside the user's query.
func (d *Decoder) attemptsV1(row *Row, r *Record, out []Attempt) []Attempt {
	q := row.values[Query]
	if row.escaped&(1<<Query) != 0 { // many programs write & as \u0026
		q = d.unescaped(q)
	}
	g, user, there := partOf(q)
	if !there {
		return out
	}
	r.Query, r.Transaction = user, transactionOf(g.transaction)
	server, ok := serverOf(g.routed)
	if !ok {
		return out
	}
	a := blankAttempt()
	a.Server = server
	a.Member = d.address(a.Server)
	a.Status, _ = strconv.Atoi(string(g.status))
	return append(out, a)
}

// serverOf reads the address of a server, with a port or without (0), percent-encoded or not.
func serverOf(value []byte) (netip.AddrPort, bool) {
	text, err := url.QueryUnescape(string(value))
	if err != nil {
		return netip.AddrPort{}, false
	}
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at, true
	}
	addr, err := netip.ParseAddr(text)
	return netip.AddrPortFrom(addr, 0), err == nil
}

func blankAttempt() Attempt {
	return Attempt{
		Idle: Unset, Stale: Unset, Hint: Unset, Connect: Unset, TLS: Unset, Send: Unset, Wait: Unset, Receive: Unset,
		Total: Unset, HeaderTime: Unset, RetryAfter: Unset, DeclaredIn: -1, Least: -1,
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
