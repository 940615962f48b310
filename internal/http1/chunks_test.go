package http1

import (
	"strings"
	"testing"
)

// unchunk feeds a body in pieces of the given size and returns its data and what is left.
func unchunk(c *Chunks, body string, size int) (data, rest string, err error) {
	for len(body) > 0 && !c.Done() {
		p := []byte(body[:min(size, len(body))])
		used, span, err := c.Next(p)
		if err != nil {
			return data, body, err
		}
		data += string(span)
		body = body[used:]
	}
	return data, body, nil
}

func TestChunks(t *testing.T) {
	f := func(body, want string, trailers ...string) {
		t.Helper()
		for _, size := range []int{1, 2, 3, 7, 1 << 20} {
			var c Chunks
			data, rest, err := unchunk(&c, body+"GET", size)
			if err != nil || !c.Done() || data != want || rest != "GET" || c.Data() != int64(len(want)) {
				t.Fatalf("%q by %d: %q, rest %q, %v", body, size, data, rest, err)
			}
			var got []string
			for _, f := range c.Trailers() {
				got = append(got, string(f.Name)+"="+string(f.Value))
			}
			if strings.Join(got, " ") != strings.Join(trailers, " ") {
				t.Errorf("%q by %d: trailers %q", body, size, got)
			}
		}
	}
	f("0\r\n\r\n", "")
	f("000\r\n\r\n", "")
	f("3\r\nabc\r\n0\r\n\r\n", "abc")
	f("A\r\n0123456789\r\n0a\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789")
	f("1;x\r\na\r\n1 ; y=\"z;\"\t\r\nb\r\n0;last\r\n\r\n", "ab")
	f("1\r\na\r\n0\r\nX-A: 1\r\nX-B:\t2 \r\n\r\n", "a", "X-A=1", "X-B=2")
	f("0\r\nContent-Length: 5\r\nX: 1\r\nTransfer-Encoding: chunked\r\nhost: b\r\nDate: d\r\nAuthorization: x\r\n\r\n", "", "X=1")
}

func TestRefusedChunks(t *testing.T) {
	f := func(want Kind, body string) {
		t.Helper()
		for _, size := range []int{1, 5, 1 << 20} {
			var c Chunks
			_, _, err := unchunk(&c, body, size)
			if kindOf(t, err) != want || c.Done() {
				t.Errorf("%.60q by %d: %v, want %v", body, size, err, want)
			}
			if _, _, again := c.Next([]byte("0\r\n\r\n")); again != err {
				t.Errorf("%.60q: then %v", body, again)
			}
		}
	}
	for _, s := range []string{
		"\r\n", " 1\r\n", "+1\r\n", "-1\r\n", "0x1\r\n", "1 \r\n", "1\t\r\n", "g\r\n", ";x\r\n", "1\n", "1\rx",
		"1\r\r\n", "1;x\n", "1;\x00\r\n", "1;a\rb\r\n", "1 x\r\n", "1_0\r\n", "ffffffffffffffff\r\n", "10000000000000000\r\n",
		"1\r\naa", "1\r\na\n", "1\r\na\rx", "1\r\na0\r\n\r\n", "3\r\nabcd\r\n",
	} {
		f(BadChunk, s)
	}
	f(ExtensionTooLong, "1;"+strings.Repeat("x", 300)+"\r\n")
	f(ExtensionTooLong, strings.Repeat("1;"+strings.Repeat("x", 200)+"\r\na\r\n", 100))
	f(BareCR, "0\r\nX: 1\r\n\rx\r\n\r\n")
	f(BareLF, "0\r\n\n")
	f(BareLF, "0\r\nX: 1\n\r\n")
	f(BareLF, "0\r\nX: 1\r\n\n")
	f(BadFieldName, "0\r\nX\r\n\r\n")
	f(Obsfold, "0\r\n X: 1\r\n\r\n")
	f(SpaceBeforeColon, "0\r\nX : 1\r\n\r\n")
	f(NUL, "0\r\nX: \x00\r\n\r\n")
	f(BareCR, "0\r\nX: 1\r2\r\n\r\n")
	f(TrailerTooLarge, "0\r\nX: "+strings.Repeat("x", 9000)+"\r\n\r\n")
	f(TrailerTooLarge, "0\r\n"+strings.Repeat("X: 1\r\n", 65)+"\r\n")
}

// Data may go by without Next, for a copy inside the kernel.
func TestSkip(t *testing.T) {
	var c Chunks
	if c.Left() != 0 {
		t.Error(c.Left())
	}
	used, span, err := c.Next([]byte("10\r\n1234"))
	if used != 8 || string(span) != "1234" || err != nil || c.Left() != 12 {
		t.Fatal(used, span, err, c.Left())
	}
	c.Skip(12)
	if c.Left() != 0 || c.Data() != 16 {
		t.Error(c.Left(), c.Data())
	}
	if used, _, err = c.Next([]byte("\r\n0\r\n\r\nx")); used != 7 || err != nil || !c.Done() {
		t.Error(used, err)
	}
	c.Reset()
	if c.Done() || c.Data() != 0 {
		t.Error("not reset")
	}
}

func TestAppendChunks(t *testing.T) {
	b := AppendChunkHead(nil, 26)
	b = append(b, "abcdefghijklmnopqrstuvwxyz"+ChunkEnd...)
	plain := string(b) + LastChunk
	b = AppendTrailers(b, []Field{{Name: []byte("X"), Value: []byte("1")}})
	for _, s := range []string{plain, string(b)} {
		var c Chunks
		if data, rest, err := unchunk(&c, s, 100); data != "abcdefghijklmnopqrstuvwxyz" || rest != "" || err != nil || !c.Done() {
			t.Errorf("%q: %q %q %v", s, data, rest, err)
		}
	}
}
