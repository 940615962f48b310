package validate

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

func (c *checker) certificates() {
	for i, cert := range c.cfg.SSLCertificates {
		p, most := c.given("sslCertificates", i), 16<<10
		if c.cfg.V1() {
			most = 10 << 10
		}
		c.base64("sslCertificates", i)
		if len(cert.Data) > most {
			c.Error(at("sslCertificates", i, "data"), "ApplicationGatewaySslCertificateDataTooLarge",
				"leave out certificates that clients do not need",
				"%s has %d bytes, at most %d are allowed", named("certificate", cert.Name), len(cert.Data), most)
		}
		if p.Text("data") != "" && cert.KeyVaultSecretID != "" {
			c.Error(at("sslCertificates", i, "keyVaultSecretId"), "ApplicationGatewaySslCertificateDataAndKeyVaultSecretIdConflict",
				"keep one of them",
				"data and keyVaultSecretId exclude each other")
		}
		if strings.ContainsFunc(cert.Password, func(r rune) bool { return !isAlphanumeric(r) }) {
			c.Warn(at("sslCertificates", i, "password"), "ApplicationGatewaySslCertificatePasswordInvalid",
				"export the PFX with a password of letters and digits",
				"Azure takes letters and digits only")
		}
	}
	for _, collection := range []string{"authenticationCertificates", "trustedRootCertificates"} {
		c.each(collection, func(i int, name string, p *schema.Object) {
			c.base64(collection, i)
			if data := p.Bytes("data"); data != nil && len(parseCertificates(data)) == 0 {
				c.Error(at(collection, i, "data"), "ApplicationGatewayCertificateDataInvalid",
					"give the base64 text of a .cer file, without private key",
					"%s holds no certificate", named("certificate", name))
			}
			if p.Text("data") == "" && p.Text("keyVaultSecretId") == "" {
				c.Warn(at(collection, i, "data"), "ApplicationGatewayCertificateDataCannotBeEmpty", "add the data", "%s is empty",
					named("certificate", name))
			}
		})
	}
	c.clientAuthorities()
}

func (c *checker) base64(collection string, i int) {
	if p := c.given(collection, i); p.Text("data") != "" && p.Bytes("data") == nil {
		c.Error(at(collection, i, "data"), "ApplicationGatewayCertificateDataInvalid", "encode the file: base64 -w0 FILE",
			"data is not base64")
	}
}

// clientAuthorities follows what Azure demands of the authorities of client certificates: exactly one root, no key.
func (c *checker) clientAuthorities() {
	const stem, hint = "ApplicationGatewayTrustedClientCertificate", "upload the root and its intermediates as one PEM file, base64 encoded"
	for i, cert := range c.cfg.TrustedClientCertificates {
		path, who := at("trustedClientCertificates", i, "data"), named("trusted client certificate", cert.Name)
		certs := parseCertificates(cert.Data)
		authorities := slices.DeleteFunc(slices.Clone(certs), func(x *x509.Certificate) bool { return !x.IsCA })
		roots := 0
		for _, a := range authorities {
			if bytes.Equal(a.RawSubject, a.RawIssuer) {
				roots++
			}
		}
		switch {
		case c.given("trustedClientCertificates", i).Text("data") == "":
			c.Error(path, stem+"MustSpecifyData", hint, "%s is empty", who)
		case bytes.Contains(cert.Data, []byte("PRIVATE KEY-----")):
			c.Error(path, stem+"MustNotHavePrivateKey", hint, "%s holds a private key", who)
		case len(certs) == 0:
			c.Error(path, stem+"InvalidData", hint, "%s holds no certificate", who)
		case len(authorities) == 0:
			c.Error(path, stem+"DoesNotContainAnyCACertificate", hint, "%s holds no certificate of an authority", who)
		case roots != 1:
			c.Error(path, "ApplicationGatewayOnlyOneRootCAAllowedInTrustedClientCertificate", hint,
				"%s holds %s, exactly one is required", who,
				schema.Plural(roots, "root"))
		case len(cert.Data) > 25<<10:
			c.Error(path, stem+"DataTooLarge", hint, "%s has %d bytes, at most 25 KB are allowed", who, len(cert.Data))
		}
	}
}

// parseCertificates reads DER, or PEM with any number of certificates.
func parseCertificates(data []byte) []*x509.Certificate {
	if certs, err := x509.ParseCertificates(data); err == nil {
		return certs
	}
	var certs []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if parsed, err := x509.ParseCertificates(block.Bytes); err == nil {
			certs = append(certs, parsed...)
		}
	}
	return certs
}

func (c *checker) tlsPolicies() {
	policies := []gateway.SSLPolicy{c.cfg.SSLPolicy}
	c.tlsPolicy("properties.sslPolicy", c.cfg.SSLPolicy)
	for i, p := range c.cfg.SSLProfiles {
		c.tlsPolicy(at("sslProfiles", i, "sslPolicy"), p.Policy)
		policies = append(policies, p.Policy)
	}
	newer := slices.IndexFunc(policies, isNewPolicy)
	older := slices.IndexFunc(policies, func(p gateway.SSLPolicy) bool { return p.Type != "" && !isNewPolicy(p) })
	if newer >= 0 && older >= 0 {
		path := "properties.sslPolicy"
		if i := max(newer, older); i > 0 {
			path = at("sslProfiles", i-1, "sslPolicy")
		}
		c.Error(path, "ApplicationGatewaySslPolicyGenerationsCannotBeMixed", "move all of them to a 2022 policy or CustomV2",
			"a 2022 or CustomV2 policy and an older one exclude each other on one gateway, its TLS profiles included")
	}
}

