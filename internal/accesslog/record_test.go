package accesslog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"causeway/internal/fault"
)

func success() Record {
	return Record{
		ResourceID: "/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/GW1", Instance: "appgw_0",
		Listener: "l80", Rule: "r1", Pool: "web", Settings: "http",
		Start: time.Date(2026, 11, 23, 9, 0, 1, 123456000, time.UTC), Client: netip.MustParseAddrPort("127.0.1.9:45057"),
		Method: []byte("GET"), OriginalURI: []byte("/a?b=1"), URI: []byte("/a"), Query: []byte("b=1"), UserAgent: []byte("curl/8"),
		Version: "HTTP/1.1", OriginalHost: []byte("www.example.net"), Host: []byte("www.example.net"), ContentType: []byte("text/plain"),
		Status: 200, Received: 120, Sent: 1300, Taken: 34 * time.Millisecond, Transaction: [16]byte{0x59, 0x2d, 15: 0x9d},
		ErrorInfo: fault.NoError, Revision: 12, Declared: -1, ClientSerial: 7, ClientUses: 2,
		Attempts: []Attempt{{
			Member: "10.0.0.4", Server: netip.MustParseAddrPort("10.0.0.4:80"), LocalPort: 21564, Status: 200, Reused: true,
			Uses: 12, Idle: 523114 * time.Microsecond, Age: 12345 * time.Millisecond, Stale: Unset, Hint: 5 * time.Second, Connect: Unset,
			TLS: Unset, Send: 120 * time.Microsecond, Wait: 28 * time.Millisecond, Receive: 80 * time.Microsecond,
			Total: 28200 * time.Microsecond, HeaderTime: 28120 * time.Microsecond, DeclaredIn: -1,
			Active: 3, Least: -1, RetryAfter: Unset,
		}},
	}
}

func raceFailure() Record {
	r := success()
	r.Status, r.ErrorInfo = 502, fault.UpstreamClosed
	r.Fault = fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Closed, Reused: true}
	r.Declared, r.BodyRead = 10, 10
	a := &r.Attempts[0]
	a.Status, a.Fault, a.Wait, a.Receive, a.HeaderTime = 0, r.Fault, Unset, Unset, Unset
	a.RTT, a.Retransmits, a.BytesOut, a.Least = 30*time.Millisecond, 1, 10, 2
	return r
}

// shed is an error of the member's own.
func shed() Record {
	r := success()
	r.Status = 503
	a := &r.Attempts[0]
	a.Status, a.RetryAfter, a.Page = 503, 2*time.Minute, "HAProxy"
	return r
}

// refused has a member whose certificate is not the one that it should be.
func refused() Record {
	r := raceFailure()
	r.Fault = fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_name_mismatch", Reused: true}
	r.Attempts[0].Fault, r.Attempts[0].Presented = r.Fault, `*.shop.example, "odd"`
	return r
}

// What Azure's readers read must be there, field for field.
func TestV2Schema(t *testing.T) {
	r := success()
	var got struct {
		TimeStamp, ResourceID, ListenerName, RuleName, BackendPoolName, BackendSettingName, OperationName, Category string
		Properties                                                                                                  map[string]any
	}
	line := r.Append(nil)
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	if got.TimeStamp != "2026-11-23T09:00:01+00:00" || got.Category != Category || got.BackendPoolName != "web" {
		t.Errorf("envelope %+v", got)
	}
	want := map[string]any{
		"instanceId": "appgw_0", "clientIP": "127.0.1.9", "clientPort": 45057.0, "httpStatus": 200.0, "timeTaken": 0.034,
		"serverRouted": "10.0.0.4:80", "serverStatus": "200", "serverResponseLatency": "0.028", "upstreamSourcePort": "21564",
		"error_info": "ERRORINFO_NO_ERROR", "sslEnabled": "off", "requestQuery": "b=1", "WAFEvaluationTime": "0.000",
		"transactionId": "592d000000000000000000000000009d", "originalRequestUriWithArgs": "/a?b=1",
	}
	for k, v := range want {
		if got.Properties[k] != v {
			t.Errorf("%s = %v, want %v", k, got.Properties[k], v)
		}
	}
}

