package diagnose

import "fmt"

var reusedAddresses = hypothesis{
	cause: "b-ip-reused", needs: theTrace,
	test: "an address whose certificate was accepted before presents one of another issuer for other names, while the other members keep theirs; whether it is another server or another certificate on it, only its owner knows",
	look: reusedAddress,
}

// reusedAddress adds to findings of certificates that are not trusted, or not for the name, that the server may be another
// one now: an address that was given away shows itself by a certificate that has nothing to do with the site.
func reusedAddress(q *inquiry) {
	members, byMember := groupBy(q.eventsOf("f-unknown-ca", "f-name-mismatch"), (*event).key)
	for _, k := range members {
		m, events := q.member(k), byMember[k]
		first := events[0]
		last, ok := m.answers.before(first.start.Add(bucket))
		f := q.again(first.cause, scopeOf(events))
		if !ok || f == nil || first.attempt.Presented == "" || m.answers.between(first.at.Add(bucket), q.to) > 0 {
			continue
		}
		f.says("access-log", fmt.Sprintf("%s answered until %s; from %s on it presents a certificate for %s", k.member, stamp(last), stamp(first.start), first.attempt.Presented), events...)
		f.may("b-ip-reused")
	}
}

// eventsOf are the events that causes have claimed.
func (q *inquiry) eventsOf(ids ...string) []*event {
	var out []*event
	for _, e := range q.events {
		for _, id := range ids {
			if e.cause == id {
				out = append(out, e)
			}
		}
	}
	return out
}
