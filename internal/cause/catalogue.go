package cause

import "slices"

// all is the catalogue, in the order of its groups.
var all = slices.Concat(
	probes, reachability, connections, timingCauses, protocol, tls, capacity, gatewayCauses, configuration, clients, attributionCauses,
)
