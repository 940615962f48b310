package traffic

import (
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// Azure's newer rows have serverConnectTime. nginx, which Azure's second generation is, writes it once a connection is established (with TLS:
// once the handshake is complete), 0.000 for one that was there already, and leaves it out of an attempt that got none. So in a log that has
// it for every answer, an attempt without it met no member.

// connectTimes counts the answered attempts of Azure's log, and those of them with a connect time.
type connectTimes struct{ answered, timed int }

func (c *connectTimes) see(a *accesslog.Attempt) {
	if a.Status == 0 {
		return
	}
	if c.answered++; a.Connect != accesslog.Unset {
		c.timed++
	}
}

// written reports whether the log has the connect time of every connection.
func (c *connectTimes) written() bool { return c.answered >= EnoughAnswers && c.timed == c.answered }

// HasConnectTimes reports whether Azure's log has the connect time of every connection.
func (s *Summary) HasConnectTimes() bool { return s.connects.written() }

// rejectedWithin is the time within which a host that has no listener, or a firewall that says so, rejects a connection, repeats included.
// Where nothing answers, an attempt ends at a timer, which is longer.
const rejectedWithin = time.Second

// unconnected finds the failures for which no connection to a member was established, and how that ended, and those for which one was.
func (s *Summary) unconnected() {
	if !s.connects.written() {
		return
	}
	for _, e := range s.Events {
		if e.Own || e.v1 || !e.Tried || e.Fault.Side != fault.Backend || e.Attempt.Status > 0 || e.Ambiguous {
			continue
		}
		closed := e.Fault.Kind == fault.Closed && (e.Fault.Phase == "" || e.Fault.Phase == fault.Connect)
		if !closed && !IsTimeout(e) {
			continue
		}
		e.Unconnected = e.Attempt.Connect == accesslog.Unset && e.Attempt.LocalPort == 0
		e.Established = !e.Unconnected
		if !e.Unconnected || !s.plain(e) {
			continue
		}
		switch {
		case !closed:
			e.Fault = fault.Fault{Side: fault.Network, Phase: fault.Connect, Kind: fault.Timeout}
		case Lasted(e) < rejectedWithin:
			e.Fault = fault.Fault{Side: fault.Backend, Phase: fault.Connect, Kind: fault.Refused}
		default:
			e.Fault.Phase = fault.Connect
		}
	}
}

// plain reports whether the settings of an event speak plain HTTP: then a connection is established without a handshake of TLS.
func (s *Summary) plain(e *Event) bool {
	if s.Config == nil {
		return false
	}
	settings := s.Config.Setting(e.Settings)
	return settings != nil && strings.EqualFold(settings.Protocol, "Http")
}
