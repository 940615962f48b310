package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"causeway/bench/counted"
	"causeway/internal/store/storetest"
)

// tagged is a document with six instances on small budgets, and a tag for each writer.
func tagged(d *document) string {
	return strings.Replace(withInstances(d, 6), `"location":`, `"tags":{"a":"0","b":"0","c":"0"},"location":`, 1)
}

// served is a configuration with its revision, as the control socket has it.
type served struct {
	Document []byte `json:"document"`
	Revision int64  `json:"revision"`
}

// tags are those of the document.
func (s served) tags(t *testing.T) map[string]string {
	t.Helper()
	var d struct{ Tags map[string]string }
	if err := json.Unmarshal(s.Document, &d); err != nil {
		t.Fatal(err)
	}
	return d.Tags
}

// with is the document with another tag.
func (s served) with(tag, value string) (served, error) {
	var d map[string]json.RawMessage
	if err := json.Unmarshal(s.Document, &d); err != nil {
		return s, err
	}
	tags := map[string]string{}
	err := json.Unmarshal(d["tags"], &tags)
	tags[tag] = value
	if err == nil {
		d["tags"], err = json.Marshal(tags)
	}
	if err == nil {
		s.Document, err = json.Marshal(d)
	}
	return s, err
}

// put asks a node for a change of the revision that it names.
func (n *clusterNode) put(c served) (revision int64, err error) {
	body, err := json.Marshal(c)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequest(http.MethodPut, "http://gateway/config", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	response, err := n.http.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var reply struct {
		Applied  bool
		Revision int64
		Error    string
	}
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil {
		return 0, err
	}
	if !reply.Applied {
		return 0, errors.New(reply.Error)
	}
	return reply.Revision, nil
}

// writers change the configuration all the time, one on each node: each counts in a tag of its own, and replaces the revision
// that it has read. So a change that gets lost shows in the tag.
type writers struct {
	c    *cluster
	stop chan struct{}
	all  sync.WaitGroup
	rest atomic.Bool // they write nothing

	mu     sync.Mutex
	acked  map[string]int   // by tag: the last value that was acknowledged
	by     map[int64]string // by revision: whose
	counts map[string]int   // by tag: acknowledged
	failed map[string]int   // by error
	err    error
}

func (c *cluster) startWriters() *writers {
	w := &writers{
		c: c, stop: make(chan struct{}), acked: map[string]int{}, by: map[int64]string{}, counts: map[string]int{}, failed: map[string]int{},
	}
	c.written += 1000 // what an earlier writer wrote last, it does not know for sure
	for _, n := range c.nodes {
		w.all.Go(func() { w.write(n, c.written) })
	}
	return w
}

func (w *writers) write(n *clusterNode, from int) {
	for i := from; ; i++ {
		select {
		case <-w.stop:
			return
		case <-time.After(150 * time.Millisecond):
		}
		if w.rest.Load() {
			continue
		}
		var now served
		if err := n.get("/config", &now); err != nil {
			w.fail("its supervisor does not run")
			continue
		}
		next, err := now.with(n.name, strconv.Itoa(i))
		if err != nil {
			w.mu.Lock()
			w.err = err
			w.mu.Unlock()
			return
		}
		revision, err := n.put(next)
		if err != nil {
			w.fail(err.Error())
			continue
		}
		w.mu.Lock()
		if other, taken := w.by[revision]; taken {
			w.err = fmt.Errorf("revision %d was acknowledged to %s and to %s", revision, other, n.name)
		}
		w.acked[n.name], w.by[revision] = i, n.name
		w.counts[n.name]++
		w.mu.Unlock()
	}
}

// fail counts an error by its kind: times and revisions differ.
func (w *writers) fail(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, kind := range []string{
		"changed meanwhile", "no quorum", "not known whether", "does not run", "no leader", "gave up", "is not open", "connection refused", "EOF",
		"does not open", "reset by peer", "timed out", "Timeout",
	} {
		if strings.Contains(text, kind) {
			text = kind
		}
	}
	w.failed[text]++
}

// acknowledged is how many changes of these nodes were.
func (w *writers) acknowledged(nodes ...*clusterNode) (sum int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range nodes {
		sum += w.counts[n.name]
	}
	return sum
}

// goOn waits until each of these nodes takes changes again.
func (w *writers) goOn(when string, nodes ...*clusterNode) {
	w.c.t.Helper()
	begin := time.Now()
	for _, n := range nodes {
		before := w.acknowledged(n)
		eventually(w.c.t, "node "+n.name+" takes changes "+when, func() bool { return w.acknowledged(n) > before })
	}
	w.c.t.Logf("changes go on %s after %v", when, time.Since(begin).Round(10*time.Millisecond))
}

// check stops the writers, and compares what was acknowledged with what the nodes have.
func (w *writers) check() {
	w.c.t.Helper()
	close(w.stop)
	w.all.Wait()
	if w.err != nil {
		w.c.t.Error(w.err)
	}
	w.c.agree()
	var last served
	if err := w.c.nodes[0].get("/config", &last); err != nil {
		w.c.t.Fatal(err)
	}
	tags := last.tags(w.c.t)
	for name, acked := range w.acked {
		if got, _ := strconv.Atoi(tags[name]); got < acked {
			w.c.t.Errorf("change %[2]d of node %[1]s was acknowledged, and the configuration has %[3]d", name, acked, got)
		}
	}
	w.c.t.Logf("revision %d; acknowledged: %v; refused or failed: %v", last.Revision, w.counts, w.failed)
}

// agree waits until all nodes serve the same revision, on all of their instances, and compares their documents.
func (c *cluster) agree() {
	c.t.Helper()
	var all [3]nodeStatus
	defer func() {
		if c.t.Failed() {
			c.t.Logf("the nodes at last: %+v", all)
		}
	}()
	eventually(c.t, "all nodes serve the same", func() bool {
		for i, n := range c.nodes {
			var err error
			if all[i], err = n.status(); err != nil || len(all[i].Lagging) > 0 || all[i].Revision != all[0].Revision || !all[i].serves(all[0].Revision) {
				return false
			}
		}
		return true
	})
	var documents [3]served
	for i, n := range c.nodes {
		if err := n.get("/config", &documents[i]); err != nil {
			c.t.Fatal(err)
		}
		if documents[i].Revision != documents[0].Revision || !bytes.Equal(documents[i].Document, documents[0].Document) {
			c.t.Errorf("node %s has revision %d, node a %d:\n%s\n%s", n.name, documents[i].Revision, documents[0].Revision,
				documents[i].Document, documents[0].Document)
		}
	}
}

// serves reports whether all instances serve a revision.
func (s nodeStatus) serves(revision int64) bool {
	return len(s.Instances) == s.Want && !slices.ContainsFunc(s.Instances, func(i state) bool { return int64(i.Revision) != revision })
}

// lagging waits until a node says that it lags, to people and to programs.
func (n *clusterNode) lagging(with string) {
	n.t.Helper()
	var s nodeStatus
	eventually(n.t, "node "+n.name+" says that it lags: "+with, func() bool {
		var err error
		s, err = n.status()
		return err == nil && strings.Contains(strings.Join(s.Lagging, "\n"), with)
	})
	response, err := n.http.Get("http://gateway/readyz")
	if err != nil {
		n.t.Error(err)
		return
	}
	defer response.Body.Close()
	var text bytes.Buffer
	text.ReadFrom(response.Body)
	if response.StatusCode != http.StatusOK || !strings.Contains(text.String(), "\nlagging: ") {
		n.t.Errorf("readyz of node %s: %d %s", n.name, response.StatusCode, &text)
	}
	if out, _, _ := n.run("health"); !strings.Contains(strings.Join(strings.Fields(out), " "), "Lagging: ") {
		n.t.Errorf("health of node %s: %s", n.name, out)
	}
}

// A cluster of three gateways, under load and with writers on all three, in one bad minute. No change that was acknowledged is
// lost, all nodes end with the same configuration, and no request fails.
func TestClusterInABadMinute(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	member, _ := node(t, echo)
	front := freePort(t)
	c := newCluster(t, front, tagged(plain(front, member)), "sizes: {v2: {cpu: 0.5, memory: 256MiB}}\n")
	eventually(t, "the instances are spread", func() bool { return c.instances() == [3]int{2, 2, 2} })
	t.Logf("resident memory of the supervisors with their etcd, idle: %v MiB", c.memory())
	c.identities()
	c.changeReachesAll()
	c.stopAndStart()
	c.fewerThanNodes(member)
	c.takenPort(member)

	clients := c.startTraffic(2)
	step := func(name string, do func(w *writers)) {
		if t.Failed() {
			return
		}
		begin := time.Now()
		w := c.startWriters()
		do(w)
		w.check()
		answered := 0
		for i, l := range clients {
			n := l.Counts()
			failed := n.Failed
			if answered += n.Answered; len(failed) > 0 {
				t.Errorf("%s: requests to node %s failed: %d, for example %v", name, c.nodes[i].name, len(failed), failed[:min(5, len(failed))])
			}
		}
		t.Logf("%s: %v, %d requests answered so far, supervisors %v MiB", name, time.Since(begin).Round(100*time.Millisecond), answered,
			c.memory())
	}
	step("a supervisor is killed", c.killOne)
	step("the leader is killed", c.killLeader)
	step("a supervisor is paused", c.pauseOne)
	step("a supervisor is upgraded", c.upgradeOne)
	step("the leader is cut off", c.cutLeaderOff)
	step("all supervisors are killed and start again", c.killAll)
	if c.disk != "" {
		step("a disk is full", c.fillDisk)
	}
	for i, l := range clients {
		if n := l.End(); n.Answered < 200 || len(n.Failed) > 0 {
			t.Errorf("node %s: %d answered, %d failed: %v", c.nodes[i].name, n.Answered, len(n.Failed), n.Failed[:min(5, len(n.Failed))])
		}
	}
	if !t.Failed() {
		c.autoscale(member)
	}
}

// autoscale: the load on all nodes decides how many instances there are, and all nodes get their share of them.
func (c *cluster) autoscale(member int) {
	d := plain(c.front, member)
	d.sku = `{"name":"Standard_v2","tier":"Standard_v2"}`
	for _, n := range c.nodes {
		n.write(n.local, "sizes: {v2: {cpu: 0.1, memory: 256MiB}}\n")
		n.must("config", "apply", "--local", n.local)
	}
	n := c.nodes[1]
	n.write(n.config, strings.Replace(d.String(), `"sku":`, `"autoscaleConfiguration":{"minCapacity":3,"maxCapacity":6},"sku":`, 1))
	n.must("config", "apply", n.config)
	eventually(c.t, "there is the least number of instances", func() bool { return c.instances() == [3]int{1, 1, 1} })
	clients := c.startTraffic(16)
	begin := time.Now()
	var n3 [3]int
	eventually(c.t, "there are more instances, spread over the nodes", func() bool {
		n3 = c.instances()
		return n3[0]+n3[1]+n3[2] > 3 && slices.Max(n3[:])-slices.Min(n3[:]) <= 1
	})
	c.t.Logf("scaled out to %v instances after %v", n3, time.Since(begin).Round(100*time.Millisecond))
	decided := 0
	for i, l := range clients {
		if n := l.End(); len(n.Failed) > 0 {
			c.t.Errorf("%d failed: %v", len(n.Failed), n.Failed[:min(5, len(n.Failed))])
		}
		log, err := os.ReadFile(filepath.Join(c.nodes[i].data, "activity.jsonl"))
		if err != nil {
			c.t.Error(err)
		}
		if bytes.Contains(log, []byte(`"caller":"autoscaler"`)) {
			decided++
		}
	}
	if decided != 1 {
		c.t.Errorf("%d nodes decided", decided)
	}
}

// startTraffic starts clients of each node.
func (c *cluster) startTraffic(clients int) (all []*counted.Clients) {
	for _, n := range c.nodes {
		l := counted.Start(n.at(c.front), clients, 2*time.Millisecond)
		c.t.Cleanup(func() { l.End() })
		all = append(all, l)
	}
	return all
}

// identities: the names of instances tell the nodes apart, wherever they are shown.
func (c *cluster) identities() {
	c.t.Helper()
	for _, n := range c.nodes {
		want := "appgw_" + n.name + "_0"
		if out := n.must("instances"); !strings.Contains(out, want) || strings.Count(out, "\n") < 7 {
			c.t.Errorf("instances of node %s: %s", n.name, out)
		}
		response, err := n.http.Get("http://gateway/metrics")
		if err != nil {
			c.t.Error(err)
			continue
		}
		var text bytes.Buffer
		text.ReadFrom(response.Body)
		response.Body.Close()
		if !strings.Contains(text.String(), `instance_id="`+want+`"`) {
			c.t.Errorf("metrics of node %s lack %s", n.name, want)
		}
	}
}

// changeReachesAll: a change that one node takes is in force on all instances of all three within a second.
func (c *cluster) changeReachesAll() {
	c.t.Helper()
	var times []time.Duration
	for i := range 5 {
		n := c.nodes[i%3]
		var now served
		if err := n.get("/config", &now); err != nil {
			c.t.Fatal(err)
		}
		next, err := now.with("round", strconv.Itoa(i))
		if err != nil {
			c.t.Fatal(err)
		}
		begin := time.Now()
		revision, err := n.put(next)
		if err != nil {
			c.t.Fatalf("node %s: %v", n.name, err)
		}
		for _, other := range c.nodes {
			for end := begin.Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
				if s, err := other.status(); err == nil && s.Revision >= revision && s.serves(revision) {
					break
				}
				if time.Now().After(end) {
					c.t.Fatalf("revision %d does not reach node %s", revision, other.name)
				}
			}
		}
		times = append(times, time.Since(begin).Round(time.Millisecond))
	}
	slices.Sort(times)
	c.t.Logf("from the request for a change until all six instances of three nodes serve it: %v", times)
	if times[len(times)/2] > 3*time.Second {
		c.t.Errorf("a change needs %v", times)
	}
}

