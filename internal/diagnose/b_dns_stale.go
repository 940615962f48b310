package diagnose

import (
	"fmt"
	"net/netip"
)

var staleNames = hypothesis{
	cause: "b-dns-stale", needs: theTrace,
	test: "a member that is a name fails at one address until the gateway turns to another one, where it answers",
	look: dnsStale,
}

// dnsStale: the member moved, and the gateway went on with the address that its name had led to before.
func dnsStale(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool {
		return e.own && !isAddress(e.member) && (connectFailed(e) || brokeUnderRequest(e) || isTimeout(e))
	}), (*event).key)
	for _, old := range keys {
		events := trimBefore(groups[old])
		first, last := events[0].start, events[len(events)-1].start
		moved, ok := q.movedTo(old)
		if !ok || len(events) < minEvents || q.member(old).answers.between(first.Add(2*bucket), q.to) > 0 || q.member(old).answers.between(q.from, first) == 0 {
			continue
		}
		begun, ok := q.member(moved).answers.after(q.from)
		if !ok || begun.Before(last.Add(-bucket)) || q.member(moved).answers.between(begun, q.to)-q.member(moved).errors < enoughAnswers {
			continue
		}
		f := q.claim("b-dns-stale", events, scopeOf(events), Medium) // when the name moved, nobody noted
		f.says("access-log", fmt.Sprintf("%s was asked at %s, where %d attempts failed from %s on and none was answered; from %s it was asked at %s, and answered %d", old.member, old.server,
			len(events), stamp(first), stamp(begun), moved.server, q.member(moved).answers.between(begun, q.to)), events...)
		f.excludes("c-restart", "the old address did not come back")
		f.may("b-refused") // it may have died first, and its name have been given to another for that
		f.expect("backend", 0, len(events), "bounded", "with the old address in service until the name has run out everywhere none of them fails, if it was moved on purpose")
		f.expect("gateway", 0, len(events), "bounded", "in proportion to how much sooner the name is asked again")
		q.fill(map[string]string{"address": old.server.String()}, f)
	}
}

// movedTo is another address of the same member that it was asked at after this one, and not before.
func (q *inquiry) movedTo(old memberKey) (memberKey, bool) {
	left, _ := q.member(old).tried.before(q.to)
	var out memberKey
	for k, m := range q.members {
		if k.settings != old.settings || k.member != old.member || k.server == old.server || m.gateway != q.member(old).gateway { // other gateways have other resolvers
			continue
		}
		if out.server.IsValid() || m.tried.between(q.from, left.Add(-2*bucket)) > 0 { // several addresses at once are several members
			return memberKey{}, false
		}
		out = k
	}
	return out, out.server.IsValid()
}

// isAddress reports whether a member is no name.
func isAddress(member string) bool {
	_, err := netip.ParseAddr(member)
	return err == nil
}
