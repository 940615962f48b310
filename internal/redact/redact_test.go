package redact

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/activity"
	"causeway/internal/evidence"
	"causeway/internal/evidence/archive"
	"causeway/internal/evidence/evidencetest"
)

// What leaves the house names nobody, and is still the same evidence: who is who stays apart, what is alike stays alike.
func TestRedact(t *testing.T) {
	dir := t.TempDir()
	row := strings.NewReplacer(`"requestUri":"\/a"`,
		`"requestUri":"/secret/order/12345","host":"shop.contoso.com","userAgent":"Ann's browser"`).Replace(evidencetest.ManyRows())
	evidencetest.Write(t, dir, "y=2026/m=11/d=23/h=09/m=00/PT1H.json", row)
	evidencetest.Write(t, dir, "gateway.json",
		`{"name":"gw1","id":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw1","properties":{"sku":{"name":"Standard_v2","tier":"Standard_v2"},"sslCertificates":[{"name":"c","properties":{"data":"c2VjcmV0","password":"hunter2"}}],"backendAddressPools":[{"name":"web","properties":{"backendAddresses":[{"ipAddress":"10.0.0.4"},{"fqdn":"shop.contoso.com"}]}}],"urlPathMaps":[{"name":"m","properties":{"pathRules":[{"name":"r","properties":{"paths":["/secret/*"]}}]}}]}}`)
	evidencetest.Write(t, dir, "table.csv",
		"TimeGenerated,HttpStatus,TimeTaken,ClientIp,ServerRouted,RequestUri,BackendPoolName\n2026-11-23T12:00:00Z,502,0.034,203.0.113.9,10.0.0.4:80,/secret/order/77,web\n")
	var out bytes.Buffer
	if err := New([]byte("key")).Redact([]string{dir}, &out); err != nil {
		t.Fatal(err)
	}
	b := openBundle(t, evidencetest.Write(t, t.TempDir(), "bundle.tar.gz", out.String()))
	var seen []string
	if err := b.Each(func(r *accesslog.Record, _ bool) {
		seen = append(seen, fmt.Sprintf("%s %s %s %d %s", r.Client.Addr(), r.Attempts[0].Server, r.URI, r.Status, r.Host))
	}); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(seen, "\n") + fmt.Sprintf("%+v", b.Config)
	for _, secret := range []string{
		"10.0.0.4", "203.0.113.9", "contoso", "secret", "12345", "hunter2", "c2VjcmV0", "Ann",
		"11111111-2222",
	} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is still there:\n%s", secret, all)
		}
	}
	if len(seen) != 4 || seen[1] != seen[2] || b.Config == nil || b.Config.Name != "gw1" {
		t.Fatalf("%d rows, config %v:\n%s", len(seen), b.Config, all)
	}
	member, path := b.Config.Pools[0].Members[0].IP, b.Config.PathMaps[0].Rules[0].Paths[0]
	uri := strings.Fields(seen[1])[2]
	if !strings.Contains(seen[0], member+":80") || !strings.Contains(seen[3], member+":80") ||
		!strings.HasPrefix(uri, strings.TrimSuffix(path, "*")) {
		t.Errorf("member %s and path %s do not fit %q and %q", member, path, seen[0], seen[3])
	}
}

// redactedBundle is evidence, redacted and read back: its rows and the text of its files.
func redactedBundle(t *testing.T, name, text string) (b *evidence.Bundle, rows []string, all string) {
	t.Helper()
	var out bytes.Buffer
	if err := New([]byte("key")).Redact([]string{evidencetest.Write(t, t.TempDir(), name, text)}, &out); err != nil {
		t.Fatal(err)
	}
	b = openBundle(t, evidencetest.Write(t, t.TempDir(), "bundle.tar.gz", out.String()))
	if err := b.Each(func(r *accesslog.Record, _ bool) {
		rows = append(rows, fmt.Sprintf("%d %s %s", r.Status, r.URI, r.Client.Addr()))
	}); err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b, rows, string(plain)
}

// Nothing in an empty answer says what was asked for, so its name stays.
func TestRedactAnEmptyAnswer(t *testing.T) {
	if b, _, _ := redactedBundle(t, "activity.json", "[]"); !b.AnsweredEmpty("activity") || len(b.Unread) > 0 {
		t.Errorf("notes %v, not read %v", b.Notes, b.Unread)
	}
}

