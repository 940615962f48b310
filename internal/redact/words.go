package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"causeway/internal/evidence"
)

var (
	address4 = regexp.MustCompile(`\b(?:\d{1,3}\.){3}\d{1,3}\b`)
	address6 = regexp.MustCompile(`(?i)\b(?:[0-9a-f]{1,4}:){2,7}[0-9a-f]{0,4}\b|(?i)\b(?:[0-9a-f]{1,4}:)+:(?:[0-9a-f]{1,4})?\b`)
	guid     = regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	mailbox  = regexp.MustCompile(`[\w.+-]+@[\w.-]+\.\w+`)
	nameLike = regexp.MustCompile(`\b[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)+\b`)
)

// text redacts what can be known in any text: addresses, ids, and hosts that were met elsewhere.
func (r *Redactor) text(s string) string {
	if timeLike(s) {
		return s
	}
	s = mailbox.ReplaceAllStringFunc(s, func(m string) string { return r.word("mail", m) + "@example.com" })
	s = guid.ReplaceAllStringFunc(s, r.guid)
	s = address4.ReplaceAllStringFunc(s, r.address)
	if strings.Count(s, ":") > 1 {
		s = address6.ReplaceAllStringFunc(s, r.address)
	}
	return nameLike.ReplaceAllStringFunc(s, func(m string) string {
		if r.hosts[strings.ToLower(m)] {
			return r.host(m)
		}
		return m
	})
}

func timeLike(s string) bool {
	return len(s) > 18 && len(s) < 40 && s[4] == '-' && s[7] == '-' && (s[10] == 'T' || s[10] == ' ')
}

// names redacts the names in a certificate.
func (r *Redactor) names(s string) string {
	list := strings.Split(s, ", ")
	for i, name := range list {
		if hostLike(name) || strings.HasPrefix(name, "*.") {
			list[i] = r.host(name)
		} else {
			list[i] = r.word("name", name)
		}
	}
	return strings.Join(list, ", ")
}

// host redacts a host, with a port if there is one. Wildcards stay.
func (r *Redactor) host(s string) string {
	if s == "" || s == "-" || s == "localhost" {
		return s
	}
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return r.text(s)
	}
	name, port, _ := strings.Cut(s, ":")
	if _, err := netip.ParseAddrPort(s); err == nil {
		return r.text(s)
	}
	wild := ""
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		wild, name = "*.", rest
	}
	if len(name) > 3 {
		r.hosts[strings.ToLower(name)] = true
	}
	out := wild + r.word("host", strings.ToLower(name)) + ".example"
	if port != "" {
		out += ":" + port
	}
	return out
}

// path redacts a path segment by segment: what looks like an id stays one, wildcards and the query's place stay.
func (r *Redactor) path(s string) string {
	path, query, has := strings.Cut(s, "?")
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = r.segment(p)
	}
	out := strings.Join(parts, "/")
	if has {
		out += "?" + r.query(query)
	}
	return out
}

// agent stands for a client program, the same one for the same program.
func (r *Redactor) agent(s string) string {
	if s == "" || s == "-" {
		return s
	}
	return r.word("agent", s)
}

func (r *Redactor) segment(p string) string {
	switch {
	case p == "" || p == "*" || p == "-":
		return p
	case strings.HasSuffix(p, "*"):
		return r.word("path", p[:len(p)-1]) + "*"
	case evidence.LooksLikeID([]byte(p)):
		return fmt.Sprint(r.number(p) % 1_000_000_000)
	}
	return r.word("path", p)
}

func (r *Redactor) query(s string) string {
	if s == "" || s == "-" {
		return s
	}
	return "q=" + r.word("query", s)
}

func (r *Redactor) number(s string) uint64 {
	h := hmac.New(sha256.New, r.key)
	h.Write([]byte(s))
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// word is a pseudonym of letters.
func (r *Redactor) word(kind, s string) string {
	full := kind + " " + s
	if w, ok := r.seen[full]; ok {
		return w
	}
	n := r.number(full)
	b := []byte(kind + "-")
	for range 8 {
		b = append(b, byte('a'+n%26))
		n /= 26
	}
	if len(r.seen) < maxWords {
		r.seen[full] = string(b)
	}
	return string(b)
}

// maxWords bounds what is remembered; pseudonyms beyond it are computed again.
const maxWords = 1 << 17

// address is another address of the same family and the same sort: loopback and unspecified ones say nothing and stay,
// private ones stay private.
func (r *Redactor) address(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil || a.IsLoopback() || a.IsUnspecified() {
		return s
	}
	n := r.number(a.String())
	if a.Is6() {
		var b [16]byte
		copy(b[:], []byte{0x20, 0x01, 0x0d, 0xb8})
		binary.BigEndian.PutUint64(b[8:], n)
		return netip.AddrFrom16(b).String()
	}
	first := byte(10)
	if !a.IsPrivate() {
		first = 100 // 100.64.0.0/10 is nobody's
		return netip.AddrFrom4([4]byte{first, 64 + byte(n>>16)%64, byte(n >> 8), byte(n)}).String()
	}
	return netip.AddrFrom4([4]byte{first, byte(n >> 16), byte(n >> 8), byte(n)}).String()
}

func (r *Redactor) guid(s string) string {
	n := r.number(strings.ToLower(s))
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", uint32(n), uint16(n>>32), 0x4000|uint16(n>>48)&0xfff, 0x8000|uint16(n)&0x3fff,
		n&0xffffffffffff)
}
