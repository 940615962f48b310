package inference

import (
	"time"

	"causeway/internal/diagnose/traffic"
)

// LongestAnswered is the greatest idle age of a connection on which a member answered.
func (c *Case) LongestAnswered(k traffic.MemberKey) time.Duration { return c.Traffic.Member(k).Longest }

// AnswersRoutesOf reports whether the routes of events have answers too: a request that always fails is to blame itself, whatever its
// connection.
func (c *Case) AnswersRoutesOf(events []*traffic.Event) bool {
	n := 0
	for _, e := range events {
		if r := c.Traffic.Route(e.Route()); r.Answered > r.Broken {
			n++
		}
	}
	return 2*n > len(events)
}
