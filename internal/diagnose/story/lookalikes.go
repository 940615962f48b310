package story

import (
	"net/netip"

	"causeway/internal/accesslog"
)

// What one client, one kind of request, one pool or one time does looks like the doing of a member, an instance or a clock.

func From(client int) Change {
	return func(r *accesslog.Record, _ *accesslog.Attempt) {
		r.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(client)}), 40000)
	}
}
