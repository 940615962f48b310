package test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A restart refuses nobody: the successor takes the listening sockets, the admin address and the data directory over while
// its predecessor answers what it has begun. Both ways: the old one gets SIGTERM and the new one starts at once, or the
// new one starts with --take-over.
func TestSuccessorRefusesNobody(t *testing.T) {
	for _, c := range []struct{ way, host string }{{"SIGTERM", "127.0.0.1"}, {"SIGTERM", "0.0.0.0"}, {"--take-over", "localhost"}} {
		t.Run(c.way+" "+c.host, func(t *testing.T) {
			way := c.way
			member, _ := node(t, echo)
			front, adminPort := freePort(t), freePort(t)
			admin := fmt.Sprintf("%s:%d", c.host, adminPort)
			old := serve(t, plain(front, member).String(), "", "--admin", admin)
			url := fmt.Sprintf("http://127.0.0.1:%d", front)
			slow := make(chan string, 1)
			go func() { slow <- curl(t, url+"/slow") }()
			half := halfHead(t, front)
			defer half.Close()

			var refused, answered atomic.Int64
			stop := make(chan struct{})
			var load sync.WaitGroup
			for range 4 {
				load.Go(func() { connectAgainAndAgain(url, stop, &answered, &refused) })
			}
			time.Sleep(300 * time.Millisecond)
			flags := []string{"--admin", admin}
			if way == "SIGTERM" {
				old.cmd.Process.Signal(syscall.SIGTERM)
			} else {
				flags = append(flags, way)
			}
			next := succeed(t, old, flags...)
			time.Sleep(time.Second)
			close(stop)
			load.Wait()
			if refused.Load() != 0 || answered.Load() < 50 {
				t.Errorf("%d of %d connections were refused", refused.Load(), refused.Load()+answered.Load())
			}
			if got := <-slow; got != "slow\n" {
				t.Errorf("the request under way got %q", got)
			}
			half.Close()
			select {
			case <-old.exited:
			case <-time.After(10 * time.Second):
				t.Errorf("the predecessor did not end:\n%s", old.stderr)
			}
			if out, _, code := next.run("health"); code != 0 || !strings.Contains(out, "127.0.0.1") {
				t.Errorf("health of the successor: %d %s", code, out)
			}
			if got := curl(t, fmt.Sprintf("http://127.0.0.1:%d/readyz", adminPort)); got != "ok\n" {
				t.Errorf("readyz of the successor: %q", got)
			}
			if r := next.records(int(answered.Load()) + 1); len(r) != int(answered.Load())+1 {
				t.Errorf("%d records of %d requests", len(r), answered.Load()+1)
			}
		})
	}
}

