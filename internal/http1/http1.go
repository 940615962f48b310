// Package http1 is the HTTP/1.1 wire codec: bytes in, bytes out, no I/O, and no allocation per message.
//
// It is strict where RFC 9110 and RFC 9112 leave two readers of the same bytes room to disagree: it refuses such a message
// and never repairs it, so that a gateway forwards nothing ambiguous. Everything it returns is a slice of the caller's
// buffer and lives as long as that does.
package http1

import "errors"

// ErrMore reports that the bytes so far are fine but the message's head is not complete.
var ErrMore = errors.New("parse message head: incomplete, read more")

// Limits bound a message. A zero field stands for its default.
type Limits struct {
	Line      int  // bytes of the request or status line; default 8 KiB
	Head      int  // bytes of the whole head, its first line included; default 32 KiB
	Fields    int  // number of fields; default 100
	LenientLF bool // a response may end its lines with a bare LF; a request never may

	// LenientColon lets a response have white space between a field's name and its colon, which a proxy has to remove
	// (RFC 9112 section 5.1); a request never may.
	LenientColon bool
}

const (
	defaultLine   = 8 << 10
	defaultHead   = 32 << 10
	defaultFields = 100
)

func (l *Limits) line() int {
	if l == nil || l.Line == 0 {
		return min(defaultLine, l.head())
	}
	return min(l.Line, l.head())
}

func (l *Limits) head() int {
	if l == nil || l.Head == 0 {
		return defaultHead
	}
	return l.Head
}

func (l *Limits) fields() int {
	if l == nil || l.Fields == 0 {
		return defaultFields
	}
	return l.Fields
}

func (l *Limits) lenient() bool { return l != nil && l.LenientLF }

func (l *Limits) spaced() bool { return l != nil && l.LenientColon }
