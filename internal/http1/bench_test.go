package http1

import (
	"bytes"
	"testing"
)

var (
	sampleRequest = []byte(head("GET /shop/items?page=2&sort=price HTTP/1.1", "Host: shop.example:8080",
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Accept-Language: de,en;q=0.7",
		"Accept-Encoding: gzip, deflate, br", "Connection: keep-alive", "Cookie: session=0123456789abcdef0123456789abcdef",
		"Upgrade-Insecure-Requests: 1"))
	sampleResponse = []byte(head("HTTP/1.1 200 OK", "Server: nginx", "Date: Mon, 23 Nov 2026 22:00:00 GMT", "Content-Type: text/html",
		"Content-Length: 1024", "Connection: keep-alive", "Keep-Alive: timeout=5", "ETag: \"5f1e-1a2b\"", "Accept-Ranges: bytes"))
	sampleChunks = []byte("400\r\n" + string(bytes.Repeat([]byte("x"), 1024)) + "\r\n10;a=b\r\n0123456789abcdef\r\n0\r\n\r\n")
)

// The parts of what a gateway does with a message; each returns a function that runs it once.
func parseRequest(t testing.TB) func() {
	var r Request
	lim := Limits{LenientLF: true}
	return func() {
		if err := r.Parse(sampleRequest, &lim); err != nil {
			t.Fatal(err)
		}
	}
}

func parseResponse(t testing.TB) func() {
	var r Response
	return func() {
		if err := r.Parse(sampleResponse, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func followChunks(t testing.TB) func() {
	var c Chunks
	return func() {
		c.Reset()
		for p := sampleChunks; len(p) > 0; {
			used, _, err := c.Next(p)
			if err != nil {
				t.Fatal(err)
			}
			p = p[used:]
		}
		if !c.Done() {
			t.Fatal("not done")
		}
	}
}

func appendHead(t testing.TB) func() {
	var r Request
	if err := r.Parse(sampleRequest, nil); err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 0, 4<<10)
	return func() {
		out = AppendRequestLine(out[:0], r.Method, r.Target)
		out = AppendFields(out, r.Fields, HopByHop)
		out = AppendField(out, "X-Forwarded-For", "192.0.2.1")
		out = AppendField(out, "Content-Length", "5")
		out = append(out, "\r\n"...)
	}
}

func refuse(t testing.TB) func() {
	var r Request
	msg := []byte(head("GET / HTTP/1.1", "Host: a", "A : 1"))
	return func() {
		if r.Parse(msg, nil) == nil {
			t.Fatal("accepted")
		}
	}
}

func TestNoAllocations(t *testing.T) {
	for name, f := range map[string]func(testing.TB) func(){
		"request": parseRequest, "response": parseResponse, "chunks": followChunks, "append": appendHead, "refuse": refuse,
	} {
		if n := testing.AllocsPerRun(100, f(t)); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func bench(b *testing.B, size int, f func()) {
	b.ReportAllocs()
	b.SetBytes(int64(size))
	for b.Loop() {
		f()
	}
}

func BenchmarkRequest(b *testing.B)  { bench(b, len(sampleRequest), parseRequest(b)) }
func BenchmarkResponse(b *testing.B) { bench(b, len(sampleResponse), parseResponse(b)) }
func BenchmarkChunks(b *testing.B)   { bench(b, len(sampleChunks), followChunks(b)) }
func BenchmarkAppend(b *testing.B)   { bench(b, len(sampleRequest), appendHead(b)) }
