package fault

import "bytes"

// pageMax is how much of a body is looked at, in bytes: error pages say at their beginning whose they are.
const pageMax = 2 << 10

// pages are pieces of error pages that a product writes itself when the server behind it failed, and that no application
// writes. One that the product also writes when it refuses by itself is not among them: HAProxy's 503 is such a one.
var pages = []struct{ says, product string }{
	{"The gateway got no valid answer from the servers behind it.", "Causeway"},
	{"The server behind the gateway did not answer in time.", "Causeway"},
	{"</h1>\nThe server returned an invalid or incomplete response.\n", "HAProxy"},
	{"</h1>\nThe server didn't respond in time.\n", "HAProxy"},
	{"The proxy server received an invalid", "Apache httpd"},
	{"The gateway did not receive a timely response", "Apache httpd"},
	{"Web server received an invalid response while acting as a gateway or proxy server.", "IIS"},
	{"An invalid response was received from the upstream server", "Kong"},
	{"The upstream server is timing out", "Kong"},
	{"Backend fetch failed", "Varnish"},
}

// lines are the beginnings of errors that Envoy writes, without any page around them. Applications tell of such errors too,
// but in words of their own around them.
var lines = []string{"upstream connect error or disconnect/reset before headers", "no healthy upstream", "upstream request timeout"}

// overflow ends Envoy's line where it kept to its own limit of connections or requests, and asked no server.
const overflow = "reset reason: overflow"

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
	for _, l := range lines {
		if bytes.HasPrefix(body, []byte(l)) && !bytes.Contains(body, []byte(overflow)) {
			return "Envoy"
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