func isNewPolicy(p gateway.SSLPolicy) bool {
	return p.Type == "CustomV2" || p.Type == "Predefined" && (p.Name == schema.Policy2022 || p.Name == schema.Policy2022S)
}

func (c *checker) tlsPolicy(path string, p gateway.SSLPolicy) {
	switch p.Type {
	case "":
		if p.Name != "" || p.MinVersion != "" || len(p.CipherSuites) > 0 {
			c.Error(path+".policyType", "ApplicationGatewaySslPolicyTypeCannotBeEmpty", "write Predefined, Custom or CustomV2",
				"the policy has no type")
		}
	case "Predefined":
		c.predefinedPolicy(path, p)
	default:
		c.customPolicy(path, p)
	}
	if len(p.Disabled) > 0 && p.Type != "" {
		c.Error(path+".disabledSslProtocols", "ApplicationGatewaySslPolicyDisabledSslProtocolsConflict",
			"remove it; minProtocolVersion says the same",
			"disabledSslProtocols is the old form and excludes a policy")
	}
}

func (c *checker) predefinedPolicy(path string, p gateway.SSLPolicy) {
	const retired = "ApplicationGatewaySslPolicyRetired"
	switch {
	case p.Name == "":
		c.Error(path+".policyName", "ApplicationGatewaySslPolicyNameCannotBeEmpty", "write for example "+schema.Policy2022,
			"a predefined policy needs its name")
	case p.Name == schema.Policy2015 || p.Name == schema.Policy2017:
		c.Warn(path+".policyName", retired, "use "+schema.Policy2017S+" or "+schema.Policy2022,
			"Azure retired %s in August 2025; TLS 1.2 is the least", p.Name)
	case isNewPolicy(p) && c.cfg.V1():
		c.Error(path+".policyName", "ApplicationGatewayFeatureCannotBeEnabledForSelectedSku", "use "+schema.Policy2017S,
			"%s does not exist on v1", p.Name)
	}
	if len(p.CipherSuites) > 0 || p.MinVersion != "" {
		c.Warn(path, "ApplicationGatewaySslPolicyCustomPartIgnored", "remove them, or choose the type CustomV2",
			"a predefined policy fixes versions and cipher suites; what is listed has no effect")
	}
}

func (c *checker) customPolicy(path string, p gateway.SSLPolicy) {
	if p.Type == "CustomV2" && c.cfg.V1() {
		c.Error(path+".policyType", "ApplicationGatewayFeatureCannotBeEnabledForSelectedSku", "use Custom", "CustomV2 does not exist on v1")
	}
	if p.Name != "" {
		c.Warn(path+".policyName", "ApplicationGatewaySslPolicyNameIgnored", "remove it", "a custom policy has no name")
	}
	switch {
	case p.MinVersion == "":
		c.Error(path+".minProtocolVersion", "ApplicationGatewaySslPolicyMinProtocolVersionCannotBeEmpty", "write TLSv1_2",
			"a custom policy needs the least version")
	case p.MinVersion == "TLSv1_3" && p.Type == "Custom":
		c.Error(path+".minProtocolVersion", "ApplicationGatewaySslPolicyMinProtocolVersionInvalid",
			"choose the type CustomV2, or write TLSv1_2",
			"Custom ends at TLS 1.2")
	case p.Type == "CustomV2" && p.MinVersion < "TLSv1_2":
		c.Error(path+".minProtocolVersion", "ApplicationGatewaySslPolicyMinProtocolVersionInvalid", "write TLSv1_2 or TLSv1_3",
			"CustomV2 begins at TLS 1.2")
	case p.MinVersion < "TLSv1_2":
		c.Warn(path+".minProtocolVersion", "ApplicationGatewaySslPolicyRetired", "write TLSv1_2",
			"Azure ended TLS 1.0 and 1.1 in August 2025")
	}
	c.customSuites(path+".cipherSuites", p)
}

func (c *checker) customSuites(path string, p gateway.SSLPolicy) {
	const v1Suite = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
	common := []string{
		v1Suite, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
		"TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_CBC_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA256",
	}
	const code = "ApplicationGatewaySslPolicyCipherSuitesInvalid"
	switch {
	case len(p.CipherSuites) == 0 && p.MinVersion == "TLSv1_3": // the suites of TLS 1.3 are always on
	case len(p.CipherSuites) == 0:
		c.Error(path, "ApplicationGatewaySslPolicyCipherSuitesCannotBeEmpty", "list suites in order of preference",
			"a custom policy needs cipher suites")
	case c.cfg.V1() && !slices.Contains(p.CipherSuites, v1Suite):
		c.Error(path, code, "add "+v1Suite, "a custom policy of v1 must hold %s", v1Suite)
	case !slices.ContainsFunc(p.CipherSuites, func(s string) bool { return slices.Contains(common, s) }):
		c.Error(path, code, "add "+v1Suite, "a custom policy must hold at least one of %s", strings.Join(common, ", "))
	}
	for i, s := range p.CipherSuites {
		if slices.Index(p.CipherSuites, s) < i {
			c.Warn(fmt.Sprintf("%s[%d]", path, i), "ApplicationGatewaySslPolicyCipherSuitesDuplicate", "remove it", "%s is listed twice",
				schema.Quote(s))
		}
	}
}

func isAlphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z'
}
