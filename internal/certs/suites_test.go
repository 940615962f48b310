package certs

import (
	"strings"
	"testing"

	"causeway/internal/gateway"
)

// What a predefined policy names and nobody here offers is a warning, and so is a weak suite that is offered.
func TestSuitesOfPolicies(t *testing.T) {
	f := func(policy gateway.SSLPolicy, https bool, want ...string) {
		t.Helper()
		protocol := "Http"
		if https {
			protocol = "Https"
		}
		c := &gateway.Config{
			SKU:       gateway.SKU{Tier: "Standard_v2"},
			SSLPolicy: policy,
			Listeners: []gateway.Listener{{Protocol: protocol}, {Protocol: protocol}},
		}
		got := CheckPolicies(c)
		if len(got) != len(want) {
			t.Errorf("%+v: %+v", policy, got)
			return
		}
		for i, p := range got {
			if p.Severity != gateway.Warning || !strings.Contains(p.Message, want[i]) {
				t.Errorf("%+v", p)
			}
		}
	}
	f(gateway.SSLPolicy{Type: "Predefined", Name: "AppGwSslPolicy20220101"}, true, "CBC_SHA384")
	f(gateway.SSLPolicy{Type: "Predefined", Name: "AppGwSslPolicy20220101"}, false)
	f(gateway.SSLPolicy{Type: "Predefined", Name: "AppGwSslPolicy20220101S"}, true)
	f(gateway.SSLPolicy{Type: "Predefined", Name: "AppGwSslPolicy20150501"}, true, "CBC_SHA384", "DES-CBC3-SHA")
	f(gateway.SSLPolicy{
		Type:         "Custom",
		CipherSuites: []string{"TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
	}, true, "DES-CBC3-SHA")
}

// A custom policy of whose suites none is offered offers none: no suites must not come to mean every suite.
func TestPolicyWithoutOfferedSuites(t *testing.T) {
	for _, kind := range []string{"Custom", "CustomV2"} {
		t.Run(kind, func(t *testing.T) {
			p := PolicyOf(gateway.SSLPolicy{
				Type:         kind,
				MinVersion:   "TLSv1_2",
				CipherSuites: []string{"TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"},
			}, false)
			if p.Suites == nil || len(p.Suites) != 0 {
				t.Errorf("%s: %v", kind, p.Suites)
			}
		})
	}
}
