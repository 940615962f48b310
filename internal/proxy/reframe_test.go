package proxy

import (
	"bytes"
	"testing"

	"causeway/internal/http1"
)

// decode takes the framing off; whole says that the body ended.
func decode(t *testing.T, in []byte) (data []byte, used int, whole bool) {
	t.Helper()
	var c http1.Chunks
	for used < len(in) && !c.Done() {
		n, d, err := c.Next(in[used:])
		if used += n; err != nil {
			return data, used, false
		}
		data = append(data, d...)
	}
	return data, used, c.Done()
}

// Whatever framing comes in, in whatever pieces: what goes out has the same data in plain framing of our own, no more
// and no less, and ends where the body does.
func FuzzReframe(f *testing.F) {
	f.Add([]byte("5;a=b\r\nhello\r\n0\r\nT: v\r\n\r\nrest"), 3)
	f.Add([]byte("1 \r\nx\r\n0;x\r\n\r\n"), 1)
	f.Add([]byte("3\r\nabcd\r\n"), 7)
	f.Add([]byte("0\r\nContent-Length: 3\r\n\r\n"), 2)
	f.Fuzz(func(t *testing.T, in []byte, step int) {
		want, end, whole := decode(t, in)
		var c http1.Chunks
		var out []byte
		used := 0
		for step = max(1, step%64); used < len(in) && !c.Done(); {
			n, more, err := reframe(&c, in[used:min(used+step, len(in))], out)
			if used += n; err != nil {
				if whole {
					t.Fatalf("%q: %v", in, err)
				}
				return
			}
			out = more
		}
		if c.Done() != whole || whole && used != end {
			t.Fatalf("%q: whole %v at %d, want %v at %d", in, c.Done(), used, whole, end)
		}
		got, at, closed := decode(t, out)
		if whole && (!closed || at != len(out)) || !bytes.HasPrefix(want, got) || whole && !bytes.Equal(got, want) {
			t.Fatalf("%q became %q", in, out)
		}
	})
}
