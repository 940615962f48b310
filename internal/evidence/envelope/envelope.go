// Package envelope finds the records of a log within the JSON that stores and shippers wrap around them, and lays each of them
// out on a line.
package envelope

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"causeway/internal/accesslog"
)

// Log stores and shippers wrap the gateway's records: Splunk puts the text of one into _raw, Elastic into event.original or
// message, Loki into pairs of a time and a line, Datadog nests attributes, messages of an Event Hub hold many in a body of
// text or base64. What they have in common is that the record itself is in there, so it is looked for at every depth.

// LineMax bounds one row, in bytes: a longer line is passed over.
const LineMax = 1 << 20

// opener makes a line of each record that JSON holds, however deep. It keeps one object of at most a row's size at a time;
// larger ones are wrappers, and are stepped into.
type opener struct {
	in     *bufio.Reader
	found  [][]byte // rows that wait
	sent   int      // bytes of the first
	read   int      // bytes that are behind
	open   int      // wrappers that were stepped into
	search search
	err    error
}

// NewOpener reads the records of a log out of JSON that holds them at any depth, each as a line.
func NewOpener(in *bufio.Reader) io.Reader { return &opener{in: bufio.NewReaderSize(in, 2*LineMax)} }

func (o *opener) Read(p []byte) (int, error) {
	for len(o.found) == 0 {
		if o.err != nil {
			return 0, o.err
		}
		o.err = o.next()
	}
	n := copy(p, o.found[0][o.sent:])
	if o.sent += n; o.sent == len(o.found[0]) {
		o.found, o.sent = o.found[1:], 0
	}
	return n, nil
}

// next takes the next value, or steps over a byte that stands between values.
func (o *opener) next() error {
	c, err := o.in.ReadByte()
	if err != nil {
		return err
	}
	o.read++
	switch c {
	case '{', '"':
		o.read--
		if err := o.in.UnreadByte(); err != nil {
			return err
		}
		return o.value(c)
	}
	return nil
}

// value takes an object or a string whole if it fits a row; otherwise it steps into the object.
func (o *opener) value(kind byte) error {
	text, err := o.whole(kind)
	if err != nil {
		return err
	}
	if text == nil {
		if o.open++; o.open > maxOpen+o.read/openEvery { // each cost a look as far as a row may reach
			return errUnclosed
		}
		return o.discard(1)
	}
	o.found = append(o.found, o.search.rowsIn(text)...)
	if kind == '{' && len(o.found) == 0 && isCutRow(text) {
		o.found = append(o.found, append(bytes.Clone(text), '\n'))
	}
	return o.discard(len(text))
}

func (o *opener) discard(n int) error {
	o.read += n
	_, err := o.in.Discard(n)
	return err
}

// Wrappers are few: so many may be open from the beginning, and one more for so many bytes.
const (
	maxOpen   = 64
	openEvery = 64 << 10
)

var errUnclosed = errors.New("it has an unclosed bracket or quote: Causeway did not read the rest")

// isCutRow reports whether an object was meant to be a record and cannot be read: it is passed on, to be counted.
func isCutRow(text []byte) bool {
	return bytes.Contains(text, []byte("ApplicationGatewayAccess")) && !json.Valid(text)
}

// whole is the value that begins here; nil if it does not end within the length of a row, or of the stream.
func (o *opener) whole(kind byte) ([]byte, error) {
	for size := 4 << 10; ; size *= 8 {
		text, err := o.in.Peek(min(size, LineMax))
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if kind == '"' {
			if end := stringLength(text); end > 0 {
				return text[:end], nil
			}
		} else if object := FirstObject(text); object != nil {
			return object, nil
		}
		if err != nil || size >= LineMax {
			return nil, nil
		}
	}
}

