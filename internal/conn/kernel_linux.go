package conn

import (
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// tcpInfo reads TCP_INFO without an allocation.
type tcpInfo struct {
	f    func(fd uintptr)
	info unix.TCPInfo
	ok   bool
}

var tcpInfos = sync.Pool{New: func() any {
	a := new(tcpInfo)
	a.f = a.read
	return a
}}

func (a *tcpInfo) read(fd uintptr) {
	a.info = unix.TCPInfo{} // an older kernel fills only the front
	size := uint32(unsafe.Sizeof(a.info))
	_, _, e := syscall.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.IPPROTO_TCP, unix.TCP_INFO,
		uintptr(unsafe.Pointer(&a.info)), uintptr(unsafe.Pointer(&size)), 0)
	a.ok = e == 0
}

func kernelOf(raw syscall.RawConn) (k Kernel, ok bool) {
	a := tcpInfos.Get().(*tcpInfo)
	defer tcpInfos.Put(a)
	a.ok = false
	if raw.Control(a.f) != nil || !a.ok {
		return k, false
	}
	return a.kernel(), true
}

func kernelOfFD(fd uintptr) (k Kernel, ok bool) {
	a := tcpInfos.Get().(*tcpInfo)
	defer tcpInfos.Put(a)
	if a.read(fd); !a.ok {
		return k, false
	}
	return a.kernel(), true
}

func (a *tcpInfo) kernel() Kernel {
	i := &a.info
	return Kernel{
		RTT: micros(i.Rtt), RTTVar: micros(i.Rttvar), MinRTT: micros(i.Min_rtt),
		Retransmits: i.Total_retrans, Unacked: i.Unacked, Lost: i.Lost,
		SndMSS: i.Snd_mss, Window: i.Snd_cwnd, Delivered: i.Delivered,
		BytesAcked: i.Bytes_acked, BytesReceived: i.Bytes_received, DeliveryRate: i.Delivery_rate,
	}
}

func micros(n uint32) time.Duration { return time.Duration(n) * time.Microsecond }
