package stage

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Site is what a lab's gateway serves: one listener, with a pool for all paths and others for some.
type Site struct {
	Name  string
	Port  int    // of the frontend; 80 if zero
	Host  string // of the listener; empty: it takes all
	Cert  string // file with its certificate, PEM; empty: plain HTTP
	Key   string // file with the key of that
	Pools []Pool
	SKU   Object            // instead of a v2 gateway of one instance
	Grows [2]int            // instances at least and at most; zero: it does not
	Names map[string]string // addresses of names, as the lab's own resolver has them; others do not exist

	// causeway.yaml
	ConnectTimeout     time.Duration // 0: the default
	BackendIdleTimeout time.Duration // 0: the default
	Hint               string        // keepAliveHint; empty: the default
	Ejects             bool          // passiveEjection: on; off otherwise, as on Azure
	SmallCPU           float64       // processors of the size small; 0: the default
}

// Pool is a backend pool with settings of its own. The first of a site takes every path that no other names.
type Pool struct {
	Name           string
	Path           string // such as /api/*; empty for the first
	Port           int    // of the members; 8080 if zero, 8443 with TLS
	Members        []Member
	RequestTimeout int // seconds; 20 if zero
	Probe          *Probe
	TLS            bool
	Host           string // that is asked for, and that certificates are checked against
	Root           []byte // certificate that the members' are checked against, DER
}

// Member is a server as the document names it, and where it really is.
type Member struct {
	Name string // private address, or a name
	Dial string // host:port; empty: as the name says
}

// Probe is a custom probe; its zero fields have Azure's defaults.
type Probe struct {
	Path      string
	Interval  int // seconds
	Timeout   int // seconds
	Threshold int
	Body      string
	Codes     []string
	Port      int    // 0: that of the settings
	Protocol  string // empty: that of the settings
	Host      string // empty: that of the settings, else the loopback address
}

// Object is a JSON object.
type Object = map[string]any

const IdPrefix = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/lab/providers/Microsoft.Network/"

// Document is the site as Azure's REST API describes it.
func (s Site) Document() []byte {
	port := s.Port
	if port == 0 {
		port = 80
	}
	p := Object{
		"sku": s.sku(),
		"frontendIPConfigurations": []Object{named("public",
			Object{"publicIPAddress": Object{"id": IdPrefix + "publicIPAddresses/lab-ip"}})},
		"frontendPorts":                 []Object{named("http", Object{"port": port})},
		"httpListeners":                 []Object{s.listener()},
		"backendAddressPools":           each(s.Pools, s.pool),
		"backendHttpSettingsCollection": each(s.Pools, s.settings),
		"requestRoutingRules":           []Object{s.rule()},
	}
	if s.Cert != "" {
		p["sslCertificates"] = []Object{named("site-cert", Object{})}
	}
	if s.Grows[1] > 0 {
		p["autoscaleConfiguration"] = Object{"minCapacity": s.Grows[0], "maxCapacity": s.Grows[1]}
	}
	for _, pool := range s.Pools {
		if pool.Probe != nil {
			p["probes"] = append(list(p["probes"]), pool.probe())
		}
		if pool.Root != nil {
			p["trustedRootCertificates"] = append(list(p["trustedRootCertificates"]),
				named(pool.Name+"-root", Object{"data": base64.StdEncoding.EncodeToString(pool.Root)}))
		}
	}
	if len(s.Pools) > 1 {
		p["urlPathMaps"] = []Object{s.pathMap()}
	}
	doc, err := json.MarshalIndent(Object{
		"name": s.Name, "id": IdPrefix + "applicationGateways/" + s.Name,
		"location": "westeurope", "properties": p,
	}, "", "  ")
	if err != nil {
		panic("BUG: a document of plain values cannot be written: " + err.Error())
	}
	return doc
}

// sku is the size of the gateway, and the number of its instances unless that grows.
func (s Site) sku() Object {
	switch {
	case s.Grows[1] > 0:
		return Object{"name": "Standard_v2", "tier": "Standard_v2"}
	case s.SKU != nil:
		return s.SKU
	}
	return Object{"name": "Standard_v2", "tier": "Standard_v2", "capacity": 1}
}

func (s Site) listener() Object {
	o := Object{
		"protocol": "Http", "frontendIPConfiguration": s.ref("frontendIPConfigurations", "public"),
		"frontendPort": s.ref("frontendPorts", "http"),
	}
	if s.Host != "" {
		o["hostName"] = s.Host
	}
	if s.Cert != "" {
		o["protocol"], o["sslCertificate"] = "Https", s.ref("sslCertificates", "site-cert")
	}
	return named("site", o)
}

