package envelope

import (
	"bufio"
	"errors"
	"io"
)

// splitter makes a line of each row in JSON that is laid out otherwise: in an array, in {"records":[…]} (one or many),
// over several lines. It holds one row at a time.
type splitter struct {
	in   *bufio.Reader
	out  []byte
	sent int
	err  error
}

// NewSplitter reads the rows of JSON that is an array, or {"records":[…]}, or laid out over several lines, each as a line.
func NewSplitter(in *bufio.Reader) io.Reader { return &splitter{in: in} }

func (s *splitter) Read(p []byte) (int, error) {
	for s.sent == len(s.out) {
		if s.err != nil {
			return 0, s.err
		}
		s.out, s.sent = s.out[:0], 0
		s.err = s.next()
	}
	n := copy(p, s.out[s.sent:])
	s.sent += n
	return n, nil
}

// next puts the next row into out, or skips something between rows.
func (s *splitter) next() error {
	c, err := s.in.ReadByte()
	if err != nil {
		return err
	}
	switch c {
	case '"': // another member of what wraps the rows
		return s.text(nil)
	case '{':
		if err := s.in.UnreadByte(); err != nil {
			return err
		}
		head, _ := s.in.Peek(256)
		if n := wrapper(head); n > 0 {
			_, err := s.in.Discard(n)
			return err
		}
		return s.object()
	}
	return nil // brackets, commas, blanks, and scalars of a wrapper
}

// object copies one object onto a line.
func (s *splitter) object() error {
	depth := 0
	for {
		c, err := s.in.ReadByte()
		if err != nil {
			return s.cut(err)
		}
		switch c {
		case '\n', '\r', '\t':
			c = ' '
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			s.put(c)
			if err := s.text(s.put); err != nil {
				return s.cut(err)
			}
			continue
		}
		s.put(c)
		if depth == 0 {
			s.out = append(s.out, '\n')
			return nil
		}
	}
}

// text passes over the rest of a string, with its closing quote.
func (s *splitter) text(put func(byte)) error {
	for escaped := false; ; {
		c, err := s.in.ReadByte()
		if err != nil {
			return err
		}
		if put != nil && c != '\n' && c != '\r' {
			put(c)
		}
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			return nil
		}
	}
}

// put keeps no more of a row than makes it too long to be taken for one.
func (s *splitter) put(c byte) {
	if len(s.out) <= LineMax {
		s.out = append(s.out, c)
	}
}

// cut ends the last row where the stream does: what is there cannot be read, and is reported as a line that is cut off.
func (s *splitter) cut(err error) error {
	if errors.Is(err, io.EOF) {
		s.out = append(s.out, '\n')
	}
	return err
}