// killOne kills the supervisor of a node that does not lead. The others take changes meanwhile.
func (c *cluster) killOne(w *writers) {
	at := (c.leader() + 1) % 3
	n := c.nodes[at]
	before := n.pids()
	n.kill()
	w.goOn("without node "+n.name, c.others(at)...)
	n.start()
	w.goOn("on node "+n.name, n)
	if after := n.pids(); !slices.Equal(before, after) {
		c.t.Errorf("the instances of node %s changed: %v, before %v", n.name, after, before)
	}
}

// killLeader kills the supervisor whose etcd leads.
func (c *cluster) killLeader(w *writers) {
	at := c.leader()
	c.nodes[at].kill()
	w.goOn("without the leader "+c.nodes[at].name, c.others(at)...)
	c.nodes[at].start()
	w.goOn("on the old leader", c.nodes[at])
}

// pauseOne stops the leader's supervisor for a while, as a machine does that is moved.
func (c *cluster) pauseOne(w *writers) {
	at := c.leader()
	n := c.nodes[at]
	n.cmd.Process.Signal(syscall.SIGSTOP)
	defer n.cmd.Process.Signal(syscall.SIGCONT)
	w.goOn("while node "+n.name+" is paused", c.others(at)...)
	time.Sleep(time.Second)
	n.cmd.Process.Signal(syscall.SIGCONT)
	w.goOn("on the node that was paused", n)
}

