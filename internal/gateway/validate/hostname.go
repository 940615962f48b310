package validate

import (
	"fmt"
	"strings"

	"causeway/internal/gateway/schema"
)

// checkHostPattern checks a listener's host name against Azure's grammar: at most four wildcards, two of them `*`, one
// `*` in a label, `*` and `?` never in the same label.
func checkHostPattern(host string) error {
	if strings.ContainsAny(host, "/:@ ") {
		return fmt.Errorf("%s is not a plain host name", schema.Quote(host))
	}
	stars, marks := strings.Count(host, "*"), strings.Count(host, "?")
	switch {
	case stars > 2:
		return fmt.Errorf("%s has %d asterisks; at most two are allowed", schema.Quote(host), stars)
	case stars+marks > 4:
		return fmt.Errorf("%s has %d wildcards; at most four are allowed", schema.Quote(host), stars+marks)
	}
	for label := range strings.SplitSeq(host, ".") {
		if strings.Count(label, "*") > 1 {
			return fmt.Errorf("%s has two asterisks in one label", schema.Quote(host))
		}
		if strings.Contains(label, "*") && strings.Contains(label, "?") {
			return fmt.Errorf("%s has * and ? in one label", schema.Quote(host))
		}
	}
	if !schema.IsHostName(strings.NewReplacer("*", "x", "?", "x").Replace(host)) {
		return fmt.Errorf("%s is not a host name", schema.Quote(host))
	}
	return nil
}

func isWildcard(host string) bool { return strings.ContainsAny(host, "*?") }

// covers reports whether every host that pattern b matches is surely matched by a: `*` stands for a run of characters,
// dots included, `?` for one.
func covers(a, b string) bool {
	if a == b {
		return true
	}
	if strings.Contains(b, "*") {
		// A run in b may be anything, so only a run in a can swallow it.
		return strings.Count(a, "*") == 1 && strings.HasPrefix(a, "*") && strings.HasSuffix(b, a[1:]) && len(b) > len(a)-1
	}
	return matchHost(a, b)
}

// matchHost is glob matching with one point of return: linear but for the last asterisk.
func matchHost(pattern, host string) bool {
	p, h, star, resume := 0, 0, -1, 0
	for h < len(host) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, h
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == host[h]):
			p++
			h++
		case star >= 0:
			resume++
			p, h = star+1, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
