package validate

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

const httpListeners = "httpListeners"

func (c *checker) frontend() {
	ports := map[int]string{}
	highest := 65199
	if c.cfg.V1() {
		highest = 65502
	}
	for i, p := range c.cfg.FrontendPorts {
		if p.Port > highest && p.Port <= 65502 {
			c.Error(at("frontendPorts", i, "port"), "ApplicationGatewayFrontendPortPortOutOfRange",
				fmt.Sprintf("choose a port from 1 to %d", highest),
				"%d is outside 1-%d; Azure keeps the ports above for itself", p.Port, highest)
		}
		if first, twice := ports[p.Port]; twice && p.Port > 0 {
			c.Error(at("frontendPorts", i, "port"), "ApplicationGatewayDuplicateFrontendPort", "use one of them in every listener",
				"port %d is already %s", p.Port, named("frontend port", first))
			continue
		}
		ports[p.Port] = p.Name
	}
	for i, f := range c.cfg.FrontendIPs {
		if _, err := netip.ParseAddr(f.PrivateIP); err != nil && f.PrivateIP != "" {
			c.Error(at("frontendIPConfigurations", i, "privateIPAddress"),
				"ApplicationGatewayFrontendIPConfigurationPrivateIPAddressInvalid",
				"write an IPv4 address of the subnet", "%s is not an IP address", schema.Quote(f.PrivateIP))
		}
		p := c.given("frontendIPConfigurations", i)
		if p.Has("publicIPAddress") && (p.Has("subnet") || f.PrivateIP != "") {
			c.Error(at("frontendIPConfigurations", i, ""), "ApplicationGatewayFrontendIPConfigurationCannotBePublicAndPrivate",
				"make two of it", "%s is public and private at once", named("frontend", f.Name))
		}
	}
	if len(c.cfg.Listeners) == 0 && len(c.props.List("listeners")) == 0 {
		c.Error("properties.httpListeners", "ApplicationGatewayHttpListenersCannotBeEmpty", "add a listener and a rule",
			"the gateway listens nowhere")
	}
}

func (c *checker) listeners() {
	used := map[string]bool{}
	for _, r := range c.cfg.Rules {
		used[strings.ToLower(r.Listener)] = true
	}
	for i := range c.cfg.Listeners {
		l := &c.cfg.Listeners[i]
		c.listenerTLS(i, l)
		c.listenerHosts(i, l)
		if l.Name != "" && !used[strings.ToLower(l.Name)] && !c.open["requestRoutingRules"] {
			c.Warn(at(httpListeners, i, ""), "ApplicationGatewayHttpListenerUnused", "add a rule for it, or remove it",
				"no rule uses %s, so it serves nothing", named("listener", l.Name))
		}
	}
}

func (c *checker) listenerTLS(i int, l *gateway.Listener) {
	path := func(property string) string { return at(httpListeners, i, property) }
	switch l.Protocol {
	case "Https":
		if l.SSLCertificate == "" {
			c.Error(path("sslCertificate"), "ApplicationGatewayHttpsListenerMustReferenceSslCertificate",
				"add a reference to one of sslCertificates",
				"%s is Https and has no certificate", named("listener", l.Name))
		}
	case "Http":
		const code, hint = "ApplicationGatewayHttpListenerCannotReferenceSslCertificate", "remove it, or set protocol to Https"
		if l.SSLCertificate != "" {
			c.Error(path("sslCertificate"), code, hint, "%s is Http and has a certificate", named("listener", l.Name))
		}
		if l.SSLProfile != "" {
			c.Error(path("sslProfile"), "ApplicationGatewayHttpListenerCannotReferenceSslProfile", hint, "%s is Http and has a TLS profile",
				named("listener", l.Name))
		}
		if l.RequireSNI {
			c.Warn(path("requireServerNameIndication"), "ApplicationGatewayHttpListenerSniNeedsHttps", hint,
				"SNI means nothing on an Http listener")
		}
	}
	if l.HTTPS() && l.RequireSNI && len(l.HostNames) == 0 {
		c.Error(path("requireServerNameIndication"), "ApplicationGatewayHttpListenerSniNeedsHostName",
			"add a host name, or set it to false",
			"%s requires SNI and has no host name", named("listener", l.Name))
	}
}

func (c *checker) listenerHosts(i int, l *gateway.Listener) {
	p := c.given(httpListeners, i)
	single, several := p.Text("hostName"), p.Texts("hostNames")
	if single != "" && len(several) > 0 {
		report := c.Error
		if len(several) == 1 && strings.EqualFold(single, several[0]) {
			report = c.Warn // exports of some tools say it twice
		}
		report(at(httpListeners, i, "hostNames"), "ApplicationGatewayHttpListenerHostNameAndHostNamesConflict", "keep one of them",
			"hostName and hostNames exclude each other")
	}
	if isWildcard(single) {
		c.Error(at(httpListeners, i, "hostName"), "ApplicationGatewayHttpListenerHostNameCannotHaveWildcard", "move it to hostNames",
			"hostName takes no wildcard: %s", schema.Quote(single))
	} else if single != "" {
		c.hostPattern(at(httpListeners, i, "hostName"), single)
	}
	seen := map[string]bool{}
	for j, h := range several {
		path := fmt.Sprintf("%s[%d]", at(httpListeners, i, "hostNames"), j)
		c.hostPattern(path, h)
		if folded := strings.ToLower(h); seen[folded] {
			c.Error(path, "ApplicationGatewayHttpListenerDuplicateHostName", "remove one", "the listener names %s twice", schema.Quote(h))
		} else {
			seen[folded] = true
		}
	}
}

