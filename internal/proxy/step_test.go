package proxy

import (
	"bufio"
	"io"
	"net"
	"time"
	"unsafe"
)

// stepped moves the wall clock of a time and leaves its monotonic clock, as a step of the system's clock does to every
// time that was read before it: the first word of a time.Time with a monotonic reading holds the seconds since 1885 above
// 30 bits of nanoseconds.
func stepped(t *time.Time, by time.Duration) {
	wall := (*uint64)(unsafe.Pointer(t))
	*wall += uint64(int64(by/time.Second)) << 30
}

// reset aborts a connection.
func reset(c net.Conn) {
	c.(interface{ SetLinger(int) error }).SetLinger(0)
	c.Close()
}

func bufioReader(r io.Reader) *bufio.Reader { return bufio.NewReader(r) }
