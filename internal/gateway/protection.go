package gateway

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
)

// A protection that a document asks for and Causeway does not give must not be missed in silence: the document is refused,
// unless somebody who knows says that it shall be served all the same. What protects nothing, as a firewall in Detection,
// is a convenience, and a warning like the others (served.go).

// Protections that a document may ask for and that are not served, by the names that allow-unserved takes.
const (
	ProtectionWAF      = "waf"       // a web application firewall that blocks
	ProtectionMTLS     = "mtls"      // certificates that clients must show
	ProtectionJWT      = "jwt"       // tokens without which requests are denied
	ProtectionTLSFloor = "tls-floor" // TLS no weaker than the suites that a policy names
)

// UnknownProtection is the code of the problem of a name that is no protection: whoever misspells one must believe it
// neither allowed nor served.
const UnknownProtection = "UnknownProtection"

// Misused reports whether somebody named a protection that does not exist.
func Misused(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return p.Code == UnknownProtection })
}

// Protections are the names of all protections that are not served.
func Protections() []string {
	return []string{ProtectionWAF, ProtectionMTLS, ProtectionJWT, ProtectionTLSFloor}
}

// Unserved is one protection that an object of the document asks for and that is not given.
type Unserved struct {
	Protection string `json:"protection"` // one of Protections
	Path       string `json:"path"`       // of the property that asks for it
	Object     string `json:"object"`     // who asks: listener "shop"
	Without    string `json:"without"`    // what does not happen
}

func (u Unserved) String() string { return u.Protection + " (" + u.Object + "): " + u.Without }

// unservedProtections finds what the document asks for, in its order: as given, and with its defaults in place.
func unservedProtections(given, effective *object) []Unserved {
	p := protections{given: given.props(), props: effective.props()}
	p.firewall()
	p.clientCertificates()
	p.tokens()
	p.suites()
	return p.found
}

type protections struct {
	given *object
	props *object // with defaults
	found []Unserved
}

func (p *protections) add(protection, path, object, without string) {
	p.found = append(p.found, Unserved{protection, path, object, without})
}

// each calls f for every child of a collection.
func (p *protections) each(collection string, f func(i int, name string, o *object)) {
	for i, item := range p.props.list(collection) {
		o, _ := item.(*object)
		f(i, o.str("name"), o.props())
	}
}

const notInspected = "requests are not inspected, and none is blocked"

// firewall finds firewalls that block. One that does not say whether it is on counts as on. A policy is another resource, whose mode the document does not hold: it counts as one
// that blocks.
func (p *protections) firewall() {
	w := p.given.object("webApplicationFirewallConfiguration")
	if w != nil && w.get("enabled") != false && w.str("firewallMode") != "Detection" {
		p.add(ProtectionWAF, "properties.webApplicationFirewallConfiguration", "the gateway", notInspected)
	}
	if present(p.props.get("firewallPolicy")) {
		p.add(ProtectionWAF, "properties.firewallPolicy", "the gateway", notInspected)
	}
	p.each(httpListeners, func(i int, name string, o *object) {
		if present(o.get("firewallPolicy")) {
			p.add(ProtectionWAF, at(httpListeners, i, "firewallPolicy"), named("listener", name), notInspected)
		}
	})
	p.each("urlPathMaps", func(i int, _ string, o *object) {
		for j, item := range o.list("pathRules") {
			rule, _ := item.(*object)
			if present(rule.props().get("firewallPolicy")) {
				p.add(ProtectionWAF, fmt.Sprintf("%s[%d].properties.firewallPolicy", at("urlPathMaps", i, "pathRules"), j),
					named("path rule", rule.str("name")), notInspected)
			}
		}
	})
}

