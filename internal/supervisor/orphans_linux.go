package supervisor

import (
	"log/slog"

	"golang.org/x/sys/unix"
)

// adoptOrphans makes instances this process's children that lose their parent, the new program of an upgrade: so the system says how they
// end (PR_SET_CHILD_SUBREAPER).
func adoptOrphans() {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		slog.Warn("after an upgrade the system will not say how instances end", "error", err)
	}
}
