package http1

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const crlf = "\r\n"

// head joins lines to a head.
func head(lines ...string) string { return strings.Join(lines, crlf) + crlf + crlf }

// kindOf is the rule that an error names; 0 is no error.
func kindOf(t *testing.T, err error) Kind {
	t.Helper()
	var e *Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("not an *Error: %v", err)
	}
	if err == nil {
		return 0
	}
	return e.Kind
}

func TestRefusedRequests(t *testing.T) {
	f := func(want Kind, status int, msg string) {
		t.Helper()
		var r Request
		err := r.Parse([]byte(msg), nil)
		if err == ErrMore {
			t.Errorf("%q: wants more", msg)
			return
		}
		if got := kindOf(t, err); got != want {
			t.Errorf("%q: %v, want %v", msg, err, want)
		} else if s := err.(*Error).Status(); s != status {
			t.Errorf("%q: status %d, want %d", msg, s, status)
		}
	}
	get := func(fields ...string) string {
		return head(append([]string{"GET / HTTP/1.1", "Host: a"}, fields...)...)
	}
	line := func(l string) string { return head(l, "Host: a") }

	// request line: RFC 9112 section 3
	f(BadMethod, 400, line(" GET / HTTP/1.1"))
	f(BadMethod, 400, line("G(T / HTTP/1.1"))
	f(BadMethod, 400, line("GET"))
	f(BadMethod, 400, crlf+crlf+line("GET / HTTP/1.1"))
	f(BadTarget, 400, line("GET  / HTTP/1.1"))
	f(BadTarget, 400, line("GET /a\tb HTTP/1.1"))
	f(BadTarget, 400, line("GET /a#b HTTP/1.1"))
	f(BadTarget, 400, line("GET /\xc3\xa9 HTTP/1.1"))
	f(BadTarget, 400, line("GET /%zz HTTP/1.1"))
	f(BadTarget, 400, line("GET /%4 HTTP/1.1"))
	f(BadTarget, 400, line("GET a HTTP/1.1"))
	f(BadTarget, 400, line("GET * HTTP/1.1"))
	f(BadTarget, 400, line("GET a:80 HTTP/1.1"))
	f(BadTarget, 400, line("GET ftp://a/ HTTP/1.1"))
	f(BadTarget, 400, line("GET http:// HTTP/1.1"))
	f(BadTarget, 400, line("GET http://u@a/ HTTP/1.1"))
	f(BadTarget, 400, line("GET http:///x HTTP/1.1"))
	f(BadTarget, 400, line("CONNECT /x HTTP/1.1"))
	f(BadTarget, 400, line("CONNECT a HTTP/1.1"))
	f(BadTarget, 400, line("CONNECT a: HTTP/1.1"))
	f(BadTarget, 400, line("CONNECT http://a/ HTTP/1.1"))
	f(Version09, 400, "GET /"+crlf)
	f(BadVersion, 400, line("GET / "))
	f(BadVersion, 400, line("GET / http/1.1"))
	f(BadVersion, 400, line("GET / HTTP/1.1 "))
	f(BadVersion, 400, line("GET / HTTP/1"))
	f(BadVersion, 400, line("GET / HTTP/1.10"))
	f(BadVersion, 400, line("GET / x HTTP/1.1"))
	f(UnsupportedVersion, 505, line("GET / HTTP/1.2"))
	f(UnsupportedVersion, 505, line("GET / HTTP/0.9"))
	f(UnsupportedVersion, 505, line("PRI * HTTP/2.0"))

	// line ends: RFC 9112 section 2.2
	f(BareLF, 400, "GET / HTTP/1.1\nHost: a\n\n")
	f(BareLF, 400, "\n"+line("GET / HTTP/1.1"))
	f(BareLF, 400, "GET / HTTP/1.1\r\nHost: a\n\r\n")
	f(BareLF, 400, "GET / HTTP/1.1\r\nHost: a\r\n\n")
	f(BareCR, 400, line("GET /\r HTTP/1.1"))
	f(BareCR, 400, line("GET / HTTP/1.1\r"))
	f(BareCR, 400, get("X: a\rb"))
	f(BareCR, 400, get("X: a\rY: b"))
	f(BareCR, 400, get("X: a\r"))
	f(BareCR, 400, get("X\r: a"))
	f(BareCR, 400, get("\rX: a"))
	f(NUL, 400, line("GET /\x00 HTTP/1.1"))
	f(NUL, 400, get("X: a\x00b"))
	f(NUL, 400, get("X: aaaaaaaaaaaaaaaaaaa\x00bbbbbbbbbbb"))
	f(NUL, 400, get("X\x00: a"))

	// fields: RFC 9112 section 5
	f(Obsfold, 400, get("X: a", " b"))
	f(Obsfold, 400, get("X: a", "\tb: c"))
	f(Obsfold, 400, head("GET / HTTP/1.1", " Host: a"))
	f(SpaceBeforeColon, 400, get("X : a"))
	f(SpaceBeforeColon, 400, get("Content-Length\t: 3"))
	f(BadFieldName, 400, get(": a"))
	f(BadFieldName, 400, get("X"))
	f(BadFieldName, 400, get("X Y: a"))
	f(BadFieldName, 400, get("X(: a"))
	f(BadFieldName, 400, get("\xe9: a"))
	f(BadFieldValue, 400, get("X: a\x01"))
	f(BadFieldValue, 400, get("X: \x7f"))
	f(BadFieldValue, 400, get("X: 12345678\x1f12345678"))

	// body length: RFC 9112 section 6
	f(DuplicateContentLength, 400, get("Content-Length: 1", "Content-Length: 1"))
	f(DuplicateContentLength, 400, get("Content-Length: 1", "content-length: 2"))
	f(DuplicateContentLength, 400, get("Content-Length: 1, 1"))
	for _, v := range []string{"", "-1", "+1", "0x1", "1 1", "a", "1.0", "9223372036854775808", "99999999999999999999999"} {
		f(BadContentLength, 400, get("Content-Length: "+v))
	}
	f(LengthAndCoding, 400, get("Content-Length: 1", "Transfer-Encoding: chunked"))
	f(LengthAndCoding, 400, get("Transfer-Encoding: chunked", "Content-Length: 0"))
	for _, v := range []string{
		"", "identity", "gzip", "gzip, chunked", "chunked, chunked", "chunked, gzip", "xchunked",
		"chunked;q=1", "\"chunked\"", ",chunked",
	} {
		f(BadCoding, 400, get("Transfer-Encoding: "+v))
	}
	f(BadFieldValue, 400, get("Transfer-Encoding: \x0bchunked"))
	f(BadCoding, 400, get("Transfer-Encoding: gzip", "Transfer-Encoding: chunked"))
	f(BadCoding, 400, get("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"))
	f(BadCoding, 400, head("POST / HTTP/1.0", "Host: a", "Transfer-Encoding: chunked"))

	// Host: RFC 9112 section 3.2
	f(NoHost, 400, head("GET / HTTP/1.1"))
	f(NoHost, 400, head("GET http://a/ HTTP/1.1"))
	f(ManyHosts, 400, get("Host: a"))
	f(ManyHosts, 400, get("host: b"))
	for _, h := range []string{
		"", "a b", "a:b", "a:80:80", "u@a", "a/b", "a,b", "[::1", "[::1]x", "[::1]:x", "[1.2.3.4]",
		"[fe80::1%25eth0]", "[v1.a]", "::1", "a:65536", "a?b", "\"a\"", "a%2", "a%41", "a\\b", ":80",
	} {
		f(BadHost, 400, head("GET / HTTP/1.1", "Host: "+h))
	}
	f(BadExpect, 417, get("Expect: tea"))
	f(DuplicateSingleton, 400, get("Authorization: a", "Authorization: b"))
	f(DuplicateSingleton, 400, get("Content-Type: a/b", "Content-Type: a/b"))
}

