package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// load sends requests one after the other until it is stopped, and counts what did not go well.
func load(t *testing.T, target string) (sent *atomic.Int64, stop func() (failed int64)) {
	t.Helper()
	var failed atomic.Int64
	sent = new(atomic.Int64)
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			default:
			}
			out, err := exec.Command("curl", "-sS", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", target).Output()
			sent.Add(1)
			if err != nil || string(out) != "200" {
				failed.Add(1)
			}
		}
	}()
	return sent, func() int64 { close(quit); <-done; return failed.Load() }
}

// A configuration is changed under traffic: by signal, and over the control socket. Nobody notices.
func TestReloadUnderTraffic(t *testing.T) {
	member, _ := node(t, echo)
	port, second := freePort(t), freePort(t)
	g := serve(t, plain(port, member).String(), "")
	sent, stop := load(t, url(port, "/"))
	d := plain(port, member)
	d.port("p2", second)
	d.listener("l2", "p2", `"protocol":"Http"`)
	d.basic("r2", 200, "l2", "web", "http")
	g.write(g.config, d.String())
	g.cmd.Process.Signal(syscall.SIGHUP)
	eventually(t, "the second listener answers", func() bool {
		return exec.Command("curl", "-sSf", "-o", "/dev/null", url(second, "/")).Run() == nil
	})
	g.write(g.config, plain(port, member).String())
	if _, stderr, code := g.run("config", "apply", g.config); code != 0 {
		t.Errorf("apply: exit %d, %s", code, stderr)
	}
	eventually(t, "the second listener is gone", func() bool {
		return exec.Command("curl", "-sSf", "-o", "/dev/null", url(second, "/")).Run() != nil
	})
	after := sent.Load()
	eventually(t, "some more requests were sent", func() bool { return sent.Load() > after+3 })
	if failed := stop(); failed > 0 {
		t.Errorf("%d of %d requests failed while the configuration changed", failed, sent.Load())
	}
}

// A wrong configuration is reported, and nothing else happens.
func TestBadConfigurationChangesNothing(t *testing.T) {
	member, _ := node(t, echo)
	port := freePort(t)
	g := serve(t, plain(port, member).String(), "")
	d := plain(port, member)
	d.basic("r3", 100, "nobody", "web", "http")
	bad := filepath.Join(g.dir, "bad.json")
	g.write(bad, d.String())
	_, stderr, code := g.run("config", "apply", bad)
	if code != 1 || !strings.Contains(stderr, "InvalidResourceReference") || !strings.Contains(stderr, "nothing was changed") ||
		!strings.Contains(stderr, "hint:") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	g.write(g.config, "{ not json")
	g.cmd.Process.Signal(syscall.SIGHUP)
	eventually(t, "the refusal is logged", func() bool { return strings.Contains(g.stderr.String(), "reload refused") })
	if got := curl(t, url(port, "/still")); !strings.Contains(got, "/still") {
		t.Errorf("after the refusals: %s", got)
	}
}

// SIGTERM: what is under way ends well, what comes later is refused, the log is written out.
func TestTerminationDrains(t *testing.T) {
	member, _ := node(t, echo)
	port := freePort(t)
	g := serve(t, plain(port, member).String(), "")
	answer := make(chan string, 1)
	go func() {
		out, _ := exec.Command("curl", "-sS", url(port, "/slow")).CombinedOutput()
		answer <- string(out)
	}()
	time.Sleep(500 * time.Millisecond)
	g.cmd.Process.Signal(syscall.SIGTERM)
	if got := <-answer; got != "slow\n" {
		t.Errorf("the request under way got %q", got)
	}
	<-g.exited
	if g.cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("exit %d:\n%s", g.cmd.ProcessState.ExitCode(), g.stderr)
	}
	if !strings.Contains(g.stderr.String(), "msg=ended by=SIGTERM") {
		t.Errorf("the log does not name the signal:\n%s", g.stderr)
	}
	if r := g.records(1); r[0]["requestUri"] != "/slow" || r[0]["httpStatus"] != 200.0 {
		t.Errorf("record %v", r[0])
	}
}