// Forms in which the key of a value does not stand beside it, and lines that are no valid JSON.
func TestRedactEveryForm(t *testing.T) {
	forms := map[string]string{
		"dash.json": `{"category":"ApplicationGatewayAccessLog","time":"2026-11-23T12:00:00Z","properties":{"clientPort":-,"clientIP":"203.0.113.9","httpStatus":502,"requestUri":"/secret","userAgent":"Ann",}}` + "\n",
		"rest.json": `{"tables":[{"name":"PrimaryResult","columns":[{"name":"TimeGenerated"},{"name":"HttpStatus"},{"name":"TimeTaken"},{"name":"RequestUri"},{"name":"UserAgent"},{"name":"ClientIp"}],"rows":[["2026-11-23T12:00:00Z",502,0.03,"/secret","Ann","203.0.113.9"]]}]}`,
		"az.txt": "TimeGenerated         HttpStatus  TimeTaken  RequestUri  ClientIp     UserAgent\n" +
			"--------------------  ----------  ---------  ----------  -----------  ---------\n" +
			"2026-11-23T12:00:00Z  502         0.03       /secret     203.0.113.9  Ann\n",
		"portal.csv": "TimeGenerated,HttpStatus,TimeTaken,RequestUri,ClientIp,UserAgent\n2026-11-23T12:00:00Z,502,0.03,/secret,203.0.113.9,Ann\n",
		"late.csv":   "TimeGenerated,httpStatus_d,timeTaken_d,AdditionalFields\n2026-11-23T12:00:00Z,502,0.03,\"{\"\"requestUri_s\"\":\"\"/secret\"\",\"\"clientIP_s\"\":\"\"203.0.113.9\"\"}\"\n",
	}
	for name, text := range forms {
		_, rows, all := redactedBundle(t, name, text)
		if len(rows) != 1 || !strings.HasPrefix(rows[0], "502 /path-") || strings.HasSuffix(rows[0], "203.0.113.9") {
			t.Errorf("%s: rows %q in:\n%s", name, rows, all)
		}
		for _, secret := range []string{"secret", "203.0.113.9", "Ann"} {
			if strings.Contains(all, secret) {
				t.Errorf("%s: %s is still there:\n%s", name, secret, all)
			}
		}
	}
}

func TestRedactYAMLAndBrokenLines(t *testing.T) {
	b, _, all := redactedBundle(t, "gateway.yaml",
		"name: gw1\ntype: Microsoft.Network/applicationGateways\nproperties:\n  sku: {name: Standard_v2, tier: Standard_v2}\n  httpListeners:\n  - {name: l, properties: {hostName: shop.contoso.com, protocol: Http}}\n")
	if b.Config == nil || strings.Contains(all, "contoso") {
		t.Errorf("config %v in:\n%s", b.Config, all)
	}
	good := `{"category":"ApplicationGatewayAccessLog","time":"2026-11-23T12:00:00Z","properties":{"httpStatus":502,"requestUri":"/a"}}` + "\n"
	b, rows, all := redactedBundle(t, "log.json", good+`{"category":"ApplicationGatewayAccessLog","properties":{"requestUri":"/secret`+
		"\n"+good)
	if len(rows) != 2 || b.Bad != 1 || strings.Contains(all, "secret") {
		t.Errorf("%d rows, %d bad in:\n%s", len(rows), b.Bad, all)
	}
}

// Metrics have their numbers in an array that is called like a secret.
func TestRedactKeepsMetrics(t *testing.T) {
	b, _, _ := redactedBundle(t, "metrics.json",
		`{"namespace":"Microsoft.Network/applicationGateways","interval":"PT1M","value":[{"name":{"value":"CapacityUnits"},"unit":"Count","timeseries":[{"metadatavalues":[],"data":[{"timeStamp":"2026-11-23T12:00:00Z","average":19.5}]}]}]}`)
	if len(b.Metrics) != 1 {
		t.Errorf("metrics %v", b.Metrics)
	}
}

