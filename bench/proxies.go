package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

const nginxHead = `daemon off; worker_processes 1; pid %[1]s/%[2]s.pid; error_log %[1]s/%[2]s.err;
events { worker_connections 19000; }
http { client_body_temp_path %[1]s/%[2]s.body; proxy_temp_path %[1]s/%[2]s.proxy; fastcgi_temp_path %[1]s/t1; uwsgi_temp_path %[1]s/t2; scgi_temp_path %[1]s/t3;
 keepalive_requests 100000000; keepalive_timeout 300s; sendfile on; tcp_nodelay on; client_body_buffer_size 64k; client_max_body_size 0;
`

// startBackend runs the server behind all proxies, on CPU 1.
func startBackend(dir string) (*server, error) {
	www := filepath.Join(dir, "www")
	if err := os.Mkdir(www, 0o755); err != nil {
		return nil, err
	}
	for name, size := range map[string]int{"1k": 1 << 10, "64k": 64 << 10, "1m": 1 << 20} {
		if _, err := writeFile(www, name, bytes.Repeat([]byte("x"), size)); err != nil {
			return nil, err
		}
	}
	conf := fmt.Sprintf(nginxHead+` access_log off;
 server { listen 127.0.0.1:%[3]d reuseport backlog=4096; root %[1]s/www; location /post { return 200 "ok"; } location /moved/ { alias %[1]s/www/; } }
}`, dir, "backend", backendPort)
	path, err := writeFile(dir, "backend.conf", []byte(conf))
	if err != nil {
		return nil, err
	}
	s := &server{name: "backend", port: backendPort, cmd: pinned("1", "nginx", "-c", path)}
	return s, s.start()
}

// causeway makes the proxy that a binary is, with more lines in its causeway.yaml.
func causeway(binary, lines string) func(dir string, port int) (*server, error) {
	return func(dir string, port int) (*server, error) {
		document := fmt.Sprintf(`{"name":"bench","location":"local","properties":{"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1},
 "frontendIPConfigurations":[{"name":"pub","properties":{}}],
 "frontendPorts":[{"name":"plain","properties":{"port":%[1]d}},{"name":"tls","properties":{"port":%[2]d}},{"name":"override","properties":{"port":%[4]d}}],
 "sslCertificates":[{"name":"cert","properties":{}}],
 "backendAddressPools":[{"name":"web","properties":{"backendAddresses":[{"ipAddress":"127.0.0.1"}]}}],
 "probes":[{"name":"probe","properties":{"protocol":"Http","host":"bench","path":"/1k","interval":30,"timeout":30,"unhealthyThreshold":3}}],
 "backendHttpSettingsCollection":[{"name":"http","properties":{"port":%[3]d,"protocol":"Http","requestTimeout":30,"probe":{"id":"/x/probes/probe"}}},
  {"name":"override","properties":{"port":%[3]d,"protocol":"Http","requestTimeout":30,"hostName":"members.example","path":"/moved/","probe":{"id":"/x/probes/probe"}}}],
 "httpListeners":[
  {"name":"plain","properties":{"protocol":"Http","frontendIPConfiguration":{"id":"/x/frontendIPConfigurations/pub"},"frontendPort":{"id":"/x/frontendPorts/plain"}}},
  {"name":"override","properties":{"protocol":"Http","frontendIPConfiguration":{"id":"/x/frontendIPConfigurations/pub"},"frontendPort":{"id":"/x/frontendPorts/override"}}},
  {"name":"tls","properties":{"protocol":"Https","frontendIPConfiguration":{"id":"/x/frontendIPConfigurations/pub"},"frontendPort":{"id":"/x/frontendPorts/tls"},"sslCertificate":{"id":"/x/sslCertificates/cert"}}}],
 "requestRoutingRules":[
  {"name":"r3","properties":{"ruleType":"Basic","priority":3,"httpListener":{"id":"/x/httpListeners/override"},"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/override"}}},
  {"name":"r1","properties":{"ruleType":"Basic","priority":1,"httpListener":{"id":"/x/httpListeners/plain"},"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"}}},
  {"name":"r2","properties":{"ruleType":"Basic","priority":2,"httpListener":{"id":"/x/httpListeners/tls"},"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"}}}]}}`,
			port, port+tlsOffset, backendPort, port+overrideOffset)
		config, err := writeFile(dir, "gateway.json", []byte(document))
		if err != nil {
			return nil, err
		}
		local, err := writeFile(dir, "causeway.yaml", []byte("certificates:\n  cert: {cert: cert.pem, key: key.pem}\n"+lines))
		if err != nil {
			return nil, err
		}
		s := &server{cmd: pinned("0", binary, "serve", "--config", config, "--local", local, "--data", filepath.Join(dir, "data"),
			"--listen", "127.0.0.1")}
		s.cmd.Stderr, err = s.open(dir, "causeway.err")
		return s, err
	}
}

func nginx(dir string, port int) (*server, error) {
	conf := fmt.Sprintf(nginxHead+` log_format json escape=json '{"time":"$time_iso8601","client":"$remote_addr","port":"$remote_port","method":"$request_method","uri":"$request_uri","host":"$host",'
  '"status":$status,"received":$request_length,"sent":$bytes_sent,"agent":"$http_user_agent","taken":$request_time,"server":"$upstream_addr","serverStatus":"$upstream_status",'
  '"connect":"$upstream_connect_time","header":"$upstream_header_time","latency":"$upstream_response_time","tls":"$ssl_protocol","cipher":"$ssl_cipher","id":"$request_id"}';
 access_log %[1]s/nginx.log json buffer=64k flush=1s;
 upstream web { server 127.0.0.1:%[3]d; keepalive 2048; keepalive_requests 100000000; }
 server { listen 127.0.0.1:%[4]d backlog=4096; listen 127.0.0.1:%[5]d ssl backlog=4096; ssl_certificate %[1]s/cert.pem; ssl_certificate_key %[1]s/key.pem; ssl_protocols TLSv1.2 TLSv1.3;
  location / { proxy_pass http://web; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_buffers 16 16k; proxy_max_temp_file_size 0; }
 }
}`, dir, "nginx", backendPort, port, port+tlsOffset)
	path, err := writeFile(dir, "nginx.conf", []byte(conf))
	return &server{cmd: pinned("0", "nginx", "-c", path)}, err
}

func haproxy(dir string, port int) (*server, error) {
	conf := fmt.Sprintf(`global
 maxconn 9900
 nbthread 1
 log stdout format raw local0
defaults
 mode http
 timeout connect 5s
 timeout client 300s
 timeout server 30s
 http-reuse always
 option forwardfor
 log global
 log-format '{"time":"%%T","client":"%%ci","port":%%cp,"method":"%%HM","uri":%%{+Q}HU,"status":%%ST,"received":%%U,"sent":%%B,"taken":%%Ta,"server":"%%si:%%sp","connect":%%Tc,"header":%%Tr,"tls":"%%sslv","cipher":"%%sslc","id":"%%rt"}'
frontend f
 bind 127.0.0.1:%[2]d backlog 4096
 bind 127.0.0.1:%[3]d ssl crt %[1]s/both.pem backlog 4096
 default_backend b
backend b
 server s 127.0.0.1:%[4]d pool-max-conn 2048
`, dir, port, port+tlsOffset, backendPort)
	path, err := writeFile(dir, "haproxy.cfg", []byte(conf))
	if err != nil {
		return nil, err
	}
	s := &server{cmd: pinned("0", "haproxy", "-f", path)}
	s.cmd.Stdout, err = s.open(dir, "haproxy.log")
	return s, err
}
