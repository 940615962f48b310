package fault

import "fmt"

// Foreign says what answers instead of HTTP/1.1, by the bytes with which it begins; ok is false if they begin like it.
func Foreign(in []byte) (detail string, ok bool) {
	const begin = "HTTP/"
	if n := min(len(in), len(begin)); string(in[:n]) == begin[:n] {
		return "", false
	}
	switch {
	case len(in) > 2 && (in[0] == 0x15 || in[0] == 0x16) && in[1] == 0x03:
		return TLSRecord, true
	case len(in) > 8 && in[0] == 0 && in[1] == 0 && in[3] == 0x04: // a SETTINGS frame comes first
		return HTTP2Frame, true
	}
	return fmt.Sprintf("it began with %q", in[:min(len(in), 16)]), true
}
