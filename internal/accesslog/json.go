package accesslog

import "unicode/utf8"

func integer(b []byte, key string, n int64) []byte { return number(append(b, key...), n) }

// str writes a whole string behind its key.
func str(b []byte, key, s string) []byte { return append(text(append(b, key...), `"`, s), '"') }

// text writes what precedes a string, its opening quote included, and the string up to its closing quote, which the next
// key brings: the less often a slice grows, the cheaper the record.
//
// Bytes that are not UTF-8 become the replacement character, so that a hostile request cannot make a line that readers
// refuse.
func text[S []byte | string](b []byte, key string, s S) []byte {
	b = append(b, key...)
	n := plain(s)
	if n == len(s) {
		return append(b, s...)
	}
	from := 0
	for i := n; i < len(s); {
		c := s[i]
		if !odd[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))])); r != utf8.RuneError {
				i += n
				continue
			}
		}
		b = append(b, s[from:i]...)
		b = escape(b, c)
		i++
		from = i
	}
	return append(b, s[from:]...)
}

// odd are the bytes that may not stand in a JSON string as they are, and those that begin or continue a longer character.
var odd = func() (t [256]bool) {
	for c := range t {
		t[c] = c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\'
	}
	return t
}()

// plain is the length of a prefix of s without an odd byte: of all such, the longest, or up to seven bytes less than that.
func plain[S []byte | string](s S) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := s[i : i+8]
		x := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
			uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
		if (x|(x-ones*0x20)|((x^ones*'"')-ones)|((x^ones*'\\')-ones))&highs != 0 {
			return i
		}
	}
	for ; i < len(s) && !odd[s[i]]; i++ {
	}
	return i
}

const hexDigits = "0123456789abcdef"

func escape(b []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(b, '\\', c)
	case c >= utf8.RuneSelf:
		return append(b, "\uFFFD"...)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

var dash = []byte("-")

func orDash(s []byte) []byte {
	if len(s) == 0 {
		return dash
	}
	return s
}
