package accesslog

import (
	"strconv"
	"time"
	"unicode/utf8"
)

func integer(b []byte, key string, n int64) []byte {
	return strconv.AppendInt(append(b, key...), n, 10)
}

func str(b []byte, key, s string) []byte { return quote(append(b, key...), s) }

func text(b []byte, key string, s []byte) []byte { return quote(append(b, key...), s) }

// seconds writes a duration in seconds with the given number of decimals; Unset is -1.
func seconds(b []byte, key string, d time.Duration, decimals int) []byte {
	return decimal(append(b, key...), d, decimals)
}

func decimal(b []byte, d time.Duration, decimals int) []byte {
	if d < 0 {
		return append(b, "-1"...)
	}
	b = strconv.AppendInt(b, int64(d/time.Second), 10)
	if decimals == 0 {
		return b
	}
	fraction := int64(d % time.Second)
	for i := decimals; i < 9; i++ {
		fraction /= 10
	}
	return digits(append(b, '.'), fraction, decimals)
}

func orDashTime(b []byte, d time.Duration) []byte {
	if d < 0 {
		return append(b, '-')
	}
	return decimal(b, d, 3)
}

// digits writes n with exactly the given number of digits.
func digits(b []byte, n int64, width int) []byte {
	at := len(b)
	for range width {
		b = append(b, '0')
	}
	for i := at + width - 1; i >= at && n > 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}

const hexDigits = "0123456789abcdef"

// quote writes s as a JSON string. Bytes that are not UTF-8 become the replacement character, so that a hostile
// request cannot make a line that readers refuse.
func quote[S []byte | string](b []byte, s S) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\' {
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
	b = append(b, s[from:]...)
	return append(b, '"')
}

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
