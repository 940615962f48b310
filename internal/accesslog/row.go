package accesslog

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"regexp"
	"unicode/utf16"
	"unicode/utf8"
)

// Row is one row of a log as text, by field. Its values belong to the code that filled it.
type Row struct {
	values  [numFields][]byte
	escaped uint64 // fields with escapes in their text
	steady  uint64 // fields whose text is that of the row before, in the same place
	own     []byte // the object `causeway`, raw
}

// Set gives a field its text. What stands for nothing (null, a dash) counts as not given.
func (r *Row) Set(f Field, text []byte) {
	if f <= Own || len(text) == 0 || len(text) == 1 && text[0] == '-' || string(text) == "null" {
		return
	}
	r.values[f] = text
}

// SetEscaped is Set for a text with JSON's escapes in it. They are undone when the text is asked for: most are not.
func (r *Row) SetEscaped(f Field, text []byte) {
	r.Set(f, text)
	r.escaped |= 1 << f
}

// Has reports whether a field has a value.
func (r *Row) Has(f Field) bool { return len(r.values[f]) > 0 }

// Text is the value of a field; nil if it has none.
func (r *Row) Text(f Field) []byte {
	if r.escaped&(1<<f) != 0 {
		return unescape(nil, r.values[f])
	}
	return r.values[f]
}

// Own is the object `causeway` as JSON; nil if the row has none. It belongs to the code that filled the row.
func (r *Row) Own() []byte { return r.own }

// reset empties the row for the next one.
func (r *Row) reset() { *r = Row{} }

// A scanner reads rows out of JSON objects without building them: it walks over the bytes once and keeps where the
// values of known fields stand. It is lenient where real logs are sloppy (a bare dash for a value, a trailing comma) and
// strict about structure, so that a line that was cut is refused and not half read.
type scanner struct {
	data  []byte
	at    int
	depth int

	// Logs repeat their keys in one order, so the key that stood at this place in the last row is tried first.
	seen  []seenKey
	next  int
	known map[string]seenKey

	marks []mark // where the values of the last row stand
	more  bool   // there are others
}

type seenKey struct {
	key   string
	field Field
}

// maxKnown bounds what is remembered of keys; logs have about a hundred.
const maxKnown = 1024

var (
	errSyntax = errors.New("it is not a JSON object")
	errCut    = errors.New("the JSON object is cut off")
	errDeep   = errors.New("the JSON is nested too deep")
)

// maxDepth bounds nesting; rows of logs are three deep.
const maxDepth = 64

// row reads one object.
func (s *scanner) row(line []byte, r *Row) error {
	s.data, s.at, s.depth, s.next = line, 0, 0, 0
	s.marks, s.more = s.marks[:0], false
	r.reset()
	if err := s.object(r); err != nil {
		return err
	}
	if s.space(); s.at < len(s.data) && s.data[s.at] != ',' {
		return errSyntax
	}
	return nil
}

func (s *scanner) space() {
	for s.at < len(s.data) && s.data[s.at] <= ' ' {
		s.at++
	}
}

// object reads { key: value, … } into the row.
func (s *scanner) object(r *Row) error {
	if s.depth++; s.depth > maxDepth {
		return errDeep
	}
	defer func() { s.depth-- }()
	if s.space(); s.at >= len(s.data) || s.data[s.at] != '{' {
		return errSyntax
	}
	s.at++
	for {
		if s.space(); s.at >= len(s.data) {
			return errCut
		}
		switch s.data[s.at] {
		case '}':
			s.at++
			return nil
		case ',':
			s.at++
			continue
		case '"':
		default:
			return errSyntax
		}
		if err := s.member(r); err != nil {
			return err
		}
	}
}

// member reads one key and its value.
func (s *scanner) member(r *Row) error {
	key, _, err := s.str()
	if err != nil {
		return err
	}
	field := s.fieldOf(key)
	if s.space(); s.at >= len(s.data) {
		return errCut
	}
	if s.data[s.at] != ':' {
		return errSyntax
	}
	s.at++
	if s.space(); s.at >= len(s.data) {
		return errCut
	}
	return s.value(r, field)
}

// value reads the value of a member.
func (s *scanner) value(r *Row, field Field) error {
	begin := s.at
	switch c := s.data[s.at]; {
	case c == '"':
		return s.stringValue(r, field)
	case c == '{' && field == Inner:
		return s.object(r)
	case c == '{' || c == '[':
		if err := s.skip(); err != nil {
			return err
		}
		if field == Own && c == '{' {
			r.own = s.data[begin:s.at]
		}
		s.mark(begin, s.at, c, field)
		if (field == Time || field == Generated) && c == '{' {
			s.timeObject(r, field, s.data[begin:s.at])
		}
	default:
		r.Set(field, s.scalar())
		s.mark(begin, s.at, 0, field)
	}
	return nil
}

// dateObject is a time as Windows PowerShell may write it: {"value":"/Date(…)/","DateTime":"Friday, …"}.
var dateObject = regexp.MustCompile(`"value"\s*:\s*"([^"]*)"`)

// timeObject takes the time out of such an object. It has no place of its own in the line, so no shape is learned.
func (s *scanner) timeObject(r *Row, field Field, object []byte) {
	if m := dateObject.FindSubmatch(object); m != nil {
		r.Set(field, m[1])
		s.more = true
	}
}

