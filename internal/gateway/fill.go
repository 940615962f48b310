package gateway

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// filler fills the plain structs from the tree with defaults. Whatever does not fit its type counts as absent; the
// checks have said so.
type filler struct {
	given *object // properties as the document has them
	props *object // properties with defaults
	nameIndex
}

func fillConfig(given, effective *object) *Config {
	f := filler{given: given.props(), props: effective.props()}
	f.nameIndex = childNames(f.props)
	c := &Config{
		ID: effective.str("id"), Name: effective.str("name"), Location: effective.str("location"),
		Tags:             tags(effective.object("tags")),
		SSLPolicy:        sslPolicy(f.props.object("sslPolicy")),
		EnableHTTP2:      f.props.bool("enableHttp2"),
		CustomErrors:     customErrors(f.props),
		OtherCollections: f.otherCollections(),
		Unserved:         unservedProtections(given, effective),
	}
	if c.Name == "" {
		c.Name = lastSegment(c.ID)
	}
	c.SKU, c.Autoscale = f.size()
	f.fillFrontend(c)
	f.fillCertificates(c)
	f.fillBackend(c)
	f.fillRouting(c)
	return c
}

// nameIndex holds the names of the children of every collection: lower case → as defined.
type nameIndex map[string]map[string]string

func childNames(props *object) nameIndex {
	names := nameIndex{}
	for _, f := range gatewayFields() {
		if f.shape.kind != isList || f.shape.elem.noun == "" {
			continue
		}
		in := map[string]string{}
		for _, item := range props.list(f.name) {
			o, _ := item.(*object)
			if name := o.str("name"); in[strings.ToLower(name)] == "" {
				in[strings.ToLower(name)] = name
			}
		}
		names[f.name] = in
	}
	return names
}

// each calls fill for every child of a collection, with the name and the properties; what is no object has neither, so
// that positions stay those of the document.
func (f *filler) each(collection string, fill func(i int, name string, p *object)) {
	for i, item := range f.props.list(collection) {
		o, _ := item.(*object)
		fill(i, o.str("name"), o.props())
	}
}

// name is the name of the child that a reference leads to, as that child spells it.
func (f *filler) name(p *object, key, collection string) string {
	return f.spelled(collection, p.str(key, "id"))
}

// spelled is the name at the end of a reference, as the child that it leads to spells it.
func (n nameIndex) spelled(collection, id string) string {
	name := lastSegment(id)
	if own, ok := n[collection][strings.ToLower(name)]; ok {
		return own
	}
	return name
}

func (f *filler) nameList(p *object, key, collection string) []string {
	var out []string
	for _, item := range p.list(key) {
		o, _ := item.(*object)
		out = append(out, f.spelled(collection, o.str("id")))
	}
	return out
}

func (f *filler) size() (SKU, *Autoscale) {
	sku := SKU{Name: f.props.str("sku", "name"), Tier: f.props.str("sku", "tier"), Capacity: f.props.int("sku", "capacity")}
	if sku.Tier == "" {
		sku.Tier = tierOf(sku.Name)
	}
	if sku.Name == "" && sku.Tier != "Standard" && sku.Tier != "WAF" {
		sku.Name = sku.Tier
	}
	if auto := f.props.object("autoscaleConfiguration"); auto != nil {
		sku.Capacity = 0
		return sku, &Autoscale{Min: auto.int("minCapacity"), Max: auto.int("maxCapacity")}
	}
	sku.Capacity = max(sku.Capacity, 1)
	return sku, nil
}

func tierOf(name string) string {
	for _, size := range []string{"_Small", "_Medium", "_Large"} {
		if base, ok := strings.CutSuffix(name, size); ok {
			return base
		}
	}
	return name
}

func (f *filler) fillFrontend(c *Config) {
	f.each("frontendIPConfigurations", func(_ int, name string, p *object) {
		ip := p.str("privateIPAddress")
		c.FrontendIPs = append(c.FrontendIPs, FrontendIP{
			Name: name, PrivateIP: ip,
			Private: !p.has("publicIPAddress") && (ip != "" || p.has("subnet")),
		})
	})
	f.each("frontendPorts", func(_ int, name string, p *object) {
		c.FrontendPorts = append(c.FrontendPorts, FrontendPort{Name: name, Port: p.int("port")})
	})
	f.each("httpListeners", func(_ int, name string, p *object) {
		c.Listeners = append(c.Listeners, Listener{
			Name:           name,
			FrontendIP:     f.name(p, "frontendIPConfiguration", "frontendIPConfigurations"),
			FrontendPort:   f.name(p, "frontendPort", "frontendPorts"),
			Protocol:       p.str("protocol"),
			HostNames:      listenerHosts(p),
			SSLCertificate: f.name(p, "sslCertificate", "sslCertificates"),
			SSLProfile:     f.name(p, "sslProfile", "sslProfiles"),
			RequireSNI:     p.bool("requireServerNameIndication"),
			FirewallPolicy: lastSegment(p.str("firewallPolicy", "id")),
			CustomErrors:   customErrors(p),
		})
	})
}

