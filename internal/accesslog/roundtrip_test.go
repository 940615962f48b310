package accesslog

import (
	"bytes"
	"math"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"causeway/internal/fault"
)

// Texts of a record as they come over the wire, and lengths of time as a record keeps them. Among texts a dash alone stands
// for none.
var (
	anyText  = rapid.StringMatching(`[ -~äß€日]{0,20}`).Filter(func(s string) bool { return s != "-" })
	anyName  = rapid.StringMatching(`[a-z][a-z0-9_.-]{0,15}`)
	anyBytes = rapid.Int64Range(0, 1<<40)
	anyTime  = rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Int64Range(0, 3600e6).Draw(t, "µs")) * time.Microsecond
	})
	reachedOrNot = rapid.Custom(func(t *rapid.T) time.Duration {
		if rapid.Bool().Draw(t, "reached") {
			return anyTime.Draw(t, "length")
		}
		return Unset
	})
	anyServer = rapid.Custom(func(t *rapid.T) netip.AddrPort {
		var a [4]byte
		for i := range a {
			a[i] = rapid.Byte().Draw(t, "byte")
		}
		return netip.AddrPortFrom(netip.AddrFrom4(a), rapid.Uint16Min(1).Draw(t, "port"))
	})
	anyFault = rapid.SampledFrom([]fault.Fault{
		{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Timeout},
		{Side: fault.Backend, Phase: fault.Connect, Kind: fault.Refused, Errno: "ECONNREFUSED"},
		{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Alerted, Alert: 42},
		{Side: fault.Network, Phase: fault.Connect, Kind: fault.Timeout},
		{Side: fault.Backend, Phase: fault.Body, Kind: fault.Truncated, Detail: "chunk"},
	})
)

// failed is a request of a v2 gateway that failed on its only attempt: then a record holds all there is.
func failed(t *rapid.T) Record {
	f := anyFault.Draw(t, "fault")
	f.Reused = true
	r := Record{
		ResourceID: "/SUBSCRIPTIONS/S", Instance: "appgw_0", Listener: anyName.Draw(t, "listener"), Rule: anyName.Draw(t, "rule"),
		Pool: anyName.Draw(t, "pool"), Settings: anyName.Draw(t, "settings"),
		Start:  time.UnixMicro(rapid.Int64Range(1.5e15, 2e15).Draw(t, "start")).UTC(),
		Client: anyServer.Draw(t, "client"), Method: []byte("PUT"), URI: []byte("/" + anyName.Draw(t, "path")), Version: "HTTP/1.1",
		UserAgent: []byte(anyText.Draw(t, "agent")), Host: []byte(anyName.Draw(t, "host")), ContentType: []byte("text/plain"),
		Status: rapid.IntRange(200, 599).Draw(t, "status"), Received: anyBytes.Draw(t, "received"), Sent: anyBytes.Draw(t, "sent"),
		Taken: anyTime.Draw(t, "taken").Truncate(time.Millisecond), ErrorInfo: fault.UpstreamClosed, Fault: f,
		Revision: rapid.Uint64Range(1, 1<<40).Draw(t, "revision"), Declared: anyBytes.Draw(t, "declared"),
		BodyRead:     anyBytes.Draw(t, "read"),
		ClientSerial: rapid.Uint64Range(1, 1<<40).Draw(t, "serial"), ClientUses: rapid.IntRange(1, 1<<20).Draw(t, "uses"),
		Stalled: anyTime.Draw(t, "stalled"),
	}
	copy(r.Transaction[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "transaction"))
	r.Attempts = []Attempt{{
		Member: anyName.Draw(t, "member"), Server: anyServer.Draw(t, "server"), LocalPort: rapid.Uint16Min(1).Draw(t, "port"), Fault: f,
		Reused: true, Uses: rapid.IntRange(1, 1<<20).Draw(t, "attempt uses"), Idle: anyTime.Draw(t, "idle"), Age: anyTime.Draw(t, "age"),
		Stale: Unset, Hint: time.Duration(rapid.IntRange(1, 3600).Draw(t, "hint")) * time.Second, Connect: Unset, TLS: Unset,
		Send: reachedOrNot.Draw(t, "send"),
		Wait: reachedOrNot.Draw(t, "wait"), Receive: reachedOrNot.Draw(t, "receive"), Total: anyTime.Draw(t, "total"), HeaderTime: Unset,
		BytesOut: anyBytes.Draw(t, "out"), BytesIn: anyBytes.Draw(t, "in"), DeclaredIn: -1,
		Active: rapid.IntRange(0, 1<<20).Draw(t, "active"), Least: rapid.IntRange(-1, 1<<20).Draw(t, "least"), RetryAfter: Unset,
		RTT: time.Duration(rapid.Int64Range(1, 1e6).Draw(t, "rtt")) * time.Microsecond, Retransmits: rapid.Uint32Range(0, 1000).Draw(t,
			"retransmits"),
	}}
	return r
}

