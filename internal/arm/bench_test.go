package arm

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// sites is a gateway with so many listeners, rules and pools.
func sites(n int) string {
	var listeners, rules, pools []string
	for i := range n {
		name := fmt.Sprint("site", i)
		pools = append(pools, fmt.Sprintf(`{"name":%q,"properties":{"backendAddresses":[{"ipAddress":"127.0.0.1"}]}}`, name))
		listeners = append(listeners, fmt.Sprintf(`{"name":%q,"properties":{"frontendIPConfiguration":{"id":"%s/frontendIPConfigurations/pub"},
			"frontendPort":{"id":"%s/frontendPorts/p"},"protocol":"Http","hostName":"%s.example"}}`, name, gatewayURL, gatewayURL, name))
		rules = append(rules, fmt.Sprintf(`{"name":%q,"properties":{"ruleType":"Basic","priority":%d,"httpListener":{"id":"%s/httpListeners/%s"},
			"backendAddressPool":{"id":"%s/backendAddressPools/%s"},"backendHttpSettings":{"id":"%s/backendHttpSettingsCollection/http"}}}`,
			name, i+1, gatewayURL, name, gatewayURL, name, gatewayURL))
	}
	return `{"location":"westeurope","properties":{"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":2},
		"frontendIPConfigurations":[{"name":"pub","properties":{"publicIPAddress":{"id":"/x/ip"}}}],
		"frontendPorts":[{"name":"p","properties":{"port":8080}}],
		"backendHttpSettingsCollection":[{"name":"http","properties":{"port":9000,"protocol":"Http"}}],
		"backendAddressPools":[` + strings.Join(pools, ",") + `],"httpListeners":[` + strings.Join(listeners, ",") +
		`],"requestRoutingRules":[` + strings.Join(rules, ",") + `]}}`
}

// What the API itself costs: sign-in checked, path found, document read or written.
func BenchmarkRead(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprint(n, " listeners"), func(b *testing.B) {
			w := newWorld(b)
			if a := w.do("PUT", gatewayURL, sites(n)); a.status != http.StatusCreated {
				b.Fatal(a.text)
			}
			for b.Loop() {
				w.do("GET", gatewayURL, "")
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	w := newWorld(b)
	text := sites(100)
	for b.Loop() {
		if a := w.do("PUT", gatewayURL, text); a.status >= http.StatusBadRequest {
			b.Fatal(a.text)
		}
	}
}
