package arm

import (
	"net/url"
	"strings"
	"unicode"
)

// pattern is the path of a route, in segments: a literal, which matches in any case, or {name}, which takes any segment.
type pattern []string

func parsePattern(p string) pattern { return strings.Split(strings.Trim(p, "/"), "/") }

// splitPath are the segments of a path as clients send it. Azure's clients write doubled and trailing slashes; both mean
// nothing. ok is false for what is no path: also for a name with an escaped slash, which would be two in an id.
func splitPath(escaped string) (segments []string, ok bool) {
	for s := range strings.SplitSeq(escaped, "/") {
		if s == "" {
			continue
		}
		plain, err := url.PathUnescape(s)
		odd := func(c rune) bool { return c == '/' || c == '\\' || unicode.IsControl(c) }
		if err != nil || plain == "." || plain == ".." || strings.ContainsFunc(plain, odd) {
			return nil, false
		}
		segments = append(segments, plain)
	}
	return segments, true
}

// match returns what the names of a pattern stand for.
func (p pattern) match(segments []string) (values map[string]string, ok bool) {
	if len(segments) != len(p) {
		return nil, false
	}
	for i, s := range segments {
		if name, is := variable(p[i]); is {
			if values == nil {
				values = map[string]string{}
			}
			values[name] = s
			continue
		}
		if !strings.EqualFold(p[i], s) {
			return nil, false
		}
	}
	return values, true
}

// variable is the name of a segment that takes anything.
func variable(segment string) (name string, ok bool) {
	if strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
		return segment[1 : len(segment)-1], true
	}
	return "", false
}

func (p pattern) String() string { return "/" + strings.Join(p, "/") }
