package document

import (
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
	"causeway/internal/gateway/validate"
)

// filler fills the plain structs from the tree with defaults. Whatever does not fit its type counts as absent; the
// checks have said so.
type filler struct {
	given *schema.Object // properties as the document has them
	props *schema.Object // properties with defaults
	schema.Names
}

func fillConfig(given, effective *schema.Object) *gateway.Config {
	f := filler{given: given.Props(), props: effective.Props()}
	f.Names = schema.ChildNames(f.props)
	c := &gateway.Config{
		ID: effective.Text("id"), Name: effective.Text("name"), Location: effective.Text("location"),
		Tags:             tags(effective.Object("tags")),
		SSLPolicy:        sslPolicy(f.props.Object("sslPolicy")),
		EnableHTTP2:      f.props.Bool("enableHttp2"),
		CustomErrors:     customErrors(f.props),
		OtherCollections: f.otherCollections(),
		Unserved:         validate.Protections(given, effective),
	}
	if c.Name == "" {
		c.Name = schema.LastSegment(c.ID)
	}
	c.SKU, c.Autoscale = f.size()
	f.fillFrontend(c)
	f.fillCertificates(c)
	f.fillBackend(c)
	f.fillRouting(c)
	return c
}

// each calls fill for every child of a collection, with the name and the properties; what is no object has neither, so
// that positions stay those of the document.
func (f *filler) each(collection string, fill func(i int, name string, p *schema.Object)) {
	for i, item := range f.props.List(collection) {
		o, _ := item.(*schema.Object)
		fill(i, o.Text("name"), o.Props())
	}
}

// name is the name of the child that a reference leads to, as that child spells it.
func (f *filler) name(p *schema.Object, key, collection string) string {
	return f.Spelled(collection, p.Text(key, "id"))
}

func (f *filler) nameList(p *schema.Object, key, collection string) []string {
	var out []string
	for _, item := range p.List(key) {
		o, _ := item.(*schema.Object)
		out = append(out, f.Spelled(collection, o.Text("id")))
	}
	return out
}

func (f *filler) size() (gateway.SKU, *gateway.Autoscale) {
	sku := gateway.SKU{Name: f.props.Text("sku", "name"), Tier: f.props.Text("sku", "tier"), Capacity: f.props.Int("sku", "capacity")}
	if sku.Tier == "" {
		sku.Tier = gateway.TierOf(sku.Name)
	}
	if sku.Name == "" && sku.Tier != "Standard" && sku.Tier != "WAF" {
		sku.Name = sku.Tier
	}
	if auto := f.props.Object("autoscaleConfiguration"); auto != nil {
		sku.Capacity = 0
		return sku, &gateway.Autoscale{Min: auto.Int("minCapacity"), Max: auto.Int("maxCapacity")}
	}
	sku.Capacity = max(sku.Capacity, 1)
	return sku, nil
}

func (f *filler) fillFrontend(c *gateway.Config) {
	f.each("frontendIPConfigurations", func(_ int, name string, p *schema.Object) {
		ip := p.Text("privateIPAddress")
		c.FrontendIPs = append(c.FrontendIPs, gateway.FrontendIP{
			Name: name, PrivateIP: ip,
			Private: !p.Has("publicIPAddress") && (ip != "" || p.Has("subnet")),
		})
	})
	f.each("frontendPorts", func(_ int, name string, p *schema.Object) {
		c.FrontendPorts = append(c.FrontendPorts, gateway.FrontendPort{Name: name, Port: p.Int("port")})
	})
	f.each("httpListeners", func(_ int, name string, p *schema.Object) {
		c.Listeners = append(c.Listeners, gateway.Listener{
			Name:           name,
			FrontendIP:     f.name(p, "frontendIPConfiguration", "frontendIPConfigurations"),
			FrontendPort:   f.name(p, "frontendPort", "frontendPorts"),
			Protocol:       p.Text("protocol"),
			HostNames:      listenerHosts(p),
			SSLCertificate: f.name(p, "sslCertificate", "sslCertificates"),
			SSLProfile:     f.name(p, "sslProfile", "sslProfiles"),
			RequireSNI:     p.Bool("requireServerNameIndication"),
			FirewallPolicy: schema.LastSegment(p.Text("firewallPolicy", "id")),
			CustomErrors:   customErrors(p),
		})
	})
}

