package report

import (
	"fmt"
	"strings"

	"causeway/internal/cause"
)

// A report says of failures the most that the evidence carries, on three levels: where and when they lie, what kind of failures
// they are, and which cause is behind them. Each level has a confidence of its own.

// Where is what failures have in common and other requests do not; empty parts do not narrow it.
type Where struct {
	Member     string `json:"member,omitempty"` // address and port, as serverRouted has it, or else its name
	Path       string `json:"path,omitempty"`   // a template; or a part that all paths begin with
	Method     string `json:"method,omitempty"`
	Listener   string `json:"listener,omitempty"`
	Instance   string `json:"instance,omitempty"`
	Client     string `json:"client,omitempty"`
	From       string `json:"from,omitempty"`  // RFC 3339: none before
	Until      string `json:"until,omitempty"` // RFC 3339: none after
	Failures   int    `json:"failures"`        // there
	Of         int    `json:"of"`              // failures anywhere
	Confidence string `json:"confidence"`
	Fact       string `json:"fact"` // the counts, of the place and of the rest
}

// FailureKind is what kind of failures they are. With several kinds the evidence cannot tell which, or there are some of each.
type FailureKind struct {
	Kinds      []string `json:"kinds"`
	Failures   int      `json:"failures"` // that are of one of these kinds
	Of         int      `json:"of"`
	Confidence string   `json:"confidence"`
}

// CauseLevel is the cause of the verdict, with how many failures it explains.
type CauseLevel struct {
	Cause      string `json:"cause"`
	Failures   int    `json:"failures"`
	Of         int    `json:"of"`
	Confidence string `json:"confidence"`
}

// Text is the place in words: "member 10.0.0.5:80, path /api, from …".
func (w *Where) Text() string {
	var parts []string
	for _, x := range [][2]string{
		{"member ", w.Member},
		{"path ", strings.TrimSpace(w.Method + " " + w.Path)},
		{"listener ", w.Listener},
		{"instance ", w.Instance},
		{"client ", w.Client},
		{"from ", w.From},
		{"until ", w.Until},
	} {
		if x[1] != "" {
			parts = append(parts, x[0]+x[1])
		}
	}
	if w.Path == "" && w.Method != "" {
		return strings.Replace(strings.Join(parts, ", "), "path ", "method ", 1)
	}
	return strings.Join(parts, ", ")
}

// short is the place as the middle of a sentence has it.
func (w *Where) short() string {
	if t := w.Text(); t[:5] != "from " && t[:5] != "until" {
		return "at " + t
	}
	return w.Text()
}

// Rates are the second half of the fact: how often requests fail at the place, and how often elsewhere.
func (w *Where) Rates() string {
	_, rates, _ := strings.Cut(w.Fact, "; ")
	return rates
}

// kindText says what happened, in words.
var kindText = map[string]string{
	cause.Rejected:     "the gateway itself refused the request",
	cause.NoMember:     "no member of the pool was healthy, or it has none",
	cause.GatewayLimit: "the gateway reached a limit of its own",
	cause.Name:         "the member's name did not resolve",
	cause.Refused:      "the member's host refused the connection",
	cause.Unreachable:  "the member could not be reached",
	cause.TLS:          "the TLS handshake with the member failed",
	cause.LostIdle:     "the connection ended at an idle age",
	cause.LostAtOnce:   "the connection ended before an answer",
	cause.GatewayTimer: "the request timeout passed",
	cause.OtherTimer:   "it ended at a fixed time that is not the gateway's",
	cause.Malformed:    "the response was not valid",
	cause.Status:       "the member answered with an error",
	cause.CutShort:     "the response was cut short",
	cause.ClientLeft:   "the client left",
	cause.ClientTimer:  "clients left, all after the same time",
}

// Text says in words what happened, and to how many if not to all: "the request timeout passed (62 of 68)".
func (k *FailureKind) Text() string {
	var parts []string
	for _, kind := range k.Kinds {
		parts = append(parts, kindText[kind])
	}
	text := strings.Join(parts, ", or ")
	if k.Failures < k.Of {
		text += fmt.Sprintf(" (%d of %d)", k.Failures, k.Of)
	}
	return text
}

// levels writes where failures lie, and what kind they are.
func (p *Printer) levels(indent string, w *Where, k *FailureKind) {
	if w != nil {
		p.Wrapped(indent+"Where: ", w.Fact+". Confidence: "+w.Confidence+".")
	}
	if k != nil {
		p.Wrapped(indent+"Kind: ", k.Text()+" ["+strings.Join(k.Kinds, ", ")+"].")
	}
}

// openFirst reports whether more is left open than any finding explains: then that comes first.
func (r *Report) openFirst() bool {
	for i := range r.Findings {
		if r.Findings[i].Failures >= r.Undetermined.Failures {
			return false
		}
	}
	return len(r.Findings) > 0
}

// levelText is where failures lie and what kind they are, in one line.
func levelText(w *Where, k *FailureKind) string {
	var parts []string
	if w != nil {
		parts = append(parts, w.Fact)
	}
	if k != nil {
		parts = append(parts, k.Text())
	}
	return upperFirst(strings.Join(parts, ". "))
}
