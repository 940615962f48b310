// Package process makes an instance a process of its own: what it runs, how a supervisor starts it, and how they talk.
//
// An instance answers on a unix socket in the data directory, RUN/NUMBER-PID.sock, for as long as it lives. So a supervisor
// that starts anew finds the instances of one that died, and they need none to serve.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/common/expfmt"

	"causeway/internal/admin"
	"causeway/internal/fdpass"
)

// setupFile is the descriptor on which an instance finds its supervisor's first message.
const setupFile = 3

// setupTime is how long an instance waits for that.
const setupTime = 10 * time.Second

// host answers for a plane.
type host struct {
	*plane
	socket string // its path
	ln     *net.UnixListener
	ended  chan struct{}
	once   sync.Once
	talks  atomic.Int64 // conversations now: a supervisor holds one for as long as it lives
	alone  atomic.Int64 // UnixNano of when the last supervisor left that served something; 0: it is there
}

// Main is the whole life of an instance. build is the version of the program. It returns once the instance has drained.
func Main(build string) error {
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP) // whoever reads the log of this process may go before it does
	quit := make(chan os.Signal, 1)
	signal.Notify(quit, syscall.SIGTERM, syscall.SIGINT)
	first, setup, err := readSetup()
	if err != nil {
		return fmt.Errorf("start an instance: %w; causeway serve starts instances itself", err)
	}
	slog.SetDefault(slog.Default().With("instance", setup.Number))
	ln, err := admin.ReplaceSocket(socketOf(setup.Data, setup.Number, os.Getpid()))
	if err != nil {
		return fmt.Errorf("open the socket of instance %d: %w", setup.Number, err)
	}
	h := &host{
		plane:  newPlane(setup, build),
		socket: socketOf(setup.Data, setup.Number, os.Getpid()),
		ln:     ln,
		ended:  make(chan struct{}),
	}
	ctx, end := context.WithCancel(context.Background())
	defer end()
	go h.watchStalls(ctx)
	go h.beat(ctx, heartbeatOf(h.socket))
	go h.accept()
	go h.converse(first)
	select {
	case <-quit:
		h.end(time.Now().Add(signalDrain))
	case <-h.ended:
	}
	<-h.ended
	return nil
}

// aloneTime is how long an instance may have no supervisor before a line says so: in an upgrade the next one comes within a second.
const aloneTime = 10 * time.Second

// left notes that a conversation has ended. Whoever held the last one was the supervisor.
func (h *host) left() {
	if h.talks.Add(-1) > 0 {
		return
	}
	h.alone.CompareAndSwap(0, time.Now().UnixNano()) // one that cannot begin comes and leaves meanwhile
	select {
	case <-time.After(aloneTime):
		if h.talks.Load() == 0 {
			slog.Warn("the supervisor is gone; this instance goes on serving")
		}
	case <-h.ended:
	}
}

// acceptPause is how long an instance waits after it could not accept a supervisor.
const acceptPause = 100 * time.Millisecond

// signalDrain is how long an instance drains that got a signal and no word from its supervisor.
const signalDrain = 30 * time.Second

func readSetup() (*fdpass.Conn, Setup, error) {
	var setup Setup
	f := os.NewFile(setupFile, "supervisor")
	nc, err := net.FileConn(f)
	f.Close()
	if err != nil {
		return nil, setup, err
	}
	c, ok := nc.(*net.UnixConn)
	if !ok {
		return nil, setup, errors.New("descriptor 3 is no unix socket")
	}
	first := fdpass.New(c)
	first.SetDeadline(time.Now().Add(setupTime))
	if _, err := first.Receive(&setup); err != nil {
		return nil, setup, err
	}
	first.SetDeadline(time.Time{})
	return first, setup, nil
}

// end drains once, whoever asks for it. Its traces go before the socket closes: a socket's file that nobody answers tells of a death.
func (h *host) end(deadline time.Time) {
	h.once.Do(func() {
		h.drain(deadline)
		removeTraces(h.socket)
		_ = h.ln.Close()
		close(h.ended)
	})
}

func (h *host) accept() {
	for {
		c, err := h.ln.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // such as too many open files: it passes
			time.Sleep(acceptPause)
			continue
		}
		go h.converse(fdpass.New(c))
	}
}

// files are the listening sockets, for a supervisor that has lost them.
func (h *host) files() (addresses []string, files []int) {
	for address, server := range h.instance.Servers() {
		if fd, err := server.Descriptor(); err == nil { // else it was closed just now
			addresses, files = append(addresses, address), append(files, fd)
		}
	}
	return addresses, files
}

func (h *host) encodeMetrics() ([]byte, error) {
	families, err := h.metrics.Registry.Gather()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	encoder := expfmt.NewEncoder(&b, metricsFormat)
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// runName is the folder of the sockets within a data directory.
const runName = "run"

// LongestSocket is the longest path that an instance of a data directory may answer at.
func LongestSocket(data string) string { return socketOf(data, 999, 1<<22) } // process ids end there (PID_MAX_LIMIT)

// socketOf is where an instance answers.
func socketOf(data string, number, pid int) string {
	return filepath.Join(data, runName, fmt.Sprintf("%d-%d.sock", number, pid))
}
