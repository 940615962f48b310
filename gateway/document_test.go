package gateway

import "testing"

func TestParseMinimal(t *testing.T) {
	d, err := Parse([]byte(`{"name":"gw1","location":"eastus","properties":{
 "sku":{"name":"standard_v2","tier":"Standard_v2"},
 "autoscaleConfiguration":{"minCapacity":0,"maxCapacity":10},
 "frontendIPConfigurations":[{"name":"pub","properties":{"publicIPAddress":{"id":"/subscriptions/s/.../publicIPAddresses/ip"}}}],
 "frontendPorts":[{"name":"p80","properties":{"port":"80"}}],
 "backendAddressPools":[{"name":"web","properties":{"backendAddresses":[{"ipAddress":"10.0.0.4"},{"fqdn":"b.example.net"}]}}],
 "backendHttpSettingsCollection":[{"name":"http","properties":{"port":8080,"protocol":"Http","cookieBasedAffinity":"Disabled"}}],
 "httpListeners":[{"name":"l80","properties":{"protocol":"Http","frontendIPConfiguration":{"id":".../frontendIPConfigurations/pub"},"frontendPort":{"id":".../frontendPorts/P80"}}}],
 "requestRoutingRules":[{"name":"r1","properties":{"ruleType":"Basic","priority":100,"httpListener":{"id":".../httpListeners/l80"},"backendAddressPool":{"id":".../backendAddressPools/web"},"backendHttpSettings":{"id":".../backendHttpSettingsCollection/http"}}}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if p := d.Problems(); HasErrors(p) {
		t.Fatalf("unexpected problems: %v", p)
	}
	if got := d.Config.Listeners[0].FrontendPort; got != "p80" {
		t.Errorf("frontend port %q", got)
	}
	if got := d.Config.Settings[0].RequestTimeout; got != 20 || d.Config.Settings[0].RequestTimeoutGiven {
		t.Errorf("request timeout %d", got)
	}
	if len(d.Effective()) <= len(d.JSON()) {
		t.Error("no defaults were filled in")
	}
}