// cutLeaderOff closes the relays between the leader and the others, until they have taken its share of the instances.
func (c *cluster) cutLeaderOff(w *writers) {
	at := c.leader()
	n := c.nodes[at]
	before := n.pids()
	c.network.Isolate(n.name, true)
	begin := time.Now()
	n.lagging("no quorum")
	c.t.Logf("node %s says that it lags after %v", n.name, time.Since(begin).Round(100*time.Millisecond))
	w.goOn("while node "+n.name+" is cut off", c.others(at)...)
	n.write(n.config, tagged(plain(c.front, 1)))
	asked := time.Now()
	if _, errs, code := n.run("config", "apply", n.config); code == 0 || !strings.Contains(errs, "nothing was changed") ||
		!strings.Contains(errs, "no quorum") || time.Since(asked) > 10*time.Second {
		c.t.Errorf("config apply without a quorum: %d after %v: %s", code, time.Since(asked), errs)
	}
	if c.disk == "" {
		c.shareTaken(at)
	}
	c.network.Isolate(n.name, false)
	eventually(c.t, "the shares are as before", func() bool { return c.instances() == [3]int{2, 2, 2} })
	w.goOn("on the node that was cut off", n)
	if after := n.pids(); !slices.Equal(before, after) {
		c.t.Errorf("the instances of node %s changed: %v, before %v", n.name, after, before)
	}
}

