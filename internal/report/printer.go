package report

import (
	"io"
	"strings"
	"unicode"
)

// Printer writes reports as text of at most Width columns. It keeps the first error in Err, and writes nothing after it.
type Printer struct {
	W      io.Writer
	Width  int
	colour bool
	Err    error
}

// Line writes one. What came from outside must not speak to the terminal.
func (p *Printer) Line(s string) { p.emit(harmless(s)) }

func (p *Printer) emit(s string) {
	if p.Err == nil {
		_, p.Err = io.WriteString(p.W, s+"\n")
	}
}

// harmless replaces control characters.
func harmless(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// Wrapped writes text behind a lead, with later lines indented as far as the lead is wide.
func (p *Printer) Wrapped(lead, text string) { p.set(look{}, lead, text) }

// set is wrapped in a look of its own. A word of confidence is coloured wherever it follows its label.
func (p *Printer) set(l look, lead, text string) {
	indent := strings.Repeat(" ", len([]rune(lead)))
	line, wide, empty, before := p.paint(l.lead, harmless(lead)), len([]rune(lead)), true, ""
	flush := func() { p.emit(strings.TrimRight(joined(line, l.text), " ")) }
	for _, word := range strings.Fields(text) {
		long := len([]rune(word))
		if !empty && wide+1+long > p.Width {
			flush()
			line, wide, empty = indent, len(indent), true
		}
		if !empty {
			line += " "
			wide++
		}
		as := l.text
		if c := colourOf[strings.TrimRight(word, ".")]; before == "Confidence:" && c != "" {
			as = c
		}
		line += p.paint(as, harmless(word))
		wide += long
		empty, before = false, word
	}
	flush()
}
