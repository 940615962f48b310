package conn

import "time"

// Arrived returns since when, at the earliest, there has been something to read that the handler was called for, or that its
// read waited for: the time in the kernel's queue and in that of the loop is included. It costs nothing. The zero time says that
// the engine does not know: runtime and goroutines do not tell.
func Arrived(c Conn) time.Time {
	if s, ok := bottom(c).(interface{ arrived() time.Time }); ok {
		return s.arrived()
	}
	return time.Time{}
}

// FirstByte returns the first byte that has arrived and leaves it there. It does not wait; ok is false if there is none, or if the engine
// cannot tell.
func FirstByte(c Conn) (b byte, ok bool) {
	if s, is := bottom(c).(interface{ firstByte() (byte, bool) }); is {
		return s.firstByte()
	}
	return 0, false
}
