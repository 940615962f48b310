package arm

import (
	"encoding/json"

	"causeway/internal/access"
)

const tenant = access.Tenant

// cloudName is what clients call the whole.
const cloudName = "Causeway"

// audiencePath follows the address in the audience of a token.
const audiencePath = "/arm"

// describeCloud is the document by which clients find everything else. Fields that name services which do not exist here
// point at the address itself: some clients fail without them, and none asks before it needs the service.
func describeCloud(q *request) (response, error) {
	base := q.base()
	if q.URL.Query().Get("api-version") == "2015-01-01" {
		return ok(map[string]any{
			"galleryEndpoint": base + "/",
			"graphEndpoint":   base + "/graph",
			"portalEndpoint":  base + "/",
			"authentication": map[string]any{
				"loginEndpoint": base + "/" + tenant,
				"audiences":     []string{base + audiencePath},
			},
		})
	}
	return ok(map[string]any{
		"name":            cloudName,
		"resourceManager": base,
		"portal":          base,
		"authentication": map[string]any{
			"loginEndpoint":    base + "/" + tenant,
			"audiences":        []string{base + audiencePath},
			"tenant":           "common",
			"identityProvider": "AAD", // azurerm refuses any other
		},
		"suffixes":                 map[string]any{},
		"graph":                    base + "/graph",
		"graphAudience":            base + "/graph",
		"gallery":                  base,
		"batch":                    base,
		"media":                    base,
		"sqlManagement":            base,
		"vmImageAliasDoc":          base,
		"microsoftGraphResourceId": base + "/graph",
		"logAnalyticsResourceId":   base,
		"activeDirectoryDataLake":  base,
	})
}

// describeSignIn is the discovery document of OpenID Connect, as much as a client of the management API reads.
func describeSignIn(q *request) (response, error) {
	base := q.base() + "/" + q.vars["tenant"]
	return ok(map[string]any{
		"issuer":                                base,
		"authorization_endpoint":                base + "/oauth2/authorize",
		"token_endpoint":                        base + "/oauth2/token",
		"jwks_uri":                              base + "/discovery/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post"},
		"response_types_supported":              []string{"token"},
		"subject_types_supported":               []string{"public"},
	})
}

// choices are fixed answers: plain arrays of strings.
var choices = map[string]json.RawMessage{
	"applicationGatewayAvailableServerVariables": mustList("add_x_forwarded_for_proxy", "ciphers_supported", "ciphers_used",
		"client_certificate", "client_certificate_end_date", "client_certificate_fingerprint", "client_certificate_issuer",
		"client_certificate_serial", "client_certificate_start_date", "client_certificate_subject", "client_certificate_verification",
		"client_ip", "client_port", "client_tcp_rtt", "client_user", "host", "http_method", "http_status", "http_version", "query_string",
		"received_bytes", "request_query", "request_scheme", "request_uri", "sent_bytes", "server_port", "ssl_connection_protocol",
		"ssl_enabled", "uri_path"),
	"applicationGatewayAvailableRequestHeaders": mustList("Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Authorization",
		"Cache-Control", "Content-Type", "Cookie", "Date", "Expect", "Forwarded", "From", "If-Match", "If-Modified-Since", "If-None-Match",
		"If-Range", "If-Unmodified-Since", "Max-Forwards", "Origin", "Pragma", "Proxy-Authorization", "Range", "Referer", "User-Agent",
		"Via", "Warning", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"),
	"applicationGatewayAvailableResponseHeaders": mustList("Access-Control-Allow-Credentials", "Access-Control-Allow-Headers",
		"Access-Control-Allow-Methods", "Access-Control-Allow-Origin", "Age", "Allow", "Cache-Control", "Content-Disposition",
		"Content-Encoding", "Content-Language", "Content-Location", "Content-Security-Policy", "Content-Type", "Date", "ETag", "Expires",
		"Last-Modified", "Link", "Location", "Pragma", "Retry-After", "Server", "Set-Cookie", "Strict-Transport-Security", "Vary", "Via",
		"WWW-Authenticate", "X-Content-Type-Options", "X-Frame-Options", "X-XSS-Protection"),
}

func mustList(values ...string) json.RawMessage {
	text, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	return text
}
