package route

import (
	"slices"
	"strings"

	"causeway/internal/gateway"
)

// paths finds the first-listed pattern that matches, without trying one after the other: one map for whole paths, one
// for prefixes, with one look-up for each length that a prefix has.
type paths struct {
	encoded  bool // v1 routes on the path as received
	whole    map[string]*entry
	prefixes map[string]*entry
	lengths  []int // of prefixes, ascending
}

type entry struct {
	at     int // position in the list
	target *Target
}

func (t *Table) compilePaths(s *Site, m *gateway.PathMap) *paths {
	p := &paths{encoded: t.Config.V1(), whole: map[string]*entry{}, prefixes: map[string]*entry{}}
	at := 0
	for i := range m.Rules {
		for _, pattern := range m.Rules[i].Paths {
			p.add(pattern, &entry{at: at, target: t.target(s, m.Rules[i].Target, pattern)})
			at++
		}
	}
	slices.Sort(p.lengths)
	p.lengths = slices.Compact(p.lengths)
	return p
}

// add compiles a pattern. It reads it as it reads paths: on v2 a percent-encoded one matches what it spells.
func (p *paths) add(pattern string, e *entry) {
	into, key := p.whole, string(patternKey(pattern, p.encoded))
	if strings.HasSuffix(pattern, "*") {
		into = p.prefixes
		p.lengths = append(p.lengths, len(key))
	}
	if into[key] == nil {
		into[key] = e
	}
}

func trimStar(pattern string) string { return strings.TrimSuffix(pattern, "*") }

// find returns the target of the first-listed pattern that matches a normalised path.
func (p *paths) find(key []byte) *Target {
	best := p.whole[string(key)]
	for _, n := range p.lengths {
		if n > len(key) {
			break
		}
		if e := p.prefixes[string(key[:n])]; e != nil && (best == nil || e.at < best.at) {
			best = e
		}
	}
	if best == nil {
		return nil
	}
	return best.target
}

// canonical appends a path in lower case and, where it does not count as encoded, percent-decoded.
func canonical(b, path []byte, encoded bool) []byte {
	for len(path) > 0 {
		c, n := path[0], 1
		if !encoded {
			c, n = decoded(path)
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b, path = append(b, c), path[n:]
	}
	return b
}

// decoded is the first byte of an encoded path and how many bytes spell it.
func decoded(path []byte) (byte, int) {
	if path[0] == '%' && len(path) > 2 {
		hi, lo := unhex(path[1]), unhex(path[2])
		if hi >= 0 && lo >= 0 {
			return byte(hi<<4 | lo), 3
		}
	}
	return path[0], 1
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
