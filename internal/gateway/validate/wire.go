package validate

import (
	"fmt"
	"strings"
	"unicode"

	"causeway/internal/gateway/schema"
)

// CheckPath refuses a path that a probe or a request line cannot carry: one that does not begin with a slash, or has a space or
// a control character in it, which would end the path early.
func CheckPath(path string) error {
	if !strings.HasPrefix(path, "/") {
		return fmt.Errorf("%s does not begin with /", schema.Quote(path))
	}
	return checkWord(path)
}

// CheckHost refuses a host that a Host header cannot carry: one with a space or a control character in it.
func CheckHost(host string) error { return checkWord(host) }

// checkWord refuses a text with a space or a control character.
func checkWord(text string) error {
	if strings.ContainsFunc(text, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }) {
		return fmt.Errorf("%s has a space or a control character in it", schema.Quote(text))
	}
	return nil
}
