package test

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// state is an instance as `causeway instances` shows it.
type state struct {
	ID          string
	Number      int
	PID         int
	Connections int
	Revision    uint64
	Restarts    int
}

// instances asks a gateway for its instances.
func (g *gateway) instances() (all []state) {
	g.t.Helper()
	out, errs, code := g.run("instances", "-o", "json")
	if code != 0 {
		g.t.Fatalf("causeway instances: %d %s", code, errs)
	}
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		g.t.Fatalf("%v: %s", err, out)
	}
	return all
}

func pids(all []state) (out []int) {
	for _, i := range all {
		out = append(out, i.PID)
	}
	return out
}

// withInstances is a document with so many instances.
func withInstances(d *document, n int) string {
	return strings.Replace(d.String(), `"capacity":1`, fmt.Sprintf(`"capacity":%d`, n), 1)
}

// The instances share the listening sockets: of a thousand connections, opened one after the other or all at once, none has
// more than 1.3 times its share.
func TestConnectionsAreSharedEvenly(t *testing.T) {
	member, _ := node(t, echo)
	for _, way := range []string{"one after the other", "at once"} {
		front := freePort(t)
		g := serve(t, withInstances(plain(front, member), 4), "")
		const clients = 1000
		open := make(chan net.Conn, clients)
		dial := func() {
			c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", front))
			if err != nil {
				t.Error(err)
			}
			open <- c
		}
		for range clients {
			if way == "at once" {
				go dial()
			} else {
				dial()
			}
		}
		var all []net.Conn
		for range clients {
			all = append(all, <-open)
		}
		var shares []int
		eventually(t, "the instances have all connections", func() bool {
			shares = nil
			sum := 0
			for _, i := range g.instances() {
				shares = append(shares, i.Connections)
				sum += i.Connections
			}
			return sum == clients
		})
		t.Logf("%s: %v", way, shares)
		if len(shares) != 4 || float64(slices.Max(shares)) > 1.3*clients/4 {
			t.Errorf("%s: connections of the instances: %v", way, shares)
		}
		for _, c := range all {
			if c != nil {
				c.Close()
			}
		}
		g.stop()
	}
}

// An instance that is killed is replaced within a second. Only what was under way on it fails.
func TestKilledInstanceIsReplaced(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	g := serve(t, withInstances(plain(front, member), 3), "")
	l := startTraffic(t, front, 30)
	time.Sleep(time.Second)
	before := g.instances()
	victim := before[1]
	if victim.Connections < 5 {
		t.Fatalf("there is no load on the victim: %+v", before)
	}
	killed := time.Now()
	syscall.Kill(victim.PID, syscall.SIGKILL)
	eventually(t, "another serves in its place", func() bool {
		all := g.instances()
		return len(all) == 3 && all[1].PID != victim.PID && all[1].Revision == victim.Revision && all[1].Restarts == 1
	})
	if took := time.Since(killed); took > time.Second {
		t.Errorf("it was replaced after %v", took)
	}
	time.Sleep(500 * time.Millisecond)
	answered, failed := l.end()
	t.Logf("%d answered, %d failed of %d connections on the killed instance", answered, len(failed), victim.Connections)
	if len(failed) > victim.Connections+10 || answered < 1000 {
		t.Errorf("%d answered, %d failed, e.g. %v", answered, len(failed), failed[:min(3, len(failed))])
	}
	for _, f := range failed {
		if strings.Contains(f, "connect:") {
			t.Errorf("a connection was refused: %s", f)
		}
	}
	if all := g.instances(); all[0].PID != before[0].PID || all[2].PID != before[2].PID {
		t.Errorf("the others changed: %+v, then %+v", before, all)
	}
	if !strings.Contains(g.stderr.String(), "killed by SIGKILL") {
		t.Errorf("the log does not say how it ended:\n%s", g.stderr)
	}
}

// The supervisor is killed: its instances go on serving, and the next supervisor adopts them, their sockets included.
func TestInstancesOutliveTheirSupervisor(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	g := serve(t, withInstances(plain(front, member), 2), "")
	before := pids(g.instances())
	l := startTraffic(t, front, 10)
	g.cmd.Process.Kill()
	time.Sleep(500 * time.Millisecond)
	next := succeed(t, g)
	if got := pids(next.instances()); !slices.Equal(got, before) {
		t.Errorf("instances %v, before %v", got, before)
	}
	next.write(next.config, withInstances(plain(front, member), 3))
	if _, errs, code := next.run("config", "apply", next.config); code != 0 {
		t.Errorf("apply: %d %s", code, errs)
	}
	after := next.instances()
	if got := pids(after); len(got) != 3 || !slices.Equal(got[:2], before) {
		t.Errorf("instances %v, before %v", got, before)
	}
	syscall.Kill(before[0], syscall.SIGKILL) // the next supervisor notices, though it did not start this one
	eventually(t, "it is replaced", func() bool {
		all := next.instances()
		return len(all) == 3 && all[0].PID != before[0]
	})
	answered, failed := l.end()
	if len(failed) > after[0].Connections+10 || answered < 500 {
		t.Errorf("%d answered, %d failed: %v", answered, len(failed), failed)
	}
}

// More instances and fewer, under load: nothing fails, and who leaves finishes first.
func TestScalingLosesNothing(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	g := serve(t, withInstances(plain(front, member), 1), "")
	l := startTraffic(t, front, 10)
	for _, n := range []int{3, 1, 2} {
		time.Sleep(500 * time.Millisecond)
		g.write(g.config, withInstances(plain(front, member), n))
		if _, errs, code := g.run("config", "apply", g.config); code != 0 {
			t.Fatalf("apply: %d %s", code, errs)
		}
		if all := g.instances(); len(all) != n {
			t.Errorf("%d instances wanted: %+v", n, all)
		}
	}
	time.Sleep(1500 * time.Millisecond)
	if answered, failed := l.end(); len(failed) > 0 || answered < 1000 {
		t.Errorf("%d answered, %d failed: %v", answered, len(failed), failed)
	}
}

// A new program takes over instance by instance, under load, and nothing fails. One that cannot begin gives everything back.
func TestUpgradeLosesNothing(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	g := serve(t, withInstances(plain(front, member), 3), "")
	l := startTraffic(t, front, 10)
	time.Sleep(300 * time.Millisecond)
	before := pids(g.instances())
	next := succeed(t, g, "--take-over")
	after := pids(next.instances())
	for _, pid := range after {
		if slices.Contains(before, pid) {
			t.Errorf("instances %v, before %v", after, before)
		}
	}
	select {
	case <-g.exited:
	case <-time.After(10 * time.Second):
		t.Errorf("the predecessor did not end:\n%s", g.stderr)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, errs, code := next.run("serve", "--config", next.config, "--listen", "127.0.0.1", "--drain", "5s", "--take-over", "--admin",
		taken.Addr().String())
	if code != 3 || !strings.Contains(errs, "another program has it") && !strings.Contains(errs, "address already in use") {
		t.Errorf("%d %s", code, errs)
	}
	if all := next.instances(); len(all) != 3 {
		t.Errorf("what was given back: %+v", all)
	}
	time.Sleep(1500 * time.Millisecond)
	if answered, failed := l.end(); len(failed) > 0 || answered < 1000 {
		t.Errorf("%d answered, %d failed: %v", answered, len(failed), failed)
	}
}
