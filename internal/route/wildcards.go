package route

import (
	"bytes"
	"strings"
)

// wildcards are the host names of a port that hold * or ?, by the whole labels behind the last one: a look-up tries the few
// that end as the host does, and not all.
type wildcards map[string][]wildcard

type wildcard struct {
	pattern string // in lower case
	site    *Site
}

// add enters a name. Call it in the order of sites.
func (w wildcards) add(pattern string, s *Site) {
	pattern = strings.ToLower(pattern)
	key := ending(pattern)
	w[key] = append(w[key], wildcard{pattern, s})
}

// ending is the part of a pattern from the first dot behind the last * or ?, the dot included; empty if there is none.
func ending(pattern string) string {
	tail := pattern[strings.LastIndexAny(pattern, "*?")+1:]
	if dot := strings.IndexByte(tail, '.'); dot >= 0 {
		return tail[dot:]
	}
	return ""
}

// first returns the site that is tried first among best and those that match a name, which is in lower case.
func (w wildcards) first(name []byte, best *Site) *Site {
	best = firstOf(w[""], name, best)
	for rest := name; ; rest = rest[1:] {
		dot := bytes.IndexByte(rest, '.')
		if dot < 0 {
			return best
		}
		rest = rest[dot:]
		best = firstOf(w[string(rest)], name, best)
	}
}

func firstOf(list []wildcard, name []byte, best *Site) *Site {
	for _, c := range list {
		if best != nil && best.order < c.site.order {
			break
		}
		if glob(c.pattern, name) {
			return c.site
		}
	}
	return best
}
