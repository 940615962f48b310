package report

import "strings"

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
