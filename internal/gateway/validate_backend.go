package gateway

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

const (
	settingsCollection = "backendHttpSettingsCollection"
	poolCollection     = "backendAddressPools"
)

// use is a pool under the settings that a rule reaches it with.
type use struct{ pool, settings string }

// uses lists every pair of pool and settings that a rule reaches.
func (c *checker) uses() []use {
	var targets []Target
	for _, r := range c.cfg.Rules {
		if m := c.cfg.PathMap(r.PathMap); r.Type == "PathBasedRouting" && m != nil {
			targets = append(targets, m.Default)
			for _, p := range m.Rules {
				targets = append(targets, p.Target)
			}
			continue
		}
		targets = append(targets, r.Target)
	}
	seen := map[use]bool{}
	var out []use
	for _, t := range targets {
		if u := (use{t.Pool, t.Settings}); !seen[u] && t.Pool != "" {
			seen[u] = true
			out = append(out, u)
		}
	}
	return out
}

func (c *checker) pools() {
	used := map[string]bool{}
	for _, u := range c.uses() {
		used[u.pool] = true
	}
	for i, p := range c.cfg.Pools {
		if len(p.Members) == 0 && used[p.Name] {
			c.warn(at(poolCollection, i, "backendAddresses"), "ApplicationGatewayBackendAddressPoolEmpty", "add members",
				"%s is empty; every request that a rule sends there gets 502", named("pool", p.Name))
		}
		c.addresses(i, p)
	}
}

func (c *checker) addresses(i int, pool Pool) {
	seen := map[string]bool{}
	for j, item := range c.given(poolCollection, i).list("backendAddresses") {
		o, ok := item.(*object)
		if !ok {
			continue // reported when it was read
		}
		fqdn, ip := o.str("fqdn"), o.str("ipAddress")
		path := fmt.Sprintf("%s[%d]", at(poolCollection, i, "backendAddresses"), j)
		const invalid = "ApplicationGatewayBackendAddressInvalid"
		_, err := netip.ParseAddr(ip)
		_, fqdnIsIP := netip.ParseAddr(fqdn)
		switch {
		case fqdn != "" && ip != "":
			c.error(path, invalid, "keep one of them", "the member has an fqdn and an ipAddress")
		case fqdn == "" && ip == "":
			c.error(path, invalid, "add ipAddress or fqdn", "the member of %s has no address", named("pool", pool.Name))
		case ip != "" && err != nil:
			c.error(path+".ipAddress", invalid, "write an address such as 10.0.0.4; names go to fqdn", "%s is not an IP address", shorten(ip))
		case fqdn != "" && fqdnIsIP != nil && !isHostName(fqdn):
			c.error(path+".fqdn", invalid, "write a host name alone, without scheme, port or path", "%s is not a host name", shorten(fqdn))
		}
		name := strings.ToLower(fqdn + ip)
		if name != "" && seen[name] {
			c.warn(path, "ApplicationGatewayBackendAddressDuplicate", "remove one", "%s is in %s twice", shorten(fqdn+ip), named("pool", pool.Name))
		}
		seen[name] = true
	}
}

func (c *checker) settings() {
	for i := range c.cfg.Settings {
		s := &c.cfg.Settings[i]
		c.settingsHost(i, s)
		c.settingsTrust(i, s)
		c.settingsProbe(i, s)
		p := c.given(settingsCollection, i)
		if drain := p.object("connectionDraining"); drain.bool("enabled") && !drain.has("drainTimeoutInSec") {
			c.error(at(settingsCollection, i, "connectionDraining.drainTimeoutInSec"), "ApplicationGatewayBackendHttpSettingsDrainTimeoutInSecCannotBeEmpty",
				"add a number of seconds from 1 to 3600", "draining is on and has no timeout")
		}
		if s.Path != "" && (!strings.HasPrefix(s.Path, "/") || strings.ContainsAny(s.Path, "?#*")) {
			c.error(at(settingsCollection, i, "path"), "ApplicationGatewayBackendHttpSettingsPathInvalid", "write a prefix such as /app/",
				"%s is not a path", shorten(s.Path))
		}
		if !isToken(s.AffinityCookieName) {
			c.error(at(settingsCollection, i, "affinityCookieName"), "ApplicationGatewayBackendHttpSettingsAffinityCookieNameInvalid", "use letters, digits, '-' and '_'",
				"%s is not the name of a cookie", shorten(s.AffinityCookieName))
		}
	}
	c.pickedAddresses()
}

func (c *checker) settingsHost(i int, s *Settings) {
	if s.HostName != "" && s.PickHostFromAddress {
		c.error(at(settingsCollection, i, "hostName"), "ApplicationGatewayBackendHttpSettingsHostNameConflict", "keep hostName, or set pickHostNameFromBackendAddress to true alone",
			"hostName and pickHostNameFromBackendAddress exclude each other")
	}
	for property, host := range map[string]string{"hostName": s.HostName, "sniName": s.SNIName} {
		if _, err := netip.ParseAddr(host); host != "" && err != nil && !isHostName(host) {
			c.error(at(settingsCollection, i, property), "ApplicationGatewayBackendHttpSettingsHostNameInvalid", "write a host name alone, without scheme, port or path",
				"%s is not a host name", shorten(host))
		}
	}
	if s.SNIName != "" && !s.ValidateSNI {
		c.warn(at(settingsCollection, i, "sniName"), "ApplicationGatewayBackendHttpSettingsSniNameIgnored", "set validateSNI to true, or remove it",
			"sniName has a meaning only while validateSNI is true")
	}
}

