package report

import "testing"

func TestCommandsOfAHost(t *testing.T) {
	const own = "causeway config apply gateway.json"
	for az, served := range map[string]bool{
		"az network application-gateway update -g g -n gw --capacity 3":                                                  true,
		"az network application-gateway stop -g g -n gw && az network application-gateway start -g g -n gw":              true,
		"az network application-gateway waf-policy managed-rule exclusion add -g g":                                      false,
		"az network vnet update -g g -n VNET --dns-servers 10.0.0.10 && az network application-gateway start -g g -n gw": false,
		"": false,
	} {
		c := Commands{AzCLI: az, PowerShell: "Set-AzApplicationGateway", Portal: "Configuration", Causeway: own}
		if got := c.Of(OnAzure); got != c {
			t.Errorf("on Azure: %+v", got)
		}
		if got := c.Of(OnCauseway); got != (Commands{Causeway: own}) {
			t.Errorf("on Causeway: %+v", got)
		}
		want := Commands{Causeway: own}
		if served {
			want.AzCLI = az
		}
		if got := c.Of(OnCausewayAz); got != want {
			t.Errorf("over the management API: %+v, want %+v", got, want)
		}
	}
}

// What is asked about a running Causeway is a command of its own first; az comes where the management API is on.
func TestTheGuideAsksByHost(t *testing.T) {
	for host, want := range map[Host]string{
		OnAzure:      "az network application-gateway show-backend-health -g shop -n gw, or Monitoring > Backend health",
		OnCauseway:   "causeway health",
		OnCausewayAz: "causeway health; or az network application-gateway show-backend-health -g shop -n gw",
	} {
		g := GuideOf(&Report{Host: host, Gateway: "gw", Group: "shop"})
		if got := g.Steps[0].Ask; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		g.Reply("gateway-capacity", No)
		if got := g.Steps[4].Then[0]; (got == guided[4].then[0]) != (host == OnAzure) {
			t.Errorf("on host %d: %s", host, got)
		}
	}
}
