package nginx

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"causeway/internal/lab/stage"
)

// Configuration is what one nginx serves.
type Configuration struct {
	Dir     string // of its files
	Listen  string // host:port
	Site    stage.Site
	Retries bool                // a second member is tried where nginx allows it
	Servers map[string][]string // by pool: host:port of the members that take part
}

// defaultConnectTimeout is how long the gateway waits for a connection to a member; Azure documents none.
const defaultConnectTimeout = 5 * time.Second

// logFormat holds everything that a row of Azure's log is made of.
const logFormat = `log_format fields escape=json '{"at":"$msec","connection":"$connection","uses":"$connection_requests",'
 '"client":"$remote_addr","port":"$remote_port","method":"$request_method","target":"$request_uri","agent":"$http_user_agent",'
 '"status":"$status","version":"$server_protocol","received":"$request_length","sent":"$bytes_sent","taken":"$request_time",'
 '"addr":"$upstream_addr","statuses":"$upstream_status","connect":"$upstream_connect_time","header":"$upstream_header_time",'
 '"response":"$upstream_response_time","host":"$http_host","type":"$sent_http_content_type","id":"$request_id",'
 '"line":"$request","pool":"$pool"}';
`

// Text is the configuration as nginx reads it.
func (c Configuration) Text() string {
	var b strings.Builder
	if os.Geteuid() == 0 {
		b.WriteString("user root;\n")
	}
	fmt.Fprintf(&b, "worker_processes 1;\ndaemon off;\npid %s;\nerror_log %s info;\nevents { worker_connections 4096; }\nhttp {\n",
		filepath.Join(c.Dir, "nginx.pid"), filepath.Join(c.Dir, errorLog))
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&b, "%s_temp_path %s;\n", kind, filepath.Join(c.Dir, kind))
	}
	b.WriteString(logFormat)
	fmt.Fprintf(&b, "access_log %s fields;\n", filepath.Join(c.Dir, accessLog))
	b.WriteString("map $http_upgrade $upgrade { default upgrade; '' ''; }\nmap $host $pool { default ''; }\n")
	for _, p := range c.Site.Pools {
		c.upstream(&b, p)
	}
	c.server(&b)
	b.WriteString("}\n")
	return b.String()
}

// upstream lists the members that take part. Round robin without memory of failures, as on Azure: probes alone judge members.
func (c Configuration) upstream(b *strings.Builder, p stage.Pool) {
	fmt.Fprintf(b, "upstream %s {\n", p.Name)
	for _, server := range c.Servers[p.Name] {
		fmt.Fprintf(b, "  server %s max_fails=0;\n", server)
	}
	if len(c.Servers[p.Name]) == 0 {
		b.WriteString("  server 127.0.0.1:1 down;\n")
	}
	idle := c.Site.BackendIdleTimeout
	if idle == 0 {
		idle = time.Minute
	}
	fmt.Fprintf(b, "  keepalive 64;\n  keepalive_timeout %s;\n}\n", milliseconds(idle))
}

// server is the listener with its paths. The times towards clients and the limits of heads and bodies are Azure's.
func (c Configuration) server(b *strings.Builder) {
	if c.Site.Host != "" {
		fmt.Fprintf(b, "server { listen %s default_server; set $pool ''; return 404; }\n", c.Listen)
		fmt.Fprintf(b, "server {\nlisten %s;\nserver_name %s;\n", c.Listen, c.Site.Host)
	} else {
		fmt.Fprintf(b, "server {\nlisten %s default_server;\n", c.Listen)
	}
	b.WriteString(`keepalive_timeout 75s;
client_header_timeout 60s;
client_body_timeout 60s;
client_max_body_size 4g;
client_body_buffer_size 128k;
large_client_header_buffers 4 32k;
proxy_http_version 1.1;
proxy_buffer_size 32k;
proxy_buffers 4 32k;
proxy_busy_buffers_size 64k;
proxy_intercept_errors off;
`)
	if c.Retries {
		b.WriteString("proxy_next_upstream error timeout;\nproxy_next_upstream_tries 2;\n")
	} else {
		b.WriteString("proxy_next_upstream off;\n")
	}
	connect := c.Site.ConnectTimeout
	if connect == 0 {
		connect = defaultConnectTimeout
	}
	fmt.Fprintf(b, "proxy_connect_timeout %s;\n", milliseconds(connect))
	for i, p := range c.Site.Pools {
		c.location(b, i == 0, p)
	}
	b.WriteString("}\n")
}

// headers stand in every location: one header of its own there, and nginx takes none from around it. Without Connection no connection to
// a member would be used twice.
const headers = `proxy_set_header Connection $upgrade;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header X-Request-Id $request_id;
proxy_set_header X-Forwarded-For $remote_addr:$remote_port;
`

func (c Configuration) location(b *strings.Builder, first bool, p stage.Pool) {
	timeout := p.RequestTimeout
	if timeout == 0 {
		timeout = 20
	}
	scheme := "http"
	if p.TLS {
		scheme = "https"
	}
	fmt.Fprintf(b, "location %s {\nset $pool %s;\nproxy_pass %s://%s;\n", place(first, p.Path), p.Name, scheme, p.Name)
	fmt.Fprintf(b, "proxy_read_timeout %ds;\nproxy_send_timeout %ds;\n", max(1, timeout), max(1, timeout))
	host := "$http_host"
	if p.Host != "" {
		host = p.Host
	}
	fmt.Fprintf(b, "proxy_set_header Host %s;\n%s", host, headers)
	if p.TLS {
		c.trust(b, p, host)
	}
	b.WriteString("}\n")
}

// systemRoots are what a member's certificate is checked against without a root of its own.
const systemRoots = "/etc/ssl/certs/ca-certificates.crt"

func (c Configuration) trust(b *strings.Builder, p stage.Pool, host string) {
	roots := systemRoots
	if p.Root != nil {
		roots = filepath.Join(c.Dir, p.Name+".pem")
	}
	fmt.Fprintf(b, "proxy_ssl_protocols TLSv1.2 TLSv1.3;\nproxy_ssl_server_name on;\nproxy_ssl_name %s;\n", host)
	fmt.Fprintf(b, "proxy_ssl_verify on;\nproxy_ssl_verify_depth 4;\nproxy_ssl_trusted_certificate %s;\n", roots)
}

// place is the location of a path of Azure: /api/* takes what is below, /api itself alone.
func place(first bool, path string) string {
	switch below, wild := strings.CutSuffix(path, "*"); {
	case first:
		return "/"
	case wild:
		return "^~ " + below
	default:
		return "= " + path
	}
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) + "ms" }

// memberPort is the port that the document gives the members of a pool.
func memberPort(p stage.Pool) int {
	switch {
	case p.Port > 0:
		return p.Port
	case p.TLS:
		return 8443
	}
	return 8080
}

// documented is the address of a member as Azure's log has it: the document's own, whatever the lab dials.
func documented(m stage.Member, p stage.Pool) string {
	return net.JoinHostPort(m.Name, strconv.Itoa(memberPort(p)))
}
