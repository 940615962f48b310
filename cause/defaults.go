package cause

import (
	"slices"
	"time"
)

// ServerDefault is how long a program keeps an idle connection, as it comes.
type ServerDefault struct {
	Server string
	Idle   time.Duration // 0: none, or not known
	Note   string
}

// ServerDefaults returns the idle limits of servers. One below the idle limit of the gateway in front makes an idle race.
func ServerDefaults() []ServerDefault { return slices.Clone(serverDefaults) }

// GatewayDefaults returns the idle limits of other gateways towards their backends, with which the servers behind them
// had to live.
func GatewayDefaults() []ServerDefault { return slices.Clone(gatewayDefaults) }

var serverDefaults = []ServerDefault{
	{"Node.js http", 6 * time.Second, "announces 5 s and closes a second later; headersTimeout must be above keepAliveTimeout on older versions; listen backlog 511"},
	{"older Node.js", 5 * time.Second, "announced and kept"},
	{"newest Node.js", 65 * time.Second, ""},
	{"gunicorn's async workers", 2 * time.Second, "the worker timeout of 30 s is another limit"},
	{"uvicorn", 5 * time.Second, ""},
	{"Bun", 10 * time.Second, "about"},
	{"Apache httpd", 5 * time.Second, "and 100 requests on a connection"},
	{"puma", 20 * time.Second, ""},
	{"Tomcat's connectors", 60 * time.Second, "keep-alive follows connectionTimeout; 100 requests on a connection"},
	{"Tomcat's shipped server.xml", 20 * time.Second, "it sets connectionTimeout"},
	{"Jetty", 30 * time.Second, ""},
	{"Kestrel", 130 * time.Second, ""},
	{"IIS (http.sys)", 120 * time.Second, ""},
	{"nginx", 75 * time.Second, "and 1000 requests on a connection"},
	{"Go net/http", 0, "none unless IdleTimeout or ReadTimeout is set; ReadTimeout counts for idle connections too"},
	{"php-fpm and uWSGI behind nginx", 0, "nginx decides; their own limits are those of the socket between"},
}

var gatewayDefaults = []ServerDefault{
	{"Causeway", 60 * time.Second, "backendIdleTimeout; less where the member announces less"},
	{"Azure Application Gateway", 0, "not documented"},
	{"AWS ALB", 60 * time.Second, ""},
	{"Google's load balancer", 600 * time.Second, ""},
	{"Envoy", time.Hour, ""},
	{"Traefik", 90 * time.Second, ""},
	{"Caddy", 2 * time.Minute, ""},
	{"ingress-nginx", 60 * time.Second, ""},
	{"gorouter", 90 * time.Second, ""},
	{"Oracle's load balancer", 300 * time.Second, ""},
}
