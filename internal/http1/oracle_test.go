package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The generators lean towards what is well formed, so that much is accepted, and damage some of it.

func oneOf(t *rapid.T, label string, list ...string) string {
	return rapid.SampledFrom(list).Draw(t, label)
}

func genFields(t *rapid.T, host bool) []string {
	var l []string
	if host {
		l = append(l, "Host: "+oneOf(t, "host", "a", "a.example:8080", "[::1]:80", "192.0.2.1", "a b", "a:", "u@a", ""))
	}
	n := rapid.IntRange(0, 5).Draw(t, "fields")
	for range n {
		l = append(l, oneOf(t, "field",
			"X: 1", "X:", "x-long-name: a, b; c=\"d\"", "Cookie: a=b", "Connection: close", "Connection: keep-alive", "Connection: x",
			"Content-Length: 5", "Content-Length: 0", "Content-Length: 05", "Content-Length: +5", "Content-Length: 5, 5",
			"Transfer-Encoding: chunked", "Transfer-Encoding: Chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: identity",
			"Expect: 100-continue", "Upgrade: a", "Keep-Alive: timeout=5", "Trailer: T", "Accept: */*\t", "User-Agent: \xe9\x80"))
	}
	return l
}

// damage changes one byte of some messages.
func damage(t *rapid.T, s string) string {
	if rapid.IntRange(0, 3).Draw(t, "damage") > 0 {
		return s
	}
	b := []byte(s)
	at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
	b[at] = rapid.SampledFrom([]byte("\x00\r\n \t:,;/?#%[]@a0\x7f\x80")).Draw(t, "byte")
	return string(b)
}

const (
	plainBody   = "hello"
	chunkedBody = "5\r\nhello\r\n0\r\nT: 1\r\n\r\n"
)

func genBody(t *rapid.T) string { return oneOf(t, "body", plainBody, chunkedBody, "") }

// Whatever we accept, net/http reads in the same way. No difference is known; the Trailer field and what names the
// framing are left out, because net/http keeps them elsewhere.
func TestOracleRequests(t *testing.T) {
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		method := oneOf(t, "method", "GET", "POST", "HEAD", "OPTIONS", "M-SEARCH")
		target := oneOf(t, "target", "/", "/a/b?c=d&e", "/%41%2f", "//x", "http://b/c", "http://b:81", "https://b?x", "*", "/a;b=c",
			"/a?b?c/d")
		version := oneOf(t, "version", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0")
		msg := damage(t, head(append([]string{method + " " + target + " " + version}, genFields(t, true)...)...)) + genBody(t)
		var r Request
		if r.Parse([]byte(msg), nil) != nil {
			return
		}
		accepted++
		compareRequest(t, msg, &r)
	})
	if accepted == 0 {
		t.Error("nothing was accepted")
	}
}

func compareRequest(t *rapid.T, msg string, r *Request) {
	q, err := http.ReadRequest(bufio.NewReader(strings.NewReader(msg)))
	if err != nil {
		t.Fatalf("%q: net/http refuses: %v", msg, err)
	}
	if q.Method != string(r.Method) || q.RequestURI != string(r.Target) || q.ProtoMinor != r.Minor {
		t.Fatalf("%q: net/http reads %s %s 1.%d", msg, q.Method, q.RequestURI, q.ProtoMinor)
	}
	if q.Host != string(r.Host) {
		t.Fatalf("%q: host %q, net/http %q", msg, r.Host, q.Host)
	}
	if q.ContentLength != r.Body() {
		t.Fatalf("%q: body of %d, net/http %d", msg, r.Body(), q.ContentLength)
	}
	if q.Close != r.Close {
		t.Fatalf("%q: close %v, net/http %v", msg, r.Close, q.Close)
	}
	compareFields(t, msg, q.Header, r.Fields, setOf(Host, TransferEncoding, Trailer))
	compareBody(t, msg, q.Body, r.Chunked, max(0, r.ContentLength), msg[r.Len:])
}

func setOf(list ...ID) (s Set) {
	for _, id := range list {
		s |= 1 << id
	}
	return s
}

