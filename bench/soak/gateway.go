package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"causeway/bench/selfsigned"
)

// gateway is the process under load.
type gateway struct {
	plain, secure, troubled int // ports: of good members, over TLS, of bad members
	admin                   string
	config                  string
	members                 *members
	cmd                     *exec.Cmd
	said                    bytes.Buffer // to be read once the process has ended
	turn                    int          // of the configurations
}

// ready is how long the gateway may take until it serves.
const ready = 15 * time.Second

func (p *plan) start(data, dir string, m *members) (*gateway, error) {
	ports, err := freePorts(4)
	if err != nil {
		return nil, err
	}
	g := &gateway{
		plain:    ports[0],
		secure:   ports[1],
		troubled: ports[2],
		admin:    fmt.Sprint("127.0.0.1:", ports[3]),
		config:   filepath.Join(dir, "gateway.json"),
		members:  m,
	}
	if err := selfsigned.Write(dir); err != nil {
		return nil, err
	}
	local := filepath.Join(dir, "causeway.yaml")
	lines := "certificates:\n  cert: {cert: cert.pem, key: key.pem}\n"
	if p.engine != "" {
		lines += "engine: " + p.engine + "\n"
	}
	if err := errors.Join(os.WriteFile(local, []byte(lines), 0o600), g.write()); err != nil {
		return nil, err
	}
	g.cmd = exec.Command(p.binary, "serve", "--config", g.config, "--local", local, "--data", data, "--listen", "127.0.0.1",
		"--admin", g.admin)
	g.cmd.Stderr = &g.said
	if err := g.cmd.Start(); err != nil {
		return nil, err
	}
	for begin := time.Now(); time.Since(begin) < ready; time.Sleep(50 * time.Millisecond) {
		if r, err := http.Get("http://" + g.admin + "/readyz"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return g, nil
			}
		}
	}
	g.cmd.Process.Kill()
	g.cmd.Wait()
	return nil, fmt.Errorf("the gateway was not ready after %s: %s", ready, g.last())
}

func freePorts(n int) (ports []int, err error) {
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer ln.Close()
		ports = append(ports, ln.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

type object = map[string]any

func named(name string, properties object) object {
	return object{"name": name, "properties": properties}
}

func ref(collection, name string) object { return object{"id": "/x/" + collection + "/" + name} }

// write writes the next configuration: with all good members and with one less, with one request timeout
// and with another.
func (g *gateway) write() error {
	g.turn++
	var settings, pools, listeners, ports, rules []object
	add := func(i int, name, protocol string, port, timeout int, members []string) {
		var list []object
		for _, m := range members {
			list = append(list, object{"ipAddress": m})
		}
		ports = append(ports, named(name, object{"port": port}))
		l := object{
			"protocol": protocol, "frontendIPConfiguration": ref("frontendIPConfigurations", "pub"),
			"frontendPort": ref("frontendPorts", name),
		}
		if protocol == "Https" {
			l["sslCertificate"] = ref("sslCertificates", "cert")
		}
		listeners = append(listeners, named(name, l))
		settings = append(settings,
			named(name, object{"port": g.members.port, "protocol": "Http", "requestTimeout": timeout, "probe": ref("probes", "probe")}))
		rules = append(rules, named(name, object{
			"ruleType": "Basic", "priority": i, "httpListener": ref("httpListeners", name),
			"backendAddressPool": ref("backendAddressPools", name), "backendHttpSettings": ref("backendHttpSettingsCollection", name),
		}))
		pools = append(pools, named(name, object{"backendAddresses": list}))
	}
	good := g.members.good[:len(g.members.good)-g.turn%2]
	add(1, "plain", "Http", g.plain, 20+g.turn%2, good)
	add(2, "secure", "Https", g.secure, 20, good)
	add(3, "troubled", "Http", g.troubled, 1, g.members.bad)
	text, err := json.Marshal(named("soak", object{
		"sku":                      object{"name": "Standard_v2", "tier": "Standard_v2", "capacity": 1},
		"frontendIPConfigurations": []object{named("pub", object{})}, "frontendPorts": ports,
		"sslCertificates": []object{named("cert", object{})},
		"probes": []object{named("probe", object{
			"protocol": "Http", "host": "soak", "path": "/bytes/1", "interval": 5,
			"timeout": 5, "unhealthyThreshold": 3,
		})},
		"backendAddressPools": pools, "backendHttpSettingsCollection": settings, "httpListeners": listeners, "requestRoutingRules": rules,
	}))
	if err != nil {
		return err
	}
	return os.WriteFile(g.config, text, 0o600)
}

// reload serves the next configuration.
func (g *gateway) reload() error {
	if err := g.write(); err != nil {
		return err
	}
	return g.cmd.Process.Signal(syscall.SIGHUP)
}

// metrics are the sums of a metric's series, by its name.
func (g *gateway) metrics() (map[string]float64, error) {
	c := http.Client{Timeout: 5 * time.Second}
	r, err := c.Get("http://" + g.admin + "/metrics")
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return parseMetrics(string(text)), nil
}

func parseMetrics(text string) map[string]float64 {
	out := map[string]float64{}
	for line := range strings.Lines(text) {
		series, value, ok := cutLast(strings.TrimSpace(line), " ")
		n, err := strconv.ParseFloat(value, 64)
		if !ok || strings.HasPrefix(line, "#") || err != nil {
			continue
		}
		name, _, _ := strings.Cut(series, "{")
		out[name] += n
		if strings.Contains(series, `result="refused"`) {
			out["refused"] += n
		}
	}
	return out
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// last is the end of what the gateway wrote into its own log.
func (g *gateway) last() string {
	const most = 4 << 10
	text := g.said.String()
	return text[max(0, len(text)-most):]
}

// end stops the gateway. An error says what it did wrong: configurations that it refused or never took, panics, records
// that it lost, an end that took too long.
func (g *gateway) end(reloads time.Duration) error {
	m, failed := g.metrics()
	if failed == nil {
		if m["refused"] > 0 || m["causeway_reloads_total"] < float64(reloads)*0.9 {
			failed = errors.Join(failed, fmt.Errorf("of about %d configurations %.0f were taken or refused, %.0f refused", reloads,
				m["causeway_reloads_total"], m["refused"]))
		}
		if m["causeway_panics_total"] > 0 {
			failed = errors.Join(failed, fmt.Errorf("%.0f panics", m["causeway_panics_total"]))
		}
		if m["causeway_log_records_lost_total"] > 0 {
			failed = errors.Join(failed, fmt.Errorf("%.0f records lost", m["causeway_log_records_lost_total"]))
		}
	}
	g.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(time.Minute, func() { g.cmd.Process.Kill() })
	defer kill.Stop()
	if err := g.cmd.Wait(); err != nil {
		failed = errors.Join(failed, fmt.Errorf("the gateway did not end as it should: %w\n%s", err, g.last()))
	}
	return failed
}
