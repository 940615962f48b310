package inference

import (
	"strings"
)

// Oddity is something in a path that some servers refuse and others accept.
type Oddity struct {
	Name string
	Has  func(path string) bool
}

// Oddities are those of RFC 3986: characters that must be encoded (section 2), encoded delimiters (section 2.2), and
// segments that are resolved before use (section 5.2.4).
var Oddities = []Oddity{
	{"a character that must be encoded", func(p string) bool { return strings.ContainsFunc(p, unencoded) }},
	{"an encoded slash or backslash", anyOf("%2f", "%5c")},
	{"an encoded zero", anyOf("%00")},
	{"an encoded per cent sign", anyOf("%25")},
	{"a dot segment", anyOf("/./", "/../", "%2e")},
	{"an empty segment", anyOf("//")},
	{"a semicolon", anyOf(";", "%3b")},
}

func unencoded(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"<>\\^`{|}[]", r) }

func anyOf(parts ...string) func(string) bool {
	return func(path string) bool {
		path = strings.ToLower(path)
		for _, part := range parts {
			if strings.Contains(path, part) {
				return true
			}
		}
		return false
	}
}

// OddIn names what is odd in a path; empty if nothing is.
func OddIn(path string) string {
	for _, odd := range Oddities {
		if odd.Has(path) {
			return odd.Name
		}
	}
	return ""
}
