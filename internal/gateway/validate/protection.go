package validate

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

// A protection that a document asks for and Causeway does not give must not be missed in silence: the document is refused,
// unless its owner allows Causeway to serve it all the same. What protects nothing, as a firewall in Detection,
// is a convenience, and a warning like the others (served.go).

// Protections finds what the document asks for, in its order: as given, and with its defaults in place.
func Protections(given, effective *schema.Object) []gateway.Unserved {
	p := protections{given: given.Props(), props: effective.Props()}
	p.firewall()
	p.clientCertificates()
	p.tokens()
	p.suites()
	return p.found
}

type protections struct {
	given *schema.Object
	props *schema.Object // with defaults
	found []gateway.Unserved
}

func (p *protections) add(protection, path, object, without string) {
	p.found = append(p.found, gateway.Unserved{Protection: protection, Path: path, Object: object, Without: without})
}

// each calls f for every child of a collection.
func (p *protections) each(collection string, f func(i int, name string, o *schema.Object)) {
	for i, item := range p.props.List(collection) {
		o, _ := item.(*schema.Object)
		f(i, o.Text("name"), o.Props())
	}
}

const notInspected = "requests are not inspected, and none is blocked"

// firewall finds firewalls that block. One that does not say whether it is on counts as on. A policy is another resource, whose
// mode the document does not hold: it counts as one that blocks.
func (p *protections) firewall() {
	w := p.given.Object("webApplicationFirewallConfiguration")
	if w != nil && w.Get("enabled") != false && w.Text("firewallMode") != "Detection" {
		p.add(gateway.ProtectionWAF, "properties.webApplicationFirewallConfiguration", "the gateway", notInspected)
	}
	if present(p.props.Get("firewallPolicy")) {
		p.add(gateway.ProtectionWAF, "properties.firewallPolicy", "the gateway", notInspected)
	}
	p.each(httpListeners, func(i int, name string, o *schema.Object) {
		if present(o.Get("firewallPolicy")) {
			p.add(gateway.ProtectionWAF, at(httpListeners, i, "firewallPolicy"), named("listener", name), notInspected)
		}
	})
	p.each("urlPathMaps", func(i int, _ string, o *schema.Object) {
		for j, item := range o.List("pathRules") {
			rule, _ := item.(*schema.Object)
			if present(rule.Props().Get("firewallPolicy")) {
				p.add(gateway.ProtectionWAF, fmt.Sprintf("%s[%d].properties.firewallPolicy", at("urlPathMaps", i, "pathRules"), j),
					named("path rule", rule.Text("name")), notInspected)
			}
		}
	})
}

// clientCertificates finds the TLS profiles of listeners that ask clients for a certificate. Passthrough rejects no client.
func (p *protections) clientCertificates() {
	p.each("sslProfiles", func(i int, name string, o *schema.Object) {
		auth := o.Object("clientAuthConfiguration")
		asks := present(o.Get("trustedClientCertificates")) || auth.Bool("verifyClientCertIssuerDN") ||
			auth.Text("verifyClientRevocation") == "OCSP" ||
			auth.Text("verifyClientAuthMode") == "Strict"
		if users := p.profileUsers(name); asks && auth.Text("verifyClientAuthMode") != "Passthrough" && len(users) > 0 {
			p.add(gateway.ProtectionMTLS, at("sslProfiles", i, ""), named("TLS profile", name)+" of "+strings.Join(users, ", "),
				"clients are not asked for a certificate, and none is turned away")
		}
	})
}

// profileUsers are the listeners that use a TLS profile.
func (p *protections) profileUsers(profile string) (users []string) {
	p.each(httpListeners, func(_ int, name string, o *schema.Object) {
		if strings.EqualFold(schema.LastSegment(o.Text("sslProfile", "id")), profile) {
			users = append(users, named("listener", name))
		}
	})
	return users
}

// tokens finds rules that deny requests without a valid token. A configuration that is not in the document counts as one
// that does, as Azure's default is.
func (p *protections) tokens() {
	allowing := map[string]bool{}
	p.each("entraJWTValidationConfigs", func(_ int, name string, o *schema.Object) {
		allowing[strings.ToLower(name)] = o.Text("unAuthorizedRequestAction") == "Allow"
	})
	p.each("requestRoutingRules", func(i int, name string, o *schema.Object) {
		id := o.Text("entraJWTValidationConfig", "id")
		if id != "" && !allowing[strings.ToLower(schema.LastSegment(id))] {
			p.add(gateway.ProtectionJWT, at("requestRoutingRules", i, "entraJWTValidationConfig"), named("rule", name),
				"requests pass without a check of their token, and none is denied")
		}
	})
}

// suites finds TLS policies that name only suites which are not offered here: nothing can be served under them that is as
// strong as what they ask for.
func (p *protections) suites() {
	check := func(path, object string, policy *schema.Object) {
		names := policy.Texts("cipherSuites")
		if policy.Text("policyType") == "Custom" && len(names) > 0 && !slices.ContainsFunc(names, inGo) {
			p.add(gateway.ProtectionTLSFloor, path, object, "none of the cipher suites that it names is offered here; clients get others")
		}
	}
	check("properties.sslPolicy", "the gateway", p.props.Object("sslPolicy"))
	p.each("sslProfiles", func(i int, name string, o *schema.Object) {
		if len(p.profileUsers(name)) > 0 {
			check(at("sslProfiles", i, "sslPolicy"), named("TLS profile", name), o.Object("sslPolicy"))
		}
	})
}

// inGo reports whether crypto/tls has a suite.
func inGo(name string) bool {
	return slices.ContainsFunc(slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()),
		func(s *tls.CipherSuite) bool { return s.Name == name })
}
