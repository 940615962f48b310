package supervisor

import "golang.org/x/sys/unix"

// queued is how many clients wait at a listening socket until an instance accepts them.
func queued(fd int) int {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0
	}
	return int(info.Unacked) // of a listening socket: the length of its queue
}
