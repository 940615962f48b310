//go:build linux

package test

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// connectToSocket connects again and again until stop is closed, and returns why it could not.
func connectToSocket(path string, stop <-chan struct{}) (refused []string) {
	for {
		select {
		case <-stop:
			return refused
		case <-time.After(time.Millisecond):
		}
		c, err := net.DialTimeout("unix", path, 5*time.Second)
		if err != nil {
			refused = append(refused, err.Error())
			continue
		}
		c.Close()
	}
}

// The socket of the management API outlasts an upgrade and a successor without refusing anybody; evidence is collected over it
// without a credential.
func TestTheSocketOfTheAPI(t *testing.T) {
	member, _ := node(t, echo)
	socket := filepath.Join(t.TempDir(), "api.sock")
	front := freePort(t)
	d := plain(front, member)
	g := serve(t, d.String(), "", "--api", "unix:"+socket)
	stop, done := make(chan struct{}), make(chan []string)
	go func() { done <- connectToSocket(socket, stop) }()
	answers := func() bool {
		return strings.Contains(curl(t, "--unix-socket", socket, "http://localhost/subscriptions?api-version=2022-12-01"), "subscriptionId")
	}
	eventually(t, "the API answers", answers)
	if out, errs, code := g.run("upgrade"); code != 0 {
		t.Errorf("upgrade: %d %s%s", code, out, errs)
	}
	eventually(t, "the API answers after the upgrade", answers)
	next := succeed(t, g, "--api", "unix:"+socket, "--take-over")
	select {
	case <-g.exited:
	case <-time.After(20 * time.Second):
		t.Errorf("the predecessor did not end:\n%s", g.stderr)
	}
	eventually(t, "the API of the successor answers", answers)
	close(stop)
	if refused := <-done; len(refused) > 0 {
		t.Errorf("%d connections were refused, for example %s", len(refused), refused[0])
	}
	if out, _, code := next.run("api", "trust"); code != 0 || !strings.Contains(out, "collect --api unix:") {
		t.Errorf("api trust: %d %s", code, out)
	}
	for _, path := range []string{"/", "/fail", "/a?b=c"} {
		curl(t, fmt.Sprint("http://127.0.0.1:", front, path))
	}
	next.records(3)
	bundle := filepath.Join(next.dir, "gw.tar.gz")
	out, errs, code := causeway(t, "collect", "--api", "unix:"+socket, "-g", "g", "-n", "gw1", "--bundle", bundle)
	if code != 0 || strings.Contains(errs, "not collected") {
		t.Fatalf("collect: %d %s%s", code, out, errs)
	}
	shown, _, _ := next.run("logs")
	collected, errs, code := causeway(t, "logs", bundle)
	if code != 0 || collected != shown {
		t.Errorf("the log of the bundle: %d %s\n%s\nthe gateway's own:\n%s", code, errs, collected, shown)
	}
	if out, errs, code := causeway(t, "diagnose", bundle); code != 0 || !strings.Contains(out, "all members (1) are healthy") {
		t.Errorf("diagnose: %d %s%s", code, out, errs)
	}
}