// stringLength is the length of the JSON string at the beginning of text, with its quotes; 0 if it does not end there.
func stringLength(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// HoldsRows reports whether text is JSON that holds a record of a log.
func HoldsRows(text []byte) bool { return len(RowsIn(text)) > 0 }

// maxOpened bounds how deep records are looked for: an object in a text in an object, and so on.
const maxOpened = 12

// RowsIn are the records in a JSON value, or in a text that holds some, each as a line.
func RowsIn(text []byte) [][]byte {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || text[0] != '{' && text[0] != '[' && text[0] != '"' {
		return nil
	}
	var s search
	return s.rowsIn(text)
}

// rowsIn is rowsIn with a decoder that remembers what rows have in common.
func (s *search) rowsIn(text []byte) [][]byte {
	s.rows = nil
	d := json.NewDecoder(bytes.NewReader(text))
	for d.More() {
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			break
		}
		s.value(raw, nil, 0)
	}
	return s.rows
}

// search looks for records within a value.
type search struct {
	rows [][]byte
	d    accesslog.Decoder
}

// value looks into a value. outside is the last time that something around it gave, as JSON.
func (s *search) value(raw json.RawMessage, outside []byte, depth int) {
	if depth > maxOpened || len(raw) == 0 {
		return
	}
	switch raw[0] {
	case '{':
		s.object(raw, outside, depth)
	case '[':
		s.array(raw, outside, depth)
	case '"':
		s.text(raw, outside, depth)
	}
}

// object takes an object for a record, or looks into its members.
func (s *search) object(raw json.RawMessage, outside []byte, depth int) {
	if s.record(raw, outside) {
		return
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return
	}
	var inside []json.RawMessage
	for d.More() {
		key, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return
		}
		if name, _ := key.(string); isTimeName(name) && isTime(value) {
			outside = value
		}
		inside = append(inside, value)
	}
	first := len(s.rows)
	for _, value := range inside {
		begin := len(s.rows)
		s.value(value, outside, depth+1)
		if sameRows(s.rows[first:begin], s.rows[begin:]) {
			s.rows = s.rows[:begin]
		}
	}
}

// sameRows reports whether rows of one member are those of another of the same object: shippers keep what came beside what
// they made of it.
func sameRows(before, now [][]byte) bool {
	if len(now) == 0 || len(before) < len(now) {
		return false
	}
	for i := range now {
		if a, b := transactionIn(before[i]), transactionIn(now[i]); a != b || a == "" && !bytes.Equal(before[i], now[i]) {
			return false
		}
	}
	return true
}

// transactionIn is the transaction of a row as text; empty if it has none.
func transactionIn(line []byte) string {
	var d accesslog.Decoder
	row, err := d.Row(line)
	if err != nil {
		return ""
	}
	return string(row.Text(accesslog.Transaction))
}

// record keeps an object that is a record. One without a time has that of what is around it.
func (s *search) record(raw json.RawMessage, outside []byte) bool {
	row, err := s.d.Row(raw)
	if err != nil || !isRecord(row) {
		return false
	}
	line := make([]byte, 0, len(raw)+64)
	if _, dated := row.When(); !dated && outside != nil {
		line = append(append(append(line, `{"time":`...), outside...), ',')
		raw = bytes.TrimLeft(raw, " \t\r\n")[1:]
	}
	for _, c := range raw {
		if c == '\n' || c == '\r' {
			c = ' '
		}
		line = append(line, c)
	}
	s.rows = append(s.rows, append(line, '\n'))
	return true
}

// isRecord reports whether an object has what a record of its category cannot lack: documents name categories too.
func isRecord(row *accesslog.Row) bool {
	switch row.Kind() {
	case accesslog.Category:
		return row.Has(accesslog.Status) || row.IsSession()
	case accesslog.FirewallCategory:
		return row.Has(accesslog.RuleID) || row.Has(accesslog.Action)
	case accesslog.PerformanceCategory:
		return row.Has(accesslog.Healthy)
	}
	return row.Has(accesslog.MetricName) && row.Has(accesslog.Grain)
}