// A first-generation gateway counts milliseconds and packs the backend into requestQuery.
func TestV1Schema(t *testing.T) {
	r := success()
	r.V1, r.Instance = true, "ApplicationGatewayRole_IN_0"
	line := string(r.Append(nil))
	for _, want := range []string{`"timeTaken":34,`, `"time":"2026-11-23T09:00:01Z"`, "&SERVER-ROUTED=10.0.0.4&", "&SERVER-STATUS=200"} {
		if !strings.Contains(line, want) {
			t.Errorf("%s lacks %s", line, want)
		}
	}
	if strings.Contains(line, "listenerName") || strings.Contains(line, "error_info") {
		t.Errorf("%s has fields that v1 never wrote", line)
	}
}

// Many programs that hand logs on write & as an escape.
func TestV1SchemaWithEscapes(t *testing.T) {
	r := success()
	r.V1, r.Instance = true, "ApplicationGatewayRole_IN_0"
	line, _, _ := bytes.Cut(r.Append(nil), []byte(`,"causeway":`))
	got, _, err := Decode(append(bytes.ReplaceAll(line, []byte("&"), []byte(`\u0026`)), "}}\n"...))
	if err != nil || len(got.Attempts) != 1 || got.Attempts[0].Status != 200 || got.Attempts[0].Member != "10.0.0.4" {
		t.Errorf("%v, %+v", err, got.Attempts)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, r := range []Record{success(), raceFailure(), shed(), refused()} {
		t.Run(fmt.Sprintf("status %d, %s", r.Status, r.Fault.Kind), func(t *testing.T) {
			for _, v1 := range []bool{false, true} {
				r := r
				if r.V1 = v1; v1 {
					r.Instance = "ApplicationGatewayRole_IN_0"
				}
				got, own, err := Decode(r.Append(nil))
				if err != nil || !own {
					t.Fatalf("own %v, %v", own, err)
				}
				a, b := got.Attempts[0], r.Attempts[0]
				if got.Status != r.Status || !got.Start.Equal(r.Start) || got.Fault != r.Fault || got.V1 != v1 || got.Taken != r.Taken ||
					a.Idle != b.Idle || a.Reused != b.Reused || a.Uses != b.Uses || a.Hint != b.Hint || a.Wait != b.Wait ||
					a.Member != b.Member ||
					a.LocalPort != b.LocalPort || a.Active != b.Active || a.Least != b.Least || a.RetryAfter != b.RetryAfter ||
					a.Page != b.Page || a.Presented != b.Presented || a.RTT != b.RTT || got.Transaction != r.Transaction {
					t.Errorf("v1=%v\n got %+v\nwant %+v", v1, got, r)
				}
			}
		})
	}
}

// A retry leaves one record: the lists keep each attempt's place.
func TestTwoAttempts(t *testing.T) {
	r := success()
	first := raceFailure().Attempts[0]
	first.Server = netip.MustParseAddrPort("10.0.0.5:80")
	r.Attempts = []Attempt{first, r.Attempts[0]}
	line := string(r.Append(nil))
	for _, want := range []string{`"serverRouted":"10.0.0.5:80, 10.0.0.4:80"`, `"serverStatus":"-, 200"`, `"serverHeaderTime":"-, 0.028"`} {
		if !strings.Contains(line, want) {
			t.Errorf("%s lacks %s", line, want)
		}
	}
	got, _, err := Decode([]byte(line))
	if err != nil || len(got.Attempts) != 2 || got.Attempts[0].Fault.Kind != fault.Closed || !got.Attempts[1].Fault.None() {
		t.Errorf("%+v, %v", got.Attempts, err)
	}
}

// The object of our own stays small where nothing happened, whatever the request looks like.
func TestPlainSuccessIsSmall(t *testing.T) {
	r := success()
	r.Attempts[0].Member = strings.Repeat("m", 55)
	if line := string(r.Append(nil)); !strings.Contains(line, r.Attempts[0].Member) {
		t.Errorf("the member is not named in %s", line)
	}
	r.Attempts[0].Idle, r.Attempts[0].Age, r.Attempts[0].Uses = 99999*time.Second, 999999*time.Second, 1e9
	r.Attempts[0].Wait, r.Revision, r.Attempts[0].Active = 9999*time.Second, 1e9, 9999
	line := string(r.Append(nil))
	if n := len(line) - strings.Index(line, `{"v":`) - 3; n > plainMax {
		t.Errorf("causeway object has %d bytes, want at most %d", n, plainMax)
	}
}

// Nothing that a client sends may break the line that tells of it.
func FuzzAppend(f *testing.F) {
	f.Add("GET", "/\x00\"\\\xff\u2028\n", "ua")
	f.Fuzz(func(t *testing.T, method, uri, agent string) {
		r := success()
		r.Method, r.OriginalURI, r.URI, r.UserAgent = []byte(method), []byte(uri), []byte(uri), []byte(agent)
		line := r.Append(nil)
		if !json.Valid(line) || strings.Count(string(line), "\n") != 1 {
			t.Fatalf("not one line of JSON: %q", line)
		}
	})
}

// Whatever lines came before, a line is read as if it were the first.
func FuzzDecode(f *testing.F) {
	r := raceFailure()
	f.Add(r.Append(nil), r.Append(nil), r.Append(nil))
	for i, line := range shapeLines {
		f.Add([]byte(line), []byte(strings.ReplaceAll(line, "2", "3")), []byte(shapeLines[(i+1)%len(shapeLines)]))
	}
	f.Fuzz(func(t *testing.T, first, second, third []byte) {
		var d Decoder
		for _, line := range [][]byte{first, second, first, third, second, third} {
			checkShape(t, &d, line)
		}
	})
}

// Azure's own v1 files hold an unquoted dash; the line is still worth reading.
func TestDecodeRepairsTheBareDash(t *testing.T) {
	got, own,
		err := Decode([]byte(`{"category":"ApplicationGatewayAccessLog","time":"2017-04-26T19:27:38Z","properties":{"instanceId":"ApplicationGatewayRole_IN_0","clientPort":-,"httpStatus":"502","timeTaken":"20359"}}`))
	if err != nil || own || got.Status != 502 || got.Taken != 20359*time.Millisecond || !got.V1 {
		t.Errorf("%+v, %v, %v", got, own, err)
	}
}

func TestEncodeAllocatesNothing(t *testing.T) {
	r := success()
	b := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { b = r.Append(b[:0]) }); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	r := success()
	r.Names = r.AppendNames(nil)
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = r.Append(buf[:0])
	}
}