// What a failed request wrote comes back, field for field.
func TestFailuresComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := failed(t)
		line := want.Append(nil)
		got, own, err := Decode(line)
		if err != nil || !own {
			t.Fatalf("own %v, error %v: %s", own, err, line)
		}
		got.Client, want.Client = netip.AddrPortFrom(got.Client.Addr(), want.Client.Port()),
			netip.AddrPortFrom(want.Client.Addr(), want.Client.Port())
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.AddrPort{}), ignored); diff != "" {
			t.Fatalf("(-written +read)\n%s\n%s", diff, line)
		}
	})
}

// ignored are fields that say how a record is written, and not what happened.
var ignored = cmpopts.IgnoreFields(Record{}, "Names")

// Reading and writing again changes nothing more, whatever the record held: what is lost is lost at once.
func TestASecondRoundTripIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := failed(t)
		if rapid.Bool().Draw(t, "first generation") {
			first.V1, first.Instance = true, "ApplicationGatewayRole_IN_0"
		}
		once, _, err := Decode(first.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		kept := once.Clone()
		line := kept.Append(nil)
		twice, _, err := Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(kept, twice, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.AddrPort{}), ignored); diff != "" {
			t.Fatalf("(-once +twice)\n%s\n%s", diff, line)
		}
	})
}

// A decoder that has read other lines reads a line as a new one does.
func TestDecodersRememberNothingWrong(t *testing.T) {
	var used Decoder
	rapid.Check(t, func(t *rapid.T) {
		r := failed(t)
		line := r.Append(nil)
		var got Record
		if _, err := used.Decode(line, &got); err != nil {
			t.Fatal(err)
		}
		want, _, err := Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
			t.Fatalf("(-new +used)\n%s\n%s", diff, line)
		}
	})
}

// Escapes of JSON come back as encoding/json would read them.
func TestEscapes(t *testing.T) {
	for _, x := range []struct{ name, escaped, want string }{
		{"a letter", `\u0041`, "A"},
		{"upper and lower digits", `\u00e4\u00E4`, "ää"},
		{"a pair", `\ud83d\ude00`, "😀"},
		{"half a pair", `\ud83d!`, "\ufffd!"},
		{"a pair of two first halves", `\ud83d\ud83d`, "\ufffd\ufffd"},
		{"the short ones", `\"\\\/\b\f\n\r\t`, "\"\\/\b\f\n\r\t"},
	} {
		t.Run(x.name, func(t *testing.T) {
			r, _,
				err := Decode([]byte(`{"time":"2026-11-23T09:00:01Z","category":"ApplicationGatewayAccessLog","properties":{"httpStatus":200,"userAgent":"` + x.escaped + `"}}`))
			if err != nil || string(r.UserAgent) != x.want {
				t.Errorf("got %q, %v; want %q", r.UserAgent, err, x.want)
			}
		})
	}
}

