package evidence

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"

	"causeway/internal/accesslog"
	"causeway/internal/evidence/evidencetest"
)

// Whatever an export looks like, the same three requests come out of it.
func TestEveryFormOfALog(t *testing.T) {
	f := func(name, text string) {
		t.Helper()
		dir := t.TempDir()
		evidencetest.Write(t, dir, name, text)
		three(t, open(t, dir), name)
	}
	f("lines.json", evidencetest.ManyRows())
	f("crlf.json", strings.ReplaceAll(evidencetest.ManyRows(), "\n", "\r\n"))
	f("mark.json", "\xef\xbb\xbf"+evidencetest.ManyRows())
	f("utf16.json", utf16Text(evidencetest.ManyRows()))
	f("array.json", "["+strings.Join([]string{evidencetest.RowAt(1), evidencetest.RowAt(2), evidencetest.RowAt(3)}, ",")+"]")
	f("records.json", `{"records":[`+strings.Join([]string{evidencetest.RowAt(1), evidencetest.RowAt(2), evidencetest.RowAt(3)},
		",\n")+`]}`)
	f("hub.json", `{"records":[`+evidencetest.RowAt(1)+`]}`+"\n"+`{"records":[`+evidencetest.RowAt(2)+","+evidencetest.RowAt(3)+`]}`)
	f("value.json", `{"value":[`+strings.Join([]string{evidencetest.RowAt(1), evidencetest.RowAt(2), evidencetest.RowAt(3)}, ",")+
		`],"nextLink":"https://x/{"}`)
	f("pretty.json", pretty(evidencetest.RowAt(1))+"\n"+pretty(evidencetest.RowAt(2))+"\n"+pretty(evidencetest.RowAt(3)))
	f("wrapped.json", `{"body":`+evidencetest.RowAt(1)+"}\n"+`{"body":`+evidencetest.RowAt(2)+"}\n"+`{"body":`+evidencetest.RowAt(3)+"}\n")
	f("unfinished.json", evidencetest.ManyRows()+evidencetest.RowAt(4)[:90])
	f("query.json", `[`+tableRow(1)+","+tableRow(2)+","+tableRow(3)+`]`)
	f("rest.json", `{"tables":[{"name":"PrimaryResult","columns":[{"name":"TimeGenerated","type":"datetime"},{"name":"HttpStatus","type":"int"},{"name":"TimeTaken","type":"real"},{"name":"ClientIp","type":"string"},{"name":"ServerRouted","type":"string"},{"name":"TransactionId","type":"string"},{"name":"BackendPoolName","type":"string"},{"name":"ServerStatus","type":"int"}],
	  "rows":[["2026-11-23T09:00:01Z",502,0.034,"203.0.113.9","10.0.0.4:80","592d1649000000000000000000000001","web",null],["2026-11-23T09:00:02Z",502,0.034,"203.0.113.9","10.0.0.4:80","592d1649000000000000000000000002","web",null],["2026-11-23T09:00:03Z",502,0.034,"203.0.113.9","10.0.0.4:80","592d1649000000000000000000000003","web",null]]}]}`)
	f("portal.csv",
		"\xef\xbb\xbf\"TimeGenerated [UTC]\",HttpStatus,TimeTaken,ClientIp,ServerRouted,TransactionId,BackendPoolName,UserAgent\n"+
			"\"11/23/2026, 9:00:01.000 AM\",502,\"0.034\",203.0.113.9,10.0.0.4:80,592d1649000000000000000000000001,web,\"a \"\"b\"\",\nc\"\n"+
			"\"11/23/2026, 9:00:02.000 AM\",502,0.034,203.0.113.9,10.0.0.4:80,592d1649000000000000000000000002,web,curl\n"+
			"\"11/23/2026, 9:00:03.000 AM\",502,0.034,203.0.113.9,10.0.0.4:80,592d1649000000000000000000000003,web,curl\n")
	f("diagnostics.csv",
		"TenantId,\"timeStamp_t [UTC]\",Category,httpStatus_d,timeTaken_d,clientIP_s,serverRouted_s,transactionId_g,backendPoolName_s\n"+
			"t,2026-11-23T09:00:01Z,ApplicationGatewayAccessLog,502,0.034,203.0.113.9,10.0.0.4:80,592d1649-0000-0000-0000-000000000001,web\n"+
			"t,2026-11-23T09:00:02Z,ApplicationGatewayAccessLog,502,0.034,203.0.113.9,10.0.0.4:80,592d1649-0000-0000-0000-000000000002,web\n"+
			"t,2026-11-23T09:00:03Z,ApplicationGatewayAccessLog,502,0.034,203.0.113.9,10.0.0.4:80,592d1649-0000-0000-0000-000000000003,web\n")
	f("table.txt", ""+
		"TimeGenerated         HttpStatus    TimeTaken    ClientIp     ServerRouted    TransactionId                     BackendPoolName    UserAgent\n"+
		"--------------------  ------------  -----------  -----------  --------------  --------------------------------  -----------------  -----------\n"+
		"2026-11-23T09:00:01Z  502           0.034        203.0.113.9  10.0.0.4:80     592d1649000000000000000000000001  web                Mozilla 5.0\n"+
		"2026-11-23T09:00:02Z  502           0.034        203.0.113.9  10.0.0.4:80     592d1649000000000000000000000002  web\n"+
		"2026-11-23T09:00:03Z  502           0.034        203.0.113.9  10.0.0.4:80     592d1649000000000000000000000003  web                curl\n")
}

