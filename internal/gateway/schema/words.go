package schema

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Quote quotes a value for a message, at most 60 characters of it.
func Quote(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return strconv.Quote(s)
}

// ShortList joins at most nine names, and counts the others.
func ShortList(names []string) string {
	if len(names) > 9 {
		return strings.Join(names[:9], ", ") + fmt.Sprintf(" and %d more", len(names)-9)
	}
	return strings.Join(names, ", ")
}

// JoinPath is the path of a member of the object at a path.
func JoinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// Closest returns the candidate that key is most likely a misspelling of, empty when none is near.
func Closest(key string, candidates []string) string {
	if len(key) > 100 {
		return ""
	}
	best, least := "", 1+len(key)/3
	for _, c := range candidates {
		if d := levenshtein.ComputeDistance(strings.ToLower(key), strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// Plural counts things: 1 rule, 2 rules.
func Plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
