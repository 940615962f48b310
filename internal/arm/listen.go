package arm

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/netutil"

	"causeway/internal/store/cluster"
)

// Bounds of a connection. The slowest honest request is a PUT over a thin line.
const (
	connectionsMax = 256
	headTime       = 5 * time.Second
	readTime       = time.Minute
	writeTime      = 2 * time.Minute
	idleTime       = 2 * time.Minute
	headMax        = 64 << 10 // bytes
)

// Hosts are the names under which an address answers, each as host:port: itself, and localhost where it is on loopback. An
// address of the whole machine has all addresses of it, and the machine's name.
func Hosts(bound net.Addr) ([]string, error) {
	host, port, err := net.SplitHostPort(bound.String())
	if err != nil {
		return nil, fmt.Errorf("the address %s of the API: %w", bound, err)
	}
	ip := net.ParseIP(host)
	names := []string{host}
	switch {
	case ip.IsUnspecified():
		if names, err = machineNames(); err != nil {
			return nil, err
		}
	case ip.IsLoopback():
		names = append(names, "localhost")
	}
	for i, n := range names {
		names[i] = net.JoinHostPort(n, port)
	}
	return names, nil
}

// Reach is the address, host:port, at which other nodes reach an API: where it is bound. One that is bound to all addresses of its machine
// they reach at node, the host of this node in its cluster, or else at the first of hosts that is an address of the machine and not on
// loopback. Empty: there is none. A link-local address, which Hosts leaves out, is none either.
func Reach(bound net.Addr, node string, hosts []string) string {
	host, port, err := net.SplitHostPort(bound.String())
	switch {
	case err != nil:
		return ""
	case !net.ParseIP(host).IsUnspecified():
		return bound.String()
	case node != "":
		return net.JoinHostPort(node, port)
	}
	for _, h := range hosts {
		name, _, _ := net.SplitHostPort(h)
		if ip := net.ParseIP(name); ip != nil && !ip.IsLoopback() {
			return h
		}
	}
	return ""
}

// machineNames are the addresses and the name of this machine.
func machineNames() ([]string, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list the addresses of this machine: %w", err)
	}
	names := []string{"localhost"}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLinkLocalUnicast() {
			names = append(names, n.IP.String())
		}
	}
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	return names, nil
}

// Endpoint is where the API answers.
type Endpoint struct {
	listener net.Listener
	http     *http.Server
}

// Serve answers for handler on a listener, with certificates of the authority for these hosts.
func Serve(ln net.Listener, handler http.Handler, authority *cluster.Authority, hosts []string) *Endpoint {
	c := &certificate{authority: authority}
	for _, h := range hosts {
		if name, _, err := net.SplitHostPort(h); err == nil && !slices.Contains(c.names, name) {
			c.names = append(c.names, name)
		}
	}
	e := &Endpoint{listener: ln, http: newHTTPServer(handler)}
	config := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get, NextProtos: []string{"h2", "http/1.1"}}
	go func() {
		err := e.http.Serve(tls.NewListener(netutil.LimitListener(ln, connectionsMax), config))
		if !errors.Is(err, http.ErrServerClosed) {
			slog.Error("the management API no longer answers", "error", err)
		}
	}()
	return e
}

func newHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headMax,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // strangers who knock
	}
}

// Listener is the API's own, for a successor.
func (e *Endpoint) Listener() net.Listener { return e.listener }

// Close ends the endpoint, and gives requests under way the time of ctx.
func (e *Endpoint) Close(ctx context.Context) error {
	err := e.http.Shutdown(ctx)
	return errors.Join(err, e.http.Close())
}

// Loopback completes an address without a host: it is on loopback, unless told otherwise.
func Loopback(address string) string {
	if strings.HasPrefix(address, ":") {
		return "127.0.0.1" + address
	}
	return address
}
