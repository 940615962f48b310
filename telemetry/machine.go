package telemetry

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Machine is what a gateway's process has to work with, and what it uses of it now. What cannot be known on this system is 0.
type Machine struct {
	Cores            int     `json:"cores"`           // processors that the process may run on
	Procs            int     `json:"gomaxprocs"`      // that Go uses of them
	Load             float64 `json:"load"`            // of the machine: processes that run or want to, mean of a minute
	Memory           int64   `json:"memory"`          // bytes that the machine has, or the process may use of it
	Used             int64   `json:"memoryUsed"`      // bytes that the process uses (resident)
	Files            uint64  `json:"files"`           // limit of open files
	Open             int     `json:"filesOpen"`       // files that are open
	ConnectionsLimit int     `json:"connectionLimit"` // client connections that fit; 0: no limit is known
	Connections      int     `json:"connections"`     // client connections now
}

// ThisMachine reads what Linux tells of the machine and of this process.
func ThisMachine() Machine {
	return Machine{
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
	if bound, err := strconv.ParseInt(firstField(read("/sys/fs/cgroup/memory.max")), 10, 64); err == nil && bound > 0 && (total == 0 || bound < total) {
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
