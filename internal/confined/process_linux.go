package confined

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// attributes let a process end with its parent, and keep the signals of a terminal from it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

const (
	niceness = 10
	badness  = 1000 // the first that the kernel ends when memory is short
)

// yield lets a process give way to others. Where that is not possible, it runs as they do.
func yield(pid int) {
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, pid, niceness)
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), strconv.AppendInt(nil, badness, 10), 0)
}

// resident is how much memory a process has, in bytes; 0: unknown.
func resident(pid int) int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	fields := bytes.Fields(b)
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize())
}