// A successor that cannot serve changes nothing, and without --take-over no process takes over.
func TestFailedSuccessorChangesNothing(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	old := serve(t, plain(front, member).String(), "")
	_, errs, code := old.run("serve", "--config", old.config, "--listen", "127.0.0.1")
	if code != 3 || !strings.Contains(errs, "--take-over") {
		t.Errorf("%d %s", code, errs)
	}
	if _, errs, code = old.run("serve", "--config", old.config, "--listen", "127.0.0.1", "--take-over", "--bind", "nobody=127.0.0.2"); code != 2 {
		t.Errorf("%d %s", code, errs)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, errs, code = old.run("serve", "--config", old.config, "--listen", "127.0.0.1", "--take-over", "--admin",
		taken.Addr().String()); code != 3 {
		t.Errorf("%d %s", code, errs)
	}
	if got := curl(t, fmt.Sprintf("http://127.0.0.1:%d/fail", front)); got != "broken\n" {
		t.Errorf("%q", got)
	}
	if _, errs, code := old.run("health"); code != 0 {
		t.Errorf("%d %s", code, errs)
	}
}

// Of several successors that come at once one serves in the end; none goes on beside it, unknown to everybody.
func TestSuccessorsTogether(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	old := serve(t, plain(front, member).String(), "")
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	var all []*exec.Cmd
	ended := make(chan int, 5)
	for i := range cap(ended) {
		cmd := exec.Command(path, "serve", "--config", old.config, "--local", old.local, "--data", old.data, "--listen", "127.0.0.1",
			"--drain", "1s", "--take-over")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
		go func() { cmd.Wait(); ended <- i }()
	}
	left := len(all)
	t.Cleanup(func() {
		for _, cmd := range all {
			cmd.Process.Signal(syscall.SIGTERM)
		}
		for ; left > 0; left-- {
			<-ended
		}
	})
	for deadline := time.After(30 * time.Second); left > 1; {
		select {
		case <-ended:
			left--
		case <-deadline:
			t.Fatalf("%d gateways serve beside each other", left)
		}
	}
	if _, errs, code := old.run("health"); code != 0 {
		t.Errorf("%d %s", code, errs)
	}
}

// succeed starts a gateway on the files of another and waits until it serves.
func succeed(t *testing.T, old *gateway, flags ...string) *gateway {
	t.Helper()
	path, _ := binary()
	g := &gateway{
		t:      t,
		dir:    old.dir,
		data:   old.data,
		config: old.config,
		local:  old.local,
		stderr: &lockedBuffer{},
		exited: make(chan struct{}),
	}
	g.cmd = exec.Command(path, append([]string{
		"serve", "--config", g.config, "--local", g.local, "--data", g.data, "--listen", "127.0.0.1",
		"--drain", "5s",
	}, flags...)...)
	g.start()
	t.Cleanup(g.stop)
	eventually(t, "the successor serves", func() bool {
		select {
		case <-g.exited:
			t.Fatalf("the successor ended:\n%s", g.stderr)
		default:
		}
		return strings.Contains(g.stderr.String(), "msg=serving")
	})
	return g
}

// halfHead is a client that has said half of a request and keeps the gateway from ending for as long.
func halfHead(t *testing.T, port int) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: a")); err != nil {
		t.Fatal(err)
	}
	return c
}

// connectAgainAndAgain asks on new connections.
func connectAgainAndAgain(url string, stop <-chan struct{}, answered, refused *atomic.Int64) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
		r, err := client.Get(url)
		if err != nil {
			refused.Add(1)
			continue
		}
		r.Body.Close()
		answered.Add(1)
		time.Sleep(2 * time.Millisecond)
	}
}

// A service manager that keeps the listening socket over a restart loses no client either: it waits until somebody accepts.
func TestSocketsOfAServiceManager(t *testing.T) {
	member, _ := node(t, echo)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	front := ln.Addr().(*net.TCPAddr).Port
	f, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	answered := make(chan string, 1)
	go func() { answered <- curl(t, fmt.Sprintf("http://127.0.0.1:%d/fail", front)) }() // before anybody serves
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{t: t, dir: t.TempDir(), stderr: &lockedBuffer{}, exited: make(chan struct{})}
	g.config, g.data = g.dir+"/gateway.json", g.dir+"/data"
	g.write(g.config, plain(front, member).String())
	g.cmd = exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve --config "$1" --data "$2" --listen 127.0.0.1`, path,
		g.config, g.data)
	g.cmd.ExtraFiles = []*os.File{f}
	g.start()
	t.Cleanup(g.stop)
	if got := <-answered; got != "broken\n" {
		t.Errorf("%q\n%s", got, g.stderr)
	}
	eventually(t, "it serves", func() bool { return strings.Contains(g.stderr.String(), "msg=serving") })
	for _, command := range []string{"stop", "start", "upgrade", "stop", "upgrade", "start"} { // the service manager's socket stays usable
		if _, errs, code := g.run(command); code != 0 {
			t.Fatalf("%s: %d %s\n%s", command, code, errs, g.stderr)
		}
	}
	if got := curl(t, fmt.Sprintf("http://127.0.0.1:%d/fail", front)); got != "broken\n" {
		t.Errorf("after stop, upgrade and start: %q", got)
	}
	if strings.Contains(g.stderr.String(), "is not used") {
		t.Errorf("%s", g.stderr)
	}
}
