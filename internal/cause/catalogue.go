package cause

import "slices"

// all is the catalogue, in the order of its groups.
var all = slices.Concat(probes, reachability, connections, times, protocol, tls, capacity, itself, configuration, clients, whose)