// Starts that cannot work say why, and what to do.
func TestStartsThatCannotWork(t *testing.T) {
	dir := t.TempDir()
	taken := freePort(t)
	member, _ := node(t, echo)
	other := serve(t, plain(taken, member).String(), "")
	f := func(code int, want string, args ...string) {
		t.Helper()
		_, stderr, got := causeway(t, append([]string{"serve"}, args...)...)
		if got != code || !strings.Contains(stderr, want) || !strings.Contains(stderr, "\nhint: ") {
			t.Errorf("serve %s: exit %d, want %d with %q and a hint:\n%s", strings.Join(args, " "), got, code, want, stderr)
		}
	}
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	data := func(name string) string { return filepath.Join(dir, name) }
	f(2, "it needs a gateway document")
	f(3, "no such file", "--config", filepath.Join(dir, "nothing.json"), "--data", data("a"))
	f(1, "line 1", "--config", file("broken.json", `{"name":`), "--data", data("b"))
	f(1, "ApplicationGateway", "--config",
		file("empty.json", `{"name":"gw","properties":{"sku":{"name":"Standard_v2","tier":"Standard_v2"},"httpListeners":[{"name":"l","properties":{}}]}}`), "--data", data("c"))
	f(3, "have it: the gateway in ", "--config", file("taken.json", plain(taken, member).String()), "--data", data("d"), "--listen",
		"127.0.0.1")
	f(3, "another gateway is running", "--config", file("free.json", plain(freePort(t), member).String()), "--data", other.data, "--listen",
		"127.0.0.1")
	f(2, "FRONTEND=ADDR", "--config", "x", "--bind", "nonsense")
	free := func(more ...string) []string {
		return append([]string{"--config", data("free.json"), "--data", data("e"), "--listen", "127.0.0.1"}, more...)
	}
	f(2, "no frontend IP configuration \"nosuchfrontend\"", free("--bind", "nosuchfrontend=127.0.0.1")...)
	f(2, `"xml" for --log-format`, free("--log-format", "xml")...)
	f(2, "it is negative", free("--drain", "-1s")...)
	f(2, "not between 0 and 65535", free("--port-offset", "70000")...)
	f(2, "not between 0 and 65535", free("--port-offset", "-1")...)
	f(2, "would become", free("--port-offset", "65000")...)
	f(2, "not ADDRESS:PORT", free("--admin", "0.0.0.0:99999")...)
	f(3, "in use", free("--admin", fmt.Sprint("127.0.0.1:", taken))...)
	f(3, "open the control socket", "--config", data("free.json"), "--data", data(strings.Repeat("long", 30)))
	if got := curl(t, url(taken, "/alive")); !strings.Contains(got, "/alive") {
		t.Errorf("the gateway that was there first: %s", got)
	}
}

// The article's steps, on a gateway whose member answers too late for its request timeout.
func TestFromSymptomToCause(t *testing.T) {
	member, _ := node(t, echo)
	port := freePort(t)
	g := serve(t, plain(port, member).String(), "", "--admin", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	for range 25 {
		curl(t, "-o", "/dev/null", url(port, "/quick"))
	}
	for range 6 {
		curl(t, "-o", "/dev/null", url(port, "/fail"))
	}
	stdout, _, code := g.run("health")
	if code != 0 || !strings.Contains(stdout, "Up") {
		t.Errorf("health: exit %d\n%s", code, stdout)
	}
	g.records(31)
	stdout, _, code = g.run("diagnose", "--live", "--fail-on", "high")
	if code != 1 || !strings.Contains(stdout, "k-backend-5xx") || !strings.Contains(stdout, "6 of 6 failures") {
		t.Errorf("diagnose: exit %d\n%s", code, stdout)
	}
	stdout, _, _ = g.run("logs", "--status", "500")
	if n := strings.Count(stdout, "/fail  pool web  "); n != 6 {
		t.Errorf("%d rows:\n%s", n, stdout)
	}
}

// Commands that need a gateway say so when there is none.
func TestNoGateway(t *testing.T) {
	data := t.TempDir()
	for _, args := range [][]string{{"health"}, {"diagnose", "--live"}, {"config", "apply", "--local", os.DevNull}} {
		_, stderr, code := causeway(t, append(args, "--data", data)...)
		if code != 3 || !strings.Contains(stderr, "no gateway is running there") ||
			!strings.Contains(stderr, "hint: start one with causeway serve") {
			t.Errorf("%s: exit %d, %s", args[0], code, stderr)
		}
	}
}
