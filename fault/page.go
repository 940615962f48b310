package fault

import "bytes"

// pageMax is how much of a body is looked at, in bytes: error pages say at their beginning whose they are.
const pageMax = 2 << 10

// pages are sentences of error pages that a product writes itself when the server behind it failed, and that no
// application writes. One that the product also writes when it refuses by itself is not among them.
var pages = []struct{ says, product string }{
	{"The gateway got no valid answer from the servers behind it.", "Causeway"},
	{"The server behind the gateway did not answer in time.", "Causeway"},
	{"The server returned an invalid or incomplete response.", "HAProxy"},
	{"The server didn't respond in time.", "HAProxy"},
	{"No server is available to handle this request.", "HAProxy"},
	{"upstream connect error or disconnect/reset before headers", "Envoy"},
	{"no healthy upstream", "Envoy"},
	{"upstream request timeout", "Envoy"},
	{"The proxy server received an invalid", "Apache httpd"},
	{"The gateway did not receive a timely response", "Apache httpd"},
	{"Web server received an invalid response while acting as a gateway or proxy server.", "IIS"},
	{"An invalid response was received from the upstream server", "Kong"},
	{"The upstream server is timing out", "Kong"},
	{"Backend fetch failed", "Varnish"},
}

// Page names the proxy whose own error page a member's 502, 503 or 504 is: the server behind that proxy failed. It is
// empty where the page is the application's, another product's, or does not tell. nginx and its kin, Azure's gateway
// among them, say 502 and 504 only of servers behind them; their 503 may be a limit of their own.
func Page(status int, body []byte) string {
	if status < 502 || status > 504 {
		return ""
	}
	body = body[:min(len(body), pageMax)]
	for _, p := range pages {
		if bytes.Contains(body, []byte(p.says)) {
			return p.product
		}
	}
	if status == 503 {
		return ""
	}
	return signature(body)
}

// signature is the name under the rule at the end of the pages of nginx and its kin.
func signature(body []byte) string {
	_, rest, found := bytes.Cut(body, []byte("<hr><center>"))
	end := bytes.IndexAny(rest, "/<")
	if !found || end < 1 || end > 40 || bytes.ContainsFunc(rest[:end], func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return string(rest[:end])
}