// stringValue reads a value in quotes.
func (s *scanner) stringValue(r *Row, field Field) error {
	begin := s.at + 1
	if field == Ignored {
		err := s.skipString()
		s.mark(begin, s.at-1, '"', field)
		return err
	}
	text, escaped, err := s.str()
	if err != nil {
		return err
	}
	s.mark(begin, s.at-1, '"', field)
	switch {
	case field == Inner && len(text) > 1 && (text[0] == '{' || escaped):
		return s.innerText(r, text)
	case escaped:
		r.SetEscaped(field, text)
	default:
		r.Set(field, text)
	}
	return nil
}

// mark notes where a value stands.
func (s *scanner) mark(begin, end int, kind byte, field Field) {
	if s.more = s.more || len(s.marks) == maxKnown; !s.more {
		s.marks = append(s.marks, mark{begin: begin, end: end, depth: s.depth, kind: kind, field: field})
	}
}

// innerText reads an object that stands as text inside a string, as exports of dynamic columns have it.
func (s *scanner) innerText(r *Row, text []byte) error {
	inner := scanner{data: unescape(nil, text), depth: s.depth}
	if err := inner.object(r); err != nil && errors.Is(err, errDeep) {
		return err
	}
	return nil // text that merely looks like an object
}

// fieldOf finds the field of a key, most often without looking it up.
func (s *scanner) fieldOf(key []byte) Field {
	i := s.next
	s.next++
	if i < len(s.seen) && s.seen[i].key == string(key) {
		return s.seen[i].field
	}
	k, ok := s.known[string(key)]
	if !ok {
		k = seenKey{string(key), FieldOf(string(key))}
		if s.known == nil {
			s.known = map[string]seenKey{}
		}
		if len(s.known) < maxKnown {
			s.known[k.key] = k
		}
	}
	switch {
	case i < len(s.seen):
		s.seen[i] = k
	case i == len(s.seen) && i < maxKnown:
		s.seen = append(s.seen, k)
	}
	return k.field
}

// str reads a string and returns what stands between the quotes, and whether there are escapes in it.
func (s *scanner) str() (text []byte, escaped bool, err error) {
	s.at++
	begin := s.at
	for {
		i := bytes.IndexByte(s.data[s.at:], '"')
		if i < 0 {
			return nil, false, errCut
		}
		s.at += i + 1
		text = s.data[begin : s.at-1]
		if n := len(text); n == 0 || text[n-1] != '\\' {
			break
		}
		if backslashes(text)%2 == 0 {
			break
		}
	}
	return text, bytes.IndexByte(text, '\\') >= 0, nil
}

// skipString passes over a string.
func (s *scanner) skipString() error {
	for s.at++; ; {
		i := bytes.IndexByte(s.data[s.at:], '"')
		if i < 0 {
			return errCut
		}
		text := s.data[s.at : s.at+i]
		s.at += i + 1
		if n := len(text); n == 0 || text[n-1] != '\\' || backslashes(text)%2 == 0 {
			return nil
		}
	}
}

// backslashes counts those at the end.
func backslashes(text []byte) int {
	n := 0
	for n < len(text) && text[len(text)-1-n] == '\\' {
		n++
	}
	return n
}

// scalar reads a number or a word up to what ends it.
func (s *scanner) scalar() []byte {
	begin := s.at
	for s.at < len(s.data) {
		switch c := s.data[s.at]; {
		case c == ',' || c == '}' || c == ']' || c <= ' ':
			return s.data[begin:s.at]
		}
		s.at++
	}
	return s.data[begin:s.at]
}

// skip passes over an object or array.
func (s *scanner) skip() error {
	depth := 0
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case '"':
			if _, _, err := s.str(); err != nil {
				return err
			}
			continue
		case '{', '[':
			if depth++; s.depth+depth > maxDepth {
				return errDeep
			}
		case '}', ']':
			if depth--; depth == 0 {
				s.at++
				return nil
			}
		}
		s.at++
	}
	return errCut
}

// unescape appends text to out without JSON's escapes. Invalid escapes stay unchanged.
func unescape(out, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+1 == len(text) {
			return append(out, text...)
		}
		out = append(out, text[:i]...)
		n := 2
		switch c := text[i+1]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			var r rune
			r, n = unicodeEscape(text[i:])
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, c)
		}
		text = text[i+n:]
	}
}

// unicodeEscape reads \uXXXX, and a second one where the first is half of a pair; n is how many bytes it took.
func unicodeEscape(text []byte) (r rune, n int) {
	first, ok := hex4(text)
	if !ok {
		return utf8.RuneError, 2
	}
	if utf16.IsSurrogate(first) && len(text) >= 12 {
		if second, ok := hex4(text[6:]); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				return r, 12
			}
		}
	}
	return first, 6
}

func hex4(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	var unit [2]byte
	if _, err := hex.Decode(unit[:], text[2:6]); err != nil {
		return 0, false
	}
	return rune(binary.BigEndian.Uint16(unit[:])), true
}

// Inner reads an object that stands as text in a cell, such as the column AdditionalFields.
func (d *Decoder) Inner(r *Row, text []byte) {
	if len(text) > 1 && text[0] == '{' {
		d.scan.data, d.scan.at, d.scan.depth, d.scan.next, d.scan.marks = text, 0, 0, maxKnown, d.scan.marks[:0]
		if err := d.scan.object(r); err != nil {
			return // text that merely looks like an object
		}
	}
}
