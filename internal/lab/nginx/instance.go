package nginx

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"causeway/internal/lab/stage"
)

const (
	accessLog = "access.log"
	errorLog  = "error.log"
)

// ErrMissing says that nginx is not installed.
var ErrMissing = errors.New("nginx is not installed")

// Program is nginx's path, also where it is not on that of an ordinary user.
func Program() (string, error) {
	for _, name := range []string{"nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrMissing
}

// instance is one nginx process: an instance of the gateway.
type instance struct {
	config  Configuration
	command *exec.Cmd
	ended   chan struct{}
	closed  atomic.Bool
}

// startInstance starts nginx in a directory of its own; it returns once nginx takes connections.
func startInstance(c Configuration) (*instance, error) {
	program, err := Program()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a directory for nginx: %w", err)
	}
	port, err := stage.FreePort("127.0.0.1")
	if err != nil {
		return nil, err
	}
	c.Listen = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	i := &instance{config: c, ended: make(chan struct{})}
	if err := i.write(); err != nil {
		return nil, err
	}
	i.command = exec.Command(program, "-p", c.Dir, "-c", filepath.Join(c.Dir, "nginx.conf"), "-e", filepath.Join(c.Dir, errorLog))
	var said bytes.Buffer
	i.command.Stderr = &said
	if err := i.command.Start(); err != nil {
		return nil, fmt.Errorf("start nginx: %w", err)
	}
	go func() {
		i.command.Wait()
		close(i.ended)
	}()
	if err := i.listens(); err != nil {
		i.stop()
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	return i, nil
}

// patience is how long nginx may take to start, to reload and to stop.
const patience = 10 * time.Second

func (i *instance) listens() error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case <-i.ended:
			return errors.New("nginx ended at once")
		default:
		}
		c, err := net.DialTimeout("tcp", i.config.Listen, time.Second)
		if err == nil {
			return c.Close()
		}
	}
	return errors.New("nginx takes no connections")
}

// write puts the configuration and the trusted certificates on disk.
func (i *instance) write() error {
	for _, p := range i.config.Site.Pools {
		if p.Root == nil {
			continue
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Root})
		if err := os.WriteFile(filepath.Join(i.config.Dir, p.Name+".pem"), text, 0o600); err != nil {
			return fmt.Errorf("write a trusted certificate: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(i.config.Dir, "nginx.conf"), []byte(i.config.Text()), 0o600); err != nil {
		return fmt.Errorf("write nginx's configuration: %w", err)
	}
	return nil
}

// reload serves a site with other members. Requests under way end on the worker that began them.
func (i *instance) reload(site stage.Site, servers map[string][]string) error {
	i.config.Site, i.config.Servers = site, servers
	if err := i.write(); err != nil {
		return err
	}
	if err := i.command.Process.Signal(syscall.SIGHUP); err != nil {
		return fmt.Errorf("reload nginx: %w", err)
	}
	return nil
}

// stop lets requests under way end within a while.
func (i *instance) stop() {
	if i.closed.Swap(true) {
		return
	}
	i.command.Process.Signal(syscall.SIGQUIT)
	select {
	case <-i.ended:
		return
	case <-time.After(drainTime):
	}
	i.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-i.ended:
	case <-time.After(patience):
		i.command.Process.Kill()
		<-i.ended
	}
}

// drainTime is how long requests may go on when the gateway stops.
const drainTime = 2 * time.Second