// What tells a loop, and what tells of the gateway's own standstill, comes back as it was written.
func TestParentAndStallComeBack(t *testing.T) {
	r := Record{
		Start:   time.Unix(1_800_000_000, 0).UTC(),
		Method:  []byte("GET"),
		URI:     []byte("/"),
		Status:  504,
		Taken:   2 * time.Second,
		Stalled: 1500 * time.Millisecond,
	}
	r.Parent[0], r.Parent[15] = 1, 255
	r.Fault = fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Timeout}
	var d Decoder
	var got Record
	if own, err := d.Decode(r.Append(nil), &got); !own || err != nil || got.Parent != r.Parent || got.Stalled != r.Stalled {
		t.Errorf("%v %v: %x, %s", own, err, got.Parent, got.Stalled)
	}
	r.Fault, r.Stalled = fault.Fault{}, 0 // the short form
	if _, err := d.Decode(r.Append(nil), &got); err != nil || got.Parent != r.Parent {
		t.Errorf("%v: %x", err, got.Parent)
	}
	r.Parent = [16]byte{}
	if _, err := d.Decode(r.Append(nil), &got); err != nil || got.Parent != r.Parent || got.Stalled != 0 {
		t.Errorf("%v: what was of another row stayed: %x, %s", err, got.Parent, got.Stalled)
	}
}

// Azure's schema of the first generation has no place for the number of requests on a connection: that the first is one is in our object.
func TestFirstOfAConnectionOnV1(t *testing.T) {
	for _, uses := range []int{1, 2} {
		r := success()
		r.V1, r.ClientUses = true, uses
		line := string(r.Append(nil))
		var d Decoder
		var back Record
		if _, err := d.Decode([]byte(line), &back); err != nil {
			t.Fatal(err)
		}
		if first := back.ClientUses == 1; first != (uses == 1) || first != strings.Contains(line, `"first":true`) {
			t.Errorf("request %d of its connection: %d in %s", uses, back.ClientUses, line)
		}
	}
}
