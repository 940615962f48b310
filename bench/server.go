package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Ports on loopback.
const (
	backendPort = 29080
	portBase    = 29100 // a proxy has two: plain, and TLS ten above
)

// server is a program under measurement, or the backend.
type server struct {
	name  string
	port  int
	cmd   *exec.Cmd
	files []*os.File
}

func (s *server) stop() {
	if s == nil || s.cmd.Process == nil {
		return
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { s.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		s.cmd.Process.Kill()
	}
	for _, f := range s.files {
		f.Close()
	}
}

func (s *server) start() error {
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.name, err)
	}
	for range 100 {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.port))
		if err == nil {
			return c.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("start %s: nothing listens on port %d after 5 s", s.name, s.port)
}

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
 server { listen 127.0.0.1:%[3]d reuseport backlog=4096; root %[1]s/www; location /post { return 200 "ok"; } }
}`, dir, "backend", backendPort)
	path, err := writeFile(dir, "backend.conf", []byte(conf))
	if err != nil {
		return nil, err
	}
	s := &server{name: "backend", port: backendPort, cmd: pinned("1", "nginx", "-c", path)}
	return s, s.start()
}

// startProxies runs all three, on CPU 0.
func startProxies(dir, binary string) (list []*server, err error) {
	if err := makeCertificate(dir); err != nil {
		return nil, err
	}
	for i, make := range []func(dir, binary string, port int) (*server, error){causeway, nginx, haproxy} {
		s, err := make(dir, binary, portBase+i)
		if err == nil {
			err = s.start()
		}
		if err != nil {
			return list, err
		}
		list = append(list, s)
	}
	return list, nil
}

func causeway(dir, binary string, port int) (*server, error) {
	document := fmt.Sprintf(`{"name":"bench","location":"local","properties":{"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1},
 "frontendIPConfigurations":[{"name":"pub","properties":{}}],
 "frontendPorts":[{"name":"plain","properties":{"port":%[1]d}},{"name":"tls","properties":{"port":%[2]d}}],
 "sslCertificates":[{"name":"cert","properties":{}}],
 "backendAddressPools":[{"name":"web","properties":{"backendAddresses":[{"ipAddress":"127.0.0.1"}]}}],
 "probes":[{"name":"probe","properties":{"protocol":"Http","host":"bench","path":"/1k","interval":30,"timeout":30,"unhealthyThreshold":3}}],
 "backendHttpSettingsCollection":[{"name":"http","properties":{"port":%[3]d,"protocol":"Http","requestTimeout":30,"probe":{"id":"/x/probes/probe"}}}],
 "httpListeners":[
  {"name":"plain","properties":{"protocol":"Http","frontendIPConfiguration":{"id":"/x/frontendIPConfigurations/pub"},"frontendPort":{"id":"/x/frontendPorts/plain"}}},
  {"name":"tls","properties":{"protocol":"Https","frontendIPConfiguration":{"id":"/x/frontendIPConfigurations/pub"},"frontendPort":{"id":"/x/frontendPorts/tls"},"sslCertificate":{"id":"/x/sslCertificates/cert"}}}],
 "requestRoutingRules":[
  {"name":"r1","properties":{"ruleType":"Basic","priority":1,"httpListener":{"id":"/x/httpListeners/plain"},"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"}}},
  {"name":"r2","properties":{"ruleType":"Basic","priority":2,"httpListener":{"id":"/x/httpListeners/tls"},"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"}}}]}}`,
		port, port+10, backendPort)
	config, err := writeFile(dir, "gateway.json", []byte(document))
	if err != nil {
		return nil, err
	}
	local, err := writeFile(dir, "causeway.yaml", []byte("certificates:\n  cert: {cert: cert.pem, key: key.pem}\n"))
	if err != nil {
		return nil, err
	}
	s := &server{name: "causeway", port: port, cmd: pinned("0", binary, "serve", "--config", config, "--local", local, "--data", filepath.Join(dir, "data"), "--listen", "127.0.0.1")}
	s.cmd.Stderr, err = s.open(dir, "causeway.err")
	return s, err
}

func (s *server) open(dir, name string) (*os.File, error) {
	f, err := os.Create(filepath.Join(dir, name))
	s.files = append(s.files, f)
	return f, err
}

func nginx(dir, _ string, port int) (*server, error) {
	conf := fmt.Sprintf(nginxHead+` log_format json escape=json '{"time":"$time_iso8601","client":"$remote_addr","port":"$remote_port","method":"$request_method","uri":"$request_uri","host":"$host",'
  '"status":$status,"received":$request_length,"sent":$bytes_sent,"agent":"$http_user_agent","taken":$request_time,"server":"$upstream_addr","serverStatus":"$upstream_status",'
  '"connect":"$upstream_connect_time","header":"$upstream_header_time","latency":"$upstream_response_time","tls":"$ssl_protocol","cipher":"$ssl_cipher","id":"$request_id"}';
 access_log %[1]s/nginx.log json buffer=64k flush=1s;
 upstream web { server 127.0.0.1:%[3]d; keepalive 2048; keepalive_requests 100000000; }
 server { listen 127.0.0.1:%[4]d backlog=4096; listen 127.0.0.1:%[5]d ssl backlog=4096; ssl_certificate %[1]s/cert.pem; ssl_certificate_key %[1]s/key.pem; ssl_protocols TLSv1.2 TLSv1.3;
  location / { proxy_pass http://web; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_buffers 16 16k; proxy_max_temp_file_size 0; }
 }
}`, dir, "nginx", backendPort, port, port+10)
	path, err := writeFile(dir, "nginx.conf", []byte(conf))
	return &server{name: "nginx", port: port, cmd: pinned("0", "nginx", "-c", path)}, err
}

func haproxy(dir, _ string, port int) (*server, error) {
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
`, dir, port, port+10, backendPort)
	path, err := writeFile(dir, "haproxy.cfg", []byte(conf))
	if err != nil {
		return nil, err
	}
	s := &server{name: "haproxy", port: port, cmd: pinned("0", "haproxy", "-f", path)}
	s.cmd.Stdout, err = s.open(dir, "haproxy.log")
	return s, err
}

// makeCertificate writes a self-signed P-256 certificate for all three.
func makeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, DNSNames: []string{"bench"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	private := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})
	for name, data := range map[string][]byte{"cert.pem": cert, "key.pem": private, "both.pem": append(cert, private...)} {
		if _, err := writeFile(dir, name, data); err != nil {
			return err
		}
	}
	return nil
}