// Local is the causeway.yaml of the site.
func (s Site) Local() []byte {
	var b strings.Builder
	if s.ConnectTimeout > 0 {
		fmt.Fprintf(&b, "connectTimeout: %v\n", s.ConnectTimeout)
	}
	if s.BackendIdleTimeout > 0 {
		fmt.Fprintf(&b, "backendIdleTimeout: %v\n", s.BackendIdleTimeout)
	}
	fmt.Fprintf(&b, "passiveEjection: %v\n", s.Ejects)
	if s.Hint != "" {
		fmt.Fprintf(&b, "keepAliveHint: %s\n", s.Hint)
	}
	if s.SmallCPU > 0 {
		fmt.Fprintf(&b, "sizes:\n  small: {cpu: %g}\n", s.SmallCPU)
	}
	if s.Cert != "" {
		fmt.Fprintf(&b, "certificates:\n  site-cert: {cert: %q, key: %q}\n", s.Cert, s.Key)
	}
	b.WriteString("members:\n")
	before := b.Len()
	for _, p := range s.Pools {
		for _, m := range p.Members {
			if m.Dial == "" {
				continue
			}
			fmt.Fprintf(&b, "  %q: %q\n", m.Name, m.Dial)
		}
	}
	if b.Len() == before {
		b.WriteString("  {}\n")
	}
	return []byte(b.String())
}

func (s Site) ref(collection, name string) Object {
	return Object{"id": IdPrefix + "applicationGateways/" + s.Name + "/" + collection + "/" + name}
}

func (s Site) pool(p Pool) Object {
	addresses := []Object{}
	for _, m := range p.Members {
		kind := "ipAddress"
		if net.ParseIP(m.Name) == nil {
			kind = "fqdn"
		}
		addresses = append(addresses, Object{kind: m.Name})
	}
	return named(p.Name, Object{"backendAddresses": addresses})
}

func (s Site) settings(p Pool) Object {
	o := Object{"port": 8080, "protocol": "Http", "requestTimeout": max(1, p.RequestTimeout), "cookieBasedAffinity": "Disabled"}
	if p.RequestTimeout == 0 {
		o["requestTimeout"] = 20
	}
	if p.TLS {
		o["protocol"], o["port"] = "Https", 8443
	}
	if p.Port > 0 {
		o["port"] = p.Port
	}
	if p.Host != "" {
		o["hostName"] = p.Host
	}
	if p.Probe != nil {
		o["probe"] = s.ref("probes", p.Name+"-probe")
	}
	if p.Root != nil {
		o["trustedRootCertificates"] = []Object{s.ref("trustedRootCertificates", p.Name+"-root")}
	}
	return named(p.Name+"-settings", o)
}

func (p Pool) probe() Object {
	o := Object{
		"protocol": "Http", "path": p.Probe.Path, "interval": max(1, p.Probe.Interval), "timeout": max(1, p.Probe.Timeout),
		"unhealthyThreshold": max(1, p.Probe.Threshold),
	}
	if p.TLS {
		o["protocol"] = "Https"
	}
	if p.Probe.Protocol != "" {
		o["protocol"] = p.Probe.Protocol
	}
	if p.Probe.Port > 0 {
		o["port"] = p.Probe.Port
	}
	switch {
	case p.Probe.Host != "":
		o["host"] = p.Probe.Host
	case p.Host != "":
		o["pickHostNameFromBackendHttpSettings"] = true
	default:
		o["host"] = "127.0.0.1"
	}
	match := Object{}
	if p.Probe.Body != "" {
		match["body"] = p.Probe.Body
	}
	if len(p.Probe.Codes) > 0 {
		match["statusCodes"] = p.Probe.Codes
	}
	if len(match) > 0 {
		o["match"] = match
	}
	return named(p.Name+"-probe", o)
}

func (s Site) rule() Object {
	o := Object{"priority": 100, "httpListener": s.ref("httpListeners", "site")}
	if len(s.Pools) > 1 {
		o["ruleType"], o["urlPathMap"] = "PathBasedRouting", s.ref("urlPathMaps", "paths")
		return named("everything", o)
	}
	o["ruleType"], o["backendAddressPool"], o["backendHttpSettings"] = "Basic", s.ref("backendAddressPools", s.Pools[0].Name),
		s.ref("backendHttpSettingsCollection", s.Pools[0].Name+"-settings")
	return named("everything", o)
}

func (s Site) pathMap() Object {
	rules := []Object{}
	for _, p := range s.Pools[1:] {
		rules = append(rules, named(p.Name, Object{
			"paths": []string{p.Path}, "backendAddressPool": s.ref("backendAddressPools", p.Name),
			"backendHttpSettings": s.ref("backendHttpSettingsCollection", p.Name+"-settings"),
		}))
	}
	return named("paths", Object{
		"pathRules": rules, "defaultBackendAddressPool": s.ref("backendAddressPools", s.Pools[0].Name),
		"defaultBackendHttpSettings": s.ref("backendHttpSettingsCollection", s.Pools[0].Name+"-settings"),
	})
}

func named(name string, properties Object) Object {
	return Object{"name": name, "properties": properties}
}

func list(v any) []Object {
	l, _ := v.([]Object)
	return l
}

func each[T any](in []T, f func(T) Object) []Object {
	out := []Object{}
	for _, v := range in {
		out = append(out, f(v))
	}
	return out
}

// FreePort is a TCP port of addr on which nobody listens now.
func FreePort(addr string) (int, error) {
	ln, err := net.Listen("tcp", net.JoinHostPort(addr, "0"))
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer ln.Close()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return strconv.Atoi(port)
}
