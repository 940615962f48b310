package cause

// pairs are causes that are often taken for each other, with the test that tells just these two apart.
var pairs = []struct{ a, b, test string }{
	{"c-idle-race", "c-restart", "one connection at a time, or all of the member's within a second, with refusals after"},
	{
		"c-idle-race", "g-crash-on-input",
		"an idle age near one limit and an end within a round trip, or one route, after some time in the handler",
	},
	{
		"c-idle-race", "c-keepalive-max-requests",
		"which is the same in all failures: the idle age of the connection, or the number of requests it had carried",
	},
	{
		"c-idle-race", "b-stateful-idle-rst",
		"whether the limit differs with the software of the members; whose end of the connection it was, in a capture on the member",
	},
	{"b-stateful-idle-drop", "b-stateful-idle-rst", "silence until the timeout, or a reset at once"},
	{"c-accept-queue", "b-loss", "retransmits on established connections are loss; ListenOverflows that rise on the member are its queue"},
	{"c-accept-queue", "b-drop", "with a full queue some attempts succeed, late; behind a filter none ever does"},
	{
		"b-refused", "b-reject",
		"whether something listens on the member; the time and hop count of the reset against those of a good answer",
	},
	{
		"d-timeout-below-latency", "d-hung",
		"answers just below the timeout: many, or none; whether a longer timeout lets such requests finish",
	},
	{"d-hung", "b-stateful-idle-drop", "whether only connections that had been idle for long are affected, or fresh ones too"},
	{"d-slow-route", "g-cpu-queueing", "whether it depends on the path, or on with the number of requests at once"},
	{"d-timeout-below-latency", "g-cpu-queueing", "whether the answers' times depend on the number of requests at once"},
	{"d-slow-first-byte", "d-slow-body", "time to the first byte against time to the last"},
	{"d-slow-body", "b-mtu-blackhole", "retransmits without progress (ss -ti), and whether it depends on the size"},
	{"e-header-too-big", "b-mtu-blackhole", "a limit of size fails at once at a round number; lost packets hang until a timer"},
	{"f-unknown-ca", "f-missing-intermediate", "the issuer of the last certificate that the member presents"},
	{"f-client-cert", "f-cipher", "whether the member asked for a certificate"},
	{"j-client-abort", "d-timeout-below-latency", "which of the two timers is shorter: the client's or the gateway's"},
	{"j-short-body", "e-early-response", "which connection broke while the body was passed on: the client's or the member's"},
	{"a-all-unhealthy-fail-closed", "a-probe-per-instance-skew", "failures by instance and member: all of them, or one row"},
	{"a-all-unhealthy-fail-closed", "a-passive-ejection", "the record of the probes at that time"},
	{"h-capacity-max", "h-autoscale-lag", "whether it ends after some minutes without a change"},
	{"k-backend-5xx", "k-chained-proxy", "whether the body of the error is the application's or a proxy's"},
}
