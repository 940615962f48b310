package supervisor

import (
	"time"
	"unsafe"
)

// stepped is a time whose wall clock read something else, and whose monotonic clock is as it was: what a reading from before a
// step of the system's clock looks like. The first word of a time.Time with a monotonic reading holds the seconds since 1885
// above 30 bits of nanoseconds.
func stepped(t time.Time, by time.Duration) time.Time {
	*(*uint64)(unsafe.Pointer(&t)) += uint64(int64(by/time.Second)) << 30
	return t
}
