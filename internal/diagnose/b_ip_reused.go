package diagnose

import (
	"fmt"
	"slices"
	"strings"
)

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
		f := q.again(q.causeOf(first), scopeOf(events))
		if !ok || f == nil || first.attempt.Presented == "" || q.ofTheSite(first) || m.answers.between(first.at.Add(bucket), q.to) > 0 {
			continue
		}
		f.says("access-log", fmt.Sprintf("%s answered until %s; from %s on it presents a certificate for %s", k.member, stamp(last), stamp(first.start), first.attempt.Presented), events...)
		f.may("b-ip-reused")
	}
}

// ofTheSite reports whether the certificate that was refused is for a name by which the member is asked: then it is the
// site's own, by whomever it was signed.
func (q *inquiry) ofTheSite(e *event) bool {
	asked := []string{e.host, e.member}
	if q.config != nil {
		if s := q.config.Setting(e.settings); s != nil {
			asked = append(asked, s.HostName)
		}
	}
	for name := range strings.SplitSeq(e.attempt.Presented, ", ") {
		if slices.ContainsFunc(asked, func(host string) bool { return covers(name, host) }) {
			return true
		}
	}
	return false
}

// covers reports whether a name in a certificate is for a host: it may begin with a star in place of one label.
func covers(name, host string) bool {
	_, parent, _ := strings.Cut(host, ".")
	rest, star := strings.CutPrefix(name, "*.")
	return host != "" && (strings.EqualFold(name, host) || star && strings.EqualFold(rest, parent))
}
