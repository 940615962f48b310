package main

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// What stands between these lines of a page is written by this program, the rest by hand.
const (
	pageBegin = "<!-- measured: written by make bench, do not edit -->"
	pageEnd   = "<!-- end of what was measured -->"
)

var errNoPlace = fmt.Errorf("it has no lines %q and %q, one after the other, between which to write", pageBegin, pageEnd)

// readPage is a page that can be written to: nobody wants to learn after half an hour that it cannot.
func readPage(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if _, err := replaceMeasured(string(b), ""); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return string(b), nil
}

// replaceMeasured is a page with other figures.
func replaceMeasured(page, measured string) (string, error) {
	before, rest, begins := strings.Cut(page, pageBegin)
	_, after, ends := strings.Cut(rest, pageEnd)
	if !begins || !ends {
		return "", errNoPlace
	}
	return before + pageBegin + "\n\n" + strings.TrimSpace(measured) + "\n\n" + pageEnd + after, nil
}

// heading begins a part of the report.
func heading(w io.Writer, title, text string) {
	fmt.Fprintf(w, "\n## %s\n\n", title)
	if text != "" {
		fmt.Fprintf(w, "%s\n\n", text)
	}
}

// reportSetting prints what was measured, when and where.
func (p *plan) reportSetting(w io.Writer) {
	fmt.Fprintf(w,
		"Measured on %s: %d rounds of %s each, in turn; medians, and [least–greatest] of the ratios within a round. CPU is user\nand system time of the proxy's processes.\n\n",
		time.Now().UTC().Format(time.DateOnly), p.rounds, p.length)
	fmt.Fprintf(w, "- machine: %s, %d processors, Linux %s\n", processor(), runtime.NumCPU(), said(`(\d[\d.]*\d)`, "uname", "-r"))
	fmt.Fprintf(w, "- load average when it began: %s; what others do on the machine widens the spans\n",
		said(`average: ([\d.]+)`, "uptime"))
	if p.compare == "" { // two builds are not of one commit
		fmt.Fprintf(w, "- Causeway %s, built with %s\n", said(`(\S+)`, "git", "describe", "--always", "--dirty"), goVersion(p.binary))
	}
	if !p.onlyCompare {
		fmt.Fprintf(w, "- nginx %s, HAProxy %s\n", said(`nginx/(\S+)`, "nginx", "-v"), said(`version (\d[\d.]*\d)`, "haproxy", "-v"))
	}
	fmt.Fprintf(w, "- load: wrk %s, and clients of our own for handshakes and fixed rates\n", said(`(\d[\d.]*\d)`, "wrk", "--version"))
}

const unknown = "(unknown)"

// said is what a pattern finds in what a command prints.
func said(pattern, name string, args ...string) string {
	out, err := exec.Command(name, args...).CombinedOutput()
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) { // wrk shows its version and fails
		return unknown
	}
	if m := regexp.MustCompile(pattern).FindSubmatch(out); m != nil {
		return string(m[1])
	}
	return unknown
}

func goVersion(binary string) string {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return "an unknown Go"
	}
	return strings.Replace(info.GoVersion, "go", "Go ", 1)
}

// processor is the model of CPU 0.
func processor() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
