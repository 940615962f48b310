package report

import (
	"strings"
)

// look is how a terminal emphasises a text: codes of the Select Graphic Rendition, empty for none.
type look struct{ lead, text string }

const (
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

// colourOf are the words with a colour: the confidence of a finding and the result of a step. Colour adds nothing that the word
// does not say.
var colourOf = map[string]string{
	High: "1;" + green, Medium: yellow, Low: cyan,
	"pass": green, "fail": "1;" + red, "unknown": yellow,
}

func (p *Printer) paint(code, s string) string {
	if !p.colour || code == "" || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// joined is a line in which words of the same look are one piece.
func joined(line, code string) string {
	if code == "" {
		return line
	}
	return strings.ReplaceAll(line, "\x1b[0m \x1b["+code+"m", " ")
}
