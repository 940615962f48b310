package http1

import "bytes"

// Message is what the heads of requests and responses share.
type Message struct {
	Minor             int // of the version: 0 or 1
	Fields            []Field
	ContentLength     int64  // -1 without the field
	Chunked           bool   // Transfer-Encoding: chunked
	Close             bool   // the connection ends after this message
	Upgrade           []byte // value of Upgrade
	ConnectionUpgrade bool   // Connection lists upgrade, and the version is 1.1
	BareLF            bool   // a line ended with a bare LF (see Limits.LenientLF)
	SpacedColon       bool   // white space stood before a colon (see Limits.LenientColon)
	Len               int    // bytes of the head, its blank line included: the body begins there

	seen       Set
	phase      phase
	pos        int  // of the line being read
	scan       int  // where to go on looking for its end
	ready      bool // it was reset: the zero value is not
	base       *byte
	room       int // capacity of the last buffer
	keep, shut bool
	bad        Error
}

type phase uint8

const (
	fresh  phase = iota
	blank        // one empty line has been skipped
	fields       // the first line has been read
	over         // complete, or refused
)

// Has reports whether the message has a field of this name.
func (m *Message) Has(id ID) bool { return m.seen.Has(id) }

// Get returns the value of the first field of this name, or nil.
func (m *Message) Get(id ID) []byte {
	if !m.seen.Has(id) {
		return nil
	}
	for i := range m.Fields {
		if m.Fields[i].ID == id {
			return m.Fields[i].Value
		}
	}
	return nil
}

func (m *Message) reset() {
	*m = Message{Fields: m.Fields[:0], ContentLength: -1, ready: true}
}

// unread reports whether the message is as reset left it.
func (m *Message) unread() bool { return m.ready && m.phase == fresh && m.base == nil }

func (m *Message) fail(k Kind, at int) error {
	m.phase = over
	m.bad = Error{Kind: k, Offset: at}
	return &m.bad
}

// rebase points what has been read at b, which holds the same bytes at another address. A slice's capacity tells its
// distance from the end of its buffer.
func (m *Message) rebase(b []byte, more ...*[]byte) {
	if len(b) == 0 || m.base == &b[0] && m.room == cap(b) {
		return
	}
	if m.base != nil {
		move := func(s *[]byte) {
			if len(*s) > 0 {
				at := m.room - cap(*s)
				*s = b[at : at+len(*s)]
			}
		}
		for i := range m.Fields {
			move(&m.Fields[i].Name)
			move(&m.Fields[i].Value)
		}
		for _, s := range more {
			move(s)
		}
	}
	m.base, m.room = &b[0], cap(b)
}

// line returns the next line without its end. tooLong is the error if it goes beyond limit bytes.
func (m *Message) line(b []byte, lim *Limits, limit int, tooLong Kind) ([]byte, error) {
	start := m.pos
	k := bytes.IndexByte(b[m.scan:], '\n')
	end := m.scan + k
	if k < 0 {
		end = len(b)
	}
	bound := min(m.pos+limit+1, lim.head())
	if end >= bound {
		if bound <= m.pos+limit {
			tooLong = HeadTooLarge
		}
		return nil, m.fail(tooLong, bound)
	}
	if m.scan = end; k < 0 {
		return nil, ErrMore
	}
	m.scan, m.pos = end+1, end+1
	if end > start && b[end-1] == '\r' {
		return b[start : end-1], nil
	}
	if !lim.lenient() {
		return nil, m.fail(BareLF, end)
	}
	m.BareLF = true
	return b[start:end], nil
}

// section reads fields to the blank line. A field in unique may occur once.
func (m *Message) section(b []byte, lim *Limits, unique Set) error {
	head, most := lim.head(), lim.fields()
	for {
		start := m.pos
		id, n, end := plainLine(b[start:])
		if n == 0 || start+end+1 >= head || len(m.Fields) >= most {
			if over, err := m.slowly(b, lim, unique); over || err != nil {
				return err
			}
			continue
		}
		m.pos = start + end + len("\r\n")
		m.scan = m.pos
		f := m.another()
		f.Name, f.Value, f.ID = b[start:start+n], trim(b[start+n+1:start+end]), id
		if k := m.note(f, unique); k != 0 {
			return m.refuse(k, start)
		}
	}
}

// slowly reads any line, and reports what is wrong with it. over reports that it was the blank one.
func (m *Message) slowly(b []byte, lim *Limits, unique Set) (over bool, err error) {
	start := m.pos
	line, err := m.line(b, lim, lim.head(), HeadTooLarge)
	if err != nil {
		return false, err
	}
	if len(line) == 0 {
		m.end()
		return true, nil
	}
	if len(m.Fields) >= lim.fields() {
		return false, m.fail(TooManyFields, start)
	}
	f := m.another()
	k, at := f.parse(line)
	if k == SpaceBeforeColon && lim.spaced() {
		m.SpacedColon = true
		k, at = f.parseSpaced(line)
	}
	if k == 0 {
		k, at = m.note(f, unique), 0
	}
	if k != 0 {
		return false, m.refuse(k, start+at)
	}
	return false, nil
}

// end is reached behind the blank line.
func (m *Message) end() { m.Len, m.phase = m.pos, over }

