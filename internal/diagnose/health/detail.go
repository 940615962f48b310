package health

import (
	"regexp"
	"strings"

	"causeway/internal/gateway"
)

// ReasonOfDetail is the reason behind a detail text. Causeway's own document has it in a word; Azure's texts are known
// by the words that they hold, since Azure rewords them. A member that is Up has none, though its last probe may have failed.
func ReasonOfDetail(s gateway.ServerHealth) string {
	if strings.EqualFold(s.Health, "Up") || strings.EqualFold(s.Health, "Healthy") {
		return ""
	}
	if s.Causeway != nil && s.Causeway.Reason != "" {
		return s.Causeway.Reason
	}
	text := strings.ToLower(s.Detail)
	for _, r := range reasonWords {
		if containsAll(text, r.words) {
			return r.reason
		}
	}
	return ""
}

var opensslCode = regexp.MustCompile(`OpenSSL error code (\d+)`)

// codeOfDetail is what a detail text gives beyond its reason, in the words of a history.
func codeOfDetail(s gateway.ServerHealth) string {
	if m := opensslCode.FindStringSubmatch(s.Detail); m != nil {
		return m[1]
	}
	return ""
}

func containsAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

var reasonWords = []struct {
	reason string
	words  []string
}{
	{"probe_timeout", []string{"health probe", "timeout threshold"}},
	{"dns_resolution", []string{"could not create a probe", "fqdn"}},
	{"tcp_connect", []string{"could not connect to the backend"}},
	{"status_mismatch", []string{"status code", "did not match the probe setting"}},
	{"status_mismatch", []string{"invalid status code", "health probe"}},
	{"body_mismatch", []string{"body", "did not match", "contain"}},
	{"cn_mismatch", []string{"common name"}},
	{"cert_expired", []string{"valid from", "valid to"}},
	{"intermediate_missing", []string{"intermediate certificate", "missing"}},
	{"leaf_missing", []string{"leaf certificate", "missing"}},
	{"leaf_not_topmost", []string{"topmost"}},
	{"server_cert_unknown_ca", []string{"server certificate", "not signed by a well-known"}},
	{"intermediate_unknown_ca", []string{"intermediate certificate", "not signed by a well-known"}},
	{"root_mismatch_no_root", []string{"intermediate certificate", "not signed by any root"}},
	{"root_mismatch", []string{"root certificate", "match the trusted root certificate"}},
	{"health_unknown", []string{"could not be retrieved"}},
	{"cert_verify_failed", []string{"could not be verified", "openssl"}},
}