// killAll kills all supervisors at once. One that starts alone serves what it had.
func (c *cluster) killAll(w *writers) {
	before := map[string][]int{}
	for _, n := range c.nodes {
		before[n.name] = n.pids()
	}
	for _, n := range c.nodes {
		n.kill()
	}
	first := c.nodes[0]
	first.launch()
	first.lagging("no quorum")
	c.nodes[1].launch()
	c.nodes[2].launch()
	for _, n := range c.nodes {
		n.awaitServing()
	}
	w.goOn("after the restart of all", c.nodes[:]...)
	after := map[string][]int{}
	for _, n := range c.nodes {
		after[n.name] = n.pids()
	}
	if !maps.EqualFunc(before, after, slices.Equal[[]int]) {
		c.t.Errorf("the instances changed: %v, before %v", after, before)
	}
}

// fillDisk fills the disk of the third node, until its etcd gives up, and makes room again.
func (c *cluster) fillDisk(w *writers) {
	n := c.nodes[2]
	filler := filepath.Join(c.disk, "filler")
	storetest.Fill(c.t, filler)
	begin, changes := time.Now(), 0
	w.rest.Store(true) // else they are faster than a large change
	var big served
	eventually(c.t, "etcd gives up on the full disk", func() bool {
		if err := c.nodes[0].get("/config", &big); err == nil {
			if next, err := big.with("big", strings.Repeat(strconv.FormatInt(time.Now().UnixNano(), 36), 250_000)); err == nil {
				c.nodes[0].put(next)
				changes++
			}
		}
		s, err := n.status()
		return err == nil && strings.Contains(strings.Join(s.Lagging, " "), "gave up")
	})
	n.lagging("gave up")
	c.t.Logf("etcd gave up on the full disk after %d large changes, %v", changes, time.Since(begin).Round(100*time.Millisecond))
	c.lighten()
	w.rest.Store(false)
	w.goOn("while the disk of node c is full", c.others(2)...)
	c.shareTaken(2)
	if err := os.Remove(filler); err != nil {
		c.t.Fatal(err)
	}
	w.goOn("on node c, which has room again", n)
	eventually(c.t, "the shares are as before", func() bool { return c.instances() == [3]int{2, 2, 2} })
}

