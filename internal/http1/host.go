package http1

import (
	"bytes"
	"net/netip"
)

// ValidHost reports whether h is a name or an IPv4 address, or an IPv6 address in brackets, with an optional port. A name
// may not be percent-encoded: DNS has no such names, and a server that decodes it sees another host.
func ValidHost(h []byte) bool {
	if len(h) == 0 {
		return false
	}
	if h[0] == '[' {
		end := bytes.IndexByte(h, ']')
		return end > 0 && validIPv6(h[1:end]) && validPort(h[end+1:])
	}
	n := run(h, isName)
	return n > 0 && validPort(h[n:])
}

// validPort accepts nothing, or a colon and a number up to 65535, which may be missing (RFC 3986 section 3.2.3).
func validPort(p []byte) bool {
	if len(p) <= 1 {
		return len(p) == 0 || p[0] == ':'
	}
	n, ok := number(p[1:])
	return p[0] == ':' && ok && n <= 65535
}

func hasPort(h []byte) bool {
	return len(h) > 0 && digit(h[len(h)-1]) && bytes.LastIndexByte(h, ':') > bytes.LastIndexByte(h, ']')
}

func validIPv6(a []byte) bool {
	if len(a) > 45 || bytes.IndexByte(a, '%') >= 0 {
		return false
	}
	ip, err := netip.ParseAddr(string(a))
	return err == nil && ip.Is6()
}
