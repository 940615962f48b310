//go:build !linux

package conn

import "syscall"

// rawConn has no descriptor to offer: the connection goes through net.Conn.
func rawConn(any) syscall.RawConn { return nil }

func sysRead(uintptr, []byte) (int, error)            { return 0, syscall.ENOSYS }
func sysWrite(uintptr, *[2][]byte) (int, error)       { return 0, syscall.ENOSYS }
func peek(syscall.RawConn) (PeerState, syscall.Errno) { return PeerIdle, 0 }
