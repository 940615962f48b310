package report

import (
	"fmt"
	"io"

	"causeway/internal/units"
)

// Text writes the list, each with the argument that selects it.
func (s *Several) Text(w io.Writer, width int) error {
	p := &Printer{W: w, Width: max(width, 60)}
	p.Wrapped("", s.Error()+". Ask for one of them by what stands before it:")
	for i := range s.Requests {
		c := &s.Requests[i]
		p.Line("")
		p.Line(c.Pick)
		p.Wrapped("  ", fmt.Sprintf("%s from %s: status %d, member %s", printable(c.Request), c.Client, c.Status, units.Dash(c.Member)))
	}
	if s.More > 0 {
		p.Line("")
		p.Line(fmt.Sprintf("and %d more", s.More))
	}
	return p.Err
}

// Several is returned where a time names several requests that failed.
type Several struct {
	Schema   string   `json:"schema"`
	Requests []Choice `json:"requests"`
	More     int      `json:"more,omitempty"` // that are not listed
}

// Choice is one of several requests, with the argument that selects it.
type Choice struct {
	Pick    string `json:"pick"`
	Client  string `json:"client"`
	Request string `json:"request"`
	Status  int    `json:"status"`
	Member  string `json:"member,omitempty"`
}

// ChoiceSchema is the version of a list to choose from.
const ChoiceSchema = "causeway.choice/v1"

// Error says how many requests match.
func (s *Several) Error() string {
	return fmt.Sprintf("%d requests that failed began then", len(s.Requests)+s.More)
}