// refuse takes back the last field, which breaks a rule.
func (m *Message) refuse(k Kind, at int) error {
	m.Fields = m.Fields[:len(m.Fields)-1]
	return m.fail(k, at)
}

// another is the next field, in place: it holds remains of another message.
func (m *Message) another() *Field {
	n := len(m.Fields)
	if n < cap(m.Fields) {
		m.Fields = m.Fields[:n+1]
	} else {
		m.Fields = append(m.Fields, Field{})
	}
	return &m.Fields[n]
}

// note reads what the framing needs from a field with a known name.
func (m *Message) note(f *Field, unique Set) Kind {
	if f.ID == Other {
		return 0
	}
	again := m.seen.Has(f.ID)
	m.seen |= 1 << f.ID
	switch f.ID {
	case Host:
		if again {
			return ManyHosts
		}
	case ContentLength:
		return m.length(f.Value, again)
	case TransferEncoding:
		if again || !EqualFold(f.Value, "chunked") {
			return BadCoding
		}
		m.Chunked = true
	default:
		if again && unique.Has(f.ID) {
			return DuplicateSingleton
		}
	}
	return 0
}

func (m *Message) length(v []byte, again bool) (k Kind) {
	n, ok := number(v)
	switch {
	case again || bytes.IndexByte(v, ',') >= 0:
		return DuplicateContentLength
	case !ok:
		return BadContentLength
	}
	m.ContentLength = n
	return 0
}

// finish judges the fields together.
func (m *Message) finish() error {
	if m.seen.Has(TransferEncoding) {
		if m.seen.Has(ContentLength) {
			return m.fail(LengthAndCoding, m.Len)
		}
		if m.Minor == 0 {
			return m.fail(BadCoding, m.Len)
		}
	}
	if m.seen.Has(Upgrade) {
		m.Upgrade = m.Get(Upgrade)
	}
	if m.seen.Has(Connection) {
		for i := range m.Fields {
			if m.Fields[i].ID == Connection {
				m.options(m.Fields[i].Value)
			}
		}
	}
	m.Close = m.shut || m.Minor == 0 && !m.keep
	m.ConnectionUpgrade = m.ConnectionUpgrade && m.Minor == 1
	return nil
}

// options reads the members of Connection. They may remove fields that this package does not know, never one on which a
// gateway or an application relies: naming such a field is a known way to hide it from the next server.
func (m *Message) options(list []byte) {
	for len(list) > 0 {
		var o []byte
		o, list = nextItem(list)
		switch {
		case len(o) == 0:
		case EqualFold(o, "close"):
			m.shut = true
		case EqualFold(o, "keep-alive"):
			m.keep = true
		case EqualFold(o, "upgrade"):
			m.ConnectionUpgrade = true
		case Lookup(o) == Other:
			m.nominate(o)
		}
	}
}

func (m *Message) nominate(name []byte) {
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.ID == Other && len(f.Name) == len(name) && bytes.EqualFold(f.Name, name) {
			f.ID = Nominated
		}
	}
}

// parse reads one line. A kind other than 0 is a broken rule, seen at a byte of the line.
func (f *Field) parse(line []byte) (k Kind, at int) {
	n := run(line, isToken)
	if n == 0 || n == len(line) || line[n] != ':' {
		return nameError(line, n)
	}
	return f.split(line, n, n)
}

// parseSpaced reads a line with white space between name and colon, and leaves that out.
func (f *Field) parseSpaced(line []byte) (k Kind, at int) {
	return f.split(line, run(line, isToken), bytes.IndexByte(line, ':'))
}

// split reads a line whose name and colon are known.
func (f *Field) split(line []byte, n, colon int) (k Kind, at int) {
	v := line[colon+1:]
	if i := runValue(v); i < len(v) {
		return badByte(v[i], BadFieldValue), colon + 1 + i
	}
	f.Name, f.Value, f.ID = line[:n], trim(v), Lookup(line[:n])
	return 0, 0
}

// plainLine looks for a line as nearly all are: a name, a colon, a value that may be one, CRLF. name is the length of the
// name and end that of the line without its CRLF; name is 0 if the line is none such, or not complete.
func plainLine(b []byte) (id ID, name, end int) {
	name = run(b, isToken)
	if name == len(b) || b[name] != ':' {
		return 0, 0, 0
	}
	end = name + 1
	end += runValue(b[end:])
	if end+1 >= len(b) || b[end] != '\r' || b[end+1] != '\n' {
		return 0, 0, 0
	}
	return Lookup(b[:name]), name, end
}

func nameError(line []byte, n int) (Kind, int) {
	if n == len(line) {
		return BadFieldName, n
	}
	if line[n] != ' ' && line[n] != '\t' {
		return badByte(line[n], BadFieldName), n
	}
	if n == 0 {
		return Obsfold, 0
	}
	if rest := trim(line[n:]); len(rest) > 0 && rest[0] == ':' {
		return SpaceBeforeColon, n
	}
	return BadFieldName, n
}

func badByte(c byte, otherwise Kind) Kind {
	switch c {
	case '\r':
		return BareCR
	case 0:
		return NUL
	}
	return otherwise
}