// Bytes that cannot begin a method are refused before a line end has come: there may never be one.
func TestRefusedBeforeTheLineIsWhole(t *testing.T) {
	f := func(want Kind, part string) {
		t.Helper()
		var r Request
		if got := kindOf(t, r.Parse([]byte(part), nil)); got != want {
			t.Errorf("%q: %v, want %v", part, got, want)
		}
	}
	f(BadMethod, "\x16\x03\x01")
	f(BadMethod, " ")
	f(BadMethod, "\r\n\xff")
	f(NUL, "\x00")
	for _, part := range []string{"", "G", "GET", "\r", "\r\n"} {
		var r Request
		if err := r.Parse([]byte(part), nil); err != ErrMore {
			t.Errorf("%q: %v", part, err)
		}
	}
}

func TestRequest(t *testing.T) {
	type want struct {
		Method, Target, Host, Path, Query, Origin string
		Form                                      Form
		Minor                                     int
		Length                                    int64
		Close, Expect, NoLength                   bool
	}
	f := func(msg string, w want) {
		t.Helper()
		var r Request
		if err := r.Parse([]byte(msg+"leftover"), nil); err != nil {
			t.Errorf("%q: %v", msg, err)
			return
		}
		if r.Len != len(msg) {
			t.Errorf("%q: length %d", msg, r.Len)
		}
		if w.Method == "" {
			w.Method = "GET"
		}
		got := want{
			string(r.Method), string(r.Target), string(r.Host), string(r.Path), string(r.Query),
			string(r.AppendTarget(nil)), r.Form, r.Minor, r.Body(), r.Close, r.Expect, r.NoLength,
		}
		if d := cmp.Diff(w, got); d != "" {
			t.Errorf("%q: %s", msg, d)
		}
	}
	simple := want{Target: "/", Host: "a", Path: "/", Origin: "/", Minor: 1}
	f(head("GET / HTTP/1.1", "Host: a"), simple)
	f(crlf+head("GET / HTTP/1.1", "Host:a \t "), simple)
	f(head("GET / HTTP/1.1", "X: \xe9", "X:", "hOST: a"), simple)

	w := simple
	w.Host = "[::1]:8080"
	f(head("GET / HTTP/1.1", "Host: [::1]:8080"), w)
	w.Host = "a.example:"
	f(head("GET / HTTP/1.1", "Host: a.example:"), w)

	w = want{Target: "/a%20b?c=/d?", Host: "a", Path: "/a%20b", Query: "c=/d?", Origin: "/a%20b?c=/d?", Minor: 1}
	f(head("GET /a%20b?c=/d? HTTP/1.1", "Host: a"), w)
	w = want{Target: "//x?", Host: "a", Path: "//x", Origin: "//x?", Minor: 1}
	f(head("GET //x? HTTP/1.1", "Host: a"), w)

	w = want{Target: "HTTP://b:1/x?y", Host: "b:1", Path: "/x", Query: "y", Origin: "/x?y", Form: AbsoluteForm, Minor: 1}
	f(head("GET HTTP://b:1/x?y HTTP/1.1", "Host: a"), w)
	w = want{Target: "http://b", Host: "b", Path: "/", Origin: "/", Form: AbsoluteForm, Minor: 1}
	f(head("GET http://b HTTP/1.1", "Host: a"), w)
	w.Target, w.Query, w.Origin = "https://b?c", "c", "/?c"
	f(head("GET https://b?c HTTP/1.1", "Host: a"), w)

	w = want{Method: "OPTIONS", Target: "*", Host: "a", Origin: "*", Form: AsteriskForm, Minor: 1}
	f(head("OPTIONS * HTTP/1.1", "Host: a"), w)
	w = want{Method: "OPTIONS", Target: "http://b", Host: "b", Path: "/", Origin: "*", Form: AbsoluteForm, Minor: 1}
	f(head("OPTIONS http://b HTTP/1.1", "Host: a"), w)
	w = want{Method: "CONNECT", Target: "b:443", Host: "b:443", Origin: "b:443", Form: AuthorityForm, Minor: 1}
	f(head("CONNECT b:443 HTTP/1.1", "Host: a"), w)

	w = simple
	w.Minor, w.Close = 0, true
	f(head("GET / HTTP/1.0", "Host: a"), w)
	f(head("GET / HTTP/1.0", "Host: a", "Connection: keep-alive, close"), w)
	w.Close = false
	f(head("GET / HTTP/1.0", "Host: a", "Connection: Keep-Alive"), w)
	w = want{Target: "/", Path: "/", Origin: "/", Close: true}
	f(head("GET / HTTP/1.0", "Expect: 100-continue"), w)

	w = simple
	w.Close = true
	f(head("GET / HTTP/1.1", "Host: a", "Connection: x", "Connection: keep-alive , CLOSE"), w)
	w = simple
	w.Method, w.NoLength = "POST", true
	f(head("POST / HTTP/1.1", "Host: a"), w)
	w.Length, w.NoLength, w.Expect = 9223372036854775807, false, true
	f(head("POST / HTTP/1.1", "Host: a", "Content-Length: 09223372036854775807", "Expect: 100-Continue"), w)
	w.Length, w.Expect = -1, false
	f(head("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: Chunked"), w)
}

