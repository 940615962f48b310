package supervisor

import (
	"encoding/hex"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// portOwners are the processes that listen at an address, as far as this user may see: /proc shows the sockets of a process to its own
// user and to root (proc_pid_fd(5)).
func portOwners(address string) (owners []portOwner) {
	inodes := listeningAt(address)
	if len(inodes) == 0 {
		return nil
	}
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		pid, _ := strconv.Atoi(filepath.Base(folder))
		sockets := socketsOf(folder)
		if pid == 0 || !slices.ContainsFunc(sockets, func(s string) bool { return inodes[s] }) {
			continue
		}
		owners = append(owners, ownerIn(folder, pid, sockets))
	}
	return owners
}

// processOwner is a process as the owner of an address.
func processOwner(pid int) portOwner {
	folder := filepath.Join("/proc", strconv.Itoa(pid))
	return ownerIn(folder, pid, socketsOf(folder))
}

func ownerIn(folder string, pid int, sockets []string) portOwner {
	name, _ := os.ReadFile(filepath.Join(folder, "comm"))
	o := portOwner{pid: pid, name: strings.TrimSpace(string(name))}
	o.data, o.causeway = dataOf(folder, sockets)
	return o
}

// listeningAt are the inodes of the TCP sockets that listen at an address, or at all addresses with its port.
func listeningAt(address string) map[string]bool {
	host, port, err := net.SplitHostPort(address)
	number, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || bad != nil {
		return nil
	}
	inodes := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table)
		for line := range strings.Lines(string(text)) {
			const local, state, inode, listens = 1, 3, 9, "0A" // proc_pid_net(5)
			f := strings.Fields(line)
			if len(f) <= inode || f[state] != listens {
				continue
			}
			at, p, _ := strings.Cut(f[local], ":")
			if n, err := strconv.ParseUint(p, 16, 16); err == nil && n == number && overlaps(kernelIP(at), net.ParseIP(host)) {
				inodes[f[inode]] = true
			}
		}
	}
	return inodes
}

// kernelIP reads an address as the kernel prints it: words of four bytes, each in the order of a little-endian machine.
func kernelIP(text string) net.IP {
	b, err := hex.DecodeString(text)
	if err != nil || len(b)%4 != 0 {
		return nil
	}
	for i := 0; i < len(b); i += 4 {
		slices.Reverse(b[i : i+4])
	}
	return b
}

// overlaps reports whether two sockets at these addresses would share clients. No address stands for all.
func overlaps(a, b net.IP) bool {
	return a == nil || b == nil || a.IsUnspecified() || b.IsUnspecified() || a.Equal(b)
}

// socketsOf are the inodes of the sockets that a process has open.
func socketsOf(folder string) (inodes []string) {
	descriptors, _ := os.ReadDir(filepath.Join(folder, "fd"))
	for _, d := range descriptors {
		target, _ := os.Readlink(filepath.Join(folder, "fd", d.Name()))
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			inodes = append(inodes, strings.TrimSuffix(inode, "]"))
		}
	}
	return inodes
}

// ownSocket is a socket that a supervisor or an instance of a data directory listens at.
var ownSocket = regexp.MustCompile(`^(.*)/(?:admin|next|run/\d+-\d+)\.sock~?$`)

// dataOf is the data directory of the supervisor or the instance that has these sockets; false: the process is neither.
func dataOf(folder string, sockets []string) (data string, ok bool) {
	text, _ := os.ReadFile("/proc/net/unix")
	for line := range strings.Lines(string(text)) {
		const inode, path = 6, 7
		f := strings.Fields(line)
		if len(f) <= path || !slices.Contains(sockets, f[inode]) {
			continue
		}
		if m := ownSocket.FindStringSubmatch(f[path]); m != nil {
			if data = m[1]; !filepath.IsAbs(data) {
				cwd, _ := os.Readlink(filepath.Join(folder, "cwd"))
				data = filepath.Join(cwd, data)
			}
			return data, true
		}
	}
	return "", false
}
