package proxy

import (
	"encoding/hex"
	"strconv"

	"causeway/internal/accesslog"
	"causeway/internal/http1"
)

// appendInserted writes the fields that an Application Gateway adds. X-Forwarded-For grows by ip:port; the others
// replace what the client sent under these names.
func (x *exchange) appendInserted(b []byte) []byte {
	b = append(b, "X-Forwarded-For: "...)
	if x.req.Has(http1.XForwardedFor) || x.req.Has(http1.XAppGWTraceID) {
		for i := range x.req.Fields {
			switch f := &x.req.Fields[i]; {
			case f.ID == http1.XForwardedFor && len(f.Value) > 0:
				b = append(append(b, f.Value...), ", "...)
			case f.ID == http1.XAppGWTraceID:
				x.rec.Parent = transaction(f.Value)
			}
		}
	}
	b = append(b, x.s.client...)
	if x.s.port.HTTPS {
		b = append(b, "\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: "...)
	} else {
		b = append(b, "\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: "...)
	}
	b = strconv.AppendUint(b, uint64(x.s.c.Info().Local.Port()), 10)
	b = append(b, "\r\nX-Original-Host: "...)
	b = append(b, x.req.Host...)
	b = append(b, "\r\nX-Original-URL: "...)
	b = x.req.AppendTarget(b)
	b = append(b, "\r\nX-AppGW-Trace-Id: "...)
	b = accesslog.AppendHex(b, &x.rec.Transaction)
	return append(b, "\r\n"...)
}

// transaction reads what a gateway wrote into X-AppGW-Trace-Id; zero if it is none of a gateway's.
func transaction(value []byte) (id [16]byte) {
	if len(value) == hex.EncodedLen(len(id)) {
		if _, err := hex.Decode(id[:], value); err != nil {
			return [16]byte{}
		}
	}
	return id
}

// dropOddNames marks the fields whose names hold more than letters, digits and hyphens: Azure does not forward them.
func (x *exchange) dropOddNames() {
	for i := range x.req.Fields {
		if f := &x.req.Fields[i]; f.ID == http1.Other && !plainName(f.Name) {
			f.ID = http1.Nominated
		}
	}
}

func plainName(name []byte) bool {
	for _, c := range name {
		if c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// wantsUpgrade reports whether the request asks for WebSocket, the one protocol that is switched to: another, such as
// h2c, would carry requests past the rules.
func (x *exchange) wantsUpgrade() bool {
	return x.req.ConnectionUpgrade && http1.EqualFold(x.req.Upgrade, "websocket") && x.req.Body() == 0
}
