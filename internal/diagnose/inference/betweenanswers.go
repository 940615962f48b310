package inference

import (
	"slices"
	"time"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
)

// InstancesApart is StandsOut for places that instances of the gateway are part of. An outage of a member looks like a fault of the
// instance that happened to have all requests meanwhile, however long it lasts and however many it fails. So failures of an instance at a
// member count once until the member has answered another instance.
func InstancesApart[K comparable](c *Case, exposure map[K]int, failed map[K][]*traffic.Event) []Standout[K] {
	return standsOutBy(c.betweenAnswers, exposure, failed)
}

// betweenAnswers counts events that are apart: between the end of one and the beginning of the next, their member has answered another
// instance. Unless the later one had a connection that had carried a request before, only an answer on a new connection counts: a member
// that has closed its port goes on answering whoever is connected.
func (c *Case) betweenAnswers(events []*traffic.Event) (n int) {
	events = slices.SortedFunc(slices.Values(events), func(a, b *traffic.Event) int { return a.At.Compare(b.At) })
	var last time.Time
	for _, e := range events {
		if n > 0 && !c.answeredOthers(e, last, e.Start) {
			continue
		}
		n++
		last = e.At
	}
	return n
}

// answeredOthers reports whether the member of an event answered another instance between two times.
func (c *Case) answeredOthers(e *traffic.Event, from, to time.Time) bool {
	from, to = from.Add(stats.BinWidth), to.Add(-stats.BinWidth) // what ended in the same moment may have begun before
	if !e.UsedBefore() && c.Traffic.Member(e.Key()).Fresh.Between(from, to) == 0 {
		return false
	}
	for k, cell := range c.Traffic.Cells {
		if k.Member == e.Member && k.Instance != e.Instance && cell.Answers.Between(from, to) > 0 {
			return true
		}
	}
	return false
}
