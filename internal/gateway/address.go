package gateway

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// checkDial accepts what a member may be mapped to: host, host:port, an address of either family.
func checkDial(dial string) error {
	host, port := dial, ""
	if _, err := netip.ParseAddr(dial); err != nil && strings.Contains(dial, ":") {
		if host, port, err = net.SplitHostPort(dial); err != nil {
			return fmt.Errorf("%s is not an address", shorten(dial))
		}
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("%s has no port from 1 to 65535", shorten(dial))
		}
	}
	if _, err := netip.ParseAddr(host); err != nil && !isHostName(host) {
		return fmt.Errorf("%s is neither a host name nor an IP address", shorten(dial))
	}
	return nil
}

// isHostName follows RFC 1123, underscores allowed as resolvers allow them; a final dot may stand.
func isHostName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !isHostByte(label[i]) {
				return false
			}
		}
	}
	return true
}

func isHostByte(c byte) bool {
	return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '-' || c == '_'
}
