package validate

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"causeway/internal/gateway/schema"
)

// Dial accepts what a member may be mapped to: host, host:port, an address of either family.
func Dial(dial string) error {
	host, port := dial, ""
	if _, err := netip.ParseAddr(dial); err != nil && strings.Contains(dial, ":") {
		if host, port, err = net.SplitHostPort(dial); err != nil {
			return fmt.Errorf("%s is not an address", schema.Quote(dial))
		}
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("%s has no port from 1 to 65535", schema.Quote(dial))
		}
	}
	if _, err := netip.ParseAddr(host); err != nil && !schema.IsHostName(host) {
		return fmt.Errorf("%s is neither a host name nor an IP address", schema.Quote(dial))
	}
	return nil
}