func (c *checker) settingsTrust(i int, s *Settings) {
	if !s.HTTPS() && (len(s.AuthCertificates) > 0 || len(s.TrustedRoots) > 0) {
		c.warn(at(settingsCollection, i, "protocol"), "ApplicationGatewayBackendHttpSettingsCertificatesIgnored", "set protocol to Https, or remove them",
			"%s trusts certificates and speaks plain Http", named("settings", s.Name))
	}
	if c.cfg.V1() && s.HTTPS() && len(s.AuthCertificates) == 0 {
		c.warn(at(settingsCollection, i, "authenticationCertificates"), "ApplicationGatewayBackendHttpSettingsAuthenticationCertificatesEmpty",
			"add the certificate of the backend", "v1 trusts only certificates that are listed, save those of Azure's own services")
	}
}

func (c *checker) settingsProbe(i int, s *Settings) {
	p := c.cfg.Probe(s.Probe)
	if p == nil {
		return
	}
	if p.Protocol != "" && s.Protocol != "" && p.Protocol != s.Protocol {
		c.error(at(settingsCollection, i, "probe"), "ApplicationGatewayProbeProtocolMustMatchBackendHttpSettinsProtocol", "give both the same protocol",
			"%s speaks %s and %s speaks %s", named("probe", p.Name), p.Protocol, named("settings", s.Name), s.Protocol)
	}
	if p.PickHostFromSettings && s.HostName == "" && !s.PickHostFromAddress {
		c.error(at(settingsCollection, i, "probe"), "ApplicationGatewayProbePickHostNameFromBackendHttpSettingsHasNoHostName",
			"set hostName or pickHostNameFromBackendAddress on the settings, or host on the probe",
			"%s takes its host from %s, which has none", named("probe", p.Name), named("settings", s.Name))
	}
}

// pickedAddresses warns of members without a name where a name is to be checked.
func (c *checker) pickedAddresses() {
	for _, u := range c.uses() {
		s, pool := c.cfg.Setting(u.settings), c.cfg.Pool(u.pool)
		if s == nil || pool == nil || !s.PickHostFromAddress || !s.HTTPS() || c.cfg.V1() || !s.ValidateSNI || s.SNIName != "" {
			continue
		}
		if k := slices.IndexFunc(pool.Members, func(a Address) bool { return a.FQDN == "" }); k >= 0 {
			i := slices.IndexFunc(c.cfg.Settings, func(x Settings) bool { return x.Name == s.Name })
			c.warn(at(settingsCollection, i, "pickHostNameFromBackendAddress"), "ApplicationGatewayBackendHttpSettingsPickHostNameNeedsFqdn",
				"use host names as members, or set hostName", "%s takes the host from members, but %s of %s has no name, so its certificate cannot be checked",
				named("settings", s.Name), shorten(pool.Members[k].String()), named("pool", pool.Name))
		}
	}
}

func (c *checker) probes() {
	for i, p := range c.cfg.Probes {
		path := func(property string) string { return at("probes", i, property) }
		given := c.given("probes", i)
		picks := p.PickHostFromSettings || given.bool("pickHostNameFromBackendSettings")
		web := p.Protocol == "Http" || p.Protocol == "Https"
		switch {
		case p.Host != "" && picks:
			c.error(path("host"), "ApplicationGatewayProbeHostConflict", "remove the host, or set the pick flag to false", "host and the flag that picks a host exclude each other")
		case web && p.Host == "" && !picks:
			c.warn(path("host"), "ApplicationGatewayProbeHostCannotBeEmpty", "set host, or pickHostNameFromBackendHttpSettings",
				"%s has no host; 127.0.0.1 is sent", named("probe", p.Name))
		}
		if web && !strings.HasPrefix(p.Path, "/") {
			c.error(path("path"), "ApplicationGatewayProbePathInvalid", "write a path such as /health", "%s does not begin with /", shorten(p.Path))
		}
		if p.Timeout > p.Interval {
			c.warn(path("timeout"), "ApplicationGatewayProbeTimeoutExceedsInterval", "make the timeout at most the interval",
				"the timeout of %d s is longer than the interval of %d s; probes of a member never overlap", p.Timeout, p.Interval)
		}
		if n := len([]rune(p.Match.Body)); n > 4090 {
			c.error(path("match.body"), "ApplicationGatewayProbeMatchBodyTooLong", "shorten it", "%d characters, at most 4090 are allowed", n)
		}
		for j, s := range given.strings("match", "statusCodes") {
			if _, err := parseStatusRange(s); err != nil {
				c.error(fmt.Sprintf("%s[%d]", path("match.statusCodes"), j), "ApplicationGatewayProbeMatchStatusCodesInvalid", "write for example 200 or 200-399", "%v", err)
			}
		}
	}
}

// isToken follows RFC 9110 section 5.6.2.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}
