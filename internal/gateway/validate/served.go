package validate

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	"causeway/internal/gateway/schema"
)

// unservedPart is a part of the resource that is read, checked and kept, and that the gateway does not act on yet.
type unservedPart struct {
	path  string         // names from the gateway's properties downward; [] goes through a list
	inUse func(any) bool // of the value there
	what  string
}

// unservedParts is the whole list. When a part becomes served, its line goes.
func unservedParts() []unservedPart {
	return []unservedPart{
		{"enableHttp2", isTrue, "HTTP/2 to clients; they get HTTP/1.1"},
		{"enableFips", isTrue, "FIPS mode"},
		{"globalConfiguration.enableRequestBuffering", isFalse, "switching request buffering off; bodies stream once 64 KiB are held"},
		{"globalConfiguration.enableResponseBuffering", isFalse, "switching response buffering off; responses always stream"},
		{"webApplicationFirewallConfiguration.enabled", isTrue, "the web application firewall; requests are not inspected"},
		{"firewallPolicy", present, "the web application firewall; requests are not inspected"},
		{"httpListeners[].firewallPolicy", present, "the web application firewall; requests are not inspected"},
		{"urlPathMaps[].pathRules[].firewallPolicy", present, "the web application firewall; requests are not inspected"},
		{"customErrorConfigurations[]", present, "custom error pages; the gateway's own page is sent"},
		{"httpListeners[].customErrorConfigurations[]", present, "custom error pages; the gateway's own page is sent"},
		{"httpListeners[].enableHttp3", isTrue, "HTTP/3"},
		{"sslProfiles[].trustedClientCertificates[]", present, "mutual TLS; client certificates are not asked for"},
		{
			"sslProfiles[].clientAuthConfiguration.verifyClientAuthMode", equal("Passthrough"),
			"mutual TLS; client certificates are not asked for",
		},
		{"sslProfiles[].clientAuthConfiguration.verifyClientCertIssuerDN", isTrue, "mutual TLS; client certificates are not asked for"},
		{
			"sslProfiles[].clientAuthConfiguration.verifyClientRevocation", equal("OCSP"),
			"mutual TLS; client certificates are not asked for",
		},
		{"sslPolicy.cipherSuites[]", notInGo, "this cipher suite; it is not offered"},
		{"sslProfiles[].sslPolicy.cipherSuites[]", notInGo, "this cipher suite; it is not offered"},
		{"sslCertificates[].keyVaultSecretId", present, "key vault secrets; name the files in causeway.yaml"},
		{"trustedRootCertificates[].keyVaultSecretId", present, "key vault secrets; give the data itself"},
		{"backendHttpSettingsCollection[].cookieBasedAffinity", equal("Enabled"), "cookie affinity; requests go round robin"},
		{
			"backendHttpSettingsCollection[].connectionDraining.enabled", isTrue,
			"a limit for requests of a member that is removed; they run to their end",
		},
		{"requestRoutingRules[].rewriteRuleSet", present, "rewrite sets; requests and responses pass unchanged"},
		{"urlPathMaps[].defaultRewriteRuleSet", present, "rewrite sets; requests and responses pass unchanged"},
		{"urlPathMaps[].pathRules[].rewriteRuleSet", present, "rewrite sets; requests and responses pass unchanged"},
		{"requestRoutingRules[].entraJWTValidationConfig", present, "token validation; requests pass without a check of their token"},
		{"requestRoutingRules[].loadDistributionPolicy", present, "load distribution policies; requests go round robin"},
		{"urlPathMaps[].defaultLoadDistributionPolicy", present, "load distribution policies; requests go round robin"},
		{"urlPathMaps[].pathRules[].loadDistributionPolicy", present, "load distribution policies; requests go round robin"},
		{"listeners[]", present, "layer 4 listeners; the port stays closed"},
		{"routingRules[]", present, "layer 4 rules"},
		{"backendSettingsCollection[]", present, "layer 4 backend settings"},
		{"privateLinkConfigurations[]", present, "private link"},
		{"privateEndpointConnections[]", present, "private link"},
	}
}

// unserved warns of every unserved part in use, by the object that uses it.
func (c *checker) unserved(tree *schema.Object) {
	for _, part := range unservedParts() {
		v := tree.Get("properties")
		c.follow(part, strings.Split(part.path, "."), v, "properties", "the gateway")
	}
}

// follow walks down the path of a part; owner is the last object with a name.
func (c *checker) follow(part unservedPart, path []string, v any, at, owner string) {
	if len(path) == 0 {
		if v != nil && part.inUse(v) {
			c.Warn(at, "NotServed", "nothing to do if you can do without it; otherwise keep this gateway where it is served",
				"%s uses what Causeway does not serve yet: %s", owner, part.what)
		}
		return
	}
	name, through := strings.CutSuffix(path[0], "[]")
	o, _ := v.(*schema.Object)
	if o.Has("properties") {
		o, at = o.Props(), at+".properties"
	}
	next := schema.JoinPath(at, name)
	if !through {
		c.follow(part, path[1:], o.Get(name), next, owner)
		return
	}
	for i, item := range o.List(name) {
		who := owner
		if child, _ := item.(*schema.Object); child.Text("name") != "" {
			who = named(kindOf(name), child.Text("name"))
		}
		c.follow(part, path[1:], item, fmt.Sprintf("%s[%d]", next, i), who)
	}
}

// kindOf is the everyday name of the children of a collection.
func kindOf(collection string) string {
	switch collection {
	case httpListeners:
		return "listener"
	case settingsCollection:
		return "settings"
	case "backendSettingsCollection":
		return "layer 4 settings"
	case "listeners":
		return "layer 4 listener"
	case "routingRules":
		return "layer 4 rule"
	case "requestRoutingRules":
		return "rule"
	case "pathRules":
		return "path rule"
	case "urlPathMaps":
		return "path map"
	case "sslProfiles":
		return "TLS profile"
	case "sslCertificates", "trustedRootCertificates":
		return "certificate"
	}
	return strings.TrimSuffix(collection, "s")
}

func present(v any) bool { return !isBlank(v) }
func isTrue(v any) bool  { return v == true }
func isFalse(v any) bool { return v == false }

func equal(want string) func(any) bool { return func(v any) bool { return v == want } }

// notInGo knows the suites of Azure's list that crypto/tls lacks: finite-field Diffie-Hellman, DSS, CBC with SHA-384.
func notInGo(v any) bool {
	name, _ := v.(string)
	offered := slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites())
	return slices.Contains(schema.CipherSuites(), name) &&
		!slices.ContainsFunc(offered, func(s *tls.CipherSuite) bool { return s.Name == name })
}
