package expr

import (
	"encoding/json"
	"strconv"
	"strings"
)

// KindOf is the type of a value, with its article.
func KindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a bool"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	case *Unknown:
		return "a value that is not known here"
	}
	return "an object"
}

// Quote quotes a text for a message, at most 80 characters of it.
func Quote(s string) string {
	if r := []rune(s); len(r) > 80 {
		s = string(r[:80]) + "…"
	}
	return strconv.Quote(s)
}

// Listing joins at most twelve names for a message.
func Listing(names []string) string {
	switch {
	case len(names) == 0:
		return "nothing"
	case len(names) > 12:
		return strings.Join(names[:12], ", ") + ", …"
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
