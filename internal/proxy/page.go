package proxy

import "strconv"

// page is an answer of the gateway's own.
type page struct{ reason, body string }

var pages = makePages(map[int][2]string{
	301: {"Moved Permanently", "This resource has moved."},
	302: {"Found", "This resource is elsewhere."},
	303: {"See Other", "The answer is elsewhere."},
	307: {"Temporary Redirect", "This resource is elsewhere for now."},
	400: {"Bad Request", "The gateway could not read this request."},
	404: {"Not Found", "The gateway serves nothing under this host name."},
	405: {"Method Not Allowed", "The gateway does not pass this method on."},
	408: {"Request Timeout", "The request did not arrive in time."},
	413: {"Content Too Large", "The request body is larger than the gateway takes."},
	414: {"URI Too Long", "The address is longer than the gateway takes."},
	421: {"Misdirected Request", "The listener of this host name asks for stronger TLS than this connection has."},
	431: {"Request Header Fields Too Large", "The request header is larger than the gateway takes."},
	500: {"Internal Server Error", "The gateway failed on this request."},
	501: {"Not Implemented", "The gateway does not support this request."},
	502: {"Bad Gateway", "The gateway got no valid answer from the servers behind it."},
	504: {"Gateway Timeout", "The server behind the gateway did not answer in time."},
})

func makePages(texts map[int][2]string) map[int]page {
	out := map[int]page{}
	for status, t := range texts {
		title := strconv.Itoa(status) + " " + t[0]
		out[status] = page{reason: t[0], body: "<!doctype html>\n<html><head><title>" + title + "</title></head>\n<body><h1>" + title +
			"</h1>\n<p>" + t[1] + "</p></body></html>\n"}
	}
	return out
}
