package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

func median[T cmp.Ordered](list []T) T {
	s := slices.Sorted(slices.Values(list))
	return s[len(s)/2]
}

func column[T any](samples []sample, f func(sample) T) []T {
	var out []T
	for _, s := range samples {
		out = append(out, f(s))
	}
	return out
}

// ratios are those of two proxies' CPU per request, round by round.
func (r *result) ratios(a, b string) []float64 {
	var out []float64
	for i := range r.samples[a] {
		out = append(out, float64(r.samples[a][i].perRequest)/float64(r.samples[b][i].perRequest))
	}
	return out
}

func (r *result) progress(w io.Writer) {
	fmt.Fprintf(w, "%-30s causeway/nginx %.2f, causeway/haproxy %.2f\n", r.w.name, median(r.ratios("causeway", "nginx")), median(r.ratios("causeway", "haproxy")))
}

// report prints the tables in Markdown.
func report(w io.Writer, proxies []*server, results []result, rounds int, length time.Duration) {
	fmt.Fprintf(w, "%d rounds of %s each, in turn; medians. CPU is user and system time of the proxy's processes.\n\n", rounds, length)
	fmt.Fprintln(w, "| workload | CPU µs/request: causeway | nginx | HAProxy | causeway ÷ nginx [min–max] | causeway ÷ HAProxy [min–max] | goal ÷ nginx |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|")
	for _, r := range results {
		n, h := r.ratios("causeway", "nginx"), r.ratios("causeway", "haproxy")
		fmt.Fprintf(w, "| %s | %s | %s | %s | **%.2f** [%.2f–%.2f] | **%.2f** [%.2f–%.2f] | %.2f |\n", r.w.name, r.cpu("causeway"), r.cpu("nginx"), r.cpu("haproxy"),
			median(n), slices.Min(n), slices.Max(n), median(h), slices.Min(h), slices.Max(h), r.w.goal)
	}
	fmt.Fprintln(w, "\n| workload | proxy | requests/s | p50 | p99 | errors | share of CPU 0 |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|")
	for _, r := range results {
		for _, p := range proxies {
			s := r.samples[p.name]
			errors := 0
			for _, x := range s {
				errors += x.errors
			}
			fmt.Fprintf(w, "| %s | %s | %.0f | %s | %s | %d | %.2f |\n", r.w.name, p.name, median(column(s, func(x sample) float64 { return x.rate })),
				median(column(s, func(x sample) time.Duration { return x.p50 })), median(column(s, func(x sample) time.Duration { return x.p99 })), errors,
				median(column(s, func(x sample) float64 { return x.busy })))
		}
	}
}

func (r *result) cpu(proxy string) string {
	return fmt.Sprintf("%.1f", float64(median(column(r.samples[proxy], func(s sample) time.Duration { return s.perRequest })).Nanoseconds())/1000)
}

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
