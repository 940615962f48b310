package test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"causeway/bench/counted"
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
		g.t.Fatalf("causeway instances: %d %s\n%s", code, errs, g.stderr)
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
	if len(failed) == 0 || len(failed) > 60/2 || answered < 1000 { // of 60 clients a third was there
		t.Errorf("%d answered, %d failed, e.g. %v", answered, len(failed), failed[:min(3, len(failed))])
	}
	for _, f := range failed {
		if f.Connect || f.At.Before(killed) || f.At.After(killed.Add(500*time.Millisecond)) {
			t.Errorf("killed at %s: %v", killed.Format("05.000"), f)
		}
	}
	if all := g.instances(); all[0].PID != before[0].PID || all[2].PID != before[2].PID {
		t.Errorf("the others changed: %+v, then %+v", before, all)
	}
	if !strings.Contains(g.stderr.String(), "killed by SIGKILL") {
		t.Errorf("the log does not say how it ended:\n%s", g.stderr)
	}
	out, _, _ := g.run("diagnose", "--live")
	text := strings.Join(strings.Fields(out), " ")
	for _, want := range []string{"[h-instance-fault]", "SIGKILL", "open on it at its last sign of life; the requests in progress on them are in no record"} {
		if !strings.Contains(text, want) {
			t.Errorf("the diagnosis does not say %q:\n%s", want, out)
		}
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
	if _, errs, code := g.run("health"); code != 3 || !strings.Contains(errs, "the supervisor of this gateway is gone; 2 instances go on serving") {
		t.Errorf("health without a supervisor: %d %s", code, errs)
	}
	next := succeed(t, g)
	if got := pids(next.instances()); !slices.Equal(got, before) {
		t.Errorf("instances %v, before %v", got, before)
	}
	log, err := os.ReadFile(filepath.Join(g.data, "activity.jsonl"))
	if err != nil || strings.Count(string(log), `"event":"orphaned"`) != 1 ||
		!strings.Contains(string(log), "died; 2 instances went on serving without one since ") {
		t.Errorf("the death of the supervisor is not recorded: %v\n%s", err, log)
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
	if len(failed) > 20 || answered < 500 { // of 20 clients, on the one that was killed
		t.Errorf("%d answered, %d failed: %v", answered, len(failed), failed)
	}
}

// An instance dies while no supervisor runs. The next supervisor replaces it and writes its death down, and the diagnosis names it.
func TestDeathWithoutSupervisor(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	g := serve(t, withInstances(plain(front, member), 2), "")
	before := pids(g.instances())
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", front))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	time.Sleep(1500 * time.Millisecond) // a heartbeat
	g.cmd.Process.Kill()
	time.Sleep(300 * time.Millisecond)
	for _, pid := range before {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	if _, errs, code := g.run("serve", "--config", g.config, "--listen", "127.0.0.1", "--bind", "nobody=127.0.0.2"); code != 2 {
		t.Errorf("%d %s", code, errs) // this supervisor cannot begin, and writes the deaths down all the same
	}
	next := succeed(t, g)
	if all := next.instances(); len(all) != 2 || slices.Contains(before, all[0].PID) || slices.Contains(before, all[1].PID) {
		t.Errorf("%+v, before %v", all, before)
	}
	log, err := os.ReadFile(filepath.Join(g.data, "activity.jsonl"))
	if err != nil || strings.Count(string(log), `"found":true`) != 2 || strings.Count(string(log), `"connections":1,`) != 1 {
		t.Errorf("%v\n%s", err, log)
	}
	out, _, _ := next.run("diagnose", "--live")
	text := strings.Join(strings.Fields(out), " ")
	for _, want := range []string{"[h-instance-fault]", "a supervisor that started found it dead", "1 connection was open on it"} {
		if !strings.Contains(text, want) {
			t.Errorf("the diagnosis does not say %q:\n%s", want, out)
		}
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
	if code != 3 || !strings.Contains(errs, fmt.Sprintf("process %d (", os.Getpid())) {
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

// A stopped gateway refuses clients and keeps its configuration, also over a restart; start brings it back.
func TestStopAndStart(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	g := serve(t, withInstances(plain(front, member), 2), "")
	url := fmt.Sprintf("http://127.0.0.1:%d/fail", front)
	if out, errs, code := g.run("stop"); code != 0 || out != "Stopped\n" {
		t.Fatalf("%d %s%s", code, out, errs)
	}
	if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", front)); err == nil {
		c.Close()
		t.Error("a stopped gateway accepts")
	}
	if all := g.instances(); len(all) != 0 {
		t.Errorf("%+v", all)
	}
	g.stop()
	next := succeed(t, g)
	if out, _, _ := next.run("instances"); !strings.Contains(out, "causeway start") {
		t.Errorf("%s", out)
	}
	if _, errs, code := next.run("health"); code != 3 || !strings.Contains(errs, "stopped on purpose") {
		t.Errorf("health of a stopped gateway: %d %s", code, errs)
	}
	if out, errs, code := next.run("start"); code != 0 || out != "Running\n" {
		t.Fatalf("%d %s%s", code, out, errs)
	}
	if got := curl(t, url); got != "broken\n" {
		t.Errorf("%q", got)
	}
	if all := next.instances(); len(all) != 2 {
		t.Errorf("%+v", all)
	}
}

// An instance that dies again and again does not take the machine's time: each next one waits longer, and the activity log
// says so.
func TestCrashLoopBacksOff(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	g := serve(t, withInstances(plain(front, member), 2), "")
	for i := range 3 {
		pid := 0
		eventually(t, "an instance serves", func() bool {
			if all := g.instances(); len(all) == 2 && all[1].Restarts == i && all[1].Revision > 0 {
				pid = all[1].PID
			}
			return pid != 0
		})
		syscall.Kill(pid, syscall.SIGKILL)
	}
	eventually(t, "the supervisor says that it waits", func() bool { return strings.Contains(g.stderr.String(), "again and again") })
	if got := curl(t, fmt.Sprintf("http://127.0.0.1:%d/fail", front)); got != "broken\n" {
		t.Errorf("the other instance answers %q", got)
	}
	log, err := os.ReadFile(filepath.Join(g.data, "activity.jsonl"))
	for event, want := range map[string]int{"death": 3, "crashLoop": 2} {
		if n := strings.Count(string(log), `"event":"`+event+`"`); err != nil || n < want-1 || n > want {
			t.Errorf("%d events %s, want %d: %v\n%s", n, event, want, err, log)
		}
	}
}

// A gateway that may scale by itself gets more instances within seconds once the ones that it has are busy.
func TestAutoscaleUnderLoad(t *testing.T) {
	member, _ := nginx(t)
	front := freePort(t)
	d := plain(front, member)
	d.sku = `{"name":"Standard_v2","tier":"Standard_v2"}`
	document := strings.Replace(d.String(), `"sku":`, `"autoscaleConfiguration":{"minCapacity":1,"maxCapacity":3},"sku":`, 1)
	g := serve(t, document, "sizes: {v2: {cpu: 0.1, memory: 256MiB}}\n")
	if all := g.instances(); len(all) != 1 {
		t.Fatalf("%+v", all)
	}
	l := startTraffic(t, front, 40)
	begin := time.Now()
	eventually(t, "there are more instances", func() bool { return len(g.instances()) > 1 })
	t.Logf("scaled out after %v", time.Since(begin).Round(100*time.Millisecond))
	if _, failed := l.end(); len(failed) > 0 {
		t.Errorf("%d failed: %v", len(failed), failed)
	}
	log, err := os.ReadFile(filepath.Join(g.data, "activity.jsonl"))
	if err != nil || !strings.Contains(string(log), `"event":"scale"`) || !strings.Contains(string(log), `"caller":"autoscaler"`) {
		t.Errorf("%v\n%s", err, log)
	}
}

// causeway upgrade: the program that is now installed takes over, instance by instance, with the flags of the one before, and
// nothing fails. The supervisor keeps its process id, so whoever waits for it, such as the init of a container, sees no end. A program that
// cannot serve changes nothing.
func TestUpgradeCommand(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	g := serve(t, withInstances(plain(front, member), 2), "")
	l := startTraffic(t, front, 10)
	before := g.instances()
	out, errs, code := g.run("upgrade")
	if code != 0 || !strings.Contains(out, fmt.Sprintf("process %d runs version ", g.cmd.Process.Pid)) {
		t.Fatalf("%d %s%s\n%s", code, out, errs, g.stderr)
	}
	for _, i := range g.instances() {
		if slices.Contains(pids(before), i.PID) {
			t.Errorf("%+v, before %+v", g.instances(), before)
		}
	}
	os.WriteFile(g.local, []byte("nonsense: ["), 0o600) // the next program cannot even read its files
	if _, errs, code := g.run("upgrade"); code != 3 || !strings.Contains(errs, "did not begin to serve") {
		t.Errorf("%d %s", code, errs)
	}
	if all := g.instances(); len(all) != 2 {
		t.Errorf("%+v", all)
	}
	time.Sleep(1200 * time.Millisecond)
	if answered, failed := l.end(); len(failed) > 0 || answered < 500 {
		t.Errorf("%d answered, %d failed: %v", answered, len(failed), failed)
	}
}

// An upgrade works in a container: where the supervisor is the first process, and where it is the child of an init that ends when its child
// does. Either end would end the container, and with it the instances.
func TestUpgradeInAContainer(t *testing.T) {
	if exec.Command("unshare", "--pid", "--fork", "--mount-proc", "true").Run() != nil {
		t.Skip("this user cannot make a process namespace")
	}
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	member, _ := node(t, echo)
	for _, first := range []string{`exec "$@"`, `"$@" & wait $!`} {
		front := freePort(t)
		g := &gateway{t: t, dir: t.TempDir(), stderr: &lockedBuffer{}, exited: make(chan struct{})}
		g.config, g.data = filepath.Join(g.dir, "gateway.json"), filepath.Join(g.dir, "data")
		g.write(g.config, plain(front, member).String())
		g.cmd = exec.Command("unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", first, "sh", path, "serve",
			"--config", g.config, "--data", g.data, "--listen", "127.0.0.1", "--drain", "1s")
		g.start()
		t.Cleanup(func() { endContainer(t, g) })
		eventually(t, "the gateway serves", func() bool { return strings.Contains(g.stderr.String(), "msg=serving") })
		if out, errs, code := g.run("upgrade"); code != 0 {
			t.Fatalf("%s: %d %s%s\n%s", first, code, out, errs, g.stderr)
		}
		time.Sleep(1500 * time.Millisecond) // the old instance has drained
		if got := curl(t, fmt.Sprintf("http://127.0.0.1:%d/fail", front)); got != "broken\n" || len(g.instances()) != 1 {
			t.Errorf("%s: %q", first, got)
		}
	}
}

// endContainer kills the first process of a namespace, which ends all others in it.
func endContainer(t *testing.T, g *gateway) {
	t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", g.cmd.Process.Pid, g.cmd.Process.Pid))
	first, bad := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil || bad != nil {
		t.Fatalf("%v: %q\n%s", err, children, g.stderr)
	}
	syscall.Kill(first, syscall.SIGKILL)
	<-g.exited
}

// An instance that a new program has started dies after the upgrade: the system says how, and another takes its place.
func TestDeathAfterUpgrade(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	admin := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	g := serve(t, plain(front, member).String(), "", "--admin", admin)
	for i := range 2 { // once by the command, once by the signal
		before := g.instances()[0].PID
		if i == 0 {
			g.run("upgrade")
		} else {
			g.cmd.Process.Signal(syscall.SIGUSR2)
		}
		eventually(t, "the new program serves", func() bool {
			out, _, code := g.run("instances", "-o", "json")
			var all []state
			return code == 0 && json.Unmarshal([]byte(out), &all) == nil && len(all) == 1 && all[0].PID != before && all[0].Revision > 0
		})
		if got := curl(t, "http://"+admin+"/readyz"); got != "ok\n" {
			t.Errorf("readyz after the upgrade: %q", got)
		}
	}
	pid := g.instances()[0].PID
	syscall.Kill(pid, syscall.SIGKILL)
	eventually(t, "it is replaced", func() bool {
		all := g.instances()
		return len(all) == 1 && all[0].PID != pid && all[0].Revision > 0
	})
	log, err := os.ReadFile(filepath.Join(g.data, "activity.jsonl"))
	if err != nil || strings.Count(string(log), `"event":"death"`) != 1 || !strings.Contains(string(log), `"signal":"SIGKILL"`) {
		t.Errorf("%v\n%s", err, log)
	}
}

// traffic is clients that count.
type traffic struct{ *counted.Clients }

// startTraffic starts so many clients on connections that they keep, and as many that take a new one for each request.
func startTraffic(t *testing.T, port, clients int) traffic {
	t.Helper()
	c := counted.Start(fmt.Sprintf("127.0.0.1:%d", port), clients, 2*time.Millisecond)
	t.Cleanup(func() { c.End() })
	return traffic{c}
}

func (l traffic) end() (answered int, failed []counted.Failure) {
	n := l.End()
	return n.Answered, n.Failed
}

// The size changes under load: instances of the new size start, those of the old one drain, and nothing fails.
func TestSizeChangesUnderLoad(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	d := plain(front, member)
	d.sku = `{"name":"Standard_Small","tier":"Standard","capacity":2}`
	g := serve(t, d.String(), "")
	l := startTraffic(t, front, 5)
	before := pids(g.instances())
	g.write(g.config, strings.Replace(d.String(), "Standard_Small", "Standard_Medium", 1))
	if _, errs, code := g.run("config", "apply", g.config); code != 0 {
		t.Fatalf("%d %s", code, errs)
	}
	out, _, _ := g.run("instances")
	if strings.Count(out, "medium") != 2 || strings.Contains(out, "small") {
		t.Errorf("%s", out)
	}
	for _, pid := range pids(g.instances()) {
		if slices.Contains(before, pid) {
			t.Errorf("instances %v before and %s", before, out)
		}
	}
	time.Sleep(1200 * time.Millisecond)
	if answered, failed := l.end(); len(failed) > 0 || answered < 300 {
		t.Errorf("%d answered, %d failed: %v", answered, len(failed), failed)
	}
}

// An instance hangs. The next change starts another in its place, and the gateway stays usable.
func TestHungInstance(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	document := withInstances(plain(front, member), 2)
	g := serve(t, document, "")
	hung := g.instances()[1].PID
	syscall.Kill(hung, syscall.SIGSTOP)
	t.Cleanup(func() { syscall.Kill(hung, syscall.SIGKILL) })
	g.write(g.config, strings.Replace(document, `"requestTimeout":2`, `"requestTimeout":9`, 1))
	begin := time.Now()
	if _, errs, code := g.run("config", "apply", g.config); code != 0 || time.Since(begin) > 20*time.Second {
		t.Fatalf("after %v: %d %s\n%s", time.Since(begin), code, errs, g.stderr)
	}
	if all := g.instances(); len(all) != 2 || all[1].PID == hung || all[1].Revision != 2 || all[0].Revision != 2 {
		t.Errorf("%+v, and %d hangs", all, hung)
	}
	eventually(t, "the one that hangs is ended", func() bool { return syscall.Kill(hung, 0) != nil })
}

// The supervisor dies, and the next one has other flags. It adopts the instances, serves where its flags say, and closes the old ports; a
// request in progress finishes. Where the old sockets stand in its way it refuses to begin, and names who has them.
func TestAdoptionUnderAnotherAddress(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	g := serve(t, withInstances(plain(front, member), 2), "")
	before := pids(g.instances())
	g.cmd.Process.Kill()
	time.Sleep(300 * time.Millisecond)
	_, errs, code := g.run("serve", "--config", g.config, "--listen", "0.0.0.0")
	if code != 3 || !strings.Contains(errs, "instances of this very data directory") ||
		!strings.Contains(errs, "start with the --listen") {
		t.Errorf("%d %s", code, errs)
	}
	slow := make(chan string, 1)
	go func() { slow <- curl(t, fmt.Sprintf("http://127.0.0.1:%d/slow", front)) }()
	time.Sleep(200 * time.Millisecond)
	next := succeed(t, g, "--listen", "127.0.0.2")
	for _, pid := range pids(next.instances()) {
		if slices.Contains(before, pid) {
			t.Errorf("instance %d serves at the old address", pid)
		}
	}
	if got := curl(t, fmt.Sprintf("http://127.0.0.2:%d/fail", front)); got != "broken\n" {
		t.Errorf("%q", got)
	}
	if got := <-slow; got != "slow\n" {
		t.Errorf("the request in progress: %q", got)
	}
	eventually(t, "the old address closes", func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", front))
		if err == nil {
			c.Close()
		}
		return err != nil
	})
}

// An error of a port that is taken names an instance that is left of another gateway, and says how to end it.
func TestPortOfAnotherGateway(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	document := plain(front, member).String()
	left := serve(t, document, "")
	pid := left.instances()[0].PID
	try := func(wants ...string) {
		t.Helper()
		data := t.TempDir()
		_, errs, code := causeway(t, "serve", "--config", left.config, "--listen", "127.0.0.1", "--data", data)
		for _, want := range append(wants, left.data, fmt.Sprint(pid)) {
			if text := strings.Join(strings.Fields(errs), " "); code != 3 || !strings.Contains(text, want) {
				t.Errorf("%d, want %q: %s", code, want, text)
			}
		}
	}
	try("causeway stop --data ")
	left.cmd.Process.Kill()
	t.Cleanup(func() { syscall.Kill(pid, syscall.SIGTERM) })
	time.Sleep(300 * time.Millisecond)
	try("which no supervisor looks after", fmt.Sprintf("kill %d", pid))
}

// Whoever looks at a gateway whose instances hang gets an answer within about a second. It names the ones that do not answer, for how
// long, and what happens next; the gateway is ready as long as one serves.
func TestLooksAtHungInstances(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	g := serve(t, withInstances(plain(front, member), 2), "")
	all := g.instances()
	hang := func(i int) {
		syscall.Kill(all[i].PID, syscall.SIGSTOP)
		t.Cleanup(func() { syscall.Kill(all[i].PID, syscall.SIGCONT) })
	}
	ready := func() string {
		return curl(t, "--unix-socket", filepath.Join(g.data, "admin.sock"), "-w", "%{http_code}", "http://gateway/readyz")
	}
	look := func(what string, f func() string, wants ...string) {
		t.Helper()
		begin := time.Now()
		text := strings.Join(strings.Fields(f()), " ")
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("%s answers after %v", what, took)
		}
		for _, want := range append(wants, fmt.Sprintf("appgw_1 (process %d): it has not answered for ", all[1].PID), "starts another") {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q: %s", what, want, text)
			}
		}
	}
	command := func(args ...string) func() string {
		return func() string { out, errs, _ := g.run(args...); return out + errs }
	}
	hang(1)
	look("readyz", ready, "ok ", " 200")
	look("health", command("health"), "Up")
	look("instances", command("instances"), fmt.Sprint(all[0].PID))
	hang(0)
	eventually(t, "it is not ready", func() bool { return strings.HasSuffix(ready(), "503") })
	look("readyz", ready, "no instance serves", "appgw_0 (process ")
	look("health", command("health"), "no instance answers", "appgw_0 (process ")
	look("instances", command("instances"), "appgw_0 (process ")
}

// A supervisor that cannot begin leaves the instances that it finds alone: they go on serving, and the next adopts them.
func TestSupervisorThatCannotBegin(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	g := serve(t, withInstances(plain(front, member), 2), "")
	before := pids(g.instances())
	g.cmd.Process.Kill()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, flags := range [][]string{{"--admin", taken.Addr().String()}, {"--bind", "nobody=127.0.0.2"}} {
		if _, errs, code := g.run(append([]string{"serve", "--config", g.config, "--listen", "127.0.0.1"}, flags...)...); code == 0 {
			t.Errorf("%v: %s", flags, errs)
		}
		if got := curl(t, fmt.Sprintf("http://127.0.0.1:%d/fail", front)); got != "broken\n" {
			t.Errorf("after %v: %q", flags, got)
		}
	}
	if got := pids(succeed(t, g).instances()); !slices.Equal(got, before) {
		t.Errorf("instances %v, before %v", got, before)
	}
}

// The predecessor dies in the middle of a hand-over: its successor goes on alone, with what is there.
func TestPredecessorDiesDuringUpgrade(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	g := serve(t, withInstances(plain(front, member), 3), "")
	l := startTraffic(t, front, 5)
	next := make(chan *gateway)
	go func() { next <- succeed(t, g, "--take-over") }()
	eventually(t, "the hand-over has begun", func() bool { return strings.Contains(g.stderr.String(), "msg=draining") })
	g.cmd.Process.Kill()
	if all := (<-next).instances(); len(all) != 3 {
		t.Errorf("%+v", all)
	}
	time.Sleep(1500 * time.Millisecond)
	if answered, failed := l.end(); len(failed) > 0 || answered < 200 {
		t.Errorf("%d answered, %d failed: %v", answered, len(failed), failed)
	}
}

// The supervisor dies in the middle of its upgrade, and a service manager starts the next one at once: the program on trial leaves its
// instances, and that one adopts them.
func TestSupervisorDiesDuringItsUpgrade(t *testing.T) {
	for _, wait := range []time.Duration{0, 30 * time.Millisecond, 60 * time.Millisecond} {
		t.Run(wait.String(), func(t *testing.T) {
			member, _ := node(t, echo)
			front := freePort(t)
			g := serve(t, withInstances(plain(front, member), 3), "")
			l := startTraffic(t, front, 5)
			go g.run("upgrade")
			eventually(t, "the new program runs", func() bool { return strings.Contains(g.stderr.String(), "a new program was started") })
			time.Sleep(wait)
			trial := trialOf(g)
			g.cmd.Process.Kill()
			time.Sleep(100 * time.Millisecond)
			next := succeed(t, g)
			if all := next.instances(); len(all) != 3 {
				t.Errorf("%+v", all)
			}
			args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", trial))
			if err == nil && len(args) > 0 { // a zombie has none
				t.Errorf("process %d goes on\n%s", trial, g.stderr)
			}
			time.Sleep(1500 * time.Millisecond)
			if answered, failed := l.end(); len(failed) > 0 || answered < 200 {
				t.Errorf("%d answered, %d failed: %v", answered, len(failed), failed)
			}
		})
	}
}

// trialOf is the process of the program that a gateway has on trial.
func trialOf(g *gateway) (pid int) {
	const line = "a new program was started to take over"
	said := g.stderr.String()
	_, rest, _ := strings.Cut(said[max(0, strings.LastIndex(said, line)):], line)
	fmt.Sscanf(rest, `" pid=%d`, &pid)
	return pid
}

// An instance gets SIGTERM: another takes its place at once, while it finishes what it has begun.
func TestInstanceGetsSIGTERM(t *testing.T) {
	member, _ := node(t, echo)
	front := freePort(t)
	g := serve(t, plain(front, member).String(), "")
	slow := make(chan string, 1)
	go func() { slow <- curl(t, fmt.Sprintf("http://127.0.0.1:%d/slow", front)) }()
	pid := g.instances()[0].PID
	time.Sleep(300 * time.Millisecond)
	syscall.Kill(pid, syscall.SIGTERM)
	eventually(t, "another serves", func() bool {
		all := g.instances()
		return len(all) == 1 && all[0].PID != pid && all[0].Revision > 0
	})
	if got := curl(t, fmt.Sprintf("http://127.0.0.1:%d/fail", front)); got != "broken\n" {
		t.Errorf("%q", got)
	}
	if got := <-slow; got != "slow\n" {
		t.Errorf("the request in progress: %q", got)
	}
}
