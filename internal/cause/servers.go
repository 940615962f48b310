package cause

import "time"

// Measured on loopback in November 2026, each with its smallest application and its defaults, on Linux. Closes are good to 0.1 s.
// What has no version is as the server's documentation has it.

const second = time.Second

// atMS is a limit in milliseconds.
func atMS(ms int) time.Duration { return time.Duration(ms) * time.Millisecond }

var serverDefaults = []ServerDefault{
	// Node.js and its frameworks
	{
		Server: "Node.js", Version: "16 to 20.12", Idle: 5 * second, Announce: 5 * second, Drain: DrainCuts,
		Note: "measured: 16.20, 18.20, 20.0, 20.12.2",
	},
	{
		Server: "Node.js", Version: "20.18 to 26", Idle: 6 * second, Announce: 5 * second, Drain: DrainCuts,
		Note: "a second of grace after the announced limit (measured: 20.18.3, 20.20.2, 22.18, 22.23, 24.5, 24.21, 25.9, 26.10); a connection that was never used gets a 408 after about 89 s",
	},
	{
		Server: "express, koa, hapi, restify, polka, hono", Version: "on Node.js 24",
		Idle: 6 * second, Announce: 5 * second, Drain: DrainCuts, Note: "Node.js's own limits",
	},
	{Server: "h3", Version: "2.0 on Node.js 24", Idle: 6 * second, Announce: 5 * second, Drain: DrainPromises},
	{Server: "fastify", Version: "5.12 on Node.js 24", Idle: 73 * second, Announce: 72 * second, Drain: DrainCuts},
	{Server: "Bun", Version: "1.4", Idle: atMS(8400), Last: 12 * second, Drain: DrainCuts, Note: "its timer ticks every four seconds"},
	{Server: "Deno", Version: "2.9", Drain: DrainCuts, Note: "none within 200 s"},
	// Python
	{
		Server: "gunicorn gthread", Version: "20.1", Idle: 2 * second, Last: atMS(2900), Drain: DrainPromises,
		Note: "the worker timeout of 30 s is another limit",
	},
	{
		Server: "gunicorn gevent", Version: "20.1", Idle: 2 * second, Drain: DrainPromises,
		Note: "promises keep-alive for two seconds more; answers late requests on idle connections",
	},
	{
		Server: "gunicorn sync", Version: "20.1", Requests: 1, Drain: DrainCloses,
		Note: "a connection that says nothing holds the worker for 30 s",
	},
	{Server: "uvicorn", Version: "0.17", Idle: 5 * second, Drain: DrainSilent},
	{
		Server: "hypercorn", Version: "0.13", Drain: DrainSilent,
		Note: "closes at once and unannounced where the handler left the request body unread, and not within 100 s where it read it",
	},
	{Server: "waitress", Version: "2.1", Idle: atMS(120_100), Last: atMS(149_600), Drain: DrainCuts, Note: "a sweep every half minute"},
	{Server: "aiohttp", Version: "3.8", Idle: 75 * second, Drain: DrainSilent},
	{Server: "tornado", Version: "6.2", Drain: DrainCuts, Mute: 70, Note: "none within 200 s"},
	{Server: "Twisted web", Version: "22.4", Idle: 60 * second, Drain: DrainCuts, Mute: 20, Note: "FIN above 16 KiB of head"},
	{Server: "Daphne", Version: "4.0", Idle: 60 * second, Drain: DrainCuts, Mute: 20, Note: "FIN above 16 KiB of head"},
	{Server: "uWSGI http", Version: "2.0", AtOnce: true, Requests: 1, Drain: DrainCuts, Mute: 8, Note: "a reset above 4 KiB of head"},
	{
		Server: "uWSGI http-socket", Version: "2.0", AtOnce: true, Requests: 1, Drain: DrainCuts, Mute: 8,
		Note: "a reset above 4 KiB of head",
	},
	{Server: "cheroot", Version: "9.0", Idle: 10 * second, Drain: DrainCuts},
	{
		Server: "gevent pywsgi", Version: "22.10", Drain: DrainCuts,
		Note: "none within 200 s; 47 ms a request on a kept connection (two writes and delayed acknowledgements)",
	},
	{Server: "eventlet wsgi", Version: "0.33", Drain: DrainCuts, Note: "none within 200 s"},
	{Server: "Werkzeug", Version: "2.2", Requests: 1, Drain: DrainCuts},
	{
		Server: "Python http.server", Version: "3.11 at HTTP/1.1", Drain: DrainCuts,
		Note: "none within 200 s; 46 ms a request on a kept connection",
	},
	// Ruby
	{Server: "puma", Version: "5.6", Idle: 20 * second, Drain: DrainCloses},
	{
		Server: "Unicorn", Version: "6.0", Requests: 1, Drain: DrainCuts,
		Note: "a connection that says nothing holds the worker for a minute",
	},
	{
		Server: "Thin", Version: "1.8", Idle: 30 * second, Last: 59 * second, Drain: DrainPromises,
		Note: "30 s after the first request of a connection, 55 to 59 s after a later one",
	},
	{Server: "WEBrick", Version: "1.8", Idle: 30 * second, Drain: DrainPromises, Note: "47 ms a request on a kept connection"},
	// Java
	{
		Server: "Tomcat", Version: "10.1 with Debian's server.xml", Idle: 20 * second, Last: 21 * second, Requests: 100, Drain: DrainCuts,
		Note: "server.xml sets connectionTimeout",
	},
	{Server: "Tomcat's connectors", Idle: 60 * second, Requests: 100, Note: "keep-alive follows connectionTimeout"},
	{Server: "Jetty", Version: "9.4", Idle: 30 * second, Drain: DrainCuts},
	{
		Server: "JDK httpserver", Version: "17 and 25", Idle: atMS(32_700), Last: atMS(38_600), Drain: DrainCuts,
		Note: "of JDK 17, 49 ms a request on a kept connection",
	},
	{Server: "jwebserver", Version: "25", Idle: atMS(32_700), Last: atMS(38_600)},
	// Go
	{
		Server: "Go net/http", Version: "1.26", Drain: DrainCuts,
		Note: "none unless IdleTimeout or ReadTimeout is set; ReadHeaderTimeout does not bound idle connections. Without Shutdown it cuts requests on SIGTERM",
	},
	{Server: "gin, echo", Version: "1.12, 4.16", Drain: DrainCuts, Note: "as net/http: none within 200 s"},
	{
		Server: "fasthttp, fiber", Version: "1.78, 2.52", Drain: DrainCuts,
		Note: "none unless IdleTimeout or ReadTimeout is set; 431 and a reset from 8 KiB of head",
	},
	// Perl, Erlang, Lisp, PHP
	{Server: "hypnotoad", Version: "Mojolicious 9.31", Idle: 5 * second, Requests: 100, Drain: DrainCuts},
	{Server: "Mojolicious daemon", Version: "9.31", Idle: 5 * second, Requests: 100, Drain: DrainCuts},
	{Server: "Starman", Version: "0.4016", Idle: 1 * second, Drain: DrainCuts},
	{
		Server: "HTTP::Daemon", Version: "6.16",
		Note: "none within 200 s; a page without a status line for a long head; 47 ms a request on a kept connection", Mute: 20,
	},
	{Server: "Yaws", Version: "2.1", Idle: 30 * second, Drain: DrainCloses, Mute: 20, Note: "a reset above 16 KiB of head"},
	{Server: "inets httpd", Version: "25.2", Idle: 150 * second, Drain: DrainSilent, Note: "47 ms a request on a kept connection"},
	{Server: "Hunchentoot", Version: "1.2.38", Idle: 20 * second, Drain: DrainCuts},
	{Server: "PHP's built-in server", Version: "8.2", Requests: 1, Drain: DrainCuts},
	{Server: "php-fpm and uWSGI behind nginx", Note: "nginx decides; their own limits are those of the socket between"},
	// Web servers and proxies
	{
		Server: "Apache httpd", Version: "2.4 event", Idle: 5 * second, Requests: 101, Drain: DrainCuts,
		Note: "announces timeout=5, max=100 to who asks for keep-alive",
	},
	{Server: "nginx", Version: "1.22", Idle: 75 * second, Requests: 1000, Drain: DrainCuts, Note: "SIGQUIT lets requests end"},
	{
		Server: "lighttpd", Version: "1.4.69", Idle: atMS(4500), Last: 6 * second, Requests: 1001, Drain: DrainCuts,
		Note: "may close before its own limit of 5 s",
	},
	{Server: "HAProxy", Version: "2.6", Idle: 50 * second, Drain: DrainCuts, Note: "timeout client of Debian's configuration"},
	{Server: "Varnish", Version: "7.1", Idle: 5 * second, Drain: DrainCuts, Mute: 70},
	{Server: "Squid", Version: "5.7", Idle: 120 * second, Drain: DrainCloses},
	{Server: "Caddy", Version: "2.6", Drain: DrainCloses, Note: "none within 200 s"},
	{Server: "h2o", Version: "2.2", Idle: 10 * second, Drain: DrainKeeps, Note: "on SIGTERM keeps idle connections for about ten seconds"},
	{Server: "webfs", Version: "1.21", Idle: atMS(5900), Last: atMS(10_400), Mute: 8},
	{Server: "busybox httpd, mini_httpd, civetweb", Version: "1.35, 1.30, 1.15", Requests: 1},
	{Server: "Kestrel", Idle: 130 * second},
	{Server: "IIS (http.sys)", Idle: 120 * second},
}