func listenerHosts(p *schema.Object) []string {
	var hosts []string
	for _, h := range append([]string{p.Text("hostName")}, p.Texts("hostNames")...) {
		h = strings.ToLower(strings.TrimSpace(h))
		if h != "" && (len(hosts) == 0 || hosts[0] != h) {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

func (f *filler) fillCertificates(c *gateway.Config) {
	f.each("sslCertificates", func(_ int, name string, p *schema.Object) {
		c.SSLCertificates = append(c.SSLCertificates, gateway.SSLCertificate{
			Name: name, Data: p.Bytes("data"), Password: p.Text("password"),
			KeyVaultSecretID: p.Text("keyVaultSecretId"), PublicCertData: p.Text("publicCertData"),
		})
	})
	c.AuthenticationCertificates = f.publicCertificates("authenticationCertificates")
	c.TrustedRootCertificates = f.publicCertificates("trustedRootCertificates")
	c.TrustedClientCertificates = f.publicCertificates("trustedClientCertificates")
	f.each("sslProfiles", func(_ int, name string, p *schema.Object) {
		auth := p.Object("clientAuthConfiguration")
		c.SSLProfiles = append(c.SSLProfiles, gateway.SSLProfile{
			Name:                      name,
			TrustedClientCertificates: f.nameList(p, "trustedClientCertificates", "trustedClientCertificates"),
			Policy:                    sslPolicy(p.Object("sslPolicy")),
			VerifyIssuerDN:            auth.Bool("verifyClientCertIssuerDN"),
			VerifyRevocation:          auth.Text("verifyClientRevocation"),
			VerifyMode:                auth.Text("verifyClientAuthMode"),
		})
	})
}

func (f *filler) publicCertificates(collection string) []gateway.PublicCertificate {
	var out []gateway.PublicCertificate
	f.each(collection, func(_ int, name string, p *schema.Object) {
		out = append(out, gateway.PublicCertificate{Name: name, Data: p.Bytes("data"), KeyVaultSecretID: p.Text("keyVaultSecretId")})
	})
	return out
}

func (f *filler) fillBackend(c *gateway.Config) {
	f.each("probes", func(_ int, name string, p *schema.Object) { c.Probes = append(c.Probes, fillProbe(name, p)) })
	f.each("backendAddressPools", func(_ int, name string, p *schema.Object) {
		c.Pools = append(c.Pools, gateway.Pool{Name: name, Members: poolMembers(p)})
	})
	f.each("backendHttpSettingsCollection", func(i int, name string, p *schema.Object) {
		s := f.fillSettings(name, p)
		given, _ := f.given.List("backendHttpSettingsCollection")[i].(*schema.Object)
		s.RequestTimeoutGiven = given.Props().Has("requestTimeout")
		c.Settings = append(c.Settings, s)
	})
}

func fillProbe(name string, p *schema.Object) gateway.Probe {
	var ranges []gateway.StatusRange
	for _, s := range p.Texts("match", "statusCodes") {
		if r, err := validate.ParseStatusRange(s); err == nil {
			ranges = append(ranges, r)
		}
	}
	if len(ranges) == 0 {
		ranges = []gateway.StatusRange{{From: 200, To: 399}}
	}
	return gateway.Probe{
		Name: name, Protocol: p.Text("protocol"), Host: p.Text("host"), Path: p.Text("path"), Port: p.Int("port"),
		Interval: p.Int("interval"), Timeout: p.Int("timeout"), UnhealthyThreshold: p.Int("unhealthyThreshold"),
		PickHostFromSettings: p.Bool("pickHostNameFromBackendHttpSettings"), MinServers: p.Int("minServers"),
		Match: gateway.Match{StatusCodes: ranges, Body: p.Text("match", "body")},
	}
}

func poolMembers(p *schema.Object) []gateway.Address {
	var members []gateway.Address
	for _, item := range p.List("backendAddresses") {
		o, _ := item.(*schema.Object)
		a := gateway.Address{FQDN: o.Text("fqdn"), IP: o.Text("ipAddress")}
		if _, err := netip.ParseAddr(a.FQDN); err == nil && a.IP == "" {
			a = gateway.Address{IP: a.FQDN}
		}
		if a != (gateway.Address{}) {
			members = append(members, a)
		}
	}
	for _, item := range p.List("backendIPConfigurations") {
		if o, _ := item.(*schema.Object); o.Text("id") != "" {
			members = append(members, gateway.Address{NIC: o.Text("id")})
		}
	}
	return members
}

func (f *filler) fillSettings(name string, p *schema.Object) gateway.Settings {
	s := gateway.Settings{
		Name: name, Port: p.Int("port"), Protocol: p.Text("protocol"),
		CookieAffinity: p.Text("cookieBasedAffinity") == "Enabled", AffinityCookieName: p.Text("affinityCookieName"),
		RequestTimeout:   p.Int("requestTimeout"),
		Probe:            f.name(p, "probe", "probes"),
		AuthCertificates: f.nameList(p, "authenticationCertificates", "authenticationCertificates"),
		TrustedRoots:     f.nameList(p, "trustedRootCertificates", "trustedRootCertificates"),
		Draining:         p.Bool("connectionDraining", "enabled"), DrainTimeout: 30,
		HostName: p.Text("hostName"), PickHostFromAddress: p.Bool("pickHostNameFromBackendAddress"), Path: p.Text("path"),
		Dedicated: p.Bool("dedicatedBackendConnection"), ValidateChain: p.Bool("validateCertChainAndExpiry"),
		ValidateSNI: p.Bool("validateSNI"), SNIName: p.Text("sniName"),
	}
	if s.Draining {
		s.DrainTimeout = p.Int("connectionDraining", "drainTimeoutInSec")
	}
	return s
}

func (f *filler) fillRouting(c *gateway.Config) {
	f.each("urlPathMaps", func(_ int, name string, p *schema.Object) {
		m := gateway.PathMap{Name: name, Default: f.target(p, "default")}
		for _, item := range p.List("pathRules") {
			o, _ := item.(*schema.Object)
			m.Rules = append(m.Rules, gateway.PathRule{
				Name:   o.Text("name"),
				Paths:  o.Props().Texts("paths"),
				Target: f.target(o.Props(), ""),
			})
		}
		c.PathMaps = append(c.PathMaps, m)
	})
	f.each("requestRoutingRules", func(_ int, name string, p *schema.Object) {
		c.Rules = append(c.Rules, gateway.Rule{
			Name: name, Type: p.Text("ruleType"), Priority: p.Int("priority"),
			Listener: f.name(p, "httpListener", "httpListeners"),
			PathMap:  f.name(p, "urlPathMap", "urlPathMaps"),
			Target:   f.target(p, ""),
		})
	})
	f.each("redirectConfigurations", func(_ int, name string, p *schema.Object) {
		c.Redirects = append(c.Redirects, gateway.Redirect{
			Name: name, Type: p.Text("redirectType"),
			TargetListener: f.name(p, "targetListener", "httpListeners"), TargetURL: p.Text("targetUrl"),
			IncludePath: p.Bool("includePath"), IncludeQuery: p.Bool("includeQueryString"),
		})
	})
}

func (f *filler) target(p *schema.Object, prefix string) gateway.Target {
	key := func(name string) string {
		if prefix == "" {
			return name
		}
		return prefix + strings.ToUpper(name[:1]) + name[1:]
	}
	return gateway.Target{
		Pool:           f.name(p, key("backendAddressPool"), "backendAddressPools"),
		Settings:       f.name(p, key("backendHttpSettings"), "backendHttpSettingsCollection"),
		Redirect:       f.name(p, key("redirectConfiguration"), "redirectConfigurations"),
		RewriteSet:     f.name(p, key("rewriteRuleSet"), "rewriteRuleSets"),
		FirewallPolicy: schema.LastSegment(p.Text("firewallPolicy", "id")),
	}
}

func (f *filler) otherCollections() map[string]int {
	counts := map[string]int{}
	for _, name := range []string{
		"rewriteRuleSets", "listeners", "routingRules", "backendSettingsCollection",
		"loadDistributionPolicies", "entraJWTValidationConfigs", "privateLinkConfigurations",
	} {
		if n := len(f.props.List(name)); n > 0 {
			counts[name] = n
		}
	}
	return counts
}

func sslPolicy(p *schema.Object) gateway.SSLPolicy {
	return gateway.SSLPolicy{
		Type: p.Text("policyType"), Name: p.Text("policyName"), MinVersion: p.Text("minProtocolVersion"),
		CipherSuites: p.Texts("cipherSuites"), Disabled: p.Texts("disabledSslProtocols"),
	}
}

func customErrors(p *schema.Object) []gateway.CustomError {
	var out []gateway.CustomError
	for _, item := range p.List("customErrorConfigurations") {
		o, _ := item.(*schema.Object)
		status, _ := strconv.Atoi(strings.TrimPrefix(o.Text("statusCode"), "HttpStatus"))
		out = append(out, gateway.CustomError{Status: status, URL: o.Text("customErrorPageUrl")})
	}
	return out
}

func tags(o *schema.Object) map[string]string {
	if o == nil {
		return nil
	}
	out := make(map[string]string, len(o.Members))
	for _, m := range o.Members {
		switch v := m.Value.(type) {
		case string:
			out[m.Key] = v
		case json.Number:
			out[m.Key] = v.String()
		}
	}
	return out
}
