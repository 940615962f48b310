package cause

import "time"

var gatewayDefaults = []ServerDefault{
	{Server: "Causeway", Idle: 60 * time.Second, Note: "backendIdleTimeout; less where the member announces less"},
	{Server: "Azure Application Gateway", Note: "not documented"},
	{
		Server: "nginx", Version: "1.22", Idle: 60 * time.Second,
		Note: "keepalive_timeout of the upstream; a lost GET goes to the next server, a lost POST is a 502",
	},
	{
		Server: "HAProxy", Version: "2.6", Idle: 15 * time.Second,
		Note: "http-reuse safe; ends idle connections by RST, which means nothing; a request that is lost on one ends the client's connection, with no status and no log line",
	},
	{
		Server: "Apache mod_proxy", Version: "2.4",
		Note: "none within 190 s; answers its own read timeout with 502, and a request lost on a reused connection with nothing",
	},
	{Server: "Varnish", Version: "7.1", Idle: 60 * time.Second, Note: "answers 503 where others answer 502 or 504"},
	{Server: "Squid", Version: "5.7", Idle: 61 * time.Second, Note: "sends POST and PUT on fresh connections"},
	{Server: "h2o", Version: "2.2", Idle: 2 * time.Second, Note: "answers 502 for a lost request, GET too, and for its own timeout"},
	{
		Server: "lighttpd", Version: "1.4.69",
		Note: "keeps none; answers 404 for a backend that stalls within the body and 500 for one that closes",
	},
	{Server: "Caddy", Version: "2.6", Idle: 2 * time.Minute},
	{Server: "AWS ALB", Idle: 60 * time.Second},
	{Server: "Google's load balancer", Idle: 600 * time.Second},
	{Server: "Envoy", Idle: time.Hour},
	{Server: "Traefik", Idle: 90 * time.Second},
	{Server: "ingress-nginx", Idle: 60 * time.Second},
	{Server: "gorouter", Idle: 90 * time.Second},
	{Server: "Oracle's load balancer", Idle: 300 * time.Second},
}
