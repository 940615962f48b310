package proxy

import (
	"encoding/hex"
	"strconv"

	"causeway/internal/accesslog"
	"causeway/internal/http1"
)

// buildHead makes the head of the request for the member, in x.out.
func (x *exchange) buildHead() []byte {
	r := &x.req
	buf := append(x.out[:0], r.Method...)
	buf = append(buf, ' ')
	buf = x.appendTarget(buf)
	buf = append(buf, " HTTP/1.1\r\n"...)
	buf = http1.AppendField(buf, "Host", x.host)
	x.dropOddNames()
	buf = http1.AppendFields(buf, r.Fields, ownFields)
	buf = x.appendInserted(buf)
	if r.ContentLength >= 0 {
		buf = http1.AppendLength(buf, r.ContentLength)
	}
	if r.Chunked {
		buf = append(buf, "Transfer-Encoding: chunked\r\n"...)
	}
	if x.wantsUpgrade() {
		buf = append(buf, "Connection: Upgrade\r\n"...)
		buf = http1.AppendField(buf, "Upgrade", "websocket")
	}
	x.out = append(buf, "\r\n"...)
	return x.out
}

func (x *exchange) appendTarget(buf []byte) []byte {
	if len(x.path) == 0 {
		return x.req.AppendTarget(buf)
	}
	buf = append(buf, x.path...)
	if x.req.Query != nil {
		buf = append(append(buf, '?'), x.req.Query...)
	}
	return buf
}

// ownFields do not pass from client to member: those of the client's connection, and those that the gateway writes itself.
const ownFields = http1.HopByHop | 1<<http1.Host | 1<<http1.ContentLength | 1<<http1.Expect |
	1<<http1.XForwardedFor | 1<<http1.XForwardedProto | 1<<http1.XForwardedPort |
	1<<http1.XOriginalHost | 1<<http1.XOriginalURL | 1<<http1.XAppGWTraceID

// appendInserted writes the fields that an Application Gateway adds. X-Forwarded-For grows by ip:port; the others
// replace what the client sent under these names.
func (x *exchange) appendInserted(buf []byte) []byte {
	buf = append(buf, "X-Forwarded-For: "...)
	if x.req.Has(http1.XForwardedFor) || x.req.Has(http1.XAppGWTraceID) {
		for i := range x.req.Fields {
			switch f := &x.req.Fields[i]; {
			case f.ID == http1.XForwardedFor && len(f.Value) > 0:
				buf = append(append(buf, f.Value...), ", "...)
			case f.ID == http1.XAppGWTraceID:
				x.rec.Parent = transaction(f.Value)
			}
		}
	}
	buf = append(buf, x.s.client...)
	if x.s.port.HTTPS {
		buf = append(buf, "\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: "...)
	} else {
		buf = append(buf, "\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: "...)
	}
	buf = strconv.AppendUint(buf, uint64(x.s.c.Info().Local.Port()), 10)
	buf = append(buf, "\r\nX-Original-Host: "...)
	buf = append(buf, x.req.Host...)
	buf = append(buf, "\r\nX-Original-URL: "...)
	buf = x.req.AppendTarget(buf)
	buf = append(buf, "\r\nX-AppGW-Trace-Id: "...)
	buf = accesslog.AppendHex(buf, &x.rec.Transaction)
	return append(buf, "\r\n"...)
}

// transaction reads the id that a gateway wrote into X-AppGW-Trace-Id; zero if no gateway did.
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

// wantsUpgrade reports whether the request asks for WebSocket, the only protocol that the gateway switches to: another,
// such as h2c, would carry requests past the rules.
func (x *exchange) wantsUpgrade() bool {
	return x.req.ConnectionUpgrade && http1.EqualFold(x.req.Upgrade, "websocket") && x.req.Body() == 0
}
