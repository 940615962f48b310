package supervisor

import (
	"log/slog"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// adoptOrphans makes instances this process's children that lose their parent, the new program of an upgrade: so the system says how they
// end (PR_SET_CHILD_SUBREAPER).
func adoptOrphans() {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		slog.Warn("after an upgrade the system will not say how instances end", "error", err)
	}
}

const (
	orphanEvery = 300 * time.Millisecond
	orphanLooks = 4 // at a dead child that whoever started it, or adopted it, would have waited for by then
)

// reapOrphans waits for dead children that nobody else waits for, until quit is closed: an instance that drained while this process
// executed another program, or one whose parent was the new program of an upgrade.
func reapOrphans(quit <-chan struct{}) {
	runtime.LockOSThread() // the system looks at the children of the calling thread first: else each look may meet another child
	tick := time.NewTicker(orphanEvery)
	defer tick.Stop()
	last, looks := 0, 0
	for {
		select {
		case <-tick.C:
		case <-quit:
			return
		}
		pid := deadChild()
		if pid != last {
			last, looks = pid, 0
		}
		if looks++; pid > 0 && looks == orphanLooks {
			_, err := unix.Wait4(pid, nil, unix.WNOHANG, nil)
			slog.Debug("a child that nobody waited for has ended", "pid", pid, "error", err)
			last = 0
		}
	}
}

// deadChild is a child that has ended and that nobody has waited for yet; 0: there is none. It stays so.
func deadChild() int {
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil); err != nil {
		return 0
	}
	const pid = 8 + unsafe.Sizeof(uintptr(0)) // offset of si_pid: the union after three integers is aligned like a pointer
	return int(*(*int32)(unsafe.Add(unsafe.Pointer(&info), pid)))
}
