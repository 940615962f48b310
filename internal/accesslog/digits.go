package accesslog

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"
)

// pairs are the numbers from 00 to 99, two digits each.
var pairs = func() (t [100][2]byte) {
	for n := range t {
		t[n] = [2]byte{byte('0' + n/10), byte('0' + n%10)}
	}
	return t
}()

// number writes n. Most numbers of a record are short.
func number(b []byte, n int64) []byte {
	switch u := uint64(n); {
	case u < 10:
		return append(b, byte('0'+u))
	case u < 100:
		p := &pairs[u]
		return append(b, p[0], p[1])
	case u < 1000:
		p := &pairs[u%100]
		return append(b, byte('0'+u/100), p[0], p[1])
	case u < 10_000:
		p, q := &pairs[u/100], &pairs[u%100]
		return append(b, p[0], p[1], q[0], q[1])
	case u < 100_000:
		p, q := &pairs[u/100%100], &pairs[u%100]
		return append(b, byte('0'+u/10_000), p[0], p[1], q[0], q[1])
	}
	return strconv.AppendInt(b, n, 10)
}

func twoDigits(b []byte, n int) []byte {
	p := &pairs[uint(n)%100]
	return append(b, p[0], p[1])
}

func sixDigits(b []byte, n uint64) []byte {
	p, q, r := &pairs[n/10_000%100], &pairs[n/100%100], &pairs[n%100]
	return append(b, p[0], p[1], q[0], q[1], r[0], r[1])
}

// seconds writes a duration in seconds with 0, 3 or 6 decimals; Unset is -1.
func seconds(b []byte, key string, d time.Duration, decimals int) []byte {
	return decimal(append(b, key...), d, decimals)
}

func decimal(b []byte, d time.Duration, decimals int) []byte {
	switch {
	case d < 0:
		return append(b, "-1"...)
	case decimals == 0:
		return number(b, int64(d/time.Second))
	case decimals == 3:
		milli := uint64(d) / uint64(time.Millisecond)
		p := &pairs[milli%100]
		return append(number(b, int64(milli/1000)), '.', byte('0'+milli/100%10), p[0], p[1])
	}
	micro := uint64(d) / uint64(time.Microsecond)
	return sixDigits(append(number(b, int64(micro/1_000_000)), '.'), micro)
}

func orDashTime(b []byte, d time.Duration) []byte {
	if d < 0 {
		return append(b, '-')
	}
	return decimal(b, d, 3)
}

// second is a time to the whole second, as the records of all requests that began in it have it.
type second struct {
	unix   int64
	number []byte // the same in digits
	text   []byte // in UTC, without a zone
}

var lastSecond atomic.Pointer[second]

func secondOf(t time.Time) *second {
	s := lastSecond.Load()
	if unix := t.Unix(); s == nil || s.unix != unix {
		s = &second{unix, number(nil, unix), dateTime(nil, t.UTC())}
		lastSecond.Store(s)
	}
	return s
}

func dateTime(b []byte, t time.Time) []byte {
	y, m, d := t.Date()
	h, mi, s := t.Clock()
	b = append(twoDigits(twoDigits(b, y/100), y), '-')
	b = append(twoDigits(b, int(m)), '-')
	b = append(twoDigits(b, d), 'T')
	b = append(twoDigits(b, h), ':')
	b = append(twoDigits(b, mi), ':')
	return twoDigits(b, s)
}

// hexPairs are the bytes in hexadecimal, the first digit in the lower half.
var hexPairs = func() (t [256]uint16) {
	for n := range t {
		t[n] = uint16(hexDigits[n>>4]) | uint16(hexDigits[n&15])<<8
	}
	return t
}()

// AppendHex appends a transaction in hexadecimal: 32 digits.
func AppendHex(b []byte, id *[16]byte) []byte {
	b = append(b, "00000000000000000000000000000000"...)
	digits := b[len(b)-2*len(id):]
	for i, c := range id {
		binary.LittleEndian.PutUint16(digits[2*i:], hexPairs[c])
	}
	return b
}

// address writes an IP address as netip does.
func address(b []byte, a netip.Addr) []byte {
	if !a.Is4() {
		return a.AppendTo(b)
	}
	four := a.As4()
	b = number(b, int64(four[0]))
	for _, n := range four[1:] {
		b = number(append(b, '.'), int64(n))
	}
	return b
}

// addressPort writes an address with its port as netip does.
func addressPort(b []byte, a netip.AddrPort) []byte {
	if !a.Addr().Is4() {
		return a.AppendTo(b)
	}
	return number(append(address(b, a.Addr()), ':'), int64(a.Port()))
}