func tableRow(second int) string {
	return fmt.Sprintf(`{"TableName":"PrimaryResult","TimeGenerated":"2026-11-23T09:00:%02dZ","HttpStatus":"502","TimeTaken":"0.034","ClientIp":"203.0.113.9","ServerRouted":"10.0.0.4:80","TransactionId":"592d16490000000000000000000000%02d","BackendPoolName":"web"}`, second, second)
}

func three(t *testing.T, b *Bundle, name string) {
	t.Helper()
	defer b.Close()
	var seconds []int
	err := b.Each(func(r *accesslog.Record, own bool) {
		seconds = append(seconds, r.Start.Second())
		if r.Status != 502 || r.Taken.Milliseconds() != 34 || r.Pool != "web" || len(r.Attempts) != 1 ||
			r.Attempts[0].Member != "10.0.0.4" || r.Attempts[0].Status != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	})
	if err != nil || fmt.Sprint(seconds) != "[1 2 3]" || len(b.Unread) > 0 {
		t.Errorf("%s: seconds %v, %v, not read %v", name, seconds, err, b.Unread)
	}
}

func pretty(row string) string {
	return strings.NewReplacer(`{"`, "{\n  \"", `,"`, ",\n  \"", `}}`, "\n  }\n}").Replace(row)
}

func utf16Text(s string) string {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return string(out)
}

// Archives and compressed files are read as if they were unpacked, also inside each other.
func TestArchives(t *testing.T) {
	f := func(name string, data []byte) {
		t.Helper()
		dir := t.TempDir()
		evidencetest.Write(t, dir, name, string(data))
		b := open(t, dir)
		if b.Health == nil && strings.Contains(name, "bundle") {
			t.Errorf("%s: the health inside was not found: %v", name, b.Unread)
		}
		three(t, b, name)
	}
	log, health := []byte(evidencetest.ManyRows()), []byte(aHealth)
	f("PT1H.json.gz", gzipped(t, log))
	f("PT1H.json.zst", zstandard(t, log))
	f("bundle.zip", zipped(t, map[string][]byte{"logs/PT1H.json": log, "health.json": health}))
	f("bundle.tar", tarred(t, map[string][]byte{"logs/PT1H.json": log, "health.json": health}))
	f("bundle.tgz", gzipped(t, tarred(t, map[string][]byte{"PT1H.json.gz": gzipped(t, log), "health.json": health})))
	f("bundle.zip", zipped(t, map[string][]byte{"inner.zip": zipped(t, map[string][]byte{"a": log}), "health.json": health}))
}

