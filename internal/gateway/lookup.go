package gateway

import "strings"

// The lookups find a child by name, in any case; nil if there is none.

// Pool finds a backend pool.
func (c *Config) Pool(name string) *Pool {
	return find(c.Pools, name, func(x *Pool) string { return x.Name })
}

// Setting finds backend settings.
func (c *Config) Setting(name string) *Settings {
	return find(c.Settings, name, func(x *Settings) string { return x.Name })
}

// Listener finds a listener.
func (c *Config) Listener(name string) *Listener {
	return find(c.Listeners, name, func(x *Listener) string { return x.Name })
}

// Probe finds a custom probe.
func (c *Config) Probe(name string) *Probe {
	return find(c.Probes, name, func(x *Probe) string { return x.Name })
}

// PathMap finds a path map.
func (c *Config) PathMap(name string) *PathMap {
	return find(c.PathMaps, name, func(x *PathMap) string { return x.Name })
}

// Redirect finds a redirect.
func (c *Config) Redirect(name string) *Redirect {
	return find(c.Redirects, name, func(x *Redirect) string { return x.Name })
}

// SSLCertificate finds a listener certificate.
func (c *Config) SSLCertificate(name string) *SSLCertificate {
	return find(c.SSLCertificates, name, func(x *SSLCertificate) string { return x.Name })
}

// SSLProfile finds a TLS profile of listeners.
func (c *Config) SSLProfile(name string) *SSLProfile {
	return find(c.SSLProfiles, name, func(x *SSLProfile) string { return x.Name })
}

// TrustedRoot finds a root that is trusted for backends.
func (c *Config) TrustedRoot(name string) *PublicCertificate {
	return findCertificate(c.TrustedRootCertificates, name)
}

// AuthCertificate finds a backend certificate that a v1 gateway trusts.
func (c *Config) AuthCertificate(name string) *PublicCertificate {
	return findCertificate(c.AuthenticationCertificates, name)
}

// FrontendPort finds a frontend port.
func (c *Config) FrontendPort(name string) *FrontendPort {
	return find(c.FrontendPorts, name, func(x *FrontendPort) string { return x.Name })
}

// FrontendIP finds a frontend address.
func (c *Config) FrontendIP(name string) *FrontendIP {
	return find(c.FrontendIPs, name, func(x *FrontendIP) string { return x.Name })
}

// ResourceID is the id of the gateway; one that Azure could have given when the document has none.
func (c *Config) ResourceID() string {
	if c.ID != "" {
		return strings.TrimRight(c.ID, "/")
	}
	name := c.Name
	if name == "" {
		name = "gateway"
	}
	return "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/causeway" +
		"/providers/Microsoft.Network/applicationGateways/" + name
}

// ChildID is the resource id of a child, collection being the JSON name of its list: backendAddressPools.
func (c *Config) ChildID(collection, name string) string {
	return c.ResourceID() + "/" + collection + "/" + name
}

func findCertificate(in []PublicCertificate, name string) *PublicCertificate {
	return find(in, name, func(x *PublicCertificate) string { return x.Name })
}

func find[T any](in []T, name string, nameOf func(*T) string) *T {
	if name == "" {
		return nil
	}
	for i := range in {
		if strings.EqualFold(nameOf(&in[i]), name) {
			return &in[i]
		}
	}
	return nil
}
