package validate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

// Local checks causeway.yaml against the document that it goes with. A name that the document lacks is a warning,
// an HTTPS listener whose private key is nowhere an error.
func Local(local gateway.Local, cfg *gateway.Config) []gateway.Problem {
	c := localChecker{local: local, cfg: cfg}
	c.strayCertificates()
	c.strayMembers()
	c.missingKeys()
	return gateway.SortProblems(c.Problems)
}

// localChecker finds what does not fit between causeway.yaml and a document.
type localChecker struct {
	gateway.Report
	local gateway.Local
	cfg   *gateway.Config
}

func (c *localChecker) strayCertificates() {
	names := make([]string, len(c.cfg.SSLCertificates))
	for i := range c.cfg.SSLCertificates {
		names[i] = c.cfg.SSLCertificates[i].Name
	}
	for name := range c.local.Certificates {
		if c.cfg.SSLCertificate(name) == nil {
			c.Warn("certificates["+strconv.Quote(name)+"]", "UnknownCertificate", nameHint(name, names),
				"the document has no sslCertificate of this name")
		}
	}
}

func (c *localChecker) strayMembers() {
	known := map[string]string{}
	for i := range c.cfg.Pools {
		for _, m := range c.cfg.Pools[i].Members {
			known[strings.ToLower(m.String())] = m.String()
		}
	}
	for name := range c.local.Members {
		if _, ok := known[strings.ToLower(name)]; !ok {
			c.Warn("members["+strconv.Quote(name)+"]", "UnknownMember", nameHint(name, slices.Collect(maps.Values(known))),
				"no backend pool of the document has this member")
		}
	}
}

func (c *localChecker) missingKeys() {
	for i, l := range c.cfg.Listeners {
		cert := c.cfg.SSLCertificate(l.SSLCertificate)
		if !l.HTTPS() || cert == nil || cert.Data != nil {
			continue
		}
		if _, ok := c.local.KeyPair(cert.Name); ok {
			continue
		}
		why := "the document holds no key for it, as exports never do"
		if cert.KeyVaultSecretID != "" {
			why = "its key is in a key vault, which Causeway does not read"
		}
		c.Error(fmt.Sprintf("httpListeners[%d].properties.sslCertificate", i), "CertificateKeyMissing", keyHint(cert.Name),
			"listener %s needs the certificate %s, and %s", schema.Quote(l.Name), schema.Quote(cert.Name), why)
	}
}

// keyHint is the text to paste into causeway.yaml.
func keyHint(name string) string {
	file := strings.Map(func(c rune) rune {
		if strings.ContainsRune(`/\:`, c) {
			return '-'
		}
		return c
	}, name)
	return fmt.Sprintf("add to causeway.yaml:\ncertificates:\n  %s:\n    cert: %s\n    key: %s\n(or pfx: and password:)",
		yamlKey(name), yamlKey(file+".pem"), yamlKey(file+".key"))
}

// yamlKey quotes a scalar that YAML might read as something else.
func yamlKey(s string) string {
	plain := s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("._-", c)
	})
	if plain && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z') &&
		!slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s)
}

func nameHint(name string, known []string) string {
	slices.Sort(known)
	if best := schema.Closest(name, known); best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return cmp.Or(prefixed("the document has: ", schema.ShortList(known)), "the document has none")
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
