package main

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// wrk plays a workload with the program of that name.
func wrk(w *workload, port int, length time.Duration) (sample, error) {
	scheme := "http"
	if w.tls {
		scheme = "https"
	}
	args := []string{"-t1", "-c" + strconv.Itoa(w.connections), fmt.Sprintf("-d%.0fs", length.Seconds()), "--latency", "--timeout", "10s"}
	if w.script != "" {
		args = append(args, "-s", w.script)
	}
	out, err := pinned("1", "wrk", append(args, fmt.Sprintf("%s://127.0.0.1:%d%s", scheme, port, w.path))...).Output()
	if err != nil {
		return sample{}, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	return parse(string(out))
}

var (
	requestsLine = regexp.MustCompile(`(\d+) requests in`)
	rateLine     = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	quantileLine = regexp.MustCompile(`(?m)^\s+(50|99)%\s+([\d.]+)(us|ms|s)`)
	errorsLine   = regexp.MustCompile(`Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
	statusLine   = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
)

// parse reads what wrk prints.
func parse(out string) (s sample, err error) {
	m := requestsLine.FindStringSubmatch(out)
	if m == nil {
		return s, fmt.Errorf("wrk printed no count of requests:\n%s", out)
	}
	s.requests, _ = strconv.Atoi(m[1])
	if m := rateLine.FindStringSubmatch(out); m != nil {
		s.rate, _ = strconv.ParseFloat(m[1], 64)
	}
	for _, m := range quantileLine.FindAllStringSubmatch(out, -1) {
		d, _ := time.ParseDuration(m[2] + m[3])
		if m[1] == "50" {
			s.p50 = d
		} else {
			s.p99 = d
		}
	}
	for _, re := range []*regexp.Regexp{errorsLine, statusLine} {
		for _, m := range re.FindAllStringSubmatch(out, -1) {
			for _, n := range m[1:] {
				k, _ := strconv.Atoi(n)
				s.errors += k
			}
		}
	}
	return s, nil
}
