package cause

import (
	"slices"
	"time"
)

// ServerDefault is what a server does with connections, by default.
type ServerDefault struct {
	Server   string
	Version  string        // that was measured; empty: as its documentation has it
	Idle     time.Duration // idle limit: the earliest at which an unused connection was closed; 0: none, or not known
	Last     time.Duration // the latest, where closes spread over a tick of the server's timer; 0: there is one limit
	Announce time.Duration // Keep-Alive: timeout in its answers; 0: it announces none
	Requests int           // most on one connection; 0: no limit was met
	AtOnce   bool          // it closes after each answer, and does not say so
	Drain    Drain         // on SIGTERM, with a request in progress
	Mute     int           // shortest request head, in KiB, at which it closed without a status: 8, 20 or 70 were tried; 0: none of these
	Note     string
}

// Drain is what becomes of a request that is in progress when a server gets SIGTERM.
type Drain string

// Ways to drain.
const (
	DrainCuts     Drain = "cuts it"
	DrainCloses   Drain = "answers with Connection: close"
	DrainSilent   Drain = "answers and closes unannounced"
	DrainPromises Drain = "answers with keep-alive and closes"
	DrainKeeps    Drain = "answers, and answers what comes late with Connection: close"
)

// ServerDefaults returns what servers do. An idle limit below that of the gateway in front makes an idle race.
func ServerDefaults() []ServerDefault { return slices.Clone(serverDefaults) }

// GatewayDefaults returns the idle limits of other gateways towards their backends, with which the servers behind them
// had to live.
func GatewayDefaults() []ServerDefault { return slices.Clone(gatewayDefaults) }

// Holds reports whether the server closes idle connections at a limit, give or take a tolerance.
func (s *ServerDefault) Holds(limit, tolerance time.Duration) bool {
	return s.Idle > 0 && limit >= s.Idle-tolerance && limit <= max(s.Idle, s.Last)+tolerance
}

// Spreads reports whether the server has a band in place of one idle limit.
func (s *ServerDefault) Spreads() bool { return s.Last > s.Idle }

// Name is the server with its version.
func (s *ServerDefault) Name() string {
	if s.Version == "" {
		return s.Server
	}
	return s.Server + " " + s.Version
}