func TestUpgrade(t *testing.T) {
	f := func(want bool, lines ...string) {
		t.Helper()
		var r Request
		if err := r.Parse([]byte(head(lines...)), nil); err != nil {
			t.Fatal(err)
		}
		if r.ConnectionUpgrade != want || string(r.Upgrade) != "websocket" {
			t.Errorf("%q: %v %q", lines, r.ConnectionUpgrade, r.Upgrade)
		}
	}
	f(true, "GET / HTTP/1.1", "Host: a", "Connection: keep-alive, Upgrade", "Upgrade: websocket")
	f(false, "GET / HTTP/1.1", "Host: a", "Connection: keep-alive", "Upgrade: websocket")
	f(false, "GET / HTTP/1.0", "Host: a", "Connection: Upgrade", "Upgrade: websocket") // RFC 9110 section 7.8
}

func TestLimits(t *testing.T) {
	lim := &Limits{Line: 20, Head: 60, Fields: 3, LenientLF: true}
	f := func(want Kind, msg string) {
		t.Helper()
		var r Request
		if err := r.Parse([]byte(msg), lim); kindOf(t, err) != want {
			t.Errorf("%q: %v, want %v", msg, err, want)
		}
	}
	f(0, head("GET /12345 HTTP/1.1", "Host: a"))
	f(LineTooLong, head("GET /1234567 HTTP/1.1", "Host: a"))
	f(LineTooLong, "GET /12345678901234567890")
	f(0, head("GET / HTTP/1.1", "Host: a", "Fill: 1234567890123456789012"))
	f(HeadTooLarge, head("GET / HTTP/1.1", "Host: a", "Fill: 123456789012345678901234567890"))
	f(HeadTooLarge, "GET / HTTP/1.1"+crlf+"Host: "+strings.Repeat("a", 60))
	f(0, head("GET / HTTP/1.1", "Host: a", "A: 1", "B: 2"))
	f(TooManyFields, head("GET / HTTP/1.1", "Host: a", "A: 1", "B: 2", "C: 3"))
	f(BareLF, "GET / HTTP/1.1\nHost: a\n\n")

	var r Request
	for k, s := range map[string]int{"L": defaultLine, "H": defaultHead} {
		msg := "GET /" + strings.Repeat(k, s)
		if err := r.Parse([]byte(msg), nil); kindOf(t, err) == 0 {
			t.Errorf("%d bytes: %v", s, err)
		}
	}
	many := []string{"GET / HTTP/1.1", "Host: a"}
	for i := range defaultFields {
		many = append(many, fmt.Sprintf("X-%d: 1", i))
	}
	if err := r.Parse([]byte(head(many...)), nil); kindOf(t, err) != TooManyFields {
		t.Error(err)
	}
	if s := (&Error{Kind: LineTooLong}).Status(); s != 414 {
		t.Error(s)
	}
	if s := (&Error{Kind: HeadTooLarge}).Status(); s != 431 {
		t.Error(s)
	}
}