// lighten makes the document small again.
func (c *cluster) lighten() {
	eventually(c.t, "the document is small again", func() bool {
		var big served
		err := c.nodes[0].get("/config", &big)
		if err == nil {
			big, err = big.with("big", "")
		}
		if err == nil {
			_, err = c.nodes[0].put(big)
		}
		return err == nil
	})
}

// shareTaken waits until the others run what a node does that is gone for them. It keeps its own.
func (c *cluster) shareTaken(at int) {
	c.t.Helper()
	begin := time.Now()
	want := [3]int{3, 3, 3}
	want[at] = 2
	eventually(c.t, "the others have taken its share", func() bool { return c.instances() == want })
	c.t.Logf("the others have taken the share of node %s after %v more", c.nodes[at].name, time.Since(begin).Round(100*time.Millisecond))
}

// upgradeOne lets a new supervisor take the place of one.
func (c *cluster) upgradeOne(w *writers) {
	n := c.nodes[1]
	old := n.exited
	before := n.pids()
	n.launch("--take-over")
	select {
	case <-old:
	case <-time.After(20 * time.Second):
		c.t.Errorf("the predecessor of node %s does not end", n.name)
	}
	w.goOn("on the node that was upgraded", n)
	for _, pid := range n.pids() {
		if slices.Contains(before, pid) {
			c.t.Errorf("instance %d of node %s outlived the upgrade", pid, n.name)
		}
	}
}

