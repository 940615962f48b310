package network_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The name of the member has no address; a member that drops packets has one.
func TestDNSNXDomain(t *testing.T) {
	t.Parallel()
	story.Decided(t, "b-dns-nxdomain",
		fault.Fault{Side: fault.Network, Phase: fault.Resolve, Kind: fault.Unresolved},
		fault.Fault{Side: fault.Network, Phase: fault.Connect, Kind: fault.Timeout})
}
