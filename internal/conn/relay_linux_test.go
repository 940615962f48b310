package conn

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

const hello = "hello" // the source says it before anything else

// relayed runs Relay between two socket connections, whose far ends are given to play.
func relayed(t *testing.T, n int64, p Pace, play func(src, dst net.Conn)) (done int64, read, write error) {
	t.Helper()
	src, from := sockets(t)
	dst, to := sockets(t)
	for _, c := range []net.Conn{from, to} {
		c.(*net.TCPConn).SetReadBuffer(16 << 10)
		c.(*net.TCPConn).SetWriteBuffer(16 << 10)
	}
	from.Write([]byte(hello))
	ended := make(chan struct{})
	go func() {
		play(from, to)
		close(ended)
	}()
	done, _, read, write = Relay(dst, src, n, p)
	src.Close()
	dst.Close()
	from.Close()
	to.Close()
	<-ended
	return done, read, write
}

const relaySize = 32 << 20 // more than all buffers on the way

// The error names the side that stalls, spliced or through memory.
func TestRelayNamesWhoStalls(t *testing.T) { onKinds(t, testRelayNamesWhoStalls) }

func testRelayNamesWhoStalls(t *testing.T) {
	for _, n := range []int64{relaySize, 100 << 10} {
		done, read, write := relayed(t, n, Pace{Read: 50 * time.Millisecond, Write: time.Minute}, func(src, dst net.Conn) {
			io.Copy(io.Discard, dst)
		})
		if done != int64(len(hello)) || !errors.Is(read, os.ErrDeadlineExceeded) || write != nil {
			t.Errorf("of %d: %d, %v, %v", n, done, read, write)
		}
	}
	_, read, write := relayed(t, relaySize, Pace{Read: time.Minute, Write: 50 * time.Millisecond}, func(src, dst net.Conn) {
		src.Write(make([]byte, relaySize))
	})
	if read != nil || !errors.Is(write, os.ErrDeadlineExceeded) {
		t.Errorf("%v, %v", read, write)
	}
}

// A destination that is slow, and takes something again and again, is waited for.
func TestRelayWaitsForTheSlow(t *testing.T) { onKinds(t, testRelayWaitsForTheSlow) }

func testRelayWaitsForTheSlow(t *testing.T) {
	const size = 4 << 20
	begin := time.Now()
	done, read, write := relayed(t, size, Pace{Read: time.Minute, Write: time.Second}, func(src, dst net.Conn) {
		go src.Write(make([]byte, size-len(hello)))
		b := make([]byte, 256<<10)
		for left := size; left > 0; {
			n, err := dst.Read(b)
			if err != nil {
				return
			}
			left -= n
			time.Sleep(10 * time.Millisecond)
		}
	})
	if done != size || read != nil || write != nil {
		t.Errorf("%d, %v, %v after %v", done, read, write, time.Since(begin))
	}
}

// There is no least rate: a byte now and then keeps a relay going.
func TestRelayTrickle(t *testing.T) { onKinds(t, testRelayTrickle) }

func testRelayTrickle(t *testing.T) {
	const size = 30
	done, read, write := relayed(t, size, Pace{Read: 100 * time.Millisecond, Write: time.Minute}, func(src, dst net.Conn) {
		go io.Copy(io.Discard, dst)
		for range size - len(hello) {
			time.Sleep(10 * time.Millisecond)
			src.Write([]byte("x"))
		}
	})
	if done != size || read != nil || write != nil {
		t.Errorf("%d, %v, %v", done, read, write)
	}
}