// causeway.yaml is read before the document that has the same names; plain text has no keys at all.
func TestRedactLocalAndPlainText(t *testing.T) {
	dir := t.TempDir()
	evidencetest.Write(t, dir, "causeway.yaml",
		"certificates:\n  www: {cert: /home/ann/shop.pem, key: /home/ann/shop.key}\nmembers:\n  shop.contoso.com: build7.fabrikam.net:9001\n  10.0.0.4: 127.0.0.1:9002\n")
	evidencetest.Write(t, dir, "gateway.json",
		`{"name":"gw1","properties":{"sku":{"name":"Standard_v2","tier":"Standard_v2"},"backendAddressPools":[{"name":"web","properties":{"backendAddresses":[{"ipAddress":"10.0.0.4"},{"fqdn":"shop.contoso.com"}]}}]}}`)
	evidencetest.Write(t, dir, "a-health.txt",
		"BackendAddressPools :\nBackendAddressPoolsText : [\n  {\n    \"BackendAddressPool\": {\"Id\": \"/x/backendAddressPools/web\"},\n    \"BackendHttpSettingsCollection\": [{\"BackendHttpSettings\": {\"Id\": \"/x/http\"}, \"Servers\": [{\"Address\": \"shop.contoso.com\", \"Health\": \"Unhealthy\", \"HealthProbeLog\": \"Common Name of db.adventure-works.com does not match\"}]}]\n  }\n]\n")
	var out bytes.Buffer
	if err := New([]byte("key")).Redact([]string{dir}, &out); err != nil {
		t.Fatal(err)
	}
	b := openBundle(t, evidencetest.Write(t, t.TempDir(), "bundle.tar.gz", out.String()))
	if b.Local == nil || b.Config == nil || b.Health == nil || len(b.Unread) > 0 {
		t.Fatalf("local %v, config %v, health %v, not read %v", b.Local, b.Config, b.Health, b.Unread)
	}
	all := fmt.Sprintf("%+v %+v %+v", b.Local, b.Config, b.Health)
	for _, secret := range []string{"contoso", "fabrikam", "adventure", "ann", "shop"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is still there:\n%s", secret, all)
		}
	}
	named := b.Config.Pools[0].Members
	for _, member := range []string{named[0].IP, named[1].FQDN} {
		if b.Local.Members[member] == "" {
			t.Errorf("member %s of the document is not among %v", member, b.Local.Members)
		}
	}
	if got := b.Health.Pools[0].Settings[0].Servers[0].Address; got != named[1].FQDN {
		t.Errorf("health speaks of %s, the document of %s", got, named[1].FQDN)
	}
}

// A key beside the evidence, notes, and a document that is cut off are not copied, whatever they hold.
func TestRedactLeavesOutWhatItDoesNotUnderstand(t *testing.T) {
	dir := t.TempDir()
	log := `{"category":"ApplicationGatewayAccessLog","time":"2026-11-23T12:00:00Z","properties":{"httpStatus":502,"requestUri":"/a"}}` + "\n"
	evidencetest.Write(t, dir, "PT1H.json", log)
	for name, text := range map[string]string{
		"shop.key":  "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
		"notes.txt": "password=c2VjcmV0\nAuthorization: Bearer c2VjcmV0\n",
		"cut.json":  `{"name":"gw1","properties":{"password":"c2VjcmV0"`,
	} {
		evidencetest.Write(t, dir, name, text)
	}
	var out bytes.Buffer
	r := New([]byte("key"))
	if err := r.Redact([]string{dir}, &out); err != nil || len(r.LeftOut()) != 3 {
		t.Fatalf("error %v, left out %q", err, r.LeftOut())
	}
	evidencetest.Write(t, dir, "bundle.tar.gz", out.String())
	all := 0
	err := eachLeafOf([]string{filepath.Join(dir, "bundle.tar.gz")}, func(l *archive.Leaf) error {
		data, err := io.ReadAll(l)
		if all++; bytes.Contains(data, []byte("c2VjcmV0")) {
			t.Errorf("%s: %s", l.Name, data)
		}
		return err
	})
	if err != nil || all != 1 {
		t.Errorf("%d files, %v", all, err)
	}
	os.Remove(filepath.Join(dir, "bundle.tar.gz"))
	os.Remove(filepath.Join(dir, "PT1H.json"))
	if err := r.Redact([]string{dir}, &out); !errors.Is(err, ErrNothing) {
		t.Errorf("with nothing to share: %v", err)
	}
}

// The names in a certificate that was refused are those of hosts, and of people and machines.
func TestRedactNamesOfACertificate(t *testing.T) {
	line := `{"category":"ApplicationGatewayAccessLog","timeStamp":"2026-11-23T12:00:00Z","properties":{"httpStatus":502,"causeway":{"v":1,"start":1795435200.000000,"rev":1,"port":0,"fault":{"side":"backend","phase":"tls","kind":"certificate"},"attempts":[{"member":"10.0.0.4","server":"10.0.0.4:443","port":4,"presented":"*.billing.contoso.com, Anns machine, 10.1.2.3"}]}}}`
	_, _, all := redactedBundle(t, "log.json", line+"\n")
	for _, secret := range []string{"billing", "contoso", "Ann", "10.1.2.3"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is still there:\n%s", secret, all)
		}
	}
	if !strings.Contains(all, `"presented":"*.host-`) {
		t.Errorf("the names are gone:\n%s", all)
	}
}

