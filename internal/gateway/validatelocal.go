package gateway

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// ValidateLocal holds causeway.yaml against the document that it goes with. A name that nothing answers to is a warning,
// an HTTPS listener whose private key is nowhere an error.
func ValidateLocal(local Local, cfg *Config) []Problem {
	var r report
	r.strayCertificates(local, cfg)
	r.strayMembers(local, cfg)
	r.missingKeys(local, cfg)
	return sortProblems(r.problems)
}

// KeyPair finds the files of a certificate by its name in the document, in any case.
func (l Local) KeyPair(certificate string) (KeyPair, bool) {
	for name, pair := range l.Certificates {
		if strings.EqualFold(name, certificate) {
			return pair, true
		}
	}
	return KeyPair{}, false
}

// Dial is where to reach a member instead of at its own address; empty when causeway.yaml does not say.
func (l Local) Dial(member Address) string {
	for name, dial := range l.Members {
		if strings.EqualFold(name, member.String()) {
			return dial
		}
	}
	return ""
}

func (r *report) strayCertificates(local Local, cfg *Config) {
	names := make([]string, len(cfg.SSLCertificates))
	for i := range cfg.SSLCertificates {
		names[i] = cfg.SSLCertificates[i].Name
	}
	for name := range local.Certificates {
		if cfg.SSLCertificate(name) == nil {
			r.warn("certificates["+strconv.Quote(name)+"]", "UnknownCertificate", nameHint(name, names),
				"the document has no sslCertificate of this name")
		}
	}
}

func (r *report) strayMembers(local Local, cfg *Config) {
	known := map[string]string{}
	for i := range cfg.Pools {
		for _, m := range cfg.Pools[i].Members {
			known[strings.ToLower(m.String())] = m.String()
		}
	}
	for name := range local.Members {
		if _, ok := known[strings.ToLower(name)]; !ok {
			r.warn("members["+strconv.Quote(name)+"]", "UnknownMember", nameHint(name, slices.Collect(maps.Values(known))),
				"no backend pool of the document has this member")
		}
	}
}

func (r *report) missingKeys(local Local, cfg *Config) {
	for i, l := range cfg.Listeners {
		cert := cfg.SSLCertificate(l.SSLCertificate)
		if !l.HTTPS() || cert == nil || cert.Data != nil {
			continue
		}
		if _, ok := local.KeyPair(cert.Name); ok {
			continue
		}
		why := "the document holds no key for it, as exports never do"
		if cert.KeyVaultSecretID != "" {
			why = "its key is in a key vault, which Causeway does not read"
		}
		r.error(fmt.Sprintf("httpListeners[%d].properties.sslCertificate", i), "CertificateKeyMissing", keyHint(cert.Name),
			"listener %s needs the certificate %s, and %s", shorten(l.Name), shorten(cert.Name), why)
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
	if plain && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z') && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s)
}

func nameHint(name string, known []string) string {
	slices.Sort(known)
	if best := closest(name, known); best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return cmp.Or(prefixed("the document has: ", shortList(known)), "the document has none")
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
