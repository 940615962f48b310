package protocol

import (
	"slices"
	"strings"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
)

// alerted matches a TLS alert that the member sent. A TLS 1.3 server refuses a missing client certificate only after the
// handshake, so the phase says nothing.
func alerted(code uint8) func(*traffic.Event) bool {
	return func(e *traffic.Event) bool { return e.Fault.Kind == fault.Alerted && e.Fault.Alert == code }
}

// handshakeLate matches a handshake that did not end in time, though the connection was established.
func handshakeLate(e *traffic.Event) bool {
	return e.Fault.Phase == fault.TLS && e.Fault.Kind == fault.Timeout && (e.Fault.Side == fault.Backend || e.Fault.Side == fault.Network)
}

// notHTTP matches an answer that is another protocol: the one that the detail says, or any that is not known.
func notHTTP(detail string) func(*traffic.Event) bool {
	return func(e *traffic.Event) bool {
		if e.Fault.Kind != fault.NotHTTP {
			return false
		}
		if detail == "" {
			return strings.HasPrefix(e.Fault.Detail, "it began")
		}
		return e.Fault.Detail == detail
	}
}

// AlertsLeft says of alerts that several causes send what they may be.
func AlertsLeft(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool {
		return e.Fault.Kind == fault.Alerted || e.Fault.Phase == fault.TLS && e.Fault.Side == fault.Backend
	})
	keys, groups := traffic.GroupBy(events, (*traffic.Event).Key)
	for _, k := range keys {
		if all := groups[k]; !slices.ContainsFunc(all, func(e *traffic.Event) bool { return !alerted(40)(e) }) {
			c.Suspect(all,
				"the member found nothing that both sides support, and had not requested a certificate: compare cipher suites and curves: openssl s_client -connect "+k.Server.String()+" -servername NAME",
				"f-cipher", "f-curve", "f-sni-required")
			continue
		}
		c.Suspect(groups[k], "compare what both sides offer: openssl s_client -connect "+k.Server.String()+
			" -servername NAME, with and without a client certificate",
			"f-cipher", "f-version", "f-client-cert", "f-sni-required", "f-curve", "c-restart", "e-tls-to-plain")
	}
}
