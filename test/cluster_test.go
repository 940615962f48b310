package test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"causeway/internal/store/storetest"
)

// cluster is three gateways that share one configuration, each with an address of its own, made by the commands that an
// operator uses. The nodes reach each other through relays that can be cut.
type cluster struct {
	t       *testing.T
	nodes   [3]*clusterNode
	network *storetest.Network
	front   int    // port of the gateway
	disk    string // of the third node's store; empty: it has none of its own
	written int    // where the writers count from
}

// clusterNode is one of the three.
type clusterNode struct {
	*gateway
	name    string
	address string // of its frontends
	cluster []string
	env     []string
	log     *os.File    // what its processes say: a file, since instances that outlive the supervisor hold it open
	http    http.Client // of its control socket
}

// newCluster makes a cluster whose first node brings the document along. The store of the third has a small disk.
func newCluster(t *testing.T, front int, document, local string) *cluster {
	t.Helper()
	c := &cluster{t: t, front: front, network: storetest.NewNetwork()}
	root := t.TempDir()
	t.Cleanup(c.end)
	for i := range c.nodes {
		n := c.newNode(i, root, local)
		c.nodes[i] = n
		if i == 2 {
			disk := filepath.Join(n.data, "store")
			if err := storetest.SmallDisk(t, disk, "280m"); err != nil {
				t.Logf("the story of the full disk is left out: a file system of its own cannot be mounted here: %v", err)
			} else {
				c.disk = disk
			}
		}
		if i == 0 {
			n.write(n.config, document)
			n.must(append([]string{"cluster", "init"}, n.cluster...)...)
		} else {
			token := c.nodes[0].must("cluster", "invite")
			n.must(append([]string{"cluster", "join", strings.TrimSpace(token)}, n.cluster...)...)
		}
		n.start()
		eventually(t, "node "+n.name+" votes", func() bool {
			out, _, code := n.command("cluster", "members", "-o", "json")
			return code == 0 && strings.Count(out, `"votes": true`) == i+1
		})
	}
	return c
}

func (c *cluster) newNode(i int, root, local string) *clusterNode {
	c.t.Helper()
	name, address := string(rune('a'+i)), fmt.Sprintf("127.0.0.%d", 11+i)
	dir := filepath.Join(root, name)
	n := &clusterNode{gateway: &gateway{t: c.t, dir: dir}, name: name, address: address}
	n.data, n.config, n.local = filepath.Join(dir, "data"), filepath.Join(dir, "gateway.json"), filepath.Join(dir, "causeway.yaml")
	if err := os.Mkdir(dir, 0o700); err != nil {
		c.t.Fatal(err)
	}
	n.write(n.local, local)
	var err error
	if n.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		c.t.Fatal(err)
	}
	// A proxy is not used for loopback. This address is one for documentation: only the relay knows the way.
	outside := fmt.Sprintf("192.0.2.%d", 11+i)
	n.cluster = []string{"--name", name, "--address", outside, "--listen", address}
	for _, flag := range []string{"--peer-port", "--client-port", "--join-port"} {
		port := freePort(c.t)
		n.cluster = append(n.cluster, flag, fmt.Sprint(port))
		c.network.Add(fmt.Sprintf("%s:%d", outside, port), name, fmt.Sprintf("%s:%d", address, port))
	}
	proxy := c.network.Proxy(c.t, name)
	n.env = append(os.Environ(), "HTTPS_PROXY="+proxy, "https_proxy="+proxy, "NO_PROXY=", "no_proxy=")
	n.http = http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(n.data, "admin.sock"))
		},
	}}
	return n
}

// at is an address of the node's frontends.
func (n *clusterNode) at(port int) string { return net.JoinHostPort(n.address, strconv.Itoa(port)) }

// start starts the node's supervisor and waits until it serves.
func (n *clusterNode) start(flags ...string) {
	n.t.Helper()
	n.launch(flags...)
	n.awaitServing()
}