func gzipped(t *testing.T, data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstandard(t *testing.T, data []byte) []byte {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(data, nil)
}

func zipped(t *testing.T, files map[string][]byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(data)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t *testing.T, files map[string][]byte) []byte {
	var b bytes.Buffer
	z := tar.NewWriter(&b)
	for name, data := range files {
		if err := z.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o600, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		z.Write(data)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The same requests in the blob and in the table count once; those that only one of them has count too.
func TestRowsThatRepeat(t *testing.T) {
	dir := t.TempDir()
	evidencetest.Write(t, dir, "blob/y=2026/m=11/d=23/h=09/m=00/PT1H.json", evidencetest.ManyRows())
	evidencetest.Write(t, dir, "query.json", "["+tableRow(2)+","+tableRow(3)+","+tableRow(4)+"]")
	evidencetest.Write(t, dir, "again.csv",
		"TimeGenerated,HttpStatus,TimeTaken,ClientIp,TransactionId\n2026-11-23T09:00:04Z,502,0.034,203.0.113.9,592d1649000000000000000000000004\n")
	b := open(t, dir)
	if n := count(t, b); n != 4 || b.Repeated != 3 {
		t.Errorf("%d requests, %d repeated", n, b.Repeated)
	}
}

// Requests at times that only one source covers are not even remembered.
func TestRowsThatCannotRepeat(t *testing.T) {
	dir := t.TempDir()
	evidencetest.Write(t, dir, "y=2026/m=11/d=23/h=09/m=00/PT1H.json", evidencetest.ManyRows())
	evidencetest.Write(t, dir, "y=2026/m=11/d=23/h=19/m=00/PT1H.json", strings.ReplaceAll(evidencetest.ManyRows(), "T09:", "T19:"))
	if b := open(t, dir); len(coverOf(b.logs).twice) != 0 || count(t, b) != 6 {
		t.Errorf("%+v %+v", b.logs[0], b.logs[1])
	}
}

// An archive made to fill the disk ends in a message.
func TestBomb(t *testing.T) {
	dir := t.TempDir()
	zeros := bytes.Repeat([]byte(" "), 200<<20)
	evidencetest.Write(t, dir, "bomb.gz", string(gzipped(t, append([]byte(evidencetest.RowAt(1)+"\n"), zeros...))))
	b := open(t, dir)
	if n := count(t, b); n != 1 || len(b.Unread) == 0 || !strings.Contains(b.Unread[len(b.Unread)-1].Reason, "expands") {
		t.Errorf("%d records, not read %v", n, b.Unread)
	}
}

// A truncated archive gives what is in it.
func TestTruncatedArchive(t *testing.T) {
	dir := t.TempDir()
	z := gzipped(t, []byte(strings.Repeat(evidencetest.ManyRows(), 500)))
	evidencetest.Write(t, dir, "PT1H.json.gz", string(z[:len(z)/2]))
	b := open(t, dir)
	if n := count(t, b); n == 0 || len(b.Unread) == 0 || !strings.Contains(b.Unread[0].Reason, "it is cut off: copy it again") {
		t.Errorf("%d records, not read %v", n, b.Unread)
	}
}

// Backend health, as the REST API, az and two faces of PowerShell have it.
func TestFormsOfHealth(t *testing.T) {
	f := func(text string) {
		t.Helper()
		b := open(t, evidencetest.Write(t, t.TempDir(), "health", text))
		if b.Health == nil || len(b.Health.Pools) != 1 || len(b.Health.Pools[0].Settings[0].Servers) != 1 {
			t.Fatalf("%s: %+v, not read %v", text, b.Health, b.Unread)
		}
		s := b.Health.Pools[0].Settings[0].Servers[0]
		if s.Address != "10.0.0.4" || s.Health != "Down" || !strings.Contains(s.Detail, "time taken by the backend") ||
			!strings.HasSuffix(b.Health.Pools[0].Pool.ID, "/web") {
			t.Errorf("%s: %+v", text, s)
		}
	}
	f(`{"backendAddressPools":[{"backendAddressPool":{"id":"/x/web"},"backendHttpSettingsCollection":[{"backendHttpSettings":{"id":"/x/http"},"servers":[{"address":"10.0.0.4","health":"Unhealthy","healthProbeLog":"The time taken by the backend"}]}]}]}`)
	f(`{"BackendAddressPools":[{"BackendAddressPool":{"Id":"/x/web"},"BackendHttpSettingsCollection":[{"BackendHttpSettings":{"Id":"/x/http"},"Servers":[{"Address":"10.0.0.4","Health":"Down","HealthProbeLog":"the time taken by the backend"}]}]}]}`)
	f(`{"backendAddressPool":{"id":"/x/web"},"backendHttpSettingsCollection":[{"backendHttpSettings":{"id":"/x/http"},"servers":[{"address":"10.0.0.4","health":"DOWN","healthProbeLog":"the time taken by the backend"}]}]}`)
	f(`{"backendAddressPool":{"id":"/x/web"},"backendHealthHttpSettings":{"backendHttpSettings":{"id":"/x/http"},"servers":[{"address":"10.0.0.4","health":"Down","healthProbeLog":"the time taken by the backend"}]}}`)
	f("BackendAddressPools     : {Microsoft.Azure.Commands.Network.Models.PSApplicationGatewayBackendHealthPool}\nBackendAddressPoolsText : [\n                            {\n" +
		"                              \"BackendAddressPool\": {\n                                \"Id\": \"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/application\n                            Gateways/gw/backendAddressPools/web\"\n                              },\n" +
		"                              \"BackendHttpSettingsCollection\": [{\"BackendHttpSettings\": {\"Id\": \"/x/http\"}, \"Servers\": [{\"Address\": \"10.0.0.4\", \"Health\": \"Unhealthy\", \"HealthProbeLog\": \"the time taken by the \n                            backend\"}]}]\n                            }\n                          ]\n")
}

// Metrics and activity, from the API, from a storage account and from the portal.
func TestMetricsAndActivity(t *testing.T) {
	dir := t.TempDir()
	evidencetest.Write(t, dir, "metrics.json", `{"cost":0,"timespan":"a/b","interval":"PT1M","value":[{"name":{"value":"CapacityUnits","localizedValue":"Current Capacity Units"},"unit":"Count","timeseries":[{"metadatavalues":[],"data":[{"timeStamp":"2026-11-23T09:01:00Z","average":19.5,"maximum":20},{"timeStamp":"2026-11-23T09:00:00+00:00","average":9.5,"maximum":null}]}]},
	 {"name":{"value":"HealthyHostCount"},"unit":"Count","timeseries":[{"metadatavalues":[{"name":{"value":"backendsettingspool"},"value":"web~http"}],"data":[{"timeStamp":"2026-11-23T09:00:00Z","average":2.5},{"timeStamp":"2026-11-23T09:02:00Z"}]}]}]}`)
	evidencetest.Write(t, dir, "PT1H.json",
		`{"count":3,"total":120,"minimum":1,"maximum":60,"average":40,"resourceId":"/X","time":"2026-11-23T09:00:00.0000000Z","metricName":"CurrentConnections","timeGrain":"PT1M"}`+"\n")
	evidencetest.Write(t, dir, "chart.csv", "\"Time\",\"CPU Utilization (Avg), gw1\"\n\"2026-11-23T09:00:00Z\",91.5\n")
	evidencetest.Write(t, dir, "activity.json",
		`[{"eventTimestamp":"2026-11-23T08:59:00.123Z","operationName":{"value":"Microsoft.Network/applicationGateways/write","localizedValue":"x"},"status":{"value":"Succeeded"},"resourceId":"/subscriptions/s/applicationGateways/gw1","caller":"ann@example.net","correlationId":"c1"}]`)
	b := open(t, dir)
	count(t, b)
	got := map[string]float64{}
	for _, m := range b.Metrics {
		got[m.Name] = m.Points[len(m.Points)-1].Peak()
	}
	want := map[string]float64{"CapacityUnits": 20, "HealthyHostCount": 2.5, "CurrentConnections": 60, "CpuUtilization": 91.5}
	if fmt.Sprint(got) != fmt.Sprint(want) || len(b.Activity) != 1 ||
		b.Activity[0].Operation != "Microsoft.Network/applicationGateways/write" || b.Activity[0].Status != "Succeeded" ||
		len(b.Unread) > 0 {
		t.Errorf("metrics %v, activity %+v, not read %v", got, b.Activity, b.Unread)
	}
}

// A pattern that no shell has expanded, a file named twice, standard input.
func TestPatterns(t *testing.T) {
	dir := t.TempDir()
	evidencetest.Write(t, dir, "a1.json", evidencetest.ManyRows())
	b := open(t, filepath.Join(dir, "a*.json"))
	three(t, b, "pattern")

	in, err := os.Open(filepath.Join(dir, "a1.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	stdin := os.Stdin
	os.Stdin = in
	defer func() { os.Stdin = stdin }()
	three(t, open(t, Stdin), "standard input")
}

// The document may be a template with comments; what was applied has its parameters beside it.
func TestTemplatesAreDocuments(t *testing.T) {
	const text = `// ours
{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", /* one */
 "parameters":{"name":{"type":"string","defaultValue":"gw"}},
 "resources":[{"type":"Microsoft.Network/applicationGateways","name":"[parameters('name')]","properties":{"sku":{"tier":"Standard_v2","capacity":1}}}]}`
	applied, err := json.Marshal(map[string]any{"document": []byte(text), "parameters": []byte(`{"name":"other"}`), "local": []byte{}})
	if err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]string{text: "gw", string(applied): "other"} {
		t.Run(content, func(t *testing.T) {
			dir := t.TempDir()
			evidencetest.Write(t, dir, "gateway.json", content)
			b, err := Open([]string{dir})
			if err != nil {
				t.Fatal(err)
			}
			if b.Config == nil || b.Config.Name != want {
				t.Errorf("%.40s: %+v", content, b.Config)
			}
		})
	}
}

// A record without a status is not one with the status 0, which says that the client left. What cannot be read for one
// reason stands once.
func TestRecordsWithoutStatus(t *testing.T) {
	row := `{"category":"ApplicationGatewayAccessLog","timeStamp":"2026-11-23T12:00:00Z","properties":{"instanceId":"appgw_0","clientIP":"203.0.113.9","timeTaken":60,"serverRouted":"10.0.0.4:80","serverStatus":502}}` + "\n"
	dir := t.TempDir()
	evidencetest.Write(t, dir, "a.json", row+row)
	evidencetest.Write(t, dir, "b.json", row)
	b := open(t, dir)
	n := 0
	if err := b.Each(func(*accesslog.Record, bool) { n++ }); err != nil {
		t.Fatal(err)
	}
	if n != 0 || b.Bad != 3 || len(b.Unread) != 1 ||
		!strings.HasSuffix(b.Unread[0].String(), "a.json:1: the record has no httpStatus; export it with that column (and 2 more lines)") {
		t.Errorf("%d records, %d bad: %+v", n, b.Bad, b.Unread)
	}
}

// A session of a TCP or TLS listener has a status of its own, also in the rows of a workspace.
func TestSessions(t *testing.T) {
	dir := t.TempDir()
	evidencetest.Write(t, dir, "PT1H.json",
		`{"category":"ApplicationGatewayAccessLog","timeStamp":"2026-11-23T12:00:00Z","properties":{"instanceId":"appgw_0","clientIP":"203.0.113.9","protocol":"TCP","sessionTime":60,"serverRouted":"10.0.0.4:1433","serverStatus":502}}`+"\n")
	evidencetest.Write(t, dir, "table.csv",
		"TimeGenerated,ClientIp,Protocol,SessionTime,ServerRouted,ServerStatus\n2026-11-23T12:01:00Z,203.0.113.9,TCP,0.5,10.0.0.4:1433,200\n")
	var got []string
	if err := open(t, dir).Each(func(r *accesslog.Record, _ bool) {
		got = append(got, fmt.Sprint(r.Session, r.Status, r.Taken, r.Attempts[0].Server))
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if want := []string{"true 200 500ms 10.0.0.4:1433", "true 502 1m0s 10.0.0.4:1433"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// An answer of a query says itself that it is not whole, or is as long as one may be.
func TestTruncatedAnswers(t *testing.T) {
	table := func(n int) string {
		return "TimeGenerated,HttpStatus,TimeTaken,ClientIp\n" + strings.Repeat("2026-11-23T12:00:00Z,200,0.03,203.0.113.9\n", n)
	}
	for name, x := range map[string]struct{ text, want string }{
		"portal.csv": {table(30_000), "portal.csv has exactly 30000 rows"},
		"less.csv":   {table(29_999), ""},
		"rest.json": {
			`{"tables":[{"name":"PrimaryResult","columns":[{"name":"TimeGenerated"},{"name":"HttpStatus"},{"name":"TimeTaken"}],"rows":[["2026-11-23T12:00:00Z",502,0.03]]}],` +
				`"error":{"code":"PartialError","message":"There were some errors when processing your query.","details":[{"code":"EngineError","message":"Something went wrong","innererror":{"code":"-1","message":"the results exceed 64 MB"}}]}}`,
			"rest.json is truncated, as the answer itself says (PartialError: the results exceed 64 MB)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, evidencetest.Write(t, t.TempDir(), name, x.text))
			if err := b.Each(func(*accesslog.Record, bool) {}); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(b.Notes, "\n"); !strings.Contains(got, x.want) || x.want == "" && got != "" {
				t.Errorf("%s: %q", name, got)
			}
		})
	}
}
