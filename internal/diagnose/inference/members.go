package inference

import (
	"net/netip"
	"time"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
)

// FewUsers reports whether a cookie binds users to members, and the events are of few users: then the member gets the requests
// of its users, and getting none proves nothing about it.
func (c *Case) FewUsers(events []*traffic.Event) bool {
	if c.Traffic.Config == nil {
		return false
	}
	s := c.Traffic.Config.Setting(events[0].Settings)
	users, _ := traffic.GroupBy(events, func(e *traffic.Event) netip.Addr { return e.Client })
	return s != nil && s.CookieAffinity && len(users) < stats.MinEvents
}

// LastStart is the latest beginning of a request among events; zero for none.
func LastStart(events []*traffic.Event) time.Time {
	var last time.Time
	for _, e := range events {
		if e.Start.After(last) {
			last = e.Start
		}
	}
	return last
}

// EndedTogether reports whether all events ended at one moment, as far as the log's times show: then the member stopped
// with work under way, and got nothing new afterwards.
func EndedTogether(events []*traffic.Event) bool {
	first, last := events[0].At, events[0].At
	for _, e := range events {
		if e.At.Before(first) {
			first = e.At
		}
		if e.At.After(last) {
			last = e.At
		}
	}
	return last.Sub(first) < moment+2*events[0].Resolution()
}

// moment is how long one takes whose work is cut off: connections are ended one after the other.
const moment = 500 * time.Millisecond

// MissedTurns is how many attempts a member would have had after the gateway gave it up, by its share of those before it failed.
func (c *Case) MissedTurns(k traffic.MemberKey, failed, gone time.Time) int {
	mine, theirs := c.Traffic.Member(k).Tried.Between(c.Traffic.From, failed), c.OthersTried(k, c.Traffic.From, failed)
	if theirs == 0 {
		return 0
	}
	return c.OthersTried(k, gone, c.Traffic.To) * mine / theirs
}

// OthersTried counts the attempts on other members of the same pool in a span of time.
func (c *Case) OthersTried(k traffic.MemberKey, from, to time.Time) int {
	n, this := 0, c.Traffic.Member(k)
	for other, m := range c.Traffic.Members {
		if other != k && other.Settings == k.Settings && m.Pool == this.Pool && m.Gateway == this.Gateway {
			n += m.Tried.Between(from, to)
		}
	}
	return n
}

// Listed reports whether the document, where there is one, still has a member of that name or any that are only names.
func (c *Case) Listed(member string) bool {
	if c.Traffic.Config == nil {
		return false
	}
	for _, p := range c.Traffic.Config.Pools {
		for _, a := range p.Members {
			if a.String() == member || a.FQDN != "" || a.NIC != "" {
				return true
			}
		}
	}
	return false
}

// TurnsAfter is how many attempts a member would have had after a time, by its share of those before it.
func (c *Case) TurnsAfter(k traffic.MemberKey, gone time.Time) int {
	return c.MissedTurns(k, gone, gone)
}

// TrimBefore leaves out connections that broke more than two seconds before the first refusal: another cause's.
func TrimBefore(events []*traffic.Event) []*traffic.Event {
	var first time.Time
	for _, e := range events {
		if ConnectFailed(e) {
			first = e.At
			break
		}
	}
	if first.IsZero() {
		return events
	}
	var out []*traffic.Event
	for _, e := range events {
		if first.Sub(e.At) <= traffic.Quiet {
			out = append(out, e)
		}
	}
	return out
}

// FromMember reports whether the client has the address of a member: it may be a request that came back by a detour.
func (c *Case) FromMember(e *traffic.Event) bool {
	if e.Client == netip.AddrFrom4([4]byte{127, 0, 0, 1}) { // everything on one machine
		return false
	}
	for k := range c.Traffic.Members {
		if k.Server.IsValid() && k.Server.Addr() == e.Client {
			return true
		}
	}
	return false
}
