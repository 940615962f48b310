package conn

import (
	"io"
	"os"
	"syscall"
)

// copyTo splices between sockets of a loop.
func (s *sock) copyTo(dst Conn, n int64, pace Pace) (done, lost int64, read, write error, ok bool) {
	d, is := dst.(*sock)
	if !is || d.l != s.l || n >= 0 && n < spliceMin {
		return 0, 0, nil, nil, false
	}
	return spliceAll(d, s, n, pace)
}

// fill and empty make a sock spliceable.
func (s *sock) fill(p *pipe, want int) (int, error) {
	f, err := s.check(s.rd)
	if err != nil {
		return 0, err
	}
	for {
		if s.rready {
			k, e := splice(s.fd, p.w, want)
			if e == nil && k > 0 {
				f.left -= k
				return k, nil
			}
			if e != syscall.EAGAIN {
				if e == nil && s.broken != 0 {
					e = s.broken
				}
				if e == nil {
					return 0, io.EOF
				}
				return 0, os.NewSyscallError("splice", e)
			}
			s.rready = false
		}
		if err := s.await(f, false); err != nil {
			return 0, err
		}
	}
}

func (s *sock) empty(p *pipe, held int) (int, error) {
	f, err := s.check(s.wd)
	if err != nil {
		return 0, err
	}
	for {
		if s.wready {
			k, e := splice(p.r, s.fd, held)
			if e == nil {
				return k, nil
			}
			if e != syscall.EAGAIN {
				return 0, os.NewSyscallError("splice", e)
			}
			s.wready = false
		}
		if err := s.await(f, true); err != nil {
			return 0, err
		}
	}
}
