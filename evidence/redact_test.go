package evidence

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"causeway/accesslog"
)

// What leaves the house names nobody, and is still the same evidence: who is who stays apart, what is alike stays alike.
func TestRedact(t *testing.T) {
	dir := t.TempDir()
	row := strings.NewReplacer(`"requestUri":"\/a"`, `"requestUri":"/secret/order/12345","host":"shop.contoso.com","userAgent":"Ann's browser"`).Replace(manyRows())
	write(t, dir, "y=2026/m=11/d=23/h=09/m=00/PT1H.json", row)
	write(t, dir, "gateway.json", `{"name":"gw1","id":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw1","properties":{"sku":{"name":"Standard_v2","tier":"Standard_v2"},"sslCertificates":[{"name":"c","properties":{"data":"c2VjcmV0","password":"hunter2"}}],"backendAddressPools":[{"name":"web","properties":{"backendAddresses":[{"ipAddress":"10.0.0.4"},{"fqdn":"shop.contoso.com"}]}}],"urlPathMaps":[{"name":"m","properties":{"pathRules":[{"name":"r","properties":{"paths":["/secret/*"]}}]}}]}}`)
	write(t, dir, "table.csv", "TimeGenerated,HttpStatus,TimeTaken,ClientIp,ServerRouted,RequestUri,BackendPoolName\n2026-11-23T12:00:00Z,502,0.034,203.0.113.9,10.0.0.4:80,/secret/order/77,web\n")
	var out bytes.Buffer
	if err := NewRedactor([]byte("key")).Redact([]string{dir}, &out); err != nil {
		t.Fatal(err)
	}
	b := open(t, write(t, t.TempDir(), "bundle.tar.gz", out.String()))
	var seen []string
	if err := b.Each(func(r *accesslog.Record, _ bool) {
		seen = append(seen, fmt.Sprintf("%s %s %s %d %s", r.Client.Addr(), r.Attempts[0].Server, r.URI, r.Status, r.Host))
	}); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(seen, "\n") + fmt.Sprintf("%+v", b.Config)
	for _, secret := range []string{"10.0.0.4", "203.0.113.9", "contoso", "secret", "12345", "hunter2", "c2VjcmV0", "Ann", "11111111-2222"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is still there:\n%s", secret, all)
		}
	}
	if len(seen) != 4 || seen[1] != seen[2] || b.Config == nil || b.Config.Name != "gw1" {
		t.Fatalf("%d rows, config %v:\n%s", len(seen), b.Config, all)
	}
	member, path := b.Config.Pools[0].Members[0].IP, b.Config.PathMaps[0].Rules[0].Paths[0]
	uri := strings.Fields(seen[1])[2]
	if !strings.Contains(seen[0], member+":80") || !strings.Contains(seen[3], member+":80") || !strings.HasPrefix(uri, strings.TrimSuffix(path, "*")) {
		t.Errorf("member %s and path %s do not fit %q and %q", member, path, seen[0], seen[3])
	}
}
