package document

import (
	"strings"
	"testing"
)

const terseID = "/subscriptions/0/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"

const terse = `{"name":"gw","location":"x","properties":{
 "sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1},
 "frontendIPConfigurations":[{"name":"f","properties":{"publicIPAddress":{"id":"/subscriptions/s/x/p"}}}],
 "frontendPorts":[{"name":"p","properties":{"port":80}}],
 "sslCertificates":[{"name":"c","properties":{"data":"AAAA","password":"secret"}}],
 "backendAddressPools":[{"name":"pool","properties":{"backendAddresses":[{"ipAddress":"10.0.0.4"}]}}],
 "backendHttpSettingsCollection":[{"name":"s","properties":{"port":80,"protocol":"Http"}}],
 "httpListeners":[{"name":"l","properties":{"frontendIPConfiguration":{"id":"` + terseID + `/frontendIPConfigurations/f"},"frontendPort":{"id":"` + terseID + `/frontendPorts/p"},"protocol":"Http"}}],
 "requestRoutingRules":[{"name":"r","properties":{"ruleType":"Basic","priority":1,"httpListener":{"id":"` + terseID + `/httpListeners/l"},"backendAddressPool":{"id":"` + terseID + `/backendAddressPools/pool"},"backendHttpSettings":{"id":"` + terseID + `/backendHttpSettingsCollection/s"}}}]}}`

// What config show prints says the same as the document that it is of; with another value, another secret or a name less it does not.
func TestRestates(t *testing.T) {
	t.Parallel()
	before := parsed(t, terse)
	shown := string(before.Effective())
	if shown == string(before.JSON()) || strings.Contains(shown, "secret") {
		t.Fatalf("no default is filled in, or a secret shows:\n%s", shown)
	}
	for name, x := range map[string]struct {
		text string
		same bool
	}{
		"itself":                {terse, true},
		"as it is shown":        {shown, true},
		"in canonical form":     {string(before.JSON()), true},
		"another value":         {strings.Replace(shown, `"port": 80`, `"port": 81`, 1), false},
		"another default":       {strings.Replace(shown, `"requestTimeout": 20`, `"requestTimeout": 21`, 1), false},
		"another secret":        {strings.Replace(terse, "secret", "other", 1), false},
		"another member":        {strings.Replace(shown, "10.0.0.4", "10.0.0.5", 1), false},
		"with a tag":            {strings.Replace(terse, `"location"`, `"tags":{"a":"b"},"location"`, 1), false},
		"with an unknown field": {strings.Replace(terse, `"sku":{`, `"novel":1,"sku":{`, 1), false},
		"another gateway":       {strings.Replace(terse, `"name":"gw"`, `"name":"other"`, 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !x.same && (x.text == shown || x.text == terse) {
				t.Fatal("the text is not another")
			}
			if got := parsed(t, x.text).Restates(before); got != x.same {
				t.Errorf("says the same: %t, want %t\n%s", got, x.same, x.text)
			}
		})
	}
}

func parsed(t *testing.T, text string) *Document {
	t.Helper()
	d, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A firewall that does not say whether it is on counts as on. Whoever writes that it is off asks for another configuration, though off is the
// default.
func TestAFirewallThatIsTurnedOffIsNoRestatement(t *testing.T) {
	t.Parallel()
	with := func(firewall string) *Document {
		return parsed(t, strings.Replace(terse, `"sku":{`, `"webApplicationFirewallConfiguration":{`+firewall+`"firewallMode":"Prevention","ruleSetType":"OWASP","ruleSetVersion":"3.2"},"sku":{`, 1))
	}
	before, off := with(""), with(`"enabled":false,`)
	if len(before.Config.Unserved) != 1 || len(off.Config.Unserved) != 0 {
		t.Fatalf("%v, %v", before.Config.Unserved, off.Config.Unserved)
	}
	if off.Restates(before) || !before.Restates(with("")) {
		t.Error("a firewall that was turned off counts as unchanged")
	}
}
