package http1

import (
	"encoding/binary"
	"math"
	"math/bits"
)

const (
	isToken  = 1 << iota // RFC 9110 section 5.6.2
	isValue              // HTAB, SP, VCHAR and obs-text
	isTarget             // VCHAR without "#"
	isName               // reg-name of RFC 3986 without comma and percent, which others read as two hosts, or decode
	isHex
)

// class holds the kinds of text in which a byte may occur.
var class = func() (t [256]uint8) {
	set := func(bit uint8, s string) {
		for _, c := range []byte(s) {
			t[c] |= bit
		}
	}
	for c := range 256 {
		if c >= 0x20 && c != 0x7f || c == '\t' {
			t[c] |= isValue
		}
		if c > 0x20 && c < 0x7f && c != '#' {
			t[c] |= isTarget
		}
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	set(isToken|isName, letters+"0123456789")
	set(isToken, "!#$%&'*+-.^_`|~")
	set(isName, "-._~!$&'()*+;=")
	set(isHex, "0123456789abcdefABCDEF")
	return t
}()

// run is the length of the prefix of b whose bytes are all of the kind.
func run(b []byte, kind uint8) int {
	for i, c := range b {
		if class[c]&kind == 0 {
			return i
		}
	}
	return len(b)
}

const ones, highs = 0x0101010101010101, 0x8080808080808080

// runValue is run(v, isValue), eight bytes at a time.
func runValue(v []byte) int {
	i := 0
	for ; len(v)-i >= 8; i += 8 {
		at := control(binary.LittleEndian.Uint64(v[i:]))
		if at == 8 {
			continue
		}
		if class[v[i+at]]&isValue == 0 {
			return i + at
		}
		if k := run(v[i:i+8], isValue); k < 8 { // a HTAB, which a value may hold
			return i + k
		}
	}
	return i + run(v[i:], isValue)
}

// control is the place of the first control byte among eight, and 8 if there is none.
func control(x uint64) int {
	del := x ^ ones*0x7f
	return bits.TrailingZeros64(((x-ones*0x20)&^x|(del-ones)&^del)&highs) / 8
}

// lower is eight bytes with their ASCII letters in lower case.
func lower(x uint64) uint64 {
	low := x &^ highs
	fromA, beyondZ := low+ones*(0x80-'A'), low+ones*(0x7f-'Z')
	return x | fromA&^beyondZ&^x&highs>>2
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// number reads 1*DIGIT up to 2^63-1.
func number(b []byte) (n int64, ok bool) {
	if len(b) == 0 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' || n > (math.MaxInt64-int64(c-'0'))/10 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// nextItem cuts the first member off a comma-separated list.
func nextItem(list []byte) (item, rest []byte) {
	for i, c := range list {
		if c == ',' {
			return trim(list[:i]), list[i+1:]
		}
	}
	return trim(list), nil
}
