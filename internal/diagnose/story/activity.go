package story

import (
	"time"

	"causeway/internal/activity"
)

// Begin is when every story begins.
var Begin = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// Journal adds events to Causeway's own activity log.
func (s *Story) Journal(events ...activity.Event) {
	if s.Files == nil {
		s.Files = map[string]string{}
	}
	for _, e := range events {
		s.Files[activity.Name] += string(e.Append(nil))
	}
}

// Died is the death of instance n of the gateway, by SIGKILL, with so many connections open; another serves half a second later.
func Died(instance string, at time.Time, connections int) []activity.Event {
	return []activity.Event{
		{
			At: at, Kind: activity.Death, Instance: instance, PID: 41, ExitCode: -1, Signal: "SIGKILL", Connections: connections,
			Uptime: 10 * time.Minute, Seen: 400 * time.Millisecond,
		},
		{At: at.Add(500 * time.Millisecond), Kind: activity.Ready, Instance: instance, PID: 42, Startup: 200 * time.Millisecond, Restarts: 1},
	}
}
