package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"causeway/bench/family"
	"causeway/bench/load"
)

const idleGoalClients = 9000

// idleKinds are how clients stay, with the goal: the MiB that idleGoalClients of them may take.
var idleKinds = []struct {
	name   string
	offset int // of the port
	dress  func(net.Conn) net.Conn
	goal   float64
}{
	{"keep-alive", 0, func(c net.Conn) net.Conn { return c }, 26},
	{"keep-alive, TLS 1.3", tlsOffset, func(c net.Conn) net.Conn { return tls.Client(c, load.FullHandshake()) }, 110},
}

// settling is how long a proxy has to put in order what its clients left.
const settling = 3 * time.Second

// reportIdle prints what idle clients cost: each asks once, over TCP or TLS, and then stays. Each kind meets a process
// that has served nobody before.
func (p *plan) reportIdle(w io.Writer, dir string, clients int) error {
	heading(w, "Memory",
		fmt.Sprintf("Resident memory with %d idle clients, each of which had one answer, above that of a process that has served nobody.",
			clients))
	t := table{header: []string{"clients", "proxy", "empty", "with clients", "more", "a client", "goal", "met"}}
	for k, kind := range idleKinds {
		for i, e := range p.lineUp() {
			if e.name == forwarder { // it ends no TLS
				continue
			}
			s, err := e.in(filepath.Join(dir, fmt.Sprintf("idle-%d-%d", k, i)), portBase+60+i)
			if err != nil {
				return err
			}
			p.turn.take()
			before, after, err := s.withClients(func() ([]net.Conn, error) { return gather(s.port+kind.offset, clients, kind.dress) })
			if err != nil {
				return fmt.Errorf("idle clients on %s: %w", e.name, err)
			}
			goal, ok := "", ""
			if g := kind.goal * float64(clients) / idleGoalClients; e.name == this {
				goal, ok = fmt.Sprintf("%.0f MiB", g), met(after-before <= g)
			}
			t.add(kind.name, e.name, fmt.Sprintf("%.0f MiB", before), fmt.Sprintf("%.0f MiB", after), fmt.Sprintf("%.1f MiB", after-before),
				fmt.Sprintf("%.1f KiB", (after-before)*1024/float64(clients)), goal, ok)
		}
	}
	t.print(w)
	return nil
}

// withClients runs a proxy and is its memory in MiB without and with clients.
func (s *server) withClients(gather func() ([]net.Conn, error)) (before, after float64, err error) {
	err = s.start()
	defer s.stop()
	if err != nil {
		return 0, 0, err
	}
	time.Sleep(settling)
	before = residentMiB(s.cmd.Process.Pid)
	conns, err := gather()
	time.Sleep(settling)
	after = residentMiB(s.cmd.Process.Pid)
	for _, c := range conns {
		c.Close()
	}
	return before, after, err
}

// gather connects clients, eight at a time, and lets each ask once.
func gather(port, clients int, dress func(net.Conn) net.Conn) ([]net.Conn, error) {
	const atOnce = 8
	var all sync.WaitGroup
	var conns [atOnce][]net.Conn
	var failed [atOnce]error
	for i := range atOnce {
		all.Go(func() {
			// An address has too few ports for all clients.
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i))}, Timeout: 10 * time.Second}
			for n := i; n < clients && failed[i] == nil; n += atOnce {
				var c net.Conn
				if c, failed[i] = d.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port)); failed[i] == nil {
					conns[i] = append(conns[i], c)
					failed[i] = askOnce(dress(c))
				}
			}
		})
	}
	all.Wait()
	var list []net.Conn
	for i := range atOnce {
		list = append(list, conns[i]...)
		if failed[i] != nil {
			return list, failed[i]
		}
	}
	return list, nil
}

func askOnce(c net.Conn) error {
	c.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(c, "GET /1k HTTP/1.1\r\nHost: bench\r\n\r\n"); err != nil {
		return err
	}
	buf := make([]byte, 8<<10)
	for got := 0; got < 1<<10; {
		n, err := c.Read(buf)
		if err != nil {
			return err
		}
		if got == 0 && !bytes.HasPrefix(buf[:n], []byte("HTTP/1.1 200")) {
			return fmt.Errorf("answer %q", buf[:min(n, 60)])
		}
		got += n
	}
	return nil
}

// idleRoom is how many idle clients this machine's limit of open files allows: Causeway keeps a second descriptor for
// each client, and some for itself.
func idleRoom() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0
	}
	return int(min(l.Max, 1<<20))/2 - 500
}

// residentMiB is the resident memory of a process and its children.
func residentMiB(pid int) float64 {
	total := 0
	for _, p := range family.Of(pid) {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p))
		for line := range strings.Lines(string(b)) {
			if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
				n, _ := strconv.Atoi(strings.Fields(rest)[0])
				total += n
			}
		}
	}
	return float64(total) / 1024
}