// launch starts the node's supervisor.
func (n *clusterNode) launch(flags ...string) {
	n.t.Helper()
	path, err := binary()
	if err != nil {
		n.t.Fatal(err)
	}
	args := []string{"serve", "--local", n.local, "--data", n.data, "--listen", n.address, "--drain", "2s"}
	if _, err := os.Stat(n.config); err == nil {
		args = append(args, "--config", n.config)
	}
	n.cmd = exec.Command(path, append(args, flags...)...)
	n.cmd.Env, n.cmd.Stderr = n.env, n.log
	exited := make(chan struct{})
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	cmd := n.cmd
	go func() { cmd.Wait(); close(exited) }()
	n.exited = exited
}

func (n *clusterNode) awaitServing() {
	n.t.Helper()
	eventually(n.t, "node "+n.name+" answers", func() bool { _, err := n.status(); return err == nil })
}

// kill ends the supervisor as kill -9 does. Its instances go on.
func (n *clusterNode) kill() {
	n.cmd.Process.Kill()
	<-n.exited
}

// command runs a command as somebody on the node's machine.
func (n *clusterNode) command(args ...string) (stdout, stderr string, code int) {
	n.t.Helper()
	path, err := binary()
	if err != nil {
		n.t.Fatal(err)
	}
	cmd := exec.Command(path, append(args, "--data", n.data)...)
	cmd.Env = n.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Run()
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// must is command for one that has to succeed.
func (n *clusterNode) must(args ...string) string {
	n.t.Helper()
	out, errs, code := n.command(args...)
	if code != 0 {
		n.t.Fatalf("node %s: causeway %s: %d %s%s", n.name, strings.Join(args, " "), code, out, errs)
	}
	return out
}

// nodeStatus is what a node says of itself.
type nodeStatus struct {
	Ready     bool
	Revision  int64
	Want      int
	Lagging   []string
	Instances []state
	Nodes     []struct {
		Name      string
		Revision  int64
		Instances int
	}
}

func (n *clusterNode) status() (s nodeStatus, err error) {
	err = n.get("/status", &s)
	return s, err
}

func (n *clusterNode) get(path string, v any) error {
	r, err := n.http.Get("http://gateway" + path)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	return json.NewDecoder(r.Body).Decode(v)
}

// pids of the node's instances, also where no supervisor runs.
func (n *clusterNode) pids() (out []int) {
	paths, _ := filepath.Glob(filepath.Join(n.data, "run", "*.sock"))
	for _, path := range paths {
		var number, pid int
		if _, err := fmt.Sscanf(filepath.Base(path), "%d-%d.sock", &number, &pid); err == nil {
			out = append(out, pid)
		}
	}
	return out
}

// end stops everything, and shows what the nodes said if a story failed.
func (c *cluster) end() {
	for _, n := range c.nodes {
		if n == nil || n.cmd == nil {
			continue
		}
		n.cmd.Process.Signal(syscall.SIGCONT)
		n.cmd.Process.Signal(syscall.SIGTERM)
	}
	for _, n := range c.nodes {
		if n == nil || n.cmd == nil {
			continue
		}
		select {
		case <-n.exited:
		case <-time.After(20 * time.Second):
			n.cmd.Process.Kill()
			c.t.Errorf("node %s did not end", n.name)
		}
		for _, pid := range n.pids() { // of a supervisor that was killed
			syscall.Kill(pid, syscall.SIGKILL)
		}
		n.log.Close()
		if text, _ := os.ReadFile(n.log.Name()); c.t.Failed() {
			c.t.Logf("node %s:\n%s", n.name, text[max(0, len(text)-6000):])
		}
	}
}

// instances are those that run on each node; -1 where a node does not answer.
func (c *cluster) instances() (out [3]int) {
	for i, n := range c.nodes {
		s, err := n.status()
		if out[i] = len(s.Instances); err != nil {
			out[i] = -1
		}
	}
	return out
}

// leader is the node that leads the store.
func (c *cluster) leader() (leader int) {
	c.t.Helper()
	eventually(c.t, "a member leads", func() bool {
		for _, n := range c.nodes {
			out, _, code := n.command("cluster", "members", "-o", "json")
			var all []struct {
				Name  string
				Leads bool
			}
			if code != 0 || json.Unmarshal([]byte(out), &all) != nil {
				continue
			}
			for _, m := range all {
				if m.Leads {
					leader = int(m.Name[0] - 'a')
					return true
				}
			}
		}
		return false
	})
	return leader
}
