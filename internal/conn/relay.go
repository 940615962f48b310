package conn

import (
	"sync"
	"time"
)

const copySize = 64 << 10

var buffers = sync.Pool{New: func() any { return new([copySize]byte) }}

// Pace bounds how long either side may keep a Relay waiting. Each side has its own clock, which runs only while the relay
// waits for that side: the side whose clock runs out has stalled. The zero value leaves deadlines alone.
type Pace struct {
	Read  time.Duration // between two reads of the source
	Write time.Duration // in which the destination must take some of what it is offered
}

// Relay copies n bytes (n < 0: until EOF) from src to dst under the deadlines of p, and reports which side failed. It holds
// a buffer only while it runs. lost is how many more bytes than done it has read from src: a failed write leaves them
// nowhere to go.
func Relay(dst, src Conn, n int64, p Pace) (done, lost int64, read, write error) {
	if c, ok := src.(copier); ok {
		if done, lost, read, write, ok = c.copyTo(dst, n, p); ok {
			return done, lost, read, write
		}
	}
	b := buffers.Get().(*[copySize]byte)
	defer buffers.Put(b)
	clock := pacer{Pace: p}
	for n != 0 {
		k, err := clock.await(src).Read(window(b, n))
		if k > 0 {
			if sent, err := clock.offer(dst).Write(b[:k]); err != nil {
				return done + int64(sent), int64(k - sent), nil, err
			}
			done += int64(k)
			n = left(n, k)
		}
		if err != nil {
			return done, 0, err, nil
		}
	}
	return done, 0, nil, nil
}

// copier is a Conn that relays to some others without a buffer of ours. ok is false if it has done nothing.
type copier interface {
	copyTo(dst Conn, n int64, p Pace) (done, lost int64, read, write error, ok bool)
}

// window is the part of b that may be read into when n bytes are left.
func window(b *[copySize]byte, n int64) []byte {
	if n > 0 && n < copySize {
		return b[:n]
	}
	return b[:]
}

// left is what remains of n after k bytes; a negative n stays what it is.
func left(n int64, k int) int64 {
	if n < 0 {
		return n
	}
	return n - int64(k)
}

// pacer sets the deadlines of a relay.
type pacer struct{ Pace }

// await gives src time for its next bytes.
func (p *pacer) await(src Conn) Conn {
	if p.Read > 0 {
		src.SetReadDeadline(time.Now().Add(p.Read))
	}
	return src
}

// offer gives dst time to take some bytes.
func (p *pacer) offer(dst Conn) Conn {
	if p.Write > 0 {
		dst.SetWriteDeadline(time.Now().Add(p.Write))
	}
	return dst
}
