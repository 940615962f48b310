package process

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"

	"causeway/internal/evidence"
)

// Machine is what the instance has to work with.
func (p *plane) Machine() evidence.Machine {
	m := ThisMachine()
	m.Procs, m.Engine, m.Loops = processors(), p.engine.Name(), p.engine.Loops()
	m.Files, m.ConnectionsLimit, m.Connections = openFilesLimit(), p.limit, p.engine.Live()
	return m
}

// ThisMachine reads what Linux knows of the machine and of this process.
func ThisMachine() evidence.Machine {
	return evidence.Machine{
		Cores: runtime.NumCPU(), Procs: runtime.GOMAXPROCS(0), Load: load(), Memory: memory(), Used: resident(), Open: openFiles(),
	}
}

// load is the first figure of /proc/loadavg.
func load() float64 {
	v, _ := strconv.ParseFloat(firstField(read("/proc/loadavg")), 64)
	return v
}

// memory is the machine's, or the bound of the control group (version 2) where that is lower.
func memory() int64 {
	total := int64(0)
	for line := range strings.Lines(read("/proc/meminfo")) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			kib, _ := strconv.ParseInt(firstField(rest), 10, 64)
			total = kib << 10
		}
	}
	if bound, err := strconv.ParseInt(firstField(read("/sys/fs/cgroup/memory.max")), 10, 64); err == nil && bound > 0 &&
		(total == 0 || bound < total) {
		return bound
	}
	return total
}

// resident is the second figure of /proc/self/statm, in pages.
func resident() int64 {
	fields := strings.Fields(read("/proc/self/statm"))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

func openFiles() int {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(files)
}

// read is a small file of the kernel's; empty where there is none.
func read(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(b))
}

func firstField(s string) string {
	if fields := strings.Fields(s); len(fields) > 0 {
		return fields[0]
	}
	return ""
}
