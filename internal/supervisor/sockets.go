package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"causeway/internal/admin"
	"causeway/internal/conn"
	"causeway/internal/gateway"
	"causeway/internal/route"
)

// sockets are the listening sockets of the gateway. The supervisor only keeps them: instances accept.
type sockets struct {
	mu       sync.Mutex
	open     map[string]int // address → descriptor
	spare    map[string]int // from a predecessor or from instances of one that died; not in use yet
	services []service      // opened by the service manager, which keeps them open too: they are kept for life
	data     string         // directory of this gateway
}

func newSockets(data string) *sockets {
	return &sockets{open: map[string]int{}, spare: map[string]int{}, data: data}
}

// offer adds sockets that are open already.
func (s *sockets) offer(inherited map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for address, fd := range inherited {
		if _, ok := s.spare[address]; ok {
			syscall.Close(fd)
			continue
		}
		s.spare[address] = fd
	}
}

// service is a socket of the service manager.
type service struct {
	address string
	fd      int
	used    bool // at some time
}

// keep takes the sockets of the service manager over. They leave the runtime's poller: nobody accepts here.
func (s *sockets) keep(opened []net.Listener) {
	for _, ln := range opened {
		if fd, err := conn.Descriptor(ln); err == nil {
			s.services = append(s.services, service{address: ln.Addr().String(), fd: fd})
		}
		ln.Close()
	}
}

// opening are the sockets of a configuration that is not in force yet.
type opening struct {
	s     *sockets
	all   map[string]int
	fresh []string // opened for it
}

// listen opens what a configuration needs and is not open: all of it or nothing. A stopped gateway needs none.
func (s *sockets) listen(c *gateway.Config, at route.ListenAddr, stopped bool) (*opening, error) {
	ports, err := route.Addresses(c, at)
	if err != nil {
		return nil, err
	}
	if stopped {
		ports = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := &opening{s: s, all: map[string]int{}}
	for _, p := range ports {
		fd, ok := s.open[p.Key]
		if !ok {
			if fd, err = s.take(p.Key); err != nil {
				o.close()
				return nil, fmt.Errorf("apply the configuration: bind port %d of frontend %q: %w", p.Number, p.Frontend, err)
			}
			s.open[p.Key] = fd
			o.fresh = append(o.fresh, p.Key)
		}
		o.all[p.Key] = fd
	}
	return o, nil
}

// take takes a socket that is open already, under this or another spelling of its address, or binds one. s.mu is held.
func (s *sockets) take(address string) (int, error) {
	managed := s.serviceAt(address)
	for known, fd := range s.spare {
		if known == address || admin.SameAddress(known, address) {
			delete(s.spare, known)
			return fd, nil
		}
	}
	if managed >= 0 {
		fd, err := unix.FcntlInt(uintptr(managed), unix.F_DUPFD_CLOEXEC, 0)
		return fd, os.NewSyscallError("fcntl", err)
	}
	ln, err := listen(address)
	if err != nil {
		return -1, taken(err, address, s.data)
	}
	defer ln.Close()
	return conn.Descriptor(ln)
}

// serviceAt is the descriptor of the service manager's socket at an address, which is used from now on; -1: there is none. s.mu is held.
func (s *sockets) serviceAt(address string) int {
	for i := range s.services {
		if v := &s.services[i]; admin.SameAddress(v.address, address) {
			v.used = true
			return v.fd
		}
	}
	return -1
}

// close takes back what was opened. s.mu is held.
func (o *opening) close() {
	for _, address := range o.fresh {
		syscall.Close(o.s.open[address])
		delete(o.s.open, address)
	}
	o.fresh = nil
}

// abandon takes back what was opened.
func (o *opening) abandon() {
	o.s.mu.Lock()
	defer o.s.mu.Unlock()
	o.close()
}

// settle closes what the configuration, which is now in force, does not need.
func (o *opening) settle() {
	o.s.mu.Lock()
	defer o.s.mu.Unlock()
	for address, fd := range o.s.open {
		if _, ok := o.all[address]; !ok {
			syscall.Close(fd)
			delete(o.s.open, address)
		}
	}
}

// dropSpare closes what no configuration wanted.
func (s *sockets) dropSpare() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fd := range s.spare {
		syscall.Close(fd)
	}
	clear(s.spare)
}

// unusedServices warns of sockets of the service manager that the document has no listener for.
func (s *sockets) unusedServices() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.services {
		if !v.used {
			slog.Warn("a socket of the service manager is not used: the document has no listener there", "address", v.address)
		}
	}
}

// all returns the open sockets by address.
func (s *sockets) all() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.open)
}

// queued is how many clients wait until an instance accepts them.
func (s *sockets) queued() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fd := range s.open {
		n += queued(fd)
	}
	return n
}

// addresses are those of the open sockets, in order.
func (s *sockets) addresses() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.open))
}

// copies are descriptors of the open sockets, which the caller closes.
func (s *sockets) copies() (addresses []string, descriptors []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for address, fd := range s.open {
		if own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0); err == nil {
			addresses, descriptors = append(addresses, address), append(descriptors, own)
		}
	}
	return addresses, descriptors
}

// closeAll closes everything.
func (s *sockets) closeAll() {
	s.mu.Lock()
	for _, fd := range s.open {
		syscall.Close(fd)
	}
	clear(s.open)
	for _, v := range s.services {
		syscall.Close(v.fd)
	}
	s.services = nil
	s.mu.Unlock()
	s.dropSpare()
}

// listen binds an address.
func listen(address string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{KeepAlive: -1}).Listen(context.Background(), "tcp", address)
	if errors.Is(err, syscall.EACCES) {
		return nil, fmt.Errorf("%w; ports below 1024 need root or CAP_NET_BIND_SERVICE", err)
	}
	return ln, err
}
