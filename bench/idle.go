package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// reportIdle measures what idle keep-alive clients cost: each sends one request and then stays.
func reportIdle(w io.Writer, proxies []*server, clients int) error {
	fmt.Fprintf(w, "\nMemory with %d idle keep-alive clients (each had one answer):\n\n| proxy | before | with clients | a client |\n|---|---|---|---|\n", clients)
	for _, p := range proxies {
		before := residentKiB(p.cmd.Process.Pid)
		conns, err := idleClients(p.port, clients)
		if err == nil {
			time.Sleep(2 * time.Second)
			after := residentKiB(p.cmd.Process.Pid)
			fmt.Fprintf(w, "| %s | %.0f MiB | %.0f MiB | %.1f KiB |\n", p.name, float64(before)/1024, float64(after)/1024, float64(after-before)/float64(clients))
		}
		for _, c := range conns {
			c.Close()
		}
		if err != nil {
			return fmt.Errorf("open idle clients on %s: %w", p.name, err)
		}
	}
	return nil
}

func idleClients(port, n int) (conns []net.Conn, err error) {
	request := []byte("GET /1k HTTP/1.1\r\nHost: bench\r\n\r\n")
	buf := make([]byte, 8<<10)
	for i := range n {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i%8))}, Timeout: 10 * time.Second}
		c, err := d.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			return conns, err
		}
		conns = append(conns, c)
		c.SetDeadline(time.Now().Add(30 * time.Second))
		if _, err := c.Write(request); err != nil {
			return conns, err
		}
		for got := 0; got < 1<<10; {
			k, err := c.Read(buf)
			if err != nil {
				return conns, err
			}
			if got == 0 && !bytes.HasPrefix(buf[:k], []byte("HTTP/1.1 200")) {
				return conns, fmt.Errorf("answer %q", buf[:min(k, 60)])
			}
			got += k
		}
	}
	return conns, nil
}

// residentKiB is the resident memory of a process and its children.
func residentKiB(pid int) int {
	total := 0
	for _, p := range family(pid) {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p))
		for line := range strings.Lines(string(b)) {
			if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
				n, _ := strconv.Atoi(strings.Fields(rest)[0])
				total += n
			}
		}
	}
	return total
}
