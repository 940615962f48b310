package route

import (
	"testing"

	"causeway/internal/gateway"
)

func TestRedirects(t *testing.T) {
	f := func(r gateway.Redirect, host, path, query string, offset int, status int, want string) {
		t.Helper()
		c := sites("Standard_v2", []string{"", "shop.example"}, 1, 2)
		c.FrontendPorts = append(c.FrontendPorts, gateway.FrontendPort{Name: "https", Port: 443},
			gateway.FrontendPort{Name: "odd", Port: 8443})
		c.Listeners = append(c.Listeners,
			gateway.Listener{Name: "secure", FrontendPort: "https", Protocol: "Https"},
			gateway.Listener{Name: "named", FrontendPort: "https", Protocol: "Https", HostNames: []string{"www.example"}},
			gateway.Listener{Name: "odd", FrontendPort: "odd", Protocol: "Https"})
		r.Name = "away"
		c.Redirects = []gateway.Redirect{r}
		got := compileRedirect(c, "away")
		var q []byte
		if query != "" {
			q = []byte(query)
		}
		if loc := string(got.AppendLocation(nil, []byte(host), []byte(path), q, offset)); got.Status != status || loc != want {
			t.Errorf("%+v: %d %s, want %d %s", r, got.Status, loc, status, want)
		}
	}
	both := func(r gateway.Redirect) gateway.Redirect { r.IncludePath, r.IncludeQuery = true, true; return r }
	to := func(kind, listener string) gateway.Redirect {
		return gateway.Redirect{Type: kind, TargetListener: listener}
	}
	url := func(u string) gateway.Redirect { return gateway.Redirect{Type: "Found", TargetURL: u} }
	f(to("Permanent", "secure"), "a.example:80", "/x", "y=1", 0, 301, "https://a.example/")
	f(to("Found", "secure"), "a.example", "/x", "", 0, 302, "https://a.example/")
	f(to("SeeOther", "secure"), "a.example", "/x", "", 0, 303, "https://a.example/")
	f(to("Temporary", "secure"), "a.example", "/x", "", 0, 307, "https://a.example/")
	f(both(to("Found", "secure")), "A.example:80", "/x/%20", "y=1", 0, 302, "https://a.example/x/%20?y=1")
	f(both(to("Found", "named")), "a.example", "/x", "", 0, 302, "https://www.example/x")
	f(both(to("Found", "odd")), "a.example", "/x", "", 0, 302, "https://a.example:8443/x")
	f(both(to("Found", "secure")), "a.example:8080", "/x", "", 8000, 302, "https://a.example:8443/x")
	f(both(to("Found", "l1")), "a.example", "/x", "", 0, 302, "http://shop.example/x")
	f(url("https://other.example/base"), "a", "/x", "y", 0, 302, "https://other.example/base")
	f(both(url("https://other.example/base")), "a", "/x", "y", 0, 302, "https://other.example/base/x?y")
	f(both(url("https://other.example/")), "a", "/x", "y", 0, 302, "https://other.example/x?y")
	f(both(url("https://other.example/?z")), "a", "", "y", 0, 302, "https://other.example/?z&y")
	f(both(url("https://other.example/base?z=1")), "a", "/x", "y", 0, 302, "https://other.example/base/x?z=1&y")
	f(both(url("https://other.example/base?z=1")), "a", "/x", "", 0, 302, "https://other.example/base/x?z=1")
	f(gateway.Redirect{Type: "Found", TargetURL: "https://o/", IncludeQuery: true}, "a", "/x", "y", 0, 302, "https://o/?y")
}
