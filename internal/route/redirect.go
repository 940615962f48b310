package route

import (
	"strconv"
	"strings"

	"causeway/internal/gateway"
)

// Redirect is a compiled redirect configuration.
type Redirect struct {
	Status      int
	url         string // target; empty: a listener
	scheme      string // of the target listener
	host        string // of the target listener; empty: that of the request
	port        int    // of the target listener
	includePath bool
	includeArgs bool
}

func compileRedirect(c *gateway.Config, name string) *Redirect {
	r := c.Redirect(name)
	if r == nil {
		return nil
	}
	out := &Redirect{Status: redirectStatus(r.Type), url: r.TargetURL, includePath: r.IncludePath, includeArgs: r.IncludeQuery}
	l := c.Listener(r.TargetListener)
	if l == nil {
		return out
	}
	out.scheme = "http"
	if l.HTTPS() {
		out.scheme = "https"
	}
	if len(l.HostNames) > 0 {
		out.host = l.HostNames[0]
	}
	if p := c.FrontendPort(l.FrontendPort); p != nil {
		out.port = p.Port
	}
	return out
}

func redirectStatus(kind string) int {
	switch kind {
	case "Permanent":
		return 301
	case "SeeOther":
		return 303
	case "Temporary":
		return 307
	}
	return 302
}

// AppendLocation appends the Location for a request: scheme, port and host of the target listener (the request's own
// host where the listener has none, the default port of the scheme left out), or the target URL; then path and query of
// the request as far as they are included. offset is added to the port of a listener, as it is to the ports that
// Causeway binds.
func (r *Redirect) AppendLocation(b, host, path, query []byte, offset int) []byte {
	base, args, hasArgs := strings.Cut(r.url, "?")
	if r.url != "" {
		b = append(b, base...)
	} else {
		b = r.appendListener(b, host, offset)
	}
	if r.includePath {
		if n := len(b); n > 0 && b[n-1] == '/' && len(path) > 0 && path[0] == '/' {
			path = path[1:]
		}
		b = append(b, path...)
	} else if r.url == "" {
		b = append(b, '/')
	}
	mark := byte('?')
	if hasArgs { // of the target itself: they stay behind the path
		b, mark = append(append(b, mark), args...), '&'
	}
	if r.includeArgs && len(query) > 0 {
		b = append(append(b, mark), query...)
	}
	return b
}

func (r *Redirect) appendListener(b, host []byte, offset int) []byte {
	b = append(append(b, r.scheme...), "://"...)
	if r.host != "" {
		b = append(b, r.host...)
	} else {
		b = canonicalHost(b, host)
	}
	if r.scheme == "http" && r.port == 80 && offset == 0 || r.scheme == "https" && r.port == 443 && offset == 0 {
		return b
	}
	return strconv.AppendInt(append(b, ':'), int64(r.port+offset), 10)
}