// stopAndStart: a gateway is stopped and started on all of its nodes.
func (c *cluster) stopAndStart() {
	c.t.Helper()
	c.nodes[0].must("stop")
	eventually(c.t, "no node has an instance", func() bool { return c.instances() == [3]int{} })
	c.nodes[1].must("start")
	eventually(c.t, "all have theirs again", func() bool { return c.instances() == [3]int{2, 2, 2} })
}

// memory is what each supervisor holds, in MiB.
func (c *cluster) memory() (out [3]int) {
	for i, n := range c.nodes {
		out[i] = memoryOf(n.cmd.Process.Pid, "VmRSS")
	}
	return out
}

// memoryOf is a figure of a process in MiB: VmRSS is all that it holds, RssAnon what it shares with no file.
func memoryOf(pid int, figure string) (n int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, after, _ := strings.Cut(string(text), figure+":")
	fmt.Sscan(after, &n)
	return n >> 10
}

// fewerThanNodes: a node without an instance refuses clients, and says why.
func (c *cluster) fewerThanNodes(member int) {
	c.t.Helper()
	n := c.nodes[0]
	n.write(n.config, strings.Replace(tagged(plain(c.front, member)), `"capacity":6`, `"capacity":2`, 1))
	if _, errs, code := n.run("config", "apply", n.config); code != 0 || !strings.Contains(errs, "no instance runs on c") {
		c.t.Errorf("two instances on three nodes: %d %s", code, errs)
	}
	eventually(c.t, "the last node has no instance", func() bool { return c.instances() == [3]int{1, 1, 0} })
	response, err := c.nodes[2].http.Get("http://gateway/readyz")
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	var text bytes.Buffer
	text.ReadFrom(response.Body)
	if response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text.String(), "more nodes than instances") {
		c.t.Errorf("readyz: %d %s", response.StatusCode, &text)
	}
	if other, err := net.Dial("tcp", c.nodes[2].at(c.front)); err == nil {
		other.Close()
		c.t.Error("a node without an instance accepts")
	}
}

// takenPort: a node that cannot serve a change serves the one before, says so, and catches up once it can.
func (c *cluster) takenPort(member int) {
	c.t.Helper()
	second := freePort(c.t)
	taken, err := net.Listen("tcp", c.nodes[1].at(second))
	if err != nil {
		c.t.Fatal(err)
	}
	defer taken.Close()
	d := plain(c.front, member)
	d.port("p2", second)
	d.listener("l2", "p2", `"protocol":"Http"`)
	d.basic("r2", 200, "l2", "web", "http")
	n := c.nodes[2]
	n.write(n.config, tagged(d))
	n.must("config", "apply", n.config)
	c.nodes[1].lagging("bind port")
	eventually(c.t, "the others know", func() bool { return strings.Contains(c.nodes[0].must("instances"), "is not served here") })
	taken.Close()
	begin := time.Now()
	c.agree()
	c.t.Logf("a node that could not bind a port caught up %v after it could", time.Since(begin).Round(100*time.Millisecond))
	if got := curl(c.t, "http://"+c.nodes[1].at(second)+"/fail"); got != "broken\n" {
		c.t.Errorf("the second port answers %q", got)
	}
}

// others are the nodes but one.
func (c *cluster) others(at int) (out []*clusterNode) {
	for i, n := range c.nodes {
		if i != at {
			out = append(out, n)
		}
	}
	return out
}
