package gateway

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Severity tells a problem that makes a document unusable from one that is worth knowing.
type Severity string

// The severities. A document with an Error is refused; a Warning never stops it.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is one thing that is wrong with a document, or that will surprise.
type Problem struct {
	Path     string   `json:"path"` // of the offending property, as in the document: httpListeners[0].properties.hostName
	Code     string   `json:"code"` // Azure's where it has one
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"` // what to do about it
	Severity Severity `json:"severity"`
}

func (p Problem) String() string {
	return fmt.Sprintf("%s: %s: %s [%s]", p.Severity, p.Path, p.Message, p.Code)
}

// HasErrors reports whether any problem is an error.
func HasErrors(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return p.Severity == Error })
}

// ProblemText is problems for people: errors before warnings, a line each after the prefix, and under each run of
// problems with one hint that hint once.
func ProblemText(prefix string, problems []Problem) string {
	problems = slices.Clone(problems)
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Severity, b.Severity) })
	var b strings.Builder
	for i, p := range problems {
		fmt.Fprintf(&b, "%s%s\n", prefix, Printable(p.String()))
		last := i+1 == len(problems) || problems[i+1].Hint != p.Hint || problems[i+1].Severity != p.Severity
		if p.Hint != "" && last {
			fmt.Fprintf(&b, "  hint: %s\n", strings.ReplaceAll(Printable(p.Hint), "\n", "\n    "))
		}
	}
	return b.String()
}

// Report collects problems, whose texts it makes printable.
type Report struct{ Problems []Problem }

// Error adds a problem for which a document is refused.
func (r *Report) Error(path, code, hint, format string, args ...any) {
	r.add(Error, path, code, hint, fmt.Sprintf(format, args...))
}

// Warn adds a problem that is worth knowing.
func (r *Report) Warn(path, code, hint, format string, args ...any) {
	r.add(Warning, path, code, hint, fmt.Sprintf(format, args...))
}

func (r *Report) add(severity Severity, path, code, hint, message string) {
	r.Problems = append(r.Problems, Problem{Printable(path), code, Printable(message), Printable(hint), severity})
}

// Printable keeps what a document says from steering the terminal that shows it.
func Printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c != '\n' && unicode.IsControl(c) {
			return unicode.ReplacementChar
		}
		return c
	}, s)
}

// SortProblems orders by path, list positions by number, and drops exact repetitions.
func SortProblems(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(comparePaths(a.Path, b.Path), cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(problems)
}

func comparePaths(a, b string) int {
	for a != "" && b != "" {
		x, restA := pathPiece(a)
		y, restB := pathPiece(b)
		byLength := 0
		if isDigit(x[0]) && isDigit(y[0]) {
			byLength = cmp.Compare(len(x), len(y))
		}
		if c := cmp.Or(byLength, strings.Compare(x, y)); c != 0 {
			return c
		}
		a, b = restA, restB
	}
	return cmp.Compare(len(a), len(b))
}

// pathPiece splits off the longest run of digits, or of anything else, at the start of a path.
func pathPiece(s string) (piece, rest string) {
	end := strings.IndexFunc(s, func(r rune) bool { return (r >= '0' && r <= '9') != isDigit(s[0]) })
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end:]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
