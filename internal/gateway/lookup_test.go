package gateway

import "testing"

func TestLookupsIgnoreCaseAndKnowAbsence(t *testing.T) {
	c := &Config{
		Pools:                   []Pool{{Name: "web"}},
		Settings:                []Settings{{Name: "web-http"}, {Name: "api-http"}},
		Listeners:               []Listener{{Name: "site"}, {Name: "inside"}},
		Probes:                  []Probe{{Name: "web-health"}},
		PathMaps:                []PathMap{{Name: "shop-paths"}},
		Redirects:               []Redirect{{Name: "to-https"}, {Name: "moved"}},
		SSLCertificates:         []SSLCertificate{{Name: "shop-tls"}},
		SSLProfiles:             []SSLProfile{{Name: "modern"}},
		TrustedRootCertificates: []PublicCertificate{{Name: "root"}},
		FrontendPorts:           []FrontendPort{{Name: "http"}, {Name: "https"}},
		FrontendIPs:             []FrontendIP{{Name: "public"}},
	}
	f := func(what string, found, missing, empty bool) {
		t.Helper()
		if !found || missing || empty {
			t.Errorf("%s: found %v, missing found %v, empty name found %v", what, found, missing, empty)
		}
	}
	f("pool", c.Pool("WEB") == &c.Pools[0], c.Pool("x") != nil, c.Pool("") != nil)
	f("settings", c.Setting("API-http") == &c.Settings[1], c.Setting("x") != nil, c.Setting("") != nil)
	f("listener", c.Listener("Inside") == &c.Listeners[1], c.Listener("x") != nil, c.Listener("") != nil)
	f("probe", c.Probe("Web-Health") == &c.Probes[0], c.Probe("x") != nil, c.Probe("") != nil)
	f("path map", c.PathMap("SHOP-paths") == &c.PathMaps[0], c.PathMap("x") != nil, c.PathMap("") != nil)
	f("redirect", c.Redirect("Moved") == &c.Redirects[1], c.Redirect("x") != nil, c.Redirect("") != nil)
	f("certificate", c.SSLCertificate("Shop-TLS") == &c.SSLCertificates[0], c.SSLCertificate("x") != nil, c.SSLCertificate("") != nil)
	f("profile", c.SSLProfile("Modern") == &c.SSLProfiles[0], c.SSLProfile("x") != nil, c.SSLProfile("") != nil)
	f("root", c.TrustedRoot("Root") == &c.TrustedRootCertificates[0], c.TrustedRoot("x") != nil, c.AuthCertificate("root") != nil)
	f("port", c.FrontendPort("HTTPS") == &c.FrontendPorts[1], c.FrontendPort("x") != nil, c.FrontendPort("") != nil)
	f("frontend", c.FrontendIP("Public") == &c.FrontendIPs[0], c.FrontendIP("x") != nil, c.FrontendIP("") != nil)
}

func TestChildIDKeepsTheDocumentsID(t *testing.T) {
	c := Config{ID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw/"}
	if got, want := c.ChildID("probes", "p"),
		"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw/probes/p"; got != want {
		t.Errorf("got %s", got)
	}
}
