package http1

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parser is what requests and responses have in common for these tests.
type parser interface {
	Parse(b []byte, lim *Limits) error
}

// drip feeds b in two steps after a first prefix, at another address each time, and returns the first answer that is
// not ErrMore.
func drip(p parser, b []byte, lim *Limits, i, j int) error {
	i, j = i%(len(b)+1), j%(len(b)+1)
	for _, n := range []int{min(i, j), max(i, j), len(b)} {
		part := append(make([]byte, 0, n+j%5), b[:n]...)
		if err := p.Parse(part, lim); err != ErrMore {
			return err
		}
	}
	return ErrMore
}

// sameError compares the two answers of an incremental parse and one in a single step.
func sameError(t *testing.T, one, inc error) {
	t.Helper()
	var a, b *Error
	if errors.As(one, &a) != errors.As(inc, &b) || a != nil && *a != *b || a == nil && one != inc {
		t.Fatalf("in one step %v, incrementally %v", one, inc)
	}
}

var tight = &Limits{Line: 100, Head: 300, Fields: 8}

func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		head("GET / HTTP/1.1", "Host: a"),
		crlf + head("POST http://a/b?c HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", "Connection: a, close", "A: 1"),
		head("CONNECT a:1 HTTP/1.1", "Host: a"), head("OPTIONS * HTTP/1.0", "Expect: 100-continue"),
		"GET / HTTP/1.1\nHost: a\n\n", head("GET / HTTP/1.1", "Host: [::1]:80", "Content-Length: 5", " x"),
	} {
		f.Add([]byte(s), 3, 20)
	}
	f.Fuzz(func(t *testing.T, b []byte, i, j int) {
		if i < 0 || j < 0 {
			return
		}
		var one, inc Request
		err := one.Parse(b, tight)
		sameError(t, err, drip(&inc, b, tight, i, j))
		if err != nil {
			return
		}
		if d := cmp.Diff(view(&one), view(&inc)); d != "" {
			t.Fatal(d)
		}
		again := reparse(t, &one)
		if one.Host != nil && !bytes.Equal(again.Host, one.Host) && one.Form != AbsoluteForm {
			t.Fatalf("host %q became %q", one.Host, again.Host)
		}
		if d := cmp.Diff(lines(one.Fields), lines(again.Fields)); d != "" {
			t.Fatal(d)
		}
	})
}

// reparse writes what a request says, and reads it again.
func reparse(t *testing.T, r *Request) *Request {
	t.Helper()
	out := AppendRequestLine(nil, r.Method, r.AppendTarget(nil))
	kept := make([]Field, 0, len(r.Fields))
	for _, f := range r.Fields {
		if f.ID == Nominated {
			f.ID = Other
		}
		kept = append(kept, f)
	}
	out = AppendFields(out, kept, 0)
	if r.Host == nil {
		out = AppendField(out, "Host", "none")
	}
	var again Request
	err := again.Parse(append(out, crlf...), &Limits{Line: 1 << 20, Head: 1 << 20})
	if r.Minor == 0 && err != nil {
		return r // what 1.0 ignores, 1.1 may refuse: an expectation
	}
	if err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	if !bytes.Equal(again.Method, r.Method) || again.Body() != r.Body() || !bytes.Equal(again.Path, r.Path) && r.Form != AbsoluteForm ||
		!bytes.Equal(again.Query, r.Query) {
		t.Fatalf("%q: became %v", out, view(&again))
	}
	if r.Host == nil {
		again.Fields = again.Fields[:len(again.Fields)-1]
	}
	return &again
}

func FuzzResponse(f *testing.F) {
	for _, s := range []string{
		head("HTTP/1.1 200 OK", "Content-Length: 5", "Keep-Alive: timeout=5, max=3"), "HTTP/1.1 200\n\n",
		head("HTTP/1.0 304 ", "A:1", "B: ", "Connection: b"), head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"),
	} {
		f.Add([]byte(s), 3, 20)
	}
	f.Fuzz(func(t *testing.T, b []byte, i, j int) {
		if i < 0 || j < 0 {
			return
		}
		lim := &Limits{Line: 100, Head: 300, Fields: 8, LenientLF: true}
		var one, inc Response
		err := one.Parse(b, lim)
		sameError(t, err, drip(&inc, b, lim, i, j))
		if err != nil {
			return
		}
		out := AppendStatusLine(nil, one.Status, one.Reason)
		out = append(AppendFields(out, inc.Fields, 0), crlf...)
		var again Response
		if err = again.Parse(out, &Limits{Line: 1 << 20, Head: 1 << 20}); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if again.Status != one.Status || !bytes.Equal(again.Reason, inc.Reason) || one.Minor == 1 && again.Close != one.Close {
			t.Fatalf("%q: %+v became %+v", out, one, again)
		}
		k1, n1 := one.Body(nil)
		if k2, n2 := again.Body(nil); k1 != k2 || n1 != n2 {
			t.Fatalf("%q: body %v %v, was %v %v", out, k2, n2, k1, n1)
		}
		if one.KeepAliveTimeout != inc.KeepAliveTimeout || one.KeepAliveMax != inc.KeepAliveMax || one.BareLF != inc.BareLF {
			t.Fatalf("%+v and %+v", one, inc)
		}
	})
}

func FuzzChunks(f *testing.F) {
	for _, s := range []string{
		"0\r\n\r\n", "3\r\nabc\r\n0\r\nX: 1\r\nContent-Length: 5\r\n\r\n", "1;a=\"b\"\r\nx\r\n0\r\n\r\n",
		"ffffffffffffffff\r\n",
	} {
		f.Add([]byte(s), 1)
	}
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		if size < 1 {
			return
		}
		var one, inc Chunks
		d1, r1, e1 := unchunk(&one, string(b), len(b)+1)
		d2, r2, e2 := unchunk(&inc, string(b), size)
		if d1 != d2 || one.Done() != inc.Done() || one.Data() != int64(len(d1)) || kindOf(t, e1) != kindOf(t, e2) {
			t.Fatalf("%q %v and %q %v", d1, e1, d2, e2)
		}
		if !one.Done() {
			return
		}
		if r1 != r2 {
			t.Fatalf("left %q and %q", r1, r2)
		}
		out := []byte(nil)
		if d1 != "" {
			out = append(append(AppendChunkHead(out, len(d1)), d1...), ChunkEnd...)
		}
		out = AppendTrailers(out, one.Trailers())
		var again Chunks
		d3, rest, err := unchunk(&again, string(out), size)
		if d3 != d1 || rest != "" || err != nil || !again.Done() {
			t.Fatalf("%q: %q %v", out, d3, err)
		}
		if d := cmp.Diff(lines(one.Trailers()), lines(again.Trailers())); d != "" {
			t.Fatal(d)
		}
	})
}