func listenerHosts(p *object) []string {
	var hosts []string
	for _, h := range append([]string{p.str("hostName")}, p.strings("hostNames")...) {
		h = strings.ToLower(strings.TrimSpace(h))
		if h != "" && (len(hosts) == 0 || hosts[0] != h) {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

func (f *filler) fillCertificates(c *Config) {
	f.each("sslCertificates", func(_ int, name string, p *object) {
		c.SSLCertificates = append(c.SSLCertificates, SSLCertificate{
			Name: name, Data: decode(p.str("data")), Password: p.str("password"),
			KeyVaultSecretID: p.str("keyVaultSecretId"), PublicCertData: p.str("publicCertData"),
		})
	})
	c.AuthenticationCertificates = f.publicCertificates("authenticationCertificates")
	c.TrustedRootCertificates = f.publicCertificates("trustedRootCertificates")
	c.TrustedClientCertificates = f.publicCertificates("trustedClientCertificates")
	f.each("sslProfiles", func(_ int, name string, p *object) {
		auth := p.object("clientAuthConfiguration")
		c.SSLProfiles = append(c.SSLProfiles, SSLProfile{
			Name:                      name,
			TrustedClientCertificates: f.nameList(p, "trustedClientCertificates", "trustedClientCertificates"),
			Policy:                    sslPolicy(p.object("sslPolicy")),
			VerifyIssuerDN:            auth.bool("verifyClientCertIssuerDN"),
			VerifyRevocation:          auth.str("verifyClientRevocation"),
			VerifyMode:                auth.str("verifyClientAuthMode"),
		})
	})
}

func (f *filler) publicCertificates(collection string) []PublicCertificate {
	var out []PublicCertificate
	f.each(collection, func(_ int, name string, p *object) {
		out = append(out, PublicCertificate{Name: name, Data: decode(p.str("data")), KeyVaultSecretID: p.str("keyVaultSecretId")})
	})
	return out
}

func (f *filler) fillBackend(c *Config) {
	f.each("probes", func(_ int, name string, p *object) { c.Probes = append(c.Probes, fillProbe(name, p)) })
	f.each("backendAddressPools", func(_ int, name string, p *object) {
		c.Pools = append(c.Pools, Pool{Name: name, Members: poolMembers(p)})
	})
	f.each("backendHttpSettingsCollection", func(i int, name string, p *object) {
		s := f.fillSettings(name, p)
		given, _ := f.given.list("backendHttpSettingsCollection")[i].(*object)
		s.RequestTimeoutGiven = given.props().has("requestTimeout")
		c.Settings = append(c.Settings, s)
	})
}

func fillProbe(name string, p *object) Probe {
	var ranges []StatusRange
	for _, s := range p.strings("match", "statusCodes") {
		if r, err := parseStatusRange(s); err == nil {
			ranges = append(ranges, r)
		}
	}
	if len(ranges) == 0 {
		ranges = []StatusRange{{200, 399}}
	}
	return Probe{
		Name: name, Protocol: p.str("protocol"), Host: p.str("host"), Path: p.str("path"), Port: p.int("port"),
		Interval: p.int("interval"), Timeout: p.int("timeout"), UnhealthyThreshold: p.int("unhealthyThreshold"),
		PickHostFromSettings: p.bool("pickHostNameFromBackendHttpSettings"), MinServers: p.int("minServers"),
		Match: Match{StatusCodes: ranges, Body: p.str("match", "body")},
	}
}

// parseStatusRange reads 200 or 200-399.
func parseStatusRange(s string) (StatusRange, error) {
	from, to, isRange := strings.Cut(s, "-")
	if !isRange {
		to = from
	}
	lo, errLo := strconv.Atoi(strings.TrimSpace(from))
	hi, errHi := strconv.Atoi(strings.TrimSpace(to))
	if errLo != nil || errHi != nil || lo < 100 || hi > 999 || lo > hi {
		return StatusRange{}, fmt.Errorf("%s is neither a status nor a range such as 200-399", shorten(s))
	}
	return StatusRange{lo, hi}, nil
}

func poolMembers(p *object) []Address {
	var members []Address
	for _, item := range p.list("backendAddresses") {
		o, _ := item.(*object)
		a := Address{FQDN: o.str("fqdn"), IP: o.str("ipAddress")}
		if _, err := netip.ParseAddr(a.FQDN); err == nil && a.IP == "" {
			a = Address{IP: a.FQDN}
		}
		if a != (Address{}) {
			members = append(members, a)
		}
	}
	for _, item := range p.list("backendIPConfigurations") {
		if o, _ := item.(*object); o.str("id") != "" {
			members = append(members, Address{NIC: o.str("id")})
		}
	}
	return members
}

func (f *filler) fillSettings(name string, p *object) Settings {
	s := Settings{
		Name: name, Port: p.int("port"), Protocol: p.str("protocol"),
		CookieAffinity: p.str("cookieBasedAffinity") == "Enabled", AffinityCookieName: p.str("affinityCookieName"),
		RequestTimeout:   p.int("requestTimeout"),
		Probe:            f.name(p, "probe", "probes"),
		AuthCertificates: f.nameList(p, "authenticationCertificates", "authenticationCertificates"),
		TrustedRoots:     f.nameList(p, "trustedRootCertificates", "trustedRootCertificates"),
		Draining:         p.bool("connectionDraining", "enabled"), DrainTimeout: 30,
		HostName: p.str("hostName"), PickHostFromAddress: p.bool("pickHostNameFromBackendAddress"), Path: p.str("path"),
		Dedicated: p.bool("dedicatedBackendConnection"), ValidateChain: p.bool("validateCertChainAndExpiry"),
		ValidateSNI: p.bool("validateSNI"), SNIName: p.str("sniName"),
	}
	if s.Draining {
		s.DrainTimeout = p.int("connectionDraining", "drainTimeoutInSec")
	}
	return s
}

func (f *filler) fillRouting(c *Config) {
	f.each("urlPathMaps", func(_ int, name string, p *object) {
		m := PathMap{Name: name, Default: f.target(p, "default")}
		for _, item := range p.list("pathRules") {
			o, _ := item.(*object)
			m.Rules = append(m.Rules, PathRule{Name: o.str("name"), Paths: o.props().strings("paths"), Target: f.target(o.props(), "")})
		}
		c.PathMaps = append(c.PathMaps, m)
	})
	f.each("requestRoutingRules", func(_ int, name string, p *object) {
		c.Rules = append(c.Rules, Rule{
			Name: name, Type: p.str("ruleType"), Priority: p.int("priority"),
			Listener: f.name(p, "httpListener", "httpListeners"),
			PathMap:  f.name(p, "urlPathMap", "urlPathMaps"),
			Target:   f.target(p, ""),
		})
	})
	f.each("redirectConfigurations", func(_ int, name string, p *object) {
		c.Redirects = append(c.Redirects, Redirect{
			Name: name, Type: p.str("redirectType"),
			TargetListener: f.name(p, "targetListener", "httpListeners"), TargetURL: p.str("targetUrl"),
			IncludePath: p.bool("includePath"), IncludeQuery: p.bool("includeQueryString"),
		})
	})
}

func (f *filler) target(p *object, prefix string) Target {
	key := func(name string) string {
		if prefix == "" {
			return name
		}
		return prefix + strings.ToUpper(name[:1]) + name[1:]
	}
	return Target{
		Pool:           f.name(p, key("backendAddressPool"), "backendAddressPools"),
		Settings:       f.name(p, key("backendHttpSettings"), "backendHttpSettingsCollection"),
		Redirect:       f.name(p, key("redirectConfiguration"), "redirectConfigurations"),
		RewriteSet:     f.name(p, key("rewriteRuleSet"), "rewriteRuleSets"),
		FirewallPolicy: lastSegment(p.str("firewallPolicy", "id")),
	}
}

func (f *filler) otherCollections() map[string]int {
	counts := map[string]int{}
	for _, name := range []string{
		"rewriteRuleSets", "listeners", "routingRules", "backendSettingsCollection",
		"loadDistributionPolicies", "entraJWTValidationConfigs", "privateLinkConfigurations",
	} {
		if n := len(f.props.list(name)); n > 0 {
			counts[name] = n
		}
	}
	return counts
}

func sslPolicy(p *object) SSLPolicy {
	return SSLPolicy{
		Type: p.str("policyType"), Name: p.str("policyName"), MinVersion: p.str("minProtocolVersion"),
		CipherSuites: p.strings("cipherSuites"), Disabled: p.strings("disabledSslProtocols"),
	}
}

func customErrors(p *object) []CustomError {
	var out []CustomError
	for _, item := range p.list("customErrorConfigurations") {
		o, _ := item.(*object)
		status, _ := strconv.Atoi(strings.TrimPrefix(o.str("statusCode"), "HttpStatus"))
		out = append(out, CustomError{Status: status, URL: o.str("customErrorPageUrl")})
	}
	return out
}

func tags(o *object) map[string]string {
	if o == nil {
		return nil
	}
	out := make(map[string]string, len(o.members))
	for _, m := range o.members {
		switch v := m.value.(type) {
		case string:
			out[m.key] = v
		case json.Number:
			out[m.key] = v.String()
		}
	}
	return out
}

// decode reads base64 of either padding, line breaks ignored; nil when it is none.
func decode(s string) []byte {
	s = strings.TrimRight(strings.Join(strings.Fields(s), ""), "=")
	if s == "" {
		return nil
	}
	data, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return data
}

// lastSegment is the name at the end of a resource id.
func lastSegment(id string) string {
	id = strings.TrimRight(id, "/")
	return id[strings.LastIndexByte(id, '/')+1:]
}
