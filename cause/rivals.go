package cause

// rivals are causes that a diagnosis names only as what else it may be: the evidence of a gateway alone does not decide
// them. Their texts say what would.
var rivals = []Cause{
	{ID: "a-probe-host-mismatch", Title: "the probe's Host is not what the backend serves", Mechanism: "The probe asks with a Host that leads to another site on the member, or to none.", Separate: "ask the member for the probe's path with the users' Host"},
	{ID: "b-reject", Title: "a firewall refuses on the member's behalf", Mechanism: "Something on the way answers attempts to connect with a reset or an ICMP message.", Separate: "look for the listener on the host (ss -ltn); compare the time of the refusal with a good round trip"},
	{ID: "b-loss", Title: "packets are lost at random", Mechanism: "The network loses packets, so that some connections come late or not at all.", Separate: "retransmits on established connections (ss -ti)"},
	{ID: "b-transit-flap", Title: "the link between gateway and members was down", Mechanism: "A VPN, peering or route failed for a while and came back.", Separate: "whether all members behind the link failed together; the network's own events"},
	{ID: "b-dns-servfail", Title: "the resolver fails", Mechanism: "The name exists, and its servers do not answer.", Separate: "ask another resolver"},
	{ID: "b-stateful-idle-rst", Title: "something on the way resets connections that were idle for long", Mechanism: "A firewall, NAT or balancer forgets idle connections and answers what comes later with a reset.", Separate: "whether members of different software have the same limit; who sent the reset (a capture on the member)"},
	{ID: "c-accept-queue", Title: "the member accepts connections too slowly", Mechanism: "Its queue of new connections is full, so that attempts are dropped and retried by the kernel.", Separate: "ListenOverflows on the member (nstat)"},
	{ID: "c-backend-conn-limit", Title: "the member has a limit on connections", Mechanism: "It closes or refuses connections beyond a number.", Separate: "count its connections when it happens"},
	{ID: "c-l4-between", Title: "a balancer between gateway and members cuts connections", Mechanism: "An L4 balancer has an idle or age limit, or moves connections.", Separate: "whether the address that the pool names is a server's own"},
	{ID: "c-middlebox-reset", Title: "something on the way resets connections by content", Mechanism: "An IDS or firewall takes offence at the bytes.", Separate: "a capture on the member: it sent no reset"},
	{ID: "d-cold-start", Title: "the member is slow after a quiet time", Mechanism: "The first requests after idleness or a start wait for something to be loaded.", Separate: "a new connection after a quiet time is as slow"},
	{ID: "d-gc-pause", Title: "the member's runtime paused", Mechanism: "A collection or another stop of the whole process.", Separate: "the runtime's own log of pauses"},
	{ID: "d-slow-route", Title: "one kind of request is slow", Mechanism: "A path or report takes far longer than the rest.", Separate: "the application's own timing of that path"},
	{ID: "d-vm-freeze", Title: "the member's machine stood still", Mechanism: "Maintenance, migration or overcommitment of its host.", Separate: "the platform's events; jumps of the machine's clock"},
	{ID: "e-foreign-service", Title: "another service listens on the member's port", Mechanism: "What answers is not HTTP, or not yours.", Separate: "connect to the port by hand and look at what it says"},
	{ID: "e-plain-to-tls", Title: "plain HTTP is sent to a TLS port", Mechanism: "The backend settings say Http and the port expects TLS.", Separate: "a TLS handshake on that port succeeds"},
	{ID: "e-uri-rejected", Title: "the backend rejects the address of the request", Mechanism: "Its parser does not like the path, its length or its encoding.", Separate: "send the same request with a plain path"},
	{ID: "f-clock-skew", Title: "a clock is wrong", Mechanism: "Certificates look expired or not yet valid.", Separate: "compare the clocks with a time server"},
	{ID: "f-missing-intermediate", Title: "the member sends an incomplete chain", Mechanism: "The intermediate certificate is missing, which browsers hide by fetching it.", Separate: "openssl s_client -showcerts against the member"},
	{ID: "f-sni-required", Title: "the member needs a server name", Mechanism: "Without SNI, or with another name, it presents a default certificate.", Separate: "openssl s_client with and without -servername"},
	{ID: "g-cpu-queueing", Title: "the members are overloaded", Mechanism: "Requests wait for a processor, the longer the more come.", Separate: "whether latency rises and falls with the number of requests"},
	{ID: "g-oom-kill", Title: "the member's process was killed for memory", Mechanism: "The kernel or the platform ended it; what it was doing is lost.", Separate: "the kernel's log, exit code 137"},
	{ID: "g-worker-recycle", Title: "the backend recycles its workers without grace", Mechanism: "After a number of requests or some time a worker ends, and its connections with it.", Separate: "the start times of the workers"},
	{ID: "j-scanner", Title: "robots and scanners", Mechanism: "Programs that look for holes send what no user sends.", Separate: "whether a few addresses send most of it"},
	{ID: "k-chained-proxy", Title: "the backend is itself a proxy that failed", Mechanism: "The member passed the request on, and its own upstream failed.", Separate: "the member's log names its upstream"},
	{ID: "k-empty-evidence", Title: "not decidable from this evidence", Mechanism: "The fields that would decide are missing or say nothing."},
}
