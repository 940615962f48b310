package accesslog

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"causeway/internal/fault"
)

// One row, in the clothes in which Azure's exports have it.
func TestOneRowInManyForms(t *testing.T) {
	f := func(line string) {
		t.Helper()
		r, own, err := Decode([]byte(line))
		if err != nil || own {
			t.Errorf("%s: own %v, %v", line, own, err)
			return
		}
		want := time.Date(2026, 11, 23, 9, 0, 1, 0, time.UTC)
		if !r.Start.Equal(want) || r.Status != 502 || r.Taken != 34*time.Millisecond || r.Pool != "web" || r.Settings != "http" || r.V1 ||
			r.Instance != "appgw_0" || string(r.URI) != "/a b" || r.ErrorInfo != fault.UpstreamClosed || r.Transaction[0] != 0x59 {
			t.Errorf("%s\n%+v", line, r)
		}
		if len(r.Attempts) != 1 || r.Attempts[0].Server != netip.MustParseAddrPort("10.0.0.4:80") ||
			r.Attempts[0].Total != 28*time.Millisecond || r.Attempts[0].LocalPort != 21564 {
			t.Errorf("%s\n%+v", line, r.Attempts)
		}
	}
	f(`{"timeStamp":"2026-11-23T09:00:01+00:00","backendPoolName":"web","backendSettingName":"http","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"appgw_0","requestUri":"\/a b","httpStatus":502,"timeTaken":0.034,"transactionId":"592d0000000000000000000000000001","serverRouted":"10.0.0.4:80","serverStatus":"","serverResponseLatency":"0.028","upstreamSourcePort":"21564","error_info":"ERRORINFO_UPSTREAM_CLOSED_CONNECTION",}}`)
	f(`{"time":"2026-11-23T09:00:01.0000000Z","properties":{"timeTaken":"0.034","httpStatus":"502","clientIP":"1.2.3.4","instanceId":"appgw_0","requestUri":"/a\u0020b","backendPoolName":"web","backendSettingName":"http","transactionId":"592d0000-0000-0000-0000-000000000001","serverRouted":"10.0.0.4:80","serverResponseLatency":0.028,"upstreamSourcePort":21564,"error_info":"ERRORINFO_UPSTREAM_CLOSED_CONNECTION"},"category":"applicationgatewayaccesslog"}`)
	f(`{"TenantId":"t","TimeGenerated":"2026-11-23T10:00:00Z","timeStamp_t":"2026-11-23T09:00:01Z","Category":"ApplicationGatewayAccessLog","instanceId_s":"appgw_0","requestUri_s":"/a b","httpStatus_d":502.0,"timeTaken_d":0.034,"backendPoolName_s":"web","backendSettingName_s":"http","transactionId_g":"592d0000-0000-0000-0000-000000000001","serverRouted_s":"10.0.0.4:80","serverResponseLatency_s":"0.028","AdditionalFields":{"upstreamSourcePort_s":"21564","error_info_s":"ERRORINFO_UPSTREAM_CLOSED_CONNECTION"}}`)
	f(`{"TimeGenerated":"11/23/2026, 9:00:01.000 AM","HttpStatus":"502","TimeTaken":"0.034","ClientIp":"1.2.3.4","InstanceId":"appgw_0","RequestUri":"/a b","BackendPoolName":"web","BackendSettingName":"http","TransactionId":"592d0000000000000000000000000001","ServerRouted":"10.0.0.4:80","ServerResponseLatency":"0.028","UpstreamSourcePort":"21564","ErrorInfo":"ERRORINFO_UPSTREAM_CLOSED_CONNECTION","TableName":"PrimaryResult"}`)
	f(`{"body":{"timeStamp":"2026-11-23T09:00:01+00:00","backendPoolName":"web","backendSettingName":"http","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"appgw_0","requestUri":"/a b","httpStatus":502,"timeTaken":0.034,"transactionId":"592d0000000000000000000000000001","serverRouted":"10.0.0.4:80","serverResponseLatency":"0.028","upstreamSourcePort":"21564","error_info":"ERRORINFO_UPSTREAM_CLOSED_CONNECTION"}}}`)
}