// compareFields compares all fields but some that net/http moves out of the header.
func compareFields(t *rapid.T, msg string, h http.Header, fields []Field, moved Set) {
	ours := http.Header{}
	for _, f := range fields {
		if !moved.Has(f.ID) {
			ours.Add(string(f.Name), string(f.Value))
		}
	}
	h.Del("Trailer")
	if moved.Has(Connection) {
		h.Del("Connection")
	}
	for name, values := range ours {
		if strings.Join(values, "|") != strings.Join(h[name], "|") {
			t.Fatalf("%q: %s is %q, net/http %q", msg, name, values, h[name])
		}
	}
	if len(h) != len(ours) {
		t.Fatalf("%q: %v, net/http %v", msg, ours, h)
	}
}

func compareBody(t *rapid.T, msg string, theirs io.Reader, chunked bool, n int64, rest string) {
	got, err := io.ReadAll(theirs)
	if !chunked {
		if int64(len(rest)) >= n && (err != nil || string(got) != rest[:n]) {
			t.Fatalf("%q: body %q, net/http %q %v", msg, rest[:n], got, err)
		}
		return
	}
	var c Chunks
	data, _, ourErr := unchunk(&c, rest, len(rest)+1)
	if ourErr == nil && c.Done() && (err != nil || data != string(got)) {
		t.Fatalf("%q: body %q, net/http %q %v", msg, data, got, err)
	}
}

// Known difference: net/http sets Close for every body that ends with the connection, so Close is compared only where
// the body has an end of its own. It removes Connection from the fields.
func TestOracleResponses(t *testing.T) {
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		version := oneOf(t, "version", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0")
		status := oneOf(t, "status", " 200 OK", " 204 No Content", " 304 Not Modified", " 404 ", " 500", " 999 X")
		method := oneOf(t, "method", "GET", "HEAD")
		msg := damage(t, head(append([]string{version + status}, genFields(t, false)...)...)) + genBody(t)
		var r Response
		if r.Parse([]byte(msg), nil) != nil {
			return
		}
		accepted++
		compareResponse(t, msg, method, &r)
	})
	if accepted == 0 {
		t.Error("nothing was accepted")
	}
}

func compareResponse(t *rapid.T, msg, method string, r *Response) {
	q, err := http.ReadResponse(bufio.NewReader(strings.NewReader(msg)), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: net/http refuses: %v", msg, err)
	}
	if q.StatusCode != r.Status || q.ProtoMinor != r.Minor {
		t.Fatalf("%q: net/http reads %d 1.%d", msg, q.StatusCode, q.ProtoMinor)
	}
	compareFields(t, msg, q.Header, r.Fields, setOf(TransferEncoding, Trailer, Connection))
	kind, n := r.Body([]byte(method))
	if kind != UntilClose && q.Close != r.Close {
		t.Fatalf("%q: close %v, net/http %v", msg, r.Close, q.Close)
	}
	rest := msg[r.Len:]
	if kind == UntilClose {
		n = int64(len(rest))
	}
	compareBody(t, msg, q.Body, kind == Chunked, n, rest)
}

// The framing is compared on bodies of its own. Known difference: net/http refuses white space between a chunk's size
// and ";", which RFC 9112 section 7.1.1 obliges a recipient to parse.
func TestOracleChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b []byte
		for range rapid.IntRange(0, 4).Draw(t, "chunks") {
			data := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "data")
			b = AppendChunkHead(b, len(data))
			if rapid.Bool().Draw(t, "extension") {
				b = append(b[:len(b)-2], ";a=b\r\n"...)
			}
			b = append(append(b, data...), ChunkEnd...)
		}
		b = append(b, oneOf(t, "end", LastChunk, "0\r\nX: 1\r\n\r\n", "00;z\r\n\r\n")...)
		body := damage(t, string(b))
		var c Chunks
		data, rest, err := unchunk(&c, body, rapid.IntRange(1, 50).Draw(t, "size"))
		if err != nil || !c.Done() || strings.Contains(body, " ;") || strings.Contains(body, "\t;") {
			return
		}
		msg := head("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked") + body
		q, err := http.ReadRequest(bufio.NewReader(strings.NewReader(msg)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(q.Body)
		if err != nil || !bytes.Equal(got, []byte(data)) {
			t.Fatalf("%q: %q, net/http %q %v (left %q)", body, data, got, err, rest)
		}
	})
}
