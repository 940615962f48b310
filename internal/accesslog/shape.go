package accesslog

import "bytes"

// The lines of a log are much alike: the same keys in the same order, and most values those of the line before. A shape
// is what lines had in common so far. It cuts a line into the text that never changed, which is compared at one go, and
// the values that did change, which alone are looked at.
//
// A shape only ever says of a line what the scanner would: between two values that change it demands every byte that
// stood there when the scanner read the line that it was learned of, and the scanner, which looks at one byte after the
// other, does the same on the same bytes. Whatever is different in any way goes to the scanner, and is learned.

// mark is a value where the scanner found it.
type mark struct {
	begin, end int
	depth      int   // of the object that it is a member of
	kind       byte  // the first byte of a string, an object or an array; 0 of a number or a word
	field      Field // that it is the value of
	changes    bool  // it is not the same in all lines
}

// shape is one sequence of keys.
type shape struct {
	text  []byte // the line that it was learned of
	marks []mark // of its values
	steps []step
	tail  []byte // what follows the last step
	row   Row    // of the last line; what is the same in all of them is filled in once
}

// step is text that never changed, and the value that stands behind it and did.
type step struct {
	before []byte
	value  mark
}

// shapes are those that a decoder has met, the last one first.
type shapes struct {
	known    []*shape
	made     int
	followed int
}

const (
	maxShapes = 4  // a log has one or two; each is tried
	maxMade   = 64 // so many are made before it is asked whether they are of use
)

// follow reads a line that has a known shape; nil if it has none.
func (s *shapes) follow(line []byte) *Row {
	for i, known := range s.known {
		if known.follow(line) {
			s.followed++
			s.first(i)
			return &known.row
		}
	}
	return nil
}

// first puts a shape to the front.
func (s *shapes) first(i int) {
	for ; i > 0; i-- {
		s.known[i-1], s.known[i] = s.known[i], s.known[i-1]
	}
}

// learn takes in a line that the scanner has read. A log that has no shape is given up.
func (s *shapes) learn(line []byte, marks []mark) {
	for i, known := range s.known {
		if known.alike(line, marks) {
			known.vary(line, marks)
			s.first(i)
			return
		}
	}
	if s.made > maxMade && s.made > s.followed || !learnable(marks) {
		return
	}
	s.made++
	if len(s.known) < maxShapes {
		s.known = append(s.known, nil)
	}
	s.known[len(s.known)-1] = newShape(line, marks)
	s.first(len(s.known) - 1)
}

// learnable reports whether each field has one value, whose kind alone says how it is read.
func learnable(marks []mark) bool {
	seen := uint64(0)
	for _, m := range marks {
		if m.field == Inner && m.kind != 0 || m.field > Inner && seen&(1<<m.field) != 0 {
			return false
		}
		seen |= 1 << m.field
	}
	return true
}

func newShape(line []byte, marks []mark) *shape {
	s := &shape{text: bytes.Clone(line), marks: append([]mark(nil), marks...)}
	s.cut()
	return s
}

// alike reports whether a line differs from the shape in its values only.
func (s *shape) alike(line []byte, marks []mark) bool {
	if len(marks) != len(s.marks) {
		return false
	}
	end, mine := 0, 0
	for i, m := range marks {
		k := s.marks[i]
		if m.field != k.field || m.kind != k.kind || m.depth != k.depth || !bytes.Equal(line[end:m.begin], s.text[mine:k.begin]) {
			return false
		}
		end, mine = m.end, k.end
	}
	return bytes.Equal(line[end:], s.text[mine:])
}

// vary notes which values are others in a line that is alike.
func (s *shape) vary(line []byte, marks []mark) {
	for i, m := range marks {
		k := &s.marks[i]
		k.changes = k.changes || !bytes.Equal(line[m.begin:m.end], s.text[k.begin:k.end])
	}
	s.cut()
}

// cut makes the steps, and fills in what is the same in all lines.
func (s *shape) cut() {
	s.steps, s.row = s.steps[:0], Row{}
	end := 0
	for _, m := range s.marks {
		if m.changes {
			s.steps = append(s.steps, step{s.text[end:m.begin], m})
			end = m.end
			continue
		}
		s.row.put(m.field, m.kind, s.text[m.begin:m.end])
		s.row.steady |= 1 << m.field
	}
	s.tail = s.text[end:]
}

// follow reads a line and reports whether it has this shape; if not, the row is not valid.
func (s *shape) follow(line []byte) bool {
	at := 0
	for i := range s.steps {
		step := &s.steps[i]
		begin := at + len(step.before)
		if len(line) <= begin || string(line[at:begin]) != string(step.before) {
			return false
		}
		end := step.value.endIn(line, begin)
		if end < 0 {
			return false
		}
		s.row.put(step.value.field, step.value.kind, line[begin:end])
		at = end
	}
	return string(line[at:]) == string(s.tail)
}

// endIn finds the end of a value of the same kind that begins within a line; negative if there is none.
func (m *mark) endIn(line []byte, begin int) int {
	scan := scanner{data: line, at: begin, depth: m.depth}
	switch {
	case m.kind == '"':
		return stringEnd(line, begin)
	case m.kind == 0:
		if c := line[begin]; c <= ' ' || c == '"' || c == '{' || c == '[' {
			return -1
		}
		scan.scalar()
	case line[begin] != m.kind || scan.skip() != nil:
		return -1
	}
	return scan.at
}

// stringEnd is where the closing quote of a string stands; negative if it has none.
func stringEnd(line []byte, begin int) int {
	for end := begin; ; end++ {
		i := bytes.IndexByte(line[end:], '"')
		if i < 0 {
			return -1
		}
		end += i
		if end == begin || line[end-1] != '\\' || backslashes(line[begin:end])%2 == 0 {
			return end
		}
	}
}

// put gives a field a value in place of the one that it had.
func (r *Row) put(f Field, kind byte, text []byte) {
	if f <= Own {
		if f == Own && kind == '{' {
			r.own = text
		}
		return
	}
	r.values[f], r.escaped = nil, r.escaped&^(1<<f)
	switch {
	case kind == '{' || kind == '[':
	case kind == '"' && bytes.IndexByte(text, '\\') >= 0:
		r.SetEscaped(f, text)
	default:
		r.Set(f, text)
	}
}