func (c *checker) hostPattern(path, host string) {
	if err := checkHostPattern(host); err != nil {
		c.Error(path, "ApplicationGatewayHttpListenerInvalidHostName", "write a name such as www.contoso.com or *.contoso.com", "%v", err)
	}
}

// endpoint is what sockets tell apart.
type endpoint struct {
	ip   string
	port int
}

func (c *checker) endpointOf(l *gateway.Listener) (endpoint, bool) {
	port, ip := c.cfg.FrontendPort(l.FrontendPort), c.cfg.FrontendIP(l.FrontendIP)
	if port == nil || ip == nil {
		return endpoint{}, false
	}
	return endpoint{strings.ToLower(ip.Name), port.Port}, true
}

// sharedEndpoints finds listeners on one address and port that no request could tell apart.
func (c *checker) sharedEndpoints() {
	const same = "ApplicationGatewayHttpListenersUsingSameFrontendPortAndFrontendIpConfig"
	type site struct {
		endpoint
		host string
	}
	owner, protocol := map[site]string{}, map[endpoint]*gateway.Listener{}
	for i := range c.cfg.Listeners {
		l := &c.cfg.Listeners[i]
		e, ok := c.endpointOf(l)
		if !ok {
			continue
		}
		if protocol[e] == nil {
			protocol[e] = l
		}
		c.sameProtocol(i, e, protocol[e])
		hosts := l.HostNames
		if len(hosts) == 0 {
			hosts = []string{""}
		}
		for _, h := range hosts {
			first, taken := owner[site{e, h}]
			switch {
			case !taken:
				owner[site{e, h}] = l.Name
			case strings.EqualFold(first, l.Name): // the same name twice, reported already
			case h == "":
				c.Error(at(httpListeners, i, "frontendPort"), same, "give one of them host names or another port",
					"%s and %s are both basic on port %d of one frontend", named("listener", first), named("listener", l.Name), e.port)
			default:
				c.Error(at(httpListeners, i, "hostNames"), same, "remove the host from one of them",
					"%s and %s both serve %s on port %d", named("listener", first), named("listener", l.Name), h, e.port)
			}
		}
	}
}

// sameProtocol compares a listener with the first one of its endpoint.
func (c *checker) sameProtocol(i int, e endpoint, first *gateway.Listener) {
	if l := &c.cfg.Listeners[i]; l.Protocol != first.Protocol {
		c.Error(at(httpListeners, i, "protocol"), "ApplicationGatewayHttpListenersUsingSameFrontendPortWithDifferentProtocols",
			"give one of them another port",
			"%s is %s, but port %d of the same frontend is %s for %s", named("listener", l.Name), l.Protocol, e.port, first.Protocol,
			named("listener", first.Name))
	}
}

// shadowedListeners warns of listeners that no request reaches because an earlier rule takes everything: on v2 by
// priority, on v1 by position.
func (c *checker) shadowedListeners() {
	rules := c.evaluationOrder()
	if len(rules) > 5000 {
		return // the comparison is quadratic where all hosts are wildcards
	}
	broad := map[endpoint][]broadListener{}
	for _, r := range rules {
		later := c.cfg.Listener(r.Listener)
		if later == nil {
			continue
		}
		e, ok := c.endpointOf(later)
		if !ok {
			continue
		}
		shadows := func(b broadListener) bool { return b.listener != later && takesAll(b.listener, later) }
		if k := slices.IndexFunc(broad[e], shadows); k >= 0 {
			i := slices.IndexFunc(c.cfg.Rules, func(x gateway.Rule) bool { return x.Name == r.Name })
			c.Warn(at("requestRoutingRules", i, "priority"), "ApplicationGatewayRequestRoutingRuleShadowed",
				"evaluate the rule of the more specific listener first",
				"%s is never reached: %s comes first and takes every request of %s", named("rule", r.Name), named("rule", broad[e][k].rule),
				named("listener", later.Name))
		}
		if isBroad(later) {
			broad[e] = append(broad[e], broadListener{r.Name, later})
		}
	}
}

// broadListener may take the requests of other listeners.
type broadListener struct {
	rule     string
	listener *gateway.Listener
}

// isBroad reports whether a listener can take what another one of its endpoint would.
func isBroad(l *gateway.Listener) bool {
	return len(l.HostNames) == 0 || slices.ContainsFunc(l.HostNames, func(h string) bool { return strings.ContainsAny(h, "*?") })
}

func (c *checker) evaluationOrder() []gateway.Rule {
	rules := slices.Clone(c.cfg.Rules)
	if c.cfg.V1() {
		return rules
	}
	if slices.ContainsFunc(rules, func(r gateway.Rule) bool { return r.Priority == 0 }) {
		return nil // the gateway then orders by how specific a listener is
	}
	slices.SortStableFunc(rules, func(a, b gateway.Rule) int { return a.Priority - b.Priority })
	return rules
}

// takesAll reports whether first matches every request that later, on the same endpoint, would; equal sites are an error
// reported elsewhere.
func takesAll(first, later *gateway.Listener) bool {
	if len(later.HostNames) == 0 {
		return false
	}
	for _, h := range later.HostNames {
		if len(first.HostNames) > 0 && !slices.ContainsFunc(first.HostNames, func(p string) bool { return p != h && covers(p, h) }) {
			return false
		}
	}
	return true
}
