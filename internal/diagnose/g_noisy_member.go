package diagnose

import (
	"fmt"
	"time"
)

var noisyMembers = hypothesis{
	cause: "g-noisy-member", needs: theLog,
	test: "timeouts are at one member more often than its share of the requests explains, and its answers are slower than the others' on the same routes",
	look: noisyMember,
}

// slower is how much slower than the others a member must be, in the middle.
const slower = 3

// noisyMember: one member is slow while its equals are not: a machine, a disk, a neighbour.
func noisyMember(q *inquiry) {
	late := q.unclaimed(isTimeout)
	groups, byEquals := groupBy(late, func(e *event) equals { return q.equalsOf(e.key()) })
	for _, at := range groups {
		_, byMember := groupBy(byEquals[at], (*event).key)
		exposure := q.askedAbout(at, byEquals[at])
		for _, s := range standsOut(exposure, byMember) {
			if events := byMember[s.key]; len(exposure) > 1 && !q.seenSilence(events) && !q.fromOneInstance(events) {
				q.noisy(s, events, len(exposure))
			}
		}
	}
}

// span is how long the members that are asked are those among which a failure falls to one.
const span = 10 * time.Second

// askedAbout counts how often each member was asked about the times of failures, which are in order: one that is in service
// only at a bad time has its share of that time.
func (q *inquiry) askedAbout(at equals, events []*event) map[memberKey]int {
	out := map[memberKey]int{}
	for from := 0; from < len(events); {
		begin, end := events[from].at, from+1
		for end < len(events) && events[end].at.Sub(begin) < span {
			end++
		}
		for k, m := range q.members {
			if q.equalsOf(k) == at {
				out[k] += independent(events[from:end]) * m.tried.between(begin.Add(-span), begin.Add(span))
			}
		}
		from = end
	}
	return out
}

// fromOneInstance reports whether the failures are of one instance of the gateway while another one finds their member well:
// then it is the way to it that differs.
func (q *inquiry) fromOneInstance(events []*event) bool {
	instances, _ := groupBy(events, func(e *event) string { return e.instance })
	if len(instances) != 1 {
		return false
	}
	_, others := q.besides(instanceMember{instances[0], events[0].member})
	return others.requests >= enoughAnswers && 10*others.failures <= len(events)
}

func (q *inquiry) noisy(s standout[memberKey], events []*event, of int) {
	m := q.member(s.key)
	var others histogram
	at := q.equalsOf(s.key)
	for k, o := range q.members {
		if q.equalsOf(k) == at && k != s.key {
			others.merge(&o.waits)
		}
	}
	mine, theirs := m.waits.quantile(0.5), others.quantile(0.5)
	if m.waits.n < enoughAnswers || others.n < enoughAnswers || mine < slower*theirs || mine-theirs < 20*time.Millisecond {
		return
	}
	times, compared := q.slowness(s.key)
	if compared && times < slower/2.0 || !compared && !m.mix.full() {
		return
	}
	if q.justJoined(s.key, events) {
		q.suspect(events, s.key.member+" had joined only minutes before: look whether it is slower than its equals still, and what it has to do before it is as quick as they are",
			"d-cold-start", "a-not-ready-yet", "g-noisy-member")
		return
	}
	if work, theirs := m.work(), q.workElsewhere(s.key); work >= uneven*theirs && theirs > 0 {
		q.suspect(events, fmt.Sprintf("%s is slower than its equals for the same kinds of requests, but it also got the longer kinds, behind which others wait: look how busy its workers are, or ask it when it has little to do", s.key.member),
			"g-noisy-member", "g-head-of-line-member", "g-worker-pool", "d-slow-route")
		return
	}
	if q.fewUsers(events) {
		q.suspect(events, "a cookie binds few users to "+s.key.member+", and these requests are theirs: compare what they ask for with what other users do, or let one of them ask another member",
			"d-slow-route", "g-noisy-member", "d-timeout-below-latency", "d-hung")
		return
	}
	f := q.claim("g-noisy-member", events, scopeOf(events), confidenceOf(s.failures >= minEvents))
	f.says("access-log", fmt.Sprintf("%d of the requests that waited in vain were at %s, which had %.0f %% of the traffic about those times; by chance that happens less than once in %.0f times", len(events), s.key.member, 100*s.share, 1/max(s.chance, 1e-6)), events...)
	f.says("access-log", fmt.Sprintf("half of its answers came within %s; of the other %d members within %s", seconds(mine), of-1, seconds(theirs)))
	if compared {
		f.says("access-log", fmt.Sprintf("for the same kinds of requests it takes %s times as long as they do", trimmed(times, 1)))
	}
	f.excludes("d-slow-route", "the other members answer the same requests faster")
	f.excludes("h-instance-fault", "it is the member that they share, not an instance of the gateway")
	f.leaves("g-io-stall", "d-vm-freeze")
	f.expect("backend", 0, len(events), "bounded", "once the member is as fast as the others")
	rest := 0.0
	for k, o := range q.members {
		if q.equalsOf(k) == at && k != s.key && o.attempts > 0 {
			rest = max(rest, float64(o.attempts-o.answered)/float64(o.attempts))
		}
	}
	low := max(0, len(events)-int(rest*float64(m.attempts)+0.5))
	f.expect("gateway", low, len(events), "bounded", "without the member its requests fail as those of the others do, if they can bear its share")
	q.fill(map[string]string{"address": address(events)}, f)
}

// justJoined reports whether a member was first asked in the midst of the log, and its failures are all of the minutes after.
func (q *inquiry) justJoined(k memberKey, events []*event) bool {
	first, _ := q.member(k).tried.after(q.from.Add(-bucket))
	return first.Sub(q.from) > soon && events[len(events)-1].start.Sub(first) < soon
}

// equals is where members are each other's equals: in one pool of one gateway, under the same settings. One that several
// pools or gateways ask gets other requests than the rest, and is nobody's equal.
type equals struct {
	pool, settings string
	gateway        *int
	alone          memberKey
}

func (q *inquiry) equalsOf(k memberKey) equals {
	if q.member(k).shared {
		return equals{alone: k}
	}
	return q.besideOf(k)
}

// besideOf is where a member stands beside others, be it somebody's equal or not.
func (q *inquiry) besideOf(k memberKey) equals {
	m := q.member(k)
	return equals{pool: m.pool, settings: k.settings, gateway: m.gateway}
}
