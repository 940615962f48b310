package validate

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

const (
	settingsCollection = "backendHttpSettingsCollection"
	poolCollection     = "backendAddressPools"
)

// use is a pool under the settings that a rule reaches it with.
type use struct{ pool, settings string }

// uses lists every pair of pool and settings that a rule reaches.
func (c *checker) uses() []use {
	var targets []gateway.Target
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
			c.Warn(at(poolCollection, i, "backendAddresses"), "ApplicationGatewayBackendAddressPoolEmpty", "add members",
				"%s is empty; every request that a rule sends there gets 502", named("pool", p.Name))
		}
		c.addresses(i, p)
	}
}

func (c *checker) addresses(i int, pool gateway.Pool) {
	seen := map[string]bool{}
	for j, item := range c.given(poolCollection, i).List("backendAddresses") {
		o, ok := item.(*schema.Object)
		if !ok {
			continue // reported when it was read
		}
		fqdn, ip := o.Text("fqdn"), o.Text("ipAddress")
		path := fmt.Sprintf("%s[%d]", at(poolCollection, i, "backendAddresses"), j)
		const invalid = "ApplicationGatewayBackendAddressInvalid"
		_, err := netip.ParseAddr(ip)
		_, fqdnIsIP := netip.ParseAddr(fqdn)
		switch {
		case fqdn != "" && ip != "":
			c.Error(path, invalid, "keep one of them", "the member has an fqdn and an ipAddress")
		case fqdn == "" && ip == "":
			c.Error(path, invalid, "add ipAddress or fqdn", "the member of %s has no address", named("pool", pool.Name))
		case ip != "" && err != nil:
			c.Error(path+".ipAddress", invalid, "write an address such as 10.0.0.4; names go to fqdn", "%s is not an IP address",
				schema.Quote(ip))
		case fqdn != "" && fqdnIsIP != nil && !schema.IsHostName(fqdn):
			c.Error(path+".fqdn", invalid, "write a host name alone, without scheme, port or path", "%s is not a host name",
				schema.Quote(fqdn))
		}
		name := strings.ToLower(fqdn + ip)
		if name != "" && seen[name] {
			c.Warn(path, "ApplicationGatewayBackendAddressDuplicate", "remove one", "%s is in %s twice", schema.Quote(fqdn+ip),
				named("pool", pool.Name))
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
		if drain := p.Object("connectionDraining"); drain.Bool("enabled") && !drain.Has("drainTimeoutInSec") {
			c.Error(at(settingsCollection, i, "connectionDraining.drainTimeoutInSec"),
				"ApplicationGatewayBackendHttpSettingsDrainTimeoutInSecCannotBeEmpty",
				"add a number of seconds from 1 to 3600", "draining is on and has no timeout")
		}
		if s.Path != "" && (CheckPath(s.Path) != nil || strings.ContainsAny(s.Path, "?#*")) {
			c.Error(at(settingsCollection, i, "path"), "ApplicationGatewayBackendHttpSettingsPathInvalid", "write a prefix such as /app/",
				"%s is not a path", schema.Quote(s.Path))
		}
		if !schema.IsToken(s.AffinityCookieName) {
			c.Error(at(settingsCollection, i, "affinityCookieName"), "ApplicationGatewayBackendHttpSettingsAffinityCookieNameInvalid",
				"use letters, digits, '-' and '_'",
				"%s is not the name of a cookie", schema.Quote(s.AffinityCookieName))
		}
	}
	c.pickedAddresses()
}

func (c *checker) settingsHost(i int, s *gateway.Settings) {
	if s.HostName != "" && s.PickHostFromAddress {
		c.Error(at(settingsCollection, i, "hostName"), "ApplicationGatewayBackendHttpSettingsHostNameConflict",
			"keep hostName, or set pickHostNameFromBackendAddress to true alone",
			"hostName and pickHostNameFromBackendAddress exclude each other")
	}
	for property, host := range map[string]string{"hostName": s.HostName, "sniName": s.SNIName} {
		if _, err := netip.ParseAddr(host); host != "" && err != nil && !schema.IsHostName(host) {
			c.Error(at(settingsCollection, i, property), "ApplicationGatewayBackendHttpSettingsHostNameInvalid",
				"write a host name alone, without scheme, port or path",
				"%s is not a host name", schema.Quote(host))
		}
	}
	if s.SNIName != "" && !s.ValidateSNI {
		c.Warn(at(settingsCollection, i, "sniName"), "ApplicationGatewayBackendHttpSettingsSniNameIgnored",
			"set validateSNI to true, or remove it",
			"sniName has a meaning only while validateSNI is true")
	}
}

func (c *checker) settingsTrust(i int, s *gateway.Settings) {
	if !s.HTTPS() && (len(s.AuthCertificates) > 0 || len(s.TrustedRoots) > 0) {
		c.Warn(at(settingsCollection, i, "protocol"), "ApplicationGatewayBackendHttpSettingsCertificatesIgnored",
			"set protocol to Https, or remove them",
			"%s trusts certificates and speaks plain Http", named("settings", s.Name))
	}
	if c.cfg.V1() && s.HTTPS() && len(s.AuthCertificates) == 0 {
		c.Warn(at(settingsCollection, i, "authenticationCertificates"),
			"ApplicationGatewayBackendHttpSettingsAuthenticationCertificatesEmpty",
			"add the certificate of the backend", "v1 trusts only certificates that are listed, save those of Azure's own services")
	}
}

func (c *checker) settingsProbe(i int, s *gateway.Settings) {
	p := c.cfg.Probe(s.Probe)
	if p == nil {
		return
	}
	if p.Protocol != "" && s.Protocol != "" && p.Protocol != s.Protocol {
		c.Error(at(settingsCollection, i, "probe"), "ApplicationGatewayProbeProtocolMustMatchBackendHttpSettinsProtocol",
			"give both the same protocol",
			"%s speaks %s and %s speaks %s", named("probe", p.Name), p.Protocol, named("settings", s.Name), s.Protocol)
	}
	if p.PickHostFromSettings && s.HostName == "" && !s.PickHostFromAddress {
		c.Error(at(settingsCollection, i, "probe"), "ApplicationGatewayProbePickHostNameFromBackendHttpSettingsHasNoHostName",
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
		if k := slices.IndexFunc(pool.Members, func(a gateway.Address) bool { return a.FQDN == "" }); k >= 0 {
			i := slices.IndexFunc(c.cfg.Settings, func(x gateway.Settings) bool { return x.Name == s.Name })
			c.Warn(at(settingsCollection, i, "pickHostNameFromBackendAddress"),
				"ApplicationGatewayBackendHttpSettingsPickHostNameNeedsFqdn",
				"use host names as members, or set hostName",
				"%s takes the host from members, but %s of %s has no name, so its certificate cannot be checked",
				named("settings", s.Name), schema.Quote(pool.Members[k].String()), named("pool", pool.Name))
		}
	}
}

func (c *checker) probes() {
	for i, p := range c.cfg.Probes {
		path := func(property string) string { return at("probes", i, property) }
		given := c.given("probes", i)
		picks := p.PickHostFromSettings || given.Bool("pickHostNameFromBackendSettings")
		web := p.Protocol == "Http" || p.Protocol == "Https"
		switch {
		case p.Host != "" && picks:
			c.Error(path("host"), "ApplicationGatewayProbeHostConflict", "remove the host, or set the pick flag to false",
				"host and the flag that picks a host exclude each other")
		case web && p.Host == "" && !picks:
			c.Warn(path("host"), "ApplicationGatewayProbeHostCannotBeEmpty", "set host, or pickHostNameFromBackendHttpSettings",
				"%s has no host; 127.0.0.1 is sent", named("probe", p.Name))
		}
		if err := CheckHost(p.Host); err != nil {
			c.Error(path("host"), "ApplicationGatewayProbeHostInvalid", "write a host name alone", "%v", err)
		}
		if err := CheckPath(p.Path); web && err != nil {
			c.Error(path("path"), "ApplicationGatewayProbePathInvalid", "write a path such as /health", "%v", err)
		}
		if p.Timeout > p.Interval {
			c.Warn(path("timeout"), "ApplicationGatewayProbeTimeoutExceedsInterval", "make the timeout at most the interval",
				"the timeout of %d s is longer than the interval of %d s; probes of a member never overlap", p.Timeout, p.Interval)
		}
		if n := len([]rune(p.Match.Body)); n > 4090 {
			c.Error(path("match.body"), "ApplicationGatewayProbeMatchBodyTooLong", "shorten it",
				"%d characters, at most 4090 are allowed", n)
		}
		for j, s := range given.Texts("match", "statusCodes") {
			if _, err := ParseStatusRange(s); err != nil {
				c.Error(fmt.Sprintf("%s[%d]", path("match.statusCodes"), j), "ApplicationGatewayProbeMatchStatusCodesInvalid",
					"write for example 200 or 200-399", "%v", err)
			}
		}
	}
}
