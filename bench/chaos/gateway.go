package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"causeway/internal/admin"
	"causeway/internal/gateway/document"
)

// gateway is what things happen to.
type gateway struct {
	binary, dir, address string
	port, clients        int
	member               *httptest.Server
	client               *admin.Client
	log                  *os.File

	// As they were applied last.
	timeout, capacity int
	revision          uint64

	replaced []time.Duration // from a kill until another instance served
}

func (p *plan) start(dir string) (*gateway, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := ln.Addr().(*net.TCPAddr).Port
	ln.Close()
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	g := &gateway{
		binary:   p.binary,
		dir:      dir,
		port:     port,
		clients:  p.clients,
		address:  fmt.Sprintf("127.0.0.1:%d", port),
		member:   httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })),
		client:   admin.NewClient(filepath.Join(dir, "data", "admin.sock")),
		log:      log,
		timeout:  20,
		capacity: 3,
	}
	if err := os.WriteFile(g.config(), []byte(g.document()), 0o600); err != nil {
		return nil, err
	}
	if err := g.serve(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, g.said())
	}
	return g, nil
}

func (g *gateway) config() string { return filepath.Join(g.dir, "gateway.json") }

// serve starts a supervisor and waits until it answers.
func (g *gateway) serve() error {
	cmd := exec.Command(g.binary, "serve", "--config", g.config(), "--data", filepath.Join(g.dir, "data"), "--listen", "127.0.0.1",
		"--drain", "5s")
	cmd.Stderr = g.log
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait()
	return g.await("the gateway serves", func(s admin.Status) bool { return s.Ready })
}

// document is what is to be served.
func (g *gateway) document() string {
	const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/chaos"
	ref := func(kind, name string) string { return `{"id":"` + id + "/" + kind + "/" + name + `"}` }
	host, port, _ := net.SplitHostPort(strings.TrimPrefix(g.member.URL, "http://"))
	return fmt.Sprintf(`{"id":%q,"name":"chaos","location":"westeurope","properties":{
"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":%d},
"frontendIPConfigurations":[{"name":"f","properties":{"publicIPAddress":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/p"}}}],
"frontendPorts":[{"name":"p","properties":{"port":%d}}],
"backendAddressPools":[{"name":"pool","properties":{"backendAddresses":[{"ipAddress":%q}]}}],
"backendHttpSettingsCollection":[{"name":"s","properties":{"port":%s,"protocol":"Http","requestTimeout":%d}}],
"httpListeners":[{"name":"l","properties":{"protocol":"Http","frontendIPConfiguration":%s,"frontendPort":%s}}],
"requestRoutingRules":[{"name":"r","properties":{"ruleType":"Basic","priority":1,
"httpListener":%s,"backendAddressPool":%s,"backendHttpSettings":%s}}]}}`,
		id, g.capacity, g.port, host, port, g.timeout, ref("frontendIPConfigurations", "f"), ref("frontendPorts", "p"),
		ref("httpListeners", "l"), ref("backendAddressPools", "pool"), ref("backendHttpSettingsCollection", "s"))
}

// apply applies the document, and notes the revision that the gateway acknowledged.
func (g *gateway) apply() error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := admin.Config{Source: document.Source{Document: []byte(g.document())}}
	if problems, err := g.client.Apply(ctx, c); err != nil {
		return fmt.Errorf("%w %v", err, problems)
	}
	s, err := g.client.Status()
	g.revision = s.Revision
	return err
}

// checkLast fails unless the gateway has what it acknowledged last.
func (g *gateway) checkLast() error {
	s, err := g.settled()
	if err != nil {
		return err
	}
	c, err := g.client.Config()
	if err != nil {
		return err
	}
	var d struct {
		Properties struct {
			SKU                           struct{ Capacity int }
			BackendHTTPSettingsCollection []struct{ Properties struct{ RequestTimeout int } }
		}
	}
	if err := json.Unmarshal(c.Document, &d); err != nil {
		return err
	}
	timeout, capacity := d.Properties.BackendHTTPSettingsCollection[0].Properties.RequestTimeout, d.Properties.SKU.Capacity
	if s.Revision < g.revision || timeout != g.timeout || capacity != g.capacity {
		return fmt.Errorf("an acknowledged change is lost: revision %d with requestTimeout %d and capacity %d, after revision %d with %d and %d",
			s.Revision, timeout, capacity, g.revision, g.timeout, g.capacity)
	}
	return nil
}

// checkFamily fails if processes have ended that nobody waited for.
func (g *gateway) checkFamily() error {
	s, err := g.settled()
	if err != nil {
		return err
	}
	if dead := zombies(s.PID); len(dead) > 0 {
		return fmt.Errorf("%d zombies below process %d: %v", len(dead), s.PID, dead)
	}
	return nil
}

// end ends whatever runs.
func (g *gateway) end() {
	if s, err := g.client.Status(); err == nil {
		syscall.Kill(s.PID, syscall.SIGTERM)
		for end := time.Now().Add(limit); time.Now().Before(end) && syscall.Kill(s.PID, 0) == nil; time.Sleep(20 * time.Millisecond) {
		}
	}
	g.member.Close()
	g.log.Close()
}

// said is the last of the gateway's own log.
func (g *gateway) said() string {
	const most = 8 << 10
	b, _ := os.ReadFile(g.log.Name())
	return string(b[max(0, len(b)-most):])
}

// warnings are the lines of the gateway's own log that say more than that things went as they should.
func (g *gateway) warnings() string {
	b, _ := os.ReadFile(g.log.Name())
	var out strings.Builder
	for line := range strings.Lines(string(b)) {
		if !strings.Contains(line, "level=INFO") && !strings.Contains(line, "killed by SIGKILL") {
			out.WriteString(line)
		}
	}
	return out.String()
}