// clientCertificates finds the TLS profiles of listeners that ask clients for a certificate. Passthrough turns nobody away.
func (p *protections) clientCertificates() {
	p.each("sslProfiles", func(i int, name string, o *object) {
		auth := o.object("clientAuthConfiguration")
		asks := present(o.get("trustedClientCertificates")) || auth.bool("verifyClientCertIssuerDN") || auth.str("verifyClientRevocation") == "OCSP" ||
			auth.str("verifyClientAuthMode") == "Strict"
		if users := p.profileUsers(name); asks && auth.str("verifyClientAuthMode") != "Passthrough" && len(users) > 0 {
			p.add(ProtectionMTLS, at("sslProfiles", i, ""), named("TLS profile", name)+" of "+strings.Join(users, ", "),
				"clients are not asked for a certificate, and none is turned away")
		}
	})
}

// profileUsers are the listeners that use a TLS profile.
func (p *protections) profileUsers(profile string) (users []string) {
	p.each(httpListeners, func(_ int, name string, o *object) {
		if strings.EqualFold(lastSegment(o.str("sslProfile", "id")), profile) {
			users = append(users, named("listener", name))
		}
	})
	return users
}

// tokens finds rules that deny requests without a valid token. A configuration that is not in the document counts as one
// that does, as Azure's default is.
func (p *protections) tokens() {
	allowing := map[string]bool{}
	p.each("entraJWTValidationConfigs", func(_ int, name string, o *object) {
		allowing[strings.ToLower(name)] = o.str("unAuthorizedRequestAction") == "Allow"
	})
	p.each("requestRoutingRules", func(i int, name string, o *object) {
		id := o.str("entraJWTValidationConfig", "id")
		if id != "" && !allowing[strings.ToLower(lastSegment(id))] {
			p.add(ProtectionJWT, at("requestRoutingRules", i, "entraJWTValidationConfig"), named("rule", name),
				"requests pass without a check of their token, and none is denied")
		}
	})
}

// suites finds TLS policies that name only suites which are not offered here: nothing can be served under them that is as
// strong as what they ask for.
func (p *protections) suites() {
	check := func(path, object string, policy *object) {
		names := policy.strings("cipherSuites")
		if policy.str("policyType") == "Custom" && len(names) > 0 && !slices.ContainsFunc(names, inGo) {
			p.add(ProtectionTLSFloor, path, object, "none of the cipher suites that it names is offered here; clients get others")
		}
	}
	check("properties.sslPolicy", "the gateway", p.props.object("sslPolicy"))
	p.each("sslProfiles", func(i int, name string, o *object) {
		if len(p.profileUsers(name)) > 0 {
			check(at("sslProfiles", i, "sslPolicy"), named("TLS profile", name), o.object("sslPolicy"))
		}
	})
}

// inGo reports whether crypto/tls has a suite.
func inGo(name string) bool {
	return slices.ContainsFunc(slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()), func(s *tls.CipherSuite) bool { return s.Name == name })
}

// FailClosed completes the problems of a document by its protections that are not served: each is an error that names the
// switch, or a warning if it is allowed. Warnings that say less of the same objects go.
func (d *Document) FailClosed(problems []Problem, allowed []string) []Problem {
	var r report
	for _, u := range d.Config.Unserved {
		problems = slices.DeleteFunc(slices.Clone(problems), func(p Problem) bool {
			return p.Code == "NotServed" && strings.HasPrefix(p.Path, d.pathOf(u.Path))
		})
		if slices.Contains(allowed, u.Protection) {
			r.warn(u.Path, "ProtectionNotServed", "it is served without, since allow-unserved says so",
				"%s asks for a protection that is not served: %s", u.Object, u.Without)
			continue
		}
		r.error(u.Path, "ProtectionNotServed",
			fmt.Sprintf("keep this gateway where it is protected; or serve it without, with --allow-unserved %[1]s, or allowUnserved: [%[1]s] in causeway.yaml", u.Protection),
			"%s asks for a protection that is not served yet: %s", u.Object, u.Without)
	}
	return sortProblems(append(d.finish(r.problems), problems...))
}

// pathOf is a path in the form that the document has.
func (d *Document) pathOf(path string) string {
	return d.finish([]Problem{{Path: path}})[0].Path
}
