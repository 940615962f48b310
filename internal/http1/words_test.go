package http1

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// Eight bytes at a time say what one at a time say.
func TestRunsOfValues(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	odd := []byte{0, '\t', 0x1f, ' ', '!', 0x7e, 0x7f, 0x80, 0x9f, 0xa0, 0xff, '\r', '\n'}
	for range 100_000 {
		v := bytes.Repeat([]byte("a"), r.IntN(40))
		for range r.IntN(4) {
			if len(v) > 0 {
				v[r.IntN(len(v))] = odd[r.IntN(len(odd))]
			}
		}
		if got, want := runValue(v), run(v, isValue); got != want {
			t.Fatalf("%q: %d, want %d", v, got, want)
		}
	}
}

// A name is found in any case, and nothing else is found: not with any one byte changed, nor with one more or less.
func TestLookupIsExact(t *testing.T) {
	slowly := func(name []byte) ID {
		for id := range ids {
			if names[id] != "" && EqualFold(name, names[id]) {
				return id
			}
		}
		return Other
	}
	check := func(name []byte) {
		if got, want := Lookup(name), slowly(name); got != want {
			t.Fatalf("%q: %d, want %d", name, got, want)
		}
	}
	for id := range ids {
		name := []byte(names[id])
		check(name)
		check(bytes.ToUpper(name))
		check(append(bytes.Clone(name), 'x'))
		for i := range name {
			check(name[:i])
			check(name[i:])
			changed := bytes.Clone(name)
			for c := range 256 {
				changed[i] = byte(c)
				check(changed)
			}
		}
	}
}
