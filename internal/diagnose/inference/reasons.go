package inference

import (
	"strings"

	"causeway/internal/diagnose/health"
)

// CauseOfReason is the cause behind a reason of backend health: by its code, if the code is more exact than the reason alone.
func CauseOfReason(c health.Change) string {
	for _, id := range []string{causesOfReasons[strings.TrimSpace(c.Reason+" "+c.Code)], causesOfReasons[c.Reason]} {
		if id != "" {
			return id
		}
	}
	return "a-all-unhealthy-fail-closed"
}

var causesOfReasons = map[string]string{
	"status_mismatch":                  "a-probe-status-mismatch",
	"status_mismatch 400 tls_expected": "e-plain-to-tls",
	"body_mismatch":                    "a-probe-body-match",
	"probe_timeout gateway_stalled":    "h-goroutine-or-lock-stall",
	"tcp_connect gateway_stalled":      "h-goroutine-or-lock-stall",
	"probe_timeout":                    "a-probe-timeout-short",
	"dns_resolution":                   "b-dns-nxdomain",
	"dns_resolution resolver":          "b-dns-servfail",
	"cert_expired":                     "f-expired",
	"cert_expired 9":                   "f-not-yet-valid", // X509_V_ERR_CERT_NOT_YET_VALID
	"cert_verify_failed 26":            "f-key-usage",     // X509_V_ERR_INVALID_PURPOSE
	"cn_mismatch":                      "f-name-mismatch",
	"intermediate_missing":             "f-missing-intermediate",
	"leaf_missing":                     "f-missing-intermediate",
	"leaf_not_topmost":                 "f-missing-intermediate",
	"server_cert_unknown_ca":           "f-unknown-ca",
	"intermediate_unknown_ca":          "f-unknown-ca",
	"root_mismatch":                    "f-unknown-ca",
	"root_mismatch_no_root":            "f-unknown-ca",
	"tls_alert 70":                     "f-version",      // protocol_version
	"tls_alert 112":                    "f-sni-required", // unrecognized_name
	"tls_alert 116":                    "f-client-cert",  // certificate_required
	"tls_alert 116 certificate_asked":  "f-client-cert",
	"tls_alert 42 certificate_asked":   "f-client-cert", // bad_certificate, handshake_failure: as TLS 1.2 refuses none at all
	"tls_alert 40 certificate_asked":   "f-client-cert",
	"tls_alert 40":                     "f-cipher",
	"health_unknown":                   "a-health-unknown",
	"not_tls":                          "e-tls-to-plain",
	"invalid_response tls":             "e-plain-to-tls",
	"invalid_response http2":           "e-alpn",
	"invalid_response other":           "e-foreign-service",
	"tcp_connect ECONNREFUSED":         "b-refused",
	"tcp_connect timeout":              "b-drop",
	"tcp_connect ETIMEDOUT":            "b-drop",
	"tcp_connect EHOSTUNREACH":         "b-route",
	"tcp_connect ENETUNREACH":          "b-route",
}
