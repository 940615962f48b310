package accesslog

import (
	"fmt"
	"net/netip"
	"testing"
)

// A first-generation gateway writes what it did into requestQuery, behind the user's query. The order of its parameters is no
// promise, any may be missing, and some exports give the server a port.
func TestRequestQueryOfTheFirstGeneration(t *testing.T) {
	for query, want := range map[string]struct {
		server string
		status int
		user   string
	}{
		"X-AzureApplicationGateway-CACHE-HIT=0&SERVER-ROUTED=10.0.0.4&X-AzureApplicationGateway-LOG-ID=592d0000-0000-0000-0000-000000000001&SERVER-STATUS=503": {"10.0.0.4:0", 503, ""},
		"SERVER-STATUS=200&SERVER-ROUTED=10.0.0.4":                             {"10.0.0.4:0", 200, ""},
		"SERVER-ROUTED=10.0.0.4:8080&SERVER-STATUS=404":                        {"10.0.0.4:8080", 404, ""},
		"SERVER-ROUTED=10.0.0.4%3A8080&X-AzureApplicationGateway-CACHE-HIT=0":  {"10.0.0.4:8080", 0, ""},
		"SERVER-ROUTED=[fd00::4]:80&SERVER-STATUS=200":                         {"[fd00::4]:80", 200, ""},
		"a=1&b=2&SERVER-ROUTED=10.0.0.4&X-AzureApplicationGateway-CACHE-HIT=0": {"10.0.0.4:0", 0, "a=1&b=2"},
		"SERVER-ROUTED=192.0.2.1&a=1&SERVER-ROUTED=10.0.0.4&SERVER-STATUS=200": {"10.0.0.4:0", 200, "a=1"},
		"SERVER-ROUTED=&SERVER-STATUS=&X-AzureApplicationGateway-CACHE-HIT=0":  {"", 0, ""},
		"SERVER-ROUTED=%zz&SERVER-STATUS=none":                                 {"", 0, ""},
		"a=1&b=2":                                                              {"", 0, "a=1&b=2"},
	} {
		t.Run(query, func(t *testing.T) {
			line := fmt.Sprintf(`{"category":"ApplicationGatewayAccessLog","time":"2026-11-23T09:00:01Z","properties":{"instanceId":"ApplicationGatewayRole_IN_0","requestQuery":%q,"httpStatus":502,"timeTaken":2}}`, query)
			r, _, err := Decode([]byte(line))
			if err != nil || !r.V1 || string(r.Query) != want.user {
				t.Errorf("%s: query %q, %v", query, r.Query, err)
				return
			}
			if want.server == "" {
				if len(r.Attempts) != 0 {
					t.Errorf("%s: attempts %+v", query, r.Attempts)
				}
				return
			}
			if len(r.Attempts) != 1 || r.Attempts[0].Server != netip.MustParseAddrPort(want.server) || r.Attempts[0].Status != want.status {
				t.Errorf("%s: attempts %+v", query, r.Attempts)
			}
		})
	}
}
