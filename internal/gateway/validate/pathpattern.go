package validate

import (
	"fmt"
	"strings"

	"causeway/internal/gateway/schema"
)

// checkPathPattern checks a pattern of a path rule against Azure's grammar: it begins with a slash and has an asterisk
// only at its end, on v1 only after a slash.
func checkPathPattern(pattern string, v1 bool) error {
	switch star := strings.IndexByte(pattern, '*'); {
	case !strings.HasPrefix(pattern, "/"):
		return fmt.Errorf("the pattern %s does not begin with /", schema.Quote(pattern))
	case strings.ContainsAny(pattern, "?#"):
		return fmt.Errorf("the pattern %s holds ? or #; only the path is matched", schema.Quote(pattern))
	case star >= 0 && star != len(pattern)-1:
		return fmt.Errorf("the pattern %s has an asterisk before its end", schema.Quote(pattern))
	case star > 0 && v1 && pattern[star-1] != '/':
		return fmt.Errorf("the pattern %s has an asterisk that does not follow a slash, which v1 refuses", schema.Quote(pattern))
	}
	return nil
}

// pathCovers reports whether pattern a matches everything that b matches. Paths are matched without regard to case.
func pathCovers(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	prefix, open := strings.CutSuffix(a, "*")
	return a == b || open && strings.HasPrefix(b, prefix)
}
