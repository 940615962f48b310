// Package test tells end-to-end stories: the built binary, between real servers (Debian's nginx, Node.js) and a real
// client (curl).
package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is built once for all stories.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "causeway-test-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "causeway")
	cmd := exec.Command("go", "build", "-o", path, "causeway/cmd/causeway")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// causeway runs a command of the binary to its end.
func causeway(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if exit, ok := err.(*exec.ExitError); ok {
		return out.String(), errs.String(), exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), 0
}

// gateway is a causeway serve at work.
type gateway struct {
	t      *testing.T
	cmd    *exec.Cmd
	dir    string
	data   string
	config string
	local  string
	stderr *lockedBuffer
	exited chan struct{}
}

// lockedBuffer collects what a process says while a test may look.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serve starts a gateway and waits until it serves.
func serve(t *testing.T, document, local string, flags ...string) *gateway {
	t.Helper()
	return serveWithin(t, 0, document, local, flags...)
}

// serveWithin is serve under a limit of open files; 0 leaves it as it is.
func serveWithin(t *testing.T, files int, document, local string, flags ...string) *gateway {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{t: t, dir: t.TempDir(), stderr: &lockedBuffer{}, exited: make(chan struct{})}
	g.data, g.config, g.local = filepath.Join(g.dir, "data"), filepath.Join(g.dir, "gateway.json"), filepath.Join(g.dir, "causeway.yaml")
	g.write(g.config, document)
	g.write(g.local, local)
	args := append([]string{"serve", "--config", g.config, "--local", g.local, "--data", g.data, "--listen", "127.0.0.1", "--drain", "5s"},
		flags...)
	g.cmd = exec.Command(path, args...)
	if files > 0 {
		g.cmd = exec.Command("sh", append([]string{"-c", fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, files), path}, args...)...)
	}
	g.start()
	t.Cleanup(g.stop)
	eventually(t, "the gateway serves", func() bool { return strings.Contains(g.stderr.String(), "msg=serving") })
	return g
}

func (g *gateway) write(path, text string) {
	g.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// start starts the command of the gateway, whose errors go into g.stderr.
func (g *gateway) start() {
	g.t.Helper()
	g.cmd.Stderr = g.stderr
	if err := g.cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	go func() { g.cmd.Wait(); close(g.exited) }()
}

// stop ends the gateway as an operator would.
func (g *gateway) stop() {
	g.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-g.exited:
	case <-time.After(20 * time.Second):
		g.cmd.Process.Kill()
		g.t.Errorf("the gateway did not end:\n%s", g.stderr)
	}
}

// run runs a command against this gateway.
func (g *gateway) run(args ...string) (stdout, stderr string, code int) {
	g.t.Helper()
	return causeway(g.t, append(args, "--data", g.data)...)
}

// records are those of the access log, once there are at least n.
func (g *gateway) records(n int, flags ...string) []map[string]any {
	g.t.Helper()
	var out []map[string]any
	eventually(g.t, fmt.Sprintf("%d records are in the log", n), func() bool {
		stdout, _, _ := g.run(append([]string{"logs", "-o", "json"}, flags...)...)
		out = nil
		for line := range strings.Lines(stdout) {
			var r struct{ Properties map[string]any }
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				g.t.Fatalf("%v: %s", err, line)
			}
			out = append(out, r.Properties)
		}
		return len(out) >= n
	})
	return out
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("waited 30 s in vain until %s", what)
}

// freePort is a port that nobody uses now, below those that the system gives to outgoing connections: other stories make
// thousands of these.
func freePort(t *testing.T) int {
	t.Helper()
	for range 200 {
		port := 20_000 + rand.IntN(10_000)
		if ln, err := net.Listen("tcp", fmt.Sprint(":", port)); err == nil {
			ln.Close()
			return port
		}
	}
	t.Fatal("there is no free port between 20000 and 30000")
	return 0
}

// program starts a real server and ends it with the test.
func program(t *testing.T, port int, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin")
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	if path, err := exec.LookPath("/usr/sbin/" + name); err == nil {
		cmd.Path, cmd.Err = path, nil
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v; make packages installs it", name, err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	eventually(t, name+" listens", func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return cmd
}

// nginx serves a folder of files.
func nginx(t *testing.T) (port int, root string) {
	t.Helper()
	dir := t.TempDir()
	os.Chmod(dir, 0o755)
	root, port = filepath.Join(dir, "www"), freePort(t)
	if err := os.MkdirAll(filepath.Join(root, "static"), 0o755); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/err;
events {} http { access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
 client_max_body_size 0; server { listen 127.0.0.1:%[2]d; root %[3]s; location = / { return 200 "nginx\n"; } location = /old { return 301 /static/; } } }`, dir, port, root)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	program(t, port, "nginx", "-c", conf)
	return port, root
}

// node runs a Node.js script that finds its port in the first argument.
func node(t *testing.T, script string) (port int, cmd *exec.Cmd) {
	t.Helper()
	port = freePort(t)
	file := filepath.Join(t.TempDir(), "server.js")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	return port, program(t, port, "node", file, strconv.Itoa(port))
}

// echo answers with what it was sent.
const echo = `
require('http').createServer((q, r) => {
  let n = 0, b = '';
  q.on('data', d => { n += d.length; if (b.length < 1000) b += d; });
  q.on('end', () => {
    if (q.url.startsWith('/slow')) return setTimeout(() => r.end('slow\n'), 1500);
    if (q.url.startsWith('/fail')) { r.statusCode = 500; return r.end('broken\n'); }
    if (q.url.startsWith('/hang')) return;
    r.setHeader('Content-Type', 'application/json');
    r.end(JSON.stringify({method: q.method, url: q.url, headers: q.headers, bytes: n, body: b.slice(0, 50)}) + '\n');
  });
}).listen(+process.argv[2], '127.0.0.1');`

// curl runs curl and returns what it printed.
func curl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("curl", append([]string{"-sS", "-m", "30"}, args...)...).CombinedOutput()
	if err != nil {
		t.Errorf("curl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
