package http1

import (
	"testing"
	"time"
)

func TestRefusedResponses(t *testing.T) {
	f := func(want Kind, msg string) {
		t.Helper()
		var r Response
		err := r.Parse([]byte(msg), &Limits{LenientLF: true})
		if err == ErrMore || kindOf(t, err) != want {
			t.Errorf("%q: %v, want %v", msg, err, want)
		}
	}
	ok := func(fields ...string) string { return head(append([]string{"HTTP/1.1 200 OK"}, fields...)...) }
	f(BadVersion, head("HTTP 200 OK"))
	f(BadVersion, head("HTTP/1.11 200 OK"))
	f(BadVersion, head("ICY 200 OK"))
	f(BadVersion, head("HTTP/1.1"[:7]))
	f(BadStatus, head("HTTP/1.1"))
	f(BadVersion, crlf+ok())
	f(UnsupportedVersion, head("HTTP/2.0 200 OK"))
	f(UnsupportedVersion, head("HTTP/1.2 200 OK"))
	for _, s := range []string{"", " ", " 20", " 099", " 000", " 2000 OK", " 2x0 OK", " -20 OK", "  200 OK", " +20 OK", " 200\tOK"} {
		f(BadStatus, head("HTTP/1.1"+s))
	}
	f(BadStatus, head("HTTP/1.1 200 O\x01"))
	f(NUL, head("HTTP/1.1 200 O\x00"))
	f(BareCR, head("HTTP/1.1 200 O\rK"))
	f(SpaceBeforeColon, ok("A : 1"))
	f(Obsfold, ok("A: 1", " 2"))
	f(BadFieldName, ok("A"))
	f(NUL, ok("A: \x00"))
	f(BareCR, ok("A: 1\r"))
	f(BareCR, "HTTP/1.1 200 OK\r\r\n\r\n")
	f(DuplicateContentLength, ok("Content-Length: 1", "Content-Length: 1"))
	f(DuplicateContentLength, ok("Content-Length: 1,1"))
	f(BadContentLength, ok("Content-Length: -1"))
	f(LengthAndCoding, ok("Content-Length: 1", "Transfer-Encoding: chunked"))
	f(BadCoding, ok("Transfer-Encoding: gzip, chunked"))
	f(BadCoding, ok("Transfer-Encoding: identity"))
	f(BadCoding, head("HTTP/1.0 200 OK", "Transfer-Encoding: chunked"))

	var r Response
	if err := r.Parse([]byte("HTTP/1.1 200 OK\n\n"), nil); kindOf(t, err) != BareLF {
		t.Error("without leave:", err)
	}
}

func TestResponse(t *testing.T) {
	f := func(msg string, status int, reason string, bareLF bool) *Response {
		t.Helper()
		var r Response
		if err := r.Parse([]byte(msg+"body"), &Limits{LenientLF: true}); err != nil {
			t.Fatalf("%q: %v", msg, err)
		}
		if r.Status != status || string(r.Reason) != reason || r.BareLF != bareLF || r.Len != len(msg) {
			t.Errorf("%q: %d %q %v %d", msg, r.Status, r.Reason, r.BareLF, r.Len)
		}
		return &r
	}
	f(head("HTTP/1.1 200 OK"), 200, "OK", false)
	f(head("HTTP/1.1 200"), 200, "", false)
	f(head("HTTP/1.1 200 "), 200, "", false)
	f(head("HTTP/1.1 999 Not\t\xe9"), 999, "Not\t\xe9", false)
	f(head("HTTP/1.1 100 Continue"), 100, "Continue", false)
	r := f("HTTP/1.1 200 OK\nA: 1\nB: 2\r\n\n", 200, "OK", true)
	if s := string(AppendFields(nil, r.Fields, 0)); s != "A: 1\r\nB: 2\r\n" {
		t.Errorf("not normalised: %q", s)
	}
	if r = f(head("HTTP/1.0 200 OK"), 200, "OK", false); !r.Close {
		t.Error("1.0 without Close")
	}
	if r = f(head("HTTP/1.1 200 OK", "Connection: close"), 200, "OK", false); !r.Close {
		t.Error("not Close")
	}
}

func TestKeepAliveHint(t *testing.T) {
	f := func(value string, timeout time.Duration, most int) {
		t.Helper()
		var r Response
		if err := r.Parse([]byte(head("HTTP/1.1 200 OK", value)), nil); err != nil {
			t.Fatal(err)
		}
		if r.KeepAliveTimeout != timeout || r.KeepAliveMax != most {
			t.Errorf("%q: %v %d", value, r.KeepAliveTimeout, r.KeepAliveMax)
		}
	}
	f("X: y", -1, -1)
	f("Keep-Alive: timeout=5", 5*time.Second, -1)
	f("Keep-Alive: timeout=0, max=1", 0, 1)
	f("keep-alive: max=100,Timeout=72", 72*time.Second, 100)
	f("Keep-Alive: timeout=, max=x, timeout = 3, 5", -1, -1)
	f("Keep-Alive: timeout=99999999999999999, max=99999999999", -1, -1)
}

func TestBodyKind(t *testing.T) {
	f := func(method, status string, field string, kind BodyKind, n int64) {
		t.Helper()
		var r Response
		if err := r.Parse([]byte(head("HTTP/1.1 "+status, field)), nil); err != nil {
			t.Fatal(err)
		}
		if k, l := r.Body([]byte(method)); k != kind || l != n {
			t.Errorf("%s %s %s: %d %d", method, status, field, k, l)
		}
	}
	f("GET", "200 OK", "Content-Length: 7", Length, 7)
	f("GET", "200 OK", "Content-Length: 0", Length, 0)
	f("GET", "200 OK", "Transfer-Encoding: chunked", Chunked, 0)
	f("GET", "200 OK", "X: y", UntilClose, 0)
	f("HEAD", "200 OK", "Content-Length: 7", None, 0)
	f("HEAD", "200 OK", "Transfer-Encoding: chunked", None, 0)
	f("GET", "204 No Content", "X: y", None, 0)
	f("GET", "304 Not Modified", "Content-Length: 7", None, 0)
	f("GET", "103 Early Hints", "X: y", None, 0)
	f("CONNECT", "200 OK", "Content-Length: 7", None, 0)
	f("CONNECT", "407 No", "Content-Length: 7", Length, 7)
	f("head", "200 OK", "X: y", UntilClose, 0) // methods are case-sensitive
}
