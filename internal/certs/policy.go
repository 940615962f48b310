package certs

import (
	"crypto/tls"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

// Policy is what a TLS policy comes to: the versions and the suites of TLS 1.2 and below. Missing lists the suites that
// the policy names and crypto/tls does not have (SHA-384 CBC, DHE, DSS); they are simply not offered.
type Policy struct {
	Min, Max uint16
	Suites   []uint16
	Missing  []string
}

// PolicyOf resolves the policy in force. Without one it is AppGwSslPolicy20220101, Azure's default since API 2023-02-01
// (AppGwSslPolicy20170401S on v1, which knows no newer one).
func PolicyOf(p gateway.SSLPolicy, v1 bool) Policy {
	switch {
	case strings.HasPrefix(p.Type, "Custom"):
		return custom(p)
	case p.Name != "":
		return predefined(p.Name)
	case v1:
		return predefined("AppGwSslPolicy20170401S")
	}
	return predefined("AppGwSslPolicy20220101")
}

func custom(p gateway.SSLPolicy) Policy {
	out := suitesOf(p.CipherSuites)
	out.Min, out.Max = max(version(p.MinVersion), tls.VersionTLS12), tls.VersionTLS12
	if p.Type == "CustomV2" {
		out.Max = tls.VersionTLS13
	}
	if out.Suites == nil { // to crypto/tls nil is every suite, and the policy names none of them
		out.Suites = []uint16{}
	}
	return out
}

func predefined(name string) Policy {
	_, suites := Predefined(name)
	out := suitesOf(suites)
	out.Min, out.Max = tls.VersionTLS12, tls.VersionTLS12 // 1.0 and 1.1 are gone from every policy since 2025-08-31
	if name == schema.Policy2022 || name == schema.Policy2022S {
		out.Max = tls.VersionTLS13
	}
	return out
}

// Predefined is what a predefined policy allows, in Azure's words. Any other name is taken for AppGwSslPolicy20170401.
func Predefined(name string) (minimum string, suites []string) {
	switch name {
	case schema.Policy2022:
		suites = append(strings.Fields(suites2022), strings.Fields(cbc2022)...)
	case schema.Policy2022S:
		suites = strings.Fields(suites2022)
	case schema.Policy2015:
		suites = strings.Fields(suites2015)
	default:
		suites = strings.Fields(suites2017)
	}
	return "TLSv1_2", suites
}

const (
	suites2022 = `TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
		TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256`
	cbc2022 = `TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384 TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256
		TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256`
	suites2017 = `TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
		TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256
		TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
		TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA TLS_RSA_WITH_AES_256_GCM_SHA384
		TLS_RSA_WITH_AES_128_GCM_SHA256 TLS_RSA_WITH_AES_256_CBC_SHA256 TLS_RSA_WITH_AES_128_CBC_SHA256
		TLS_RSA_WITH_AES_256_CBC_SHA TLS_RSA_WITH_AES_128_CBC_SHA`
	suites2015 = suites2017 + ` TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384 TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256
		TLS_RSA_WITH_3DES_EDE_CBC_SHA`
)

func suitesOf(names []string) Policy {
	known := map[string]uint16{}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		known[s.Name] = s.ID
	}
	var p Policy
	for _, name := range names {
		if id, ok := known[name]; ok {
			p.Suites = append(p.Suites, id)
		} else {
			p.Missing = append(p.Missing, name)
		}
	}
	return p
}

func version(name string) uint16 {
	switch name {
	case "TLSv1_0":
		return tls.VersionTLS10
	case "TLSv1_1":
		return tls.VersionTLS11
	case "TLSv1_3":
		return tls.VersionTLS13
	}
	return tls.VersionTLS12
}

// VersionName is how the access log writes a protocol version: TLSv1.2.
func VersionName(v uint16) string {
	switch v {
	case tls.VersionTLS10:
		return "TLSv1"
	case tls.VersionTLS11:
		return "TLSv1.1"
	case tls.VersionTLS12:
		return "TLSv1.2"
	case tls.VersionTLS13:
		return "TLSv1.3"
	}
	return ""
}

// SuiteName is how the access log writes a cipher suite: OpenSSL's name, ECDHE-RSA-AES256-GCM-SHA384. It allocates for
// suites older than TLS 1.3; keep the result.
func SuiteName(id uint16) string {
	name := tls.CipherSuiteName(id)
	if !strings.Contains(name, "_WITH_") { // TLS 1.3 names are OpenSSL's too
		return name
	}
	name = strings.TrimPrefix(strings.Replace(name, "_WITH_", "_", 1), "TLS_")
	name = strings.TrimPrefix(name, "RSA_")
	name = strings.ReplaceAll(name, "AES_128", "AES128")
	name = strings.ReplaceAll(name, "AES_256", "AES256")
	name = strings.ReplaceAll(name, "AES128_CBC", "AES128")
	name = strings.ReplaceAll(name, "AES256_CBC", "AES256")
	name = strings.ReplaceAll(name, "CHACHA20_POLY1305_SHA256", "CHACHA20_POLY1305")
	name = strings.ReplaceAll(name, "3DES_EDE_CBC", "DES_CBC3")
	return strings.ReplaceAll(name, "_", "-")
}