// A head may come a byte at a time, and its buffer may move.
func TestDripFed(t *testing.T) {
	msg := crlf + head("POST http://b/x?y HTTP/1.1", "Host: a", "Upgrade: u", "Connection: upgrade, x-a", "X-A: 1", "X-B: 2",
		"Content-Length: 5")
	var whole, r Request
	if err := whole.Parse([]byte(msg), nil); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(msg); n++ {
		if err := r.Parse([]byte(msg[:n]), nil); err != ErrMore {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	if err := r.Parse([]byte(msg), nil); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(view(&whole), view(&r)); d != "" {
		t.Error(d)
	}
	// and again, in the same value
	if err := r.Parse([]byte(msg), nil); err != nil || len(r.Fields) != len(whole.Fields) {
		t.Error(err)
	}
}

// view is everything that a request says.
func view(r *Request) map[string]any {
	m := map[string]any{
		"method": string(r.Method), "target": string(r.Target), "host": string(r.Host),
		"path": string(r.Path), "query": string(r.Query), "form": r.Form, "minor": r.Minor, "length": r.ContentLength,
		"chunked": r.Chunked, "close": r.Close, "expect": r.Expect, "upgrade": string(r.Upgrade),
		"connection": r.ConnectionUpgrade, "len": r.Len, "none": r.NoLength,
	}
	m["fields"] = lines(r.Fields)
	return m
}

func lines(fields []Field) (s []string) {
	for _, f := range fields {
		s = append(s, fmt.Sprintf("%s: %s (%d)", f.Name, f.Value, f.ID))
	}
	return s
}

// The cost of a head that comes a byte at a time grows with its length, not with the square of it.
func TestDripFedIsLinear(t *testing.T) {
	msg := []byte("GET / HTTP/1.1" + crlf + "Host: a" + crlf + "X: " + strings.Repeat("x", 30000))
	var r Request
	for n := 1; n <= len(msg); n++ {
		if err := r.Parse(msg[:n], nil); err != ErrMore {
			t.Fatal(err)
		}
		if r.scan != n {
			t.Fatalf("after %d bytes: will scan again from %d", n, r.scan)
		}
	}
}

func TestLookup(t *testing.T) {
	for id := Other + 1; id < Nominated; id++ {
		if got := Lookup([]byte(strings.ToUpper(id.String()))); got != id {
			t.Errorf("%s: %d, want %d", id, got, id)
		}
	}
	for _, s := range []string{"", "x", "hosts", "hos", "content_length", strings.Repeat("x", 50)} {
		if got := Lookup([]byte(s)); got != Other {
			t.Errorf("%s: %d", s, got)
		}
	}
}

func TestAppendFields(t *testing.T) {
	f := func(want string, drop Set, lines ...string) {
		t.Helper()
		var r Request
		if err := r.Parse([]byte(head(append([]string{"GET / HTTP/1.1", "Host: a"}, lines...)...)), nil); err != nil {
			t.Fatal(err)
		}
		if got := string(AppendFields(nil, r.Fields, drop|setOf(Host))); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f("", 0)
	f("A: 1\r\nB: 2\r\n", 0, "A: 1", "B: 2")
	f("A: 1\r\nB: 2\r\nC: \r\nD: 4\r\n", 0, "A:1", "B:  2 ", "C:", "D: 4")
	f("A: 1\r\nB: 2\r\n", HopByHop, "A: 1", "Connection: close", "Keep-Alive: 1", "TE: trailers", "B: 2", "Upgrade: x")
	f("A: 1\r\nC: 3\r\n", HopByHop, "A: 1", "b: 2", "C: 3", "Connection: B")
	// Connection may not take away what others rely on
	f("X-Forwarded-For: 1\r\nContent-Length: 0\r\nCookie: c\r\n", HopByHop,
		"X-Forwarded-For: 1", "Connection: x-forwarded-for, content-length, cookie, host", "Content-Length: 0", "Cookie: c")
}

// Fields that were changed or made elsewhere must not be copied from where they once lay.
func TestAppendChangedFields(t *testing.T) {
	var r Request
	if err := r.Parse([]byte(head("GET / HTTP/1.1", "Host: a", "A: 1", "B: 2", "C: 3")), nil); err != nil {
		t.Fatal(err)
	}
	r.Fields[1].Value = []byte("one")
	r.Fields = append(r.Fields[:2:2], Field{Name: []byte("N"), Value: []byte("new")}, r.Fields[3])
	want := "Host: a\r\nA: one\r\nN: new\r\nC: 3\r\n"
	if got := string(AppendFields(nil, r.Fields, 0)); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	r.Fields[3].Value = r.Fields[3].Value[:0]
	if got := string(AppendFields(nil, r.Fields[3:], 0)); got != "C: \r\n" {
		t.Errorf("%q", got)
	}
}