// The performance log and the firewall log come in the forms of Azure's exports.
func TestOtherLogs(t *testing.T) {
	row := func(t *testing.T, d *Decoder, line string) *Row {
		t.Helper()
		r, err := d.Row([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	t.Run("performance", func(t *testing.T) {
		var d Decoder
		got := d.Performance(row(t, &d,
			`{"time":"2026-11-23T09:00:00Z","category":"ApplicationGatewayPerformanceLog","properties":{"instanceId":"ApplicationGatewayRole_IN_1","healthyHostCount":"4","unHealthyHostCount":"1","requestCount":"185","latency":"46","failedRequestCount":"2","throughput":"119427"}}`))
		want := Performance{
			At: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), Instance: "ApplicationGatewayRole_IN_1", Healthy: 4, Unhealthy: 1,
			Requests: 185,
			Latency:  46 * time.Millisecond, Failed: 2, Throughput: 119427,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("firewall", func(t *testing.T) {
		var d Decoder
		got := d.Firewall(row(t, &d,
			`{"timeStamp":"2026-11-23T09:00:00Z","category":"ApplicationGatewayFirewallLog","properties":{"ruleId":"949110","action":"Blocked","message":"Inbound Anomaly Score Exceeded","requestUri":"\/a","transactionId":"592d0000000000000000000000000001"}}`))
		want := Firewall{
			At: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), Transaction: [16]byte{0x59, 0x2d, 15: 1}, Rule: "949110", Action: "Blocked",
			Message: "Inbound Anomaly Score Exceeded", URI: "/a", Blocked: true,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a number that is none", func(t *testing.T) {
		var d Decoder
		r := row(t, &d, `{"time":"2026-11-23T09:00:00Z","metricName":"Throughput","average":"-","total":12.5,"timeGrain":"PT1M"}`)
		if total, average := r.Real(Total), r.Real(Average); total != 12.5 || !math.IsNaN(average) {
			t.Errorf("total %v, average %v", total, average)
		}
	})
}

// A gap in the log says how many records it lacks and of when; a line that merely speaks of gaps is none.
func TestGapsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := time.UnixMilli(rapid.Int64Range(1.5e12, 2e12).Draw(t, "from")).UTC()
		want := Lost{
			Records:    rapid.Int64Range(1, 1<<40).Draw(t, "records"),
			From:       from,
			Until:      from.Add(time.Hour),
			ResourceID: "/SUBSCRIPTIONS/S",
		}
		line := appendLost(nil, want.ResourceID, want.Records, want.From, want.Until)
		got, ok := DecodeLost(line)
		if !ok || got != want || bytes.Count(line, []byte("\n")) != 1 {
			t.Fatalf("got %+v %v, want %+v: %s", got, ok, want, line)
		}
	})
	for name, line := range map[string]string{
		"no number":        `{"category":"` + LostCategory + `","properties":{}}`,
		"less than one":    `{"category":"` + LostCategory + `","properties":{"lostRecords":0}}`,
		"another category": `{"category":"x","note":"` + LostCategory + `","properties":{"lostRecords":3}}`,
		"cut":              `{"category":"` + LostCategory,
	} {
		t.Run(name, func(t *testing.T) {
			if l, ok := DecodeLost([]byte(line)); ok {
				t.Errorf("read as %+v", l)
			}
		})
	}
}

// Whole numbers are read as strconv reads them, also out of reals.
func TestIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(-1<<50, 1<<50).Draw(t, "n")
		if got := integerOf(strconv.AppendInt(nil, n, 10)); got != n {
			t.Fatalf("%d became %d", n, got)
		}
		if got := integerOf([]byte(strconv.FormatInt(n, 10) + ".0")); got != n {
			t.Fatalf("%d.0 became %d", n, got)
		}
	})
	for _, text := range []string{"", "-", "a", "1a", "99999999999999999999999"} {
		t.Run(text, func(t *testing.T) {
			if got := integerOf([]byte(text)); got != 0 {
				t.Errorf("became %d", got)
			}
		})
	}
}
