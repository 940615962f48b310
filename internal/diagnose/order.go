package diagnose

import (
	"causeway/internal/diagnose/analyzers/capacity"
	"causeway/internal/diagnose/analyzers/clients"
	"causeway/internal/diagnose/analyzers/configuration"
	"causeway/internal/diagnose/analyzers/connections"
	"causeway/internal/diagnose/analyzers/network"
	"causeway/internal/diagnose/analyzers/probes"
	"causeway/internal/diagnose/analyzers/protocol"
	"causeway/internal/diagnose/analyzers/timing"
	"causeway/internal/diagnose/inference"
)

// given is the evidence that there is.
func given(c *inference.Case) inference.Evidence {
	var n inference.Evidence
	for _, x := range []struct {
		there bool
		what  inference.Evidence
	}{
		{c.Traffic.Requests > 0, inference.Log},
		{c.Traffic.Own > 0, inference.Trace},
		{c.Traffic.Config != nil, inference.Document},
		{c.Traffic.Health != nil, inference.Health},
		{len(c.Traffic.Metrics) > 0, inference.Metrics},
		{len(c.Traffic.Activity) > 0, inference.Activity},
	} {
		if x.there {
			n |= x.what
		}
	}
	return n
}

// consider asks every hypothesis that the evidence suffices for, in order.
func consider(c *inference.Case) {
	given := given(c)
	for i := range order {
		if h := &order[i]; h.Requires&^given == 0 {
			h.Run(c)
		}
	}
}

// Test is how a cause is told, as the catalogue shows it.
type Test struct {
	Cause string
	Needs string
	Test  string
}

// Tests lists how each cause that a diagnosis can name is told, in the order in which they are asked.
func Tests() []Test {
	var out []Test
	for _, h := range order {
		out = append(out, Test{h.Name, h.Requires.String(), h.Doc})
	}
	return out
}

// order in the order in which they may take events: what the record itself decides comes before what needs
// statistics, the client before the member, the whole member before the single connection.
var order = []inference.Analyzer{
	configuration.ProxyLoop,
	capacity.GoroutineOrLockStall,
	clients.Scanner,
	clients.ShortBody, clients.SlowUpload, clients.HeaderLimit, clients.TooLarge, clients.InvalidRequest,
	clients.ClientRstMidDownload,
	timing.UnsaidTimer, timing.TimeoutMisfit,
	timing.HeavyRoute,
	capacity.ConnLimitQueued,
	clients.ClientTimerSpike,
	clients.ClientAbort,
	configuration.NoListenerMatch,
	configuration.WrongPool,
	configuration.EmptyPool,
	configuration.WrongPort,
	probes.FlapThreshold, probes.ProbeTooDeep,
	network.DNSMoved, configuration.Reroute,
	probes.AllUnhealthyFailClosed,
	network.DNSNXDomain,
	connections.GatewayReload, capacity.FD, connections.EphemeralExhausted,
	connections.DrainTooShort,
	network.DNSStale,
	connections.DeployNoDrain,
	connections.Restart,
	connections.EndpointLag,
	protocol.Expired, protocol.NotYetValid, protocol.NameMismatch, protocol.MissingIntermediate, protocol.UnknownCA, protocol.KeyUsage,
	probes.SlowEviction, probes.SlowEvictionUnseen,
	probes.FastReadmit, probes.NotReadyYet, probes.FastReadmitAfterAbsence,
	connections.IgnoresSigtermListenerClose,
	network.Refused,
	connections.AcceptQueue,
	network.Drop,
	network.Route,
	protocol.TLSToPlain,
	protocol.ClientCert, protocol.SNIRequired, protocol.Version, protocol.HandshakeTimeout,
	protocol.PlainToTLS, protocol.ALPN, protocol.ForeignService,
	protocol.RequestHeaderTooBig, connections.CloseAtOnce,
	connections.IdleRace, connections.IdleRaceByPorts,
	network.StatefulIdleReset,
	connections.KeepaliveMaxRequests,
	connections.MaxAge,
	timing.WorkerTimeoutKill,
	connections.BackendConnLimit,
	protocol.URIRejected, capacity.CrashOnInput,
	protocol.EarlyResponse,
	network.TransitFlap,
	network.StatefulIdleDrop,
	timing.ColdStart,
	capacity.WAFLatency,
	capacity.ConnLimit,
	capacity.CapacityMax, capacity.CPU, capacity.AutoscaleLag,
	timing.CronContention,
	timing.RetryDoubling,
	capacity.HeadOfLineMember, capacity.NoisyMember, network.NodeLocal, capacity.InstanceFault,
	timing.LongPollEqualsTimer, timing.SlowRoute, capacity.CPUQueueing,
	clients.Masked, clients.ChainedProxy, capacity.Shed503, timing.InnerTimeout,
	clients.PlatformFront,
	timing.TimeoutBelowLatency,
	timing.Hung,
	timing.SlowUploadBackendRead, timing.StreamIdle, timing.SlowBody,
	protocol.StatusLine, protocol.Interim, protocol.InterimLimit,
	protocol.HeaderTooBig, protocol.CLTE, protocol.BadHeader, protocol.BadChunk,
	protocol.ShortBody,
	clients.Backend5xx,
	protocol.PartialRotation, network.IPReused,
	probes.GreenProbeRedTraffic, clients.HiddenByRetry,
	configuration.RecentChange,
}

// leftovers say what failures that no cause claims may be, and what would tell.
var leftovers = []func(*inference.Case){configuration.MembersAsClients, timeoutsLeft, protocol.AlertsLeft, sessionsLeft, connectsLeft, closesLeft, bodiesLeft, clientsLeft, namelessLeft, unaskedLeft, protocol.InterimLeft}
