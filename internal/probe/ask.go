package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/netip"
	"time"

	"causeway/internal/conn"
	"causeway/internal/fault"
	"causeway/internal/http1"
)

// Dialer is how probes reach members.
type Dialer interface {
	Dial(to netip.AddrPort, deadline time.Time) (conn.Conn, error)
}

// Result is the outcome of one probe. Reason is empty when it passed.
type Result struct {
	Reason   string
	Code     string // what exactly: errno or "timeout", status, TLS alert, OpenSSL code; empty: the reason says all
	Detail   string
	Received int
}

const (
	userAgent = "Causeway-Probe"
	headMax   = 32 << 10
	bodyMax   = 1 << 20 // how far a body is searched for the text that must be in it
)

// Ask sends one probe and judges the answer. Ignore the result once ctx is done. unheard: the probe timed out, and the
// gateway's process stood still for most of its time, so that the result says nothing about the member.
func (s *Spec) Ask(ctx context.Context, d Dialer, stalls Stalls) (r Result, unheard bool) {
	return s.askPatiently(ctx, d, newPatience(ctx, stalls, s.Timeout))
}

func (s *Spec) askPatiently(ctx context.Context, d Dialer, p *patience) (r Result, unheard bool) {
	r = s.ask(ctx, d, p)
	return r, r.timedOut() && p.unheard()
}

// timedOut reports whether the member did not answer in time.
func (r *Result) timedOut() bool { return r.Reason == "probe_timeout" || r.Code == "timeout" }

func (s *Spec) ask(ctx context.Context, d Dialer, p *patience) Result {
	c, err := p.dial(d, s.Addr)
	if err != nil {
		return s.unreachable(err)
	}
	defer func() { c.Close() }()
	plain := c
	defer context.AfterFunc(ctx, func() { plain.Reset() })()
	if s.TLS {
		safe, err := conn.TLS(c, tls.Client, s.config)
		if err != nil {
			return s.handshake(err)
		}
		c = safe
	}
	if _, err := c.Write(s.request()); err != nil {
		return s.broken(err, fault.Send)
	}
	return s.answer(c)
}

func (s *Spec) request() []byte {
	b := http1.AppendRequestLine(nil, []byte("GET"), []byte(s.Path))
	b = http1.AppendField(b, "Host", s.Host)
	b = http1.AppendField(b, "User-Agent", userAgent)
	b = http1.AppendField(b, "Accept", "*/*")
	b = http1.AppendField(b, "Connection", "close")
	return append(b, "\r\n"...)
}

// answer reads as much of the response as the verdict needs.
func (s *Spec) answer(c conn.Conn) Result {
	limits := http1.Limits{Head: headMax, LenientLF: true, LenientColon: true}
	var res http1.Response
	buf := make([]byte, 0, 4<<10)
	for {
		n, err := c.Read(room(&buf))
		buf = buf[:len(buf)+n]
		if err != nil && n == 0 {
			if len(buf) > 0 && protocolOf(buf) != "" { // it spoke, and not HTTP
				return s.invalid(err, buf)
			}
			return s.broken(err, fault.Wait)
		}
		err = res.Parse(buf, &limits)
		for err == nil && res.Status < 200 {
			buf = append(buf[:0], buf[res.Len:]...)
			err = res.Parse(buf, &limits)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, http1.ErrMore) {
			return s.invalid(err, buf)
		}
	}
	if !s.accepts(res.Status) {
		return s.mismatch(c, &res, buf[res.Len:])
	}
	if s.Match.Body == "" {
		return passed(res.Status)
	}
	return s.search(c, &res, buf[res.Len:])
}

// room makes space behind the bytes that are held.
func room(buf *[]byte) []byte {
	if len(*buf) == cap(*buf) {
		bigger := make([]byte, len(*buf), 2*cap(*buf))
		copy(bigger, *buf)
		*buf = bigger
	}
	return (*buf)[len(*buf):cap(*buf)]
}

// search looks for the text that the body must hold.
func (s *Spec) search(c conn.Conn, res *http1.Response, begun []byte) Result {
	body, err := s.body(c, res, begun)
	var framing *http1.Error
	switch {
	case bytes.Contains(body, []byte(s.Match.Body)):
		return passed(res.Status)
	case errors.As(err, &framing):
		return s.invalid(err, nil)
	case err != nil: // whether the rest held the text nobody knows
		return s.broken(err, fault.Body)
	}
	return s.withoutText(res.Status)
}

// body collects the body until it ends, holds the text, or has grown beyond bodyMax.
func (s *Spec) body(c conn.Conn, res *http1.Response, begun []byte) ([]byte, error) {
	kind, length := res.Body([]byte("GET"))
	var chunks http1.Chunks
	var body []byte
	raw := append(make([]byte, 0, max(4<<10, len(begun))), begun...)
	for {
		switch kind {
		case http1.None:
			return nil, nil
		case http1.Chunked:
			for len(raw) > 0 && !chunks.Done() {
				used, data, err := chunks.Next(raw)
				if err != nil {
					return body, err
				}
				body, raw = append(body, data...), raw[used:]
			}
		default:
			body = append(body, raw...)
		}
		if chunks.Done() || kind == http1.Length && int64(len(body)) >= length || len(body) > bodyMax ||
			bytes.Contains(body, []byte(s.Match.Body)) {
			return body, nil
		}
		raw = raw[:cap(raw)]
		if len(raw) == 0 {
			raw = make([]byte, 4<<10)
		}
		n, err := c.Read(raw)
		if raw = raw[:n]; err == io.EOF && n == 0 && kind == http1.UntilClose {
			return body, nil
		}
		if err != nil && n == 0 {
			return body, err
		}
	}
}

func (s *Spec) accepts(status int) bool {
	for _, r := range s.Match.StatusCodes {
		if status >= r.From && status <= r.To {
			return true
		}
	}
	return false
}
