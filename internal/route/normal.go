package route

import "bytes"

// Another spelling of a path must not bypass its path rule, so rules match a normalised path, as nginx's locations do:
// percent-encoding decoded (v2; v1 matches the encoded path, and only %2e counts as the dot it is), dot segments resolved
// (RFC 3986 section 5.2.4), runs of slashes taken for one. Two things go beyond nginx, because servers behind a gateway do
// them: the parameters of a segment, from ";" on, do not count, as in servlet containers, and a backslash counts as a
// slash, as on Windows. The gateway forwards the path as it was received.

// normal appends the normalised path in lower case to an empty b. ok is false if its dot segments climb above the root.
// It allocates only for a path that needs more than decoding.
func normal(b, path []byte, encoded bool) (key []byte, ok bool) {
	if plainPath(path) {
		return canonical(b, path, true), true
	}
	if !encoded && bytes.IndexByte(path, ';') < 0 {
		if b = canonical(b, path, false); !dotted(b) {
			return b, true
		}
	}
	w := walker{encoded: encoded}
	ok = w.walk(path)
	return w.out, ok
}

// dotted reports whether a decoded path has anything to resolve.
func dotted(path []byte) bool {
	return bytes.Contains(path, []byte("/.")) || bytes.Contains(path, []byte("//")) || bytes.IndexByte(path, '\\') >= 0
}

// plainPath reports whether normalising would change nothing but letters' case.
func plainPath(path []byte) bool {
	for i, c := range path {
		switch c {
		case '%', ';', '\\':
			return false
		case '.', '/':
			if i > 0 && path[i-1] == '/' {
				return false
			}
		}
	}
	return true
}

// walker normalises one path.
type walker struct {
	out     []byte
	segment int // where the segment under way begins in out
	encoded bool
	track   bool  // fill ends
	ends    []int // for each byte of the path in out, how much of the received path spells what comes up to it
}

func (w *walker) walk(path []byte) (ok bool) {
	for at := 0; at < len(path); {
		c, n := w.spelled(path[at:])
		switch {
		case path[at] == ';':
			at += parameters(path[at:])
			continue
		case c == '/' || c == '\\':
			if !w.slash(at + n) {
				return false
			}
		default:
			w.put(c, at+n)
		}
		at += n
	}
	_, ok = w.dots()
	return ok
}

// spelled is the character that path begins with and how many bytes spell it.
func (w *walker) spelled(path []byte) (byte, int) {
	c, n := decoded(path)
	if n > 1 && w.encoded && c != '.' {
		c, n = path[0], 1
	}
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c, n
}

// parameters is the length of the parameters of a segment, which end with it.
func parameters(path []byte) int {
	if n := bytes.IndexByte(path, '/'); n >= 0 {
		return n
	}
	return len(path)
}

func (w *walker) put(c byte, end int) {
	w.out = append(w.out, c)
	if w.track {
		w.ends = append(w.ends, end)
	}
}

// slash ends a segment.
func (w *walker) slash(end int) (ok bool) {
	dots, ok := w.dots()
	if empty := len(w.out) == w.segment && w.segment > 0; !ok || dots || empty {
		return ok
	}
	w.put('/', end)
	w.segment = len(w.out)
	return true
}

// dots resolves a segment that is a dot segment; ok is false if that climbs above the root.
func (w *walker) dots() (dots, ok bool) {
	switch string(w.out[w.segment:]) {
	case ".":
		w.cut(w.segment)
		return true, true
	case "..":
		parent := w.segment - 1
		if parent <= 0 {
			return true, false
		}
		w.cut(bytes.LastIndexByte(w.out[:parent], '/') + 1)
		return true, true
	}
	return false, true
}

func (w *walker) cut(n int) {
	w.out, w.segment = w.out[:n], n
	if w.track {
		w.ends = w.ends[:n]
	}
}

// patternKey is the normalised form of a pattern without its star. The last segment of a prefix is only the start of one,
// so its dots are ordinary letters.
func patternKey(pattern string, encoded bool) []byte {
	stem := []byte(trimStar(pattern))
	whole := len(stem)
	if len(stem) < len(pattern) {
		whole = bytes.LastIndexByte(stem, '/') + 1
	}
	key, _ := normal(nil, stem[:whole], encoded)
	return canonical(key, stem[whole:], encoded)
}

// rawLength is how many bytes of a path, as it was received, spell the first n of its normalised form.
func rawLength(path []byte, n int, encoded bool) int {
	if n == 0 || plainPath(path) {
		return min(n, len(path))
	}
	w := walker{encoded: encoded, track: true}
	w.walk(path)
	if n > len(w.ends) {
		return len(path)
	}
	return w.ends[n-1]
}