// array looks into the elements. Of a pair that begins with a time, as Loki has it, that is the time of the rest.
func (s *search) array(raw json.RawMessage, outside []byte, depth int) {
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return
	}
	if len(all) >= 2 && isTime(all[0]) {
		outside = all[0]
	}
	for _, value := range all {
		s.value(value, outside, depth+1)
	}
}

// text looks into a string that holds JSON, as it is or as base64, or that ends with an object, as a line of syslog does.
func (s *search) text(raw json.RawMessage, outside []byte, depth int) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return
	}
	text = strings.TrimSpace(text)
	begin := strings.IndexByte(text, '{')
	if begin < 0 {
		if text = unpacked64(text); text == "" {
			return
		}
		begin = 0
	}
	if array := strings.IndexByte(text[:begin+1], '['); array == 0 {
		begin = 0
	}
	d := json.NewDecoder(strings.NewReader(text[begin:]))
	for d.More() {
		var inner json.RawMessage
		if d.Decode(&inner) != nil {
			return
		}
		s.value(inner, outside, depth+1)
	}
}

// unpacked64 is the JSON that a text holds as base64; empty if it holds none.
func unpacked64(text string) string {
	if len(text) < 16 || strings.ContainsAny(text[:16], " {}[]:,.") {
		return ""
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		data, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	}
	data = bytes.TrimSpace(data)
	if err != nil || len(data) == 0 || data[0] != '{' && data[0] != '[' {
		return ""
	}
	return string(data)
}

// isTimeName reports whether a name is one that stores give the time of a record.
func isTimeName(name string) bool {
	switch strings.Trim(strings.ToLower(name), "@_") {
	case "time", "timestamp", "date", "datetime", "ts", "timegenerated":
		return true
	}
	return false
}

// isTime reports whether a value is a time.
func isTime(raw json.RawMessage) bool {
	_, ok := accesslog.ParseTime(bytes.Trim(raw, `"`))
	return ok
}

// Unwrap steps into an array, or into {"records":[…]} and its like, which hold the rows.
func Unwrap(text []byte) (inner []byte, wrapped bool) {
	for {
		switch n := wrapper(text); {
		case n > 0:
			text, wrapped = bytes.TrimLeft(text[n:], " \t\r\n"), true
		case len(text) > 0 && text[0] == '[':
			text, wrapped = bytes.TrimLeft(text[1:], " \t\r\n"), true
		default:
			return text, wrapped
		}
	}
}

// wrapper is the length of {"records":[ or {"value":[ at the beginning of text; 0 if there is none.
func wrapper(text []byte) int {
	at := 0
	token := func(t string) bool {
		for at < len(text) && text[at] <= ' ' {
			at++
		}
		if len(text)-at < len(t) || !strings.EqualFold(string(text[at:at+len(t)]), t) {
			return false
		}
		at += len(t)
		return true
	}
	if !token("{") || !token(`"records"`) && !token(`"value"`) || !token(":") || !token("[") {
		return 0
	}
	return at
}

// FirstObject is the JSON object at the beginning of text, if it ends there.
func FirstObject(text []byte) []byte {
	if len(text) == 0 || text[0] != '{' {
		return nil
	}
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return text[:i+1]
			}
		}
	}
	return nil
}

// IsRow reports whether an object is a row of a log.
func IsRow(object []byte) bool {
	if object == nil {
		return false
	}
	var d accesslog.Decoder
	row, err := d.Row(object)
	if err != nil {
		return false
	}
	return row.Kind() != "" || row.Has(accesslog.MetricName) && row.Has(accesslog.Grain) ||
		row.Has(accesslog.CategoryName) && row.Has(accesslog.OperationName) && (row.Has(accesslog.Time) || row.Has(accesslog.Generated))
}

// LooksLikeRows reports whether some line of the head is a row, though the first is not.
func LooksLikeRows(text []byte) bool {
	for n := 0; n < 50; n++ {
		line, rest, more := bytes.Cut(text, []byte("\n"))
		if IsRow(FirstObject(bytes.TrimSpace(line))) {
			return true
		}
		if !more {
			break
		}
		text = rest
	}
	return false
}
