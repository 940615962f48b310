package diagnose

import (
	"slices"
	"strings"

	"causeway/internal/fault"
)

// alerted matches a TLS alert that the member sent. A TLS 1.3 server refuses a missing client certificate only after the
// handshake, so the phase says nothing.
func alerted(code uint8) func(*event) bool {
	return func(e *event) bool { return e.fault.Kind == fault.Alerted && e.fault.Alert == code }
}

// handshakeLate matches a handshake that did not come to its end in time, though the connection had come about.
func handshakeLate(e *event) bool {
	return e.fault.Phase == fault.TLS && e.fault.Kind == fault.Timeout && (e.fault.Side == fault.Backend || e.fault.Side == fault.Network)
}

// notHTTP matches an answer that is another protocol: the one that the detail says, or any that is not known.
func notHTTP(detail string) func(*event) bool {
	return func(e *event) bool {
		if e.fault.Kind != fault.NotHTTP {
			return false
		}
		if detail == "" {
			return strings.HasPrefix(e.fault.Detail, "it began")
		}
		return e.fault.Detail == detail
	}
}

// alertsLeft says of alerts that several causes send what they may be.
func alertsLeft(q *inquiry) {
	events := q.unclaimed(func(e *event) bool {
		return e.fault.Kind == fault.Alerted || e.fault.Phase == fault.TLS && e.fault.Side == fault.Backend
	})
	keys, groups := groupBy(events, (*event).key)
	for _, k := range keys {
		if all := groups[k]; !slices.ContainsFunc(all, func(e *event) bool { return !alerted(40)(e) }) {
			q.suspect(all, "the member found nothing that both sides know, and had not asked for a certificate: compare cipher suites and curves: openssl s_client -connect "+k.server.String()+" -servername NAME",
				"f-cipher", "f-curve", "f-sni-required")
			continue
		}
		q.suspect(groups[k], "compare what both sides offer: openssl s_client -connect "+k.server.String()+" -servername NAME, with and without a client certificate",
			"f-cipher", "f-version", "f-client-cert", "f-sni-required", "f-curve", "c-restart", "e-tls-to-plain")
	}
}
