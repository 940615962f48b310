package proxy

// blankLine is how much of an empty line has been read.
type blankLine uint8

const (
	noBlank blankLine = iota
	blankCR           // its CR
)

// skipBlankLines drops empty lines in front of a request (RFC 9112 section 2.2 requires at least one). They do not begin
// it, so no clock starts with them, and a client that sends nothing else is idle.
func (x *exchange) skipBlankLines() {
	s, in := x.s, x.in[:x.end]
	if !x.start.IsZero() {
		return
	}
	at := 0
scan:
	for at < len(in) {
		switch {
		case s.blank == noBlank && in[at] == '\r':
			s.blank = blankCR
		case s.blank == blankCR && in[at] == '\n':
			s.blank = noBlank
		default:
			break scan
		}
		at++
	}
	if at < len(in) && s.blank == blankCR { // a CR that ends no line belongs to what follows, which the parser refuses
		s.blank = noBlank
		if at == 0 {
			x.restoreCR()
			return
		}
		at--
	}
	if at > 0 {
		x.end = copy(x.in, in[at:])
	}
}

// restoreCR puts back the CR that an earlier read had brought.
func (x *exchange) restoreCR() {
	if x.grow(); x.end < len(x.in) {
		copy(x.in[1:], x.in[:x.end])
		x.end++
	}
	x.in[0] = '\r'
}
