package diagnose

import (
	"fmt"
	"slices"

	"causeway/internal/accesslog"
)

var muteHeads = hypothesis{
	cause: "e-request-header-too-big", needs: theLog,
	test: "the requests that were lost had longer heads than any that the member answered, and it answers the same kinds of request with shorter ones",
	look: muteHead,
}

// alwaysTaken is a length of request head, in bytes, that every server takes: RFC 9112 section 3 asks for request lines of 8,000.
const alwaysTaken = 2 << 10

// muteHead: some servers close on a head beyond their limit without a status. That looks like a crash, and the length alone tells.
func muteHead(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool {
		return (e.closedUnanswered() || closedSomehow(e) && e.attempt.Status == 0 && !e.unsaid) && headOnly(e.method) && e.head() >= alwaysTaken
	}), (*event).key)
	for _, k := range keys {
		m := q.member(k)
		long := filtered(groups[k], func(e *event) bool { return e.head() > m.longestHead })
		if len(long) < minEvents || m.headsAnswered < enoughAnswers || 10*len(long) < 9*len(groups[k]) {
			continue
		}
		if !q.answersThese(long) {
			q.suspect(long, fmt.Sprintf("their heads (%s and more) are longer than any that %s answered: send one of them to it with short headers, and read its own log", bytesText(leastHead(long)), k.member),
				"e-request-header-too-big", "g-crash-on-input", "e-uri-rejected")
			continue
		}
		q.reportMuteHead(k, m, long)
	}
}

func (q *inquiry) reportMuteHead(k memberKey, m *memberTally, long []*event) {
	fresh := len(filtered(long, func(e *event) bool { return !e.attempt.Reused }))
	f := q.claim("e-request-header-too-big", long, Scope{Pool: long[0].pool, Settings: k.settings, Member: k.member}, confidenceOf(long[0].own && fresh > 0))
	f.says("access-log", fmt.Sprintf("%d requests with a head of %d bytes or more ended without a status, %d of them on fresh connections; the longest head that %s answered, of %d without a body, has %d",
		len(long), leastHead(long), fresh, k.member, m.headsAnswered, m.longestHead), long...)
	f.excludes("g-crash-on-input", "the same kinds of request are answered when their heads are shorter")
	if fresh > 0 {
		f.excludes("c-idle-race", fmt.Sprintf("%d of them were on connections that had never been idle", fresh))
	} else {
		f.leaves("c-idle-race")
	}
	f.leaves("e-uri-rejected")
	f.expect("backend", len(long), len(long), "bounded", "with a limit above their heads the member answers them; with what status is another question")
	q.fill(map[string]string{"address": k.server.String()}, f)
}

// headOnly reports whether requests of a method usually have no body, so that what was received is their head.
func headOnly(method string) bool {
	return slices.Contains([]string{"GET", "HEAD", "OPTIONS", "DELETE"}, method)
}

// head is the length of the request's head in bytes, for a method that has no body.
func (e *event) head() int64 { return e.received - e.bodyRead }

func leastHead(events []*event) int64 {
	least := events[0].head()
	for _, e := range events {
		least = min(least, e.head())
	}
	return least
}

// seeHead notes the head of a request that a member answered.
func (m *memberTally) seeHead(r *accesslog.Record) {
	if headOnly(string(r.Method)) {
		m.headsAnswered++
		m.longestHead = max(m.longestHead, r.Received)
	}
}
