package conn

import "time"

// Kernel is what the kernel knows of a TCP connection.
type Kernel struct {
	RTT, RTTVar, MinRTT time.Duration // smoothed, its mean deviation, and the least seen lately
	Retransmits         uint32        // segments sent again over the life of the connection
	Unacked             uint32        // segments sent and not acknowledged yet
	Lost                uint32        // of those, thought lost
	SndMSS              uint32        // bytes of a full segment
	Window              uint32        // congestion window in segments
	Delivered           uint32        // segments that arrived
	BytesAcked          uint64
	BytesReceived       uint64
	DeliveryRate        uint64 // bytes a second, the latest measurement
}

// KernelOf returns what the kernel knows of c. ok is false where it knows nothing: in memory, after Close, and on systems
// other than Linux.
func KernelOf(c Conn) (k Kernel, ok bool) {
	s, is := bottom(c).(kernelConn)
	if !is {
		return k, false
	}
	return s.kernel()
}

// kernelConn is a Conn that may be a socket.
type kernelConn interface{ kernel() (Kernel, bool) }

func (c *stream) kernel() (k Kernel, ok bool) {
	if c.raw == nil || c.gone.Load() {
		return k, false
	}
	return kernelOf(c.raw)
}