// Rows of other logs are no access records, and no mistake.
func TestOtherCategories(t *testing.T) {
	f := func(line, kind string) {
		t.Helper()
		var d Decoder
		row, err := d.Row([]byte(line))
		if err != nil || row.Kind() != kind {
			t.Errorf("%s: %v, %v", line, row, err)
		}
		if _, err := d.Record(row, new(Record)); !errors.Is(err, ErrNotAccess) {
			t.Errorf("%s: %v", line, err)
		}
	}
	f(`{"category":"ApplicationGatewayPerformanceLog","properties":{"healthyHostCount":"4"}}`, PerformanceCategory)
	f(`{"HealthyHostCount":4,"Throughput":12,"InstanceId":"x"}`, PerformanceCategory)
	f(`{"ruleId_s":"949110","action_s":"Blocked"}`, FirewallCategory)
	f(`{"hello":"world"}`, "")
	f(`{"category":"Administrative","httpStatus":200,"timeTaken":1}`, "")
}

// A line that was cut, or is something else, costs that line and says so.
func TestLinesThatAreNone(t *testing.T) {
	f := func(line string, want error) {
		t.Helper()
		if _, _, err := Decode([]byte(line)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", line, err, want)
		}
	}
	f(`{"time":"2026-11-23T09:00:01Z","properties":{"httpStatus":200`, errCut)
	f(`{"time":"2026-11-23T09:00:01Z","properties":{"httpStatus":200}`, errCut)
	f(`{"time":"2026-11-23T09:0`, errCut)
	f(`hello`, errSyntax)
	f(`{"a" 1}`, errSyntax)
	f(`{"a":1} trailing`, errSyntax)
	deep := `{"properties":`
	for range 7 {
		deep += deep
	}
	f(deep, errDeep)
}

func TestSeconds(t *testing.T) {
	f := func(text string, want time.Duration) {
		t.Helper()
		if got := secondsOf([]byte(text)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	f("0.028", 28*time.Millisecond)
	f("20", 20*time.Second)
	f("1e-3", time.Millisecond)
	f("0.0000004", 0)
	f("12.3456789", 12345679*time.Microsecond)
	f("-", Unset)
	f("", Unset)
	f("-1", Unset)
	f("NaN", Unset)
	f("1e300", Unset)
	f("99999999999999999999", Unset)
}

func TestTimes(t *testing.T) {
	want := time.Date(2025, 2, 5, 9, 19, 25, 0, time.UTC)
	for _, text := range []string{
		"2025-02-05T09:19:25Z", "2025-02-05T09:19:25+00:00", "2025-02-05T11:19:25+02:00", "2025-02-05T09:19:25.0000000Z",
		"2025-02-05T09:19:25",
		"2025-02-05 09:19:25", "2/5/2025, 9:19:25.000 AM", "2/5/2025 9:19:25 AM", "2/5/2025 9:19:25", "2/5/2025 9:19:25 AM +00:00",
		"2025-02-05 09:19:25+00:00",
	} {
		if got, ok := ParseTime([]byte(text)); !ok || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
	if got, ok := ParseTime([]byte("2017-03-20T15:52:09.1494499Z")); !ok || got.Nanosecond() != 149449900 {
		t.Error(got, ok)
	}
	for _, text := range []string{"", "yesterday", "2025-13-05T09:19:25Z", "2025-02-05T09:19:25.Z+9"} {
		if got, ok := ParseTime([]byte(text)); ok {
			t.Errorf("%q is no time: %v", text, got)
		}
	}
}

// A retry leaves lists, with either separator, and holes in them.
func TestLists(t *testing.T) {
	r, _,
		err := Decode([]byte(`{"time":"2026-11-23T09:00:01Z","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"appgw_1","httpStatus":504,"serverRouted":"10.0.0.4:80, 10.0.0.5:80 : 10.0.0.6:80","serverStatus":"-, - : 504","serverResponseLatency":"20.001, 20.002 : 0.1"}}`))
	if err != nil || len(r.Attempts) != 3 || r.Attempts[1].Total != 20002*time.Millisecond || r.Attempts[2].Status != 504 ||
		r.Attempts[1].Member != "10.0.0.5" {
		t.Errorf("%+v, %v", r.Attempts, err)
	}
}

func BenchmarkDecode(b *testing.B) {
	r := success()
	line := r.Append(nil)
	var d Decoder
	var got Record
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(line, &got); err != nil {
			b.Fatal(err)
		}
	}
}
