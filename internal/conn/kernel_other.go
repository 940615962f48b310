//go:build !linux

package conn

import "syscall"

func kernelOf(syscall.RawConn) (Kernel, bool) { return Kernel{}, false }
