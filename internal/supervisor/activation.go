package supervisor

import (
	"net"
	"os"
	"strconv"
	"syscall"
)

// firstActivated is the first descriptor that a service manager passes (sd_listen_fds(3)).
const firstActivated = 3

// activated are the listening sockets that a service manager has opened for this process: they stay open while a service is
// restarted, so that clients wait and none is refused. What is no listening socket is left alone. It takes them once.
func activated() (sockets []net.Listener) {
	pid, count := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	os.Unsetenv("LISTEN_PID") // they are not for processes that this one starts
	os.Unsetenv("LISTEN_FDS")
	os.Unsetenv("LISTEN_FDNAMES")
	n, err := strconv.Atoi(count)
	if err != nil || pid != strconv.Itoa(os.Getpid()) {
		return nil
	}
	for fd := firstActivated; fd < firstActivated+n; fd++ {
		syscall.CloseOnExec(fd)
		f := os.NewFile(uintptr(fd), "activated")
		if ln, err := net.FileListener(f); err == nil {
			sockets = append(sockets, ln)
		}
		f.Close()
	}
	return sockets
}