// A member that was passed over is named like one that was asked, also where no document names it.
func TestRedactHeldBackMembers(t *testing.T) {
	line := func(member, held string) string {
		return `{"category":"ApplicationGatewayAccessLog","timeStamp":"2026-11-23T12:00:00Z","properties":{"httpStatus":200,"clientIP":"203.0.113.9","causeway":{"v":1,"start":1795435200.000000,"rev":1,"port":4,"member":"` + member + `","heldBack":"` + held + `"}}}` + "\n"
	}
	_, rows, all := redactedBundle(t, "PT1H.json", line("billing.contoso.com", "till7.contoso.com")+line("till7.contoso.com", "10.1.2.3"))
	if len(rows) != 2 {
		t.Fatalf("rows %v", rows)
	}
	for _, secret := range []string{"contoso", "billing", "till7", "10.1.2.3"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is still there:\n%s", secret, all)
		}
	}
	var held []string
	for _, m := range heldBackOrMember.FindAllStringSubmatch(all, -1) {
		held = append(held, m[1])
	}
	if len(held) != 4 || held[0] != held[3] && held[1] != held[2] && held[0] != held[2] && held[1] != held[3] {
		t.Errorf("who was passed over is not who was asked: %v", held)
	}
}

var heldBackOrMember = regexp.MustCompile(`"(?:heldBack|member)":"([^"]+)"`)

func openBundle(t *testing.T, paths ...string) *evidence.Bundle {
	t.Helper()
	b, err := evidence.Open(paths)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// requestsOf are all requests of a bundle, a line each.
func requestsOf(t *testing.T, b *evidence.Bundle) string {
	t.Helper()
	var out []string
	err := b.Each(func(r *accesslog.Record, _ bool) {
		out = append(out, fmt.Sprintf("%s %d %s %s %v %s", r.Start.Format(time.RFC3339), r.Status, r.Method, r.URI, r.Taken, r.Pool))
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// Half of the evidence would be taken for all of it: a path that cannot be read is an error.
func TestRedactAMissingPath(t *testing.T) {
	dir := t.TempDir()
	there, missing := evidencetest.Write(t, dir, "PT1H.json", evidencetest.ManyRows()), filepath.Join(dir, "nothing")
	err := New(nil).Redact([]string{there, missing}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "nothing: there is no such file") {
		t.Errorf("%v", err)
	}
}

// A log stays one though its first line is broken and longer than what is looked at to recognise a file.
func TestRedactALongBrokenFirstLine(t *testing.T) {
	for _, begin := range []string{`{"a":"`, "[", "", `{"value":[{"a":"`} {
		t.Run(begin, func(t *testing.T) {
			text := begin + strings.Repeat("x", 300<<10) + "\n" + evidencetest.RowAt(2) + "\n" + evidencetest.RowAt(3) + "\n"
			if _, rows, _ := redactedBundle(t, "PT1H.json", text); len(rows) != 2 {
				t.Errorf("%d rows, want 2", len(rows))
			}
		})
	}
}

// Causeway's activity log names machines and users. Redacted, it still says which instance died, and how.
func TestRedactActivityLog(t *testing.T) {
	dir := t.TempDir()
	w := activity.NewWriter(dir)
	if err := w.Write(activity.Event{
		At: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), Kind: activity.Death, Caller: "ann", Node: "shop-node-7.contoso.com",
		Instance: "gw1_1", PID: 42, ExitCode: -1, Signal: "SIGKILL", Connections: 17, Seen: time.Second, Draining: true, Found: true,
	}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := New([]byte("key")).Redact([]string{dir}, &out); err != nil {
		t.Fatal(err)
	}
	b := openBundle(t, evidencetest.Write(t, t.TempDir(), "bundle.tar.gz", out.String()))
	if err := b.EachRow(evidence.Rows{}); err != nil || len(b.Activity) != 1 || b.Activity[0].Own == nil {
		t.Fatalf("%v, %+v", err, b.Activity)
	}
	e := b.Activity[0].Own
	if e.Instance != "gw1_1" || e.Signal != "SIGKILL" || e.Connections != 17 || e.Seen != time.Second || !e.Draining || !e.Found ||
		e.Caller != "" || strings.Contains(e.Node, "contoso") {
		t.Errorf("%+v", e)
	}
}

// Since leaves out the logs of hours before it, and keeps that of its own hour and what tells no hour.
func TestRedactSince(t *testing.T) {
	dir := t.TempDir()
	for _, hour := range []string{"08", "09", "10"} {
		row := strings.NewReplacer("T09:", "T"+hour+":", "592d1649", "592d16"+hour).Replace(evidencetest.ManyRows())
		evidencetest.Write(t, dir, "y=2026/m=11/d=23/h="+hour+"/m=00/PT1H.json", row)
	}
	rows := func(since time.Time) (n int) {
		r := New([]byte("key"))
		r.Since = since
		var out bytes.Buffer
		if err := r.Redact([]string{dir}, &out); err != nil {
			t.Fatal(err)
		}
		b := openBundle(t, evidencetest.Write(t, t.TempDir(), "bundle.tar.gz", out.String()))
		if err := b.Each(func(*accesslog.Record, bool) { n++ }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	all := rows(time.Time{})
	if got := rows(time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)); all == 0 || got != all*2/3 {
		t.Errorf("%d of %d rows, want two of three hours", got, all)
	}
}
