package conn

import "sync"

const copySize = 64 << 10

var buffers = sync.Pool{New: func() any { return new([copySize]byte) }}

// copier is a Conn that can relay to some others without a buffer of ours. ok is false if it has done nothing.
type copier interface {
	copyTo(dst Conn, n int64) (done int64, read, write error, ok bool)
}

// Copy relays n bytes (n < 0: until EOF) and says which side failed. It holds a buffer only while bytes are under way.
func Copy(dst, src Conn, n int64) (done int64, read, write error) {
	if c, ok := src.(copier); ok {
		if done, read, write, ok = c.copyTo(dst, n); ok {
			return done, read, write
		}
	}
	b := buffers.Get().(*[copySize]byte)
	defer buffers.Put(b)
	for n != 0 {
		p := b[:]
		if n > 0 && n < int64(len(p)) {
			p = p[:n]
		}
		k, err := src.Read(p)
		if k > 0 {
			if _, write = dst.Write(p[:k]); write != nil {
				return done, nil, write
			}
			done += int64(k)
			n = left(n, k)
		}
		if err != nil {
			return done, err, nil
		}
	}
	return done, nil, nil
}

// left is what remains of n after k bytes; a negative n stays what it is.
func left(n int64, k int) int64 {
	if n < 0 {
		return n
	}
	return n - int64(k)
}
