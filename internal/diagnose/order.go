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

// order lists the analyzers as they may claim failures: what the record itself decides comes before what needs statistics,
// the client before the member, the whole member before the single connection. Each sees what those before it left.
var order = []inference.Analyzer{
	configuration.ProxyLoop,
	capacity.AutoscaleLagRecorded, capacity.CapacityMaxRecorded, capacity.GoroutineOrLockStall, capacity.InstanceDeath,
	clients.Scanner,
	clients.ShortBody, clients.SlowUpload, clients.HeaderLimit, clients.TooLarge, clients.InvalidRequest,
	clients.ClientRstMidDownload,
	timing.UnknownTimer, timing.TimeoutMisfit,
	timing.HeavyRoute,
	capacity.ConnLimitQueued,
	clients.ClientTimerSpike,
	clients.ClientAbort,
	configuration.NoListenerMatch,
	configuration.WrongPool,
	configuration.EmptyPool,
	configuration.WrongPort,
	probes.PerInstanceSkew, probes.FlapThreshold, probes.ProbeTooDeep,
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
	connections.KeepaliveMaxRequests, connections.KeepaliveMaxRequestsByPorts,
	connections.MaxAge, connections.MaxAgeByPorts,
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
	capacity.HeadOfLineMember, capacity.NoisyMember, timing.GCPause, network.NodeLocal, capacity.InstanceFault,
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

// leftovers run after them: they name what unclaimed failures may be, and what would decide.
var leftovers = []func(*inference.Case){
	configuration.MembersAsClients,
	timeoutsLeft,
	protocol.AlertsLeft,
	sessionsLeft,
	connectsLeft,
	closesLeft,
	bodiesLeft,
	clientsLeft,
	namelessLeft,
	untriedLeft,
	protocol.InterimLeft,
}
