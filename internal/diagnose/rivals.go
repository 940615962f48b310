package diagnose

import (
	"slices"
	"strings"
	"time"

	"causeway/internal/fault"
)

// Where the log says only that a connection ended, many causes may be behind it. What else it tells speaks against some by
// their mechanism: those come last, with the reason. None is struck out: a document may be of another time, and a source
// port may have been used again.

// doubt is what speaks against a cause of closed connections, where it does.
type doubt struct {
	because string
	causes  []string
	holds   func(*closed) bool
}

// closed is a group of connections that ended, as far as the log tells of them.
type closed struct {
	q      *inquiry
	events []*event
	used   int // connections that had carried a request before, by their source ports
	fresh  int // connections that were made for the request, by the time that it took
}

var (
	ofUsedConnections = []string{"c-idle-race", "c-keepalive-max-requests", "c-max-age", "b-stateful-idle-rst"}
	ofHandshakes      = []string{"f-client-cert", "f-version", "f-cipher", "f-sni-required", "f-handshake-timeout", "f-expired", "f-unknown-ca", "e-tls-to-plain"}
	ofEveryConnection = slices.Concat(ofHandshakes, []string{"e-plain-to-tls", "e-foreign-service", "b-ip-reused", "i-wrong-port"})
	ofNewConnections  = slices.Concat(ofEveryConnection, []string{"b-refused", "c-backend-conn-limit", "c-accept-queue", "b-drop", "b-reject", "b-route"})
)

// doubts in the order in which they are told: the first that holds is.
var doubts = []doubt{
	{"the backend settings speak plain HTTP", ofHandshakes, func(c *closed) bool { return c.speaks("Http") }},
	{"the backend settings speak HTTPS", []string{"e-plain-to-tls"}, func(c *closed) bool { return c.speaks("Https") }},
	{"the member answered others meanwhile, and this would fail every connection", ofEveryConnection, (*closed).othersAnswered},
	{"most of these connections had carried requests before, by their source ports", ofNewConnections, func(c *closed) bool { return 5*c.used >= 4*len(c.events) }},
	{"most of these connections were new", ofUsedConnections, func(c *closed) bool { return 5*c.fresh >= 4*len(c.events) }},
	{"they did not end together", []string{"c-gateway-reload"}, func(c *closed) bool { return len(c.events) >= minEvents && !clustered(c.events) }},
}

// against is what speaks against each cause that a group of events may have; empty for the others.
func (q *inquiry) against(events []*event) func(id string) string {
	c := &closed{q: q, events: events}
	for _, e := range events {
		if !closedSomehow(e) && (e.own || e.session || e.fault.Phase != fault.Connect) {
			return func(string) string { return "" }
		}
		if e.attempt.Reused {
			c.used++
		} else if e.attempt.Connect > 0 {
			c.fresh++
		}
	}
	said := map[string]string{}
	for _, d := range doubts {
		if !d.holds(c) {
			continue
		}
		for _, id := range d.causes {
			if said[id] == "" {
				said[id] = d.because
			}
		}
	}
	return func(id string) string { return said[id] }
}

// speaks reports whether the document gives the settings of all events this protocol.
func (c *closed) speaks(protocol string) bool {
	if c.q.config == nil {
		return false
	}
	for _, e := range c.events {
		if s := c.q.config.Setting(e.settings); s == nil || !strings.EqualFold(s.Protocol, protocol) {
			return false
		}
	}
	return true
}

// othersAnswered reports whether the members of most events answered just before and just after each.
func (c *closed) othersAnswered() bool {
	n := 0
	for _, e := range c.events {
		m, around := c.q.member(e.key()), bucket+e.resolution()
		if m.answers.between(e.start.Add(-around-time.Minute), e.start.Add(-around)) > 0 && m.answers.between(e.at.Add(around), e.at.Add(around+time.Minute)) > 0 {
			n++
		}
	}
	return 5*n >= 4*len(c.events)
}

// clustered reports whether some of the events, in the order of time, ended within a few seconds: as one does that ends
// many connections at once.
func clustered(events []*event) bool {
	run := 1
	for i := 1; i < len(events); i++ {
		if events[i].at.Sub(events[i-1].at) > quiet {
			run = 0
		}
		if run++; run >= 3 {
			return true
		}
	}
	return false
}
