package accesslog

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"causeway/internal/fault"
)

// randomRecord is a record in which everything may be anything, most of it plain.
func randomRecord(r *rand.Rand) Record {
	words := []string{
		"", "a", "GET", "HTTP/1.1", "/a/b/c?d=e", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", `a"b`, `\`, "ü", "\x7f\x00",
		"1234567\x1f", "\xff\xfe", "ab\xe2\x80", "日本語", "12345678ü", "\u2028", "aaaaaaa\"bbbbbbbb\\ccccccccc\td",
	}
	word := func() string {
		if r.IntN(4) == 0 {
			return words[r.IntN(len(words))] + words[r.IntN(len(words))]
		}
		return words[r.IntN(8)]
	}
	text := func() []byte { return []byte(word()) }
	length := func() time.Duration { return time.Duration(r.Int64N(2<<r.IntN(55))) - 1 }
	size := func() int64 { return r.Int64N(2<<r.IntN(50)) - 1 }
	server := func() netip.AddrPort {
		port := uint16(r.Uint32())
		switch r.IntN(6) {
		case 0:
			return netip.AddrPort{}
		case 1:
			return netip.AddrPortFrom(netip.MustParseAddr("2001:db8::"+strconv.Itoa(r.IntN(100))), port)
		case 2:
			return netip.AddrPortFrom(netip.MustParseAddr("::ffff:10.0.0.4"), port)
		}
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(r.Uint32()), byte(r.Uint32()), byte(r.IntN(20)), byte(r.IntN(2))}), port)
	}
	kind := func() (f fault.Fault) {
		if r.IntN(3) == 0 {
			f = fault.Fault{
				Side:   fault.Backend,
				Phase:  fault.Wait,
				Kind:   fault.Closed,
				Errno:  word(),
				Detail: word(),
				Alert:  uint8(r.IntN(3)),
			}
		}
		return f
	}
	v := Record{
		V1: r.IntN(4) == 0, ResourceID: word(), Instance: word(), Listener: word(), Rule: word(), Pool: word(), Settings: word(),
		Start: time.Unix(r.Int64N(8e9), r.Int64N(1e9)), Client: server(), Method: text(), OriginalURI: text(), URI: text(), Query: text(),
		UserAgent: text(), Version: word(), OriginalHost: text(), Host: text(), ContentType: text(), Status: r.IntN(1000), Received: size(),
		Sent: size(), Taken: length(), ClientTime: length(), TLSCipher: word(), TLSProtocol: word(), ClientSerial: uint64(size()),
		ClientUses: int(size()), BackendTLS: word(), BackendCipher: word(), ErrorInfo: word(), Fault: kind(), Revision: uint64(size()),
		Declared: size(), BodyRead: size(), Stalled: length(), Aborted: r.IntN(3) == 0, IdleEnd: r.IntN(3) == 0, EndedBy: word(),
		End: word(),
		Cut: word(), Dropped: size(), HeldBack: word(), Queued: length(),
	}
	for i := range v.Transaction {
		v.Transaction[i] = byte(r.Uint32())
	}
	if r.IntN(3) == 0 {
		v.Parent = v.Transaction
	}
	for range r.IntN(4) {
		v.Attempts = append(v.Attempts, Attempt{
			Member: word(), Server: server(), LocalPort: uint16(r.Uint32()), Status: r.IntN(1000) * r.IntN(2), Fault: kind(),
			Reused: r.IntN(2) == 0,
			Uses:   int(size()), Idle: length(), Age: length(), Stale: length(), Hint: length(), Connect: length(), TLS: length(),
			Send: length(),
			Wait: length(), Receive: length(), Total: length(), HeaderTime: length(), BytesOut: size(), BytesIn: size(), DeclaredIn: size(),
			Active: int(size()), Least: int(size()), Interim: r.IntN(3), Ejected: r.IntN(2) == 0, RetryAfter: length(), Page: word(),
			Presented: word(), RTT: length(), Retransmits: uint32(size()),
		})
	}
	return v
}

// What was encoded of a target beforehand is what a record says of it by itself.
func TestNamesBeforehand(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		v := randomRecord(r)
		whole := string(v.Append(nil))
		v.Names = v.AppendNames(nil)
		if got := string(v.Append(nil)); got != whole || !json.Valid([]byte(got)) {
			t.Fatalf("with names encoded beforehand\n%s\nby itself\n%s", got, whole)
		}
	}
}

// Numbers, times and addresses are as the standard library writes them.
func TestDigits(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 50_000 {
		n := r.Int64N(2<<(i%62)) - 1
		d := time.Duration(n)
		four := [4]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}
		a := netip.AddrPortFrom(netip.AddrFrom4(four), uint16(n))
		at := time.Unix(n%(8<<30), 0)
		id := [16]byte{byte(n), 7: byte(n >> 8), 15: byte(n >> 16)}
		for _, c := range [][2]string{
			{string(number(nil, n)), strconv.FormatInt(n, 10)},
			{string(decimal(nil, max(d, 0), 3)), fmt.Sprintf("%d.%03d", max(d, 0)/time.Second, max(d, 0)%time.Second/time.Millisecond)},
			{string(decimal(nil, max(d, 0), 6)), fmt.Sprintf("%d.%06d", max(d, 0)/time.Second, max(d, 0)%time.Second/time.Microsecond)},
			{string(decimal(nil, max(d, 0), 0)), strconv.FormatInt(int64(max(d, 0)/time.Second), 10)},
			{string(addressPort(nil, a)), a.String()},
			{string(secondOf(at).text), at.UTC().Format("2006-01-02T15:04:05")},
			{string(AppendHex(nil, &id)), hex.EncodeToString(id[:])},
		} {
			if c[0] != c[1] {
				t.Fatalf("%d: %s, want %s", n, c[0], c[1])
			}
		}
	}
}
