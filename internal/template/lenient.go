package template

import "bytes"

// StrictJSON turns JSON as templates are written, with // and /* */ comments and with strings over several lines, into
// JSON. Lines keep their numbers. What is JSON already comes back as it is; what is neither stays wrong.
func StrictJSON(data []byte) []byte {
	if !bytes.ContainsAny(data, "/\n") {
		return data
	}
	l := lenient{in: data, out: make([]byte, 0, len(data)+16)}
	for l.at < len(l.in) {
		l.step()
	}
	return l.out
}

type lenient struct {
	in, out []byte
	at      int
}

func (l *lenient) step() {
	rest := l.in[l.at:]
	switch {
	case rest[0] == '"':
		l.text()
	case bytes.HasPrefix(rest, []byte("//")):
		end := bytes.IndexByte(rest, '\n')
		l.blank(end)
	case bytes.HasPrefix(rest, []byte("/*")):
		end := bytes.Index(rest[2:], []byte("*/"))
		if end >= 0 {
			end += 4
		}
		l.blank(end)
	default:
		l.out = append(l.out, rest[0])
		l.at++
	}
}

// blank replaces n bytes, all that is left when n is negative, by spaces; ends of lines stay.
func (l *lenient) blank(n int) {
	if n < 0 {
		n = len(l.in) - l.at
	}
	for _, c := range l.in[l.at : l.at+n] {
		if c != '\n' && c != '\r' {
			c = ' '
		}
		l.out = append(l.out, c)
	}
	l.at += n
}

// text copies a string. Ends of lines become escapes and are made up for behind the string.
func (l *lenient) text() {
	lines := 0
	l.out = append(l.out, '"')
	l.at++
	for l.at < len(l.in) {
		c := l.in[l.at]
		l.at++
		switch {
		case c == '\n':
			l.out = append(l.out, `\n`...)
			lines++
			continue
		case c == '\r' && l.at < len(l.in) && l.in[l.at] == '\n':
			continue // one end of line, whatever wrote the file
		case c == '\t':
			l.out = append(l.out, `\t`...)
			continue
		}
		l.out = append(l.out, c)
		if c == '\\' && l.at < len(l.in) {
			l.out = append(l.out, l.in[l.at])
			l.at++
		}
		if c == '"' {
			break
		}
	}
	l.out = append(l.out, bytes.Repeat([]byte("\n"), lines)...)
}
