package supervisor

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"causeway/internal/access"
	"causeway/internal/activity"
	"causeway/internal/admin"
	"causeway/internal/arm"
	"causeway/internal/conn"
	"causeway/internal/gateway"
	"causeway/internal/probe"
	"causeway/internal/resolve"
	"causeway/internal/store"
	"causeway/internal/store/cluster"
)

// api is the management API of this node. A nil *api stands for none.
type api struct {
	ln       net.Listener // nil: it has no address
	hosts    []string     // host:port, under every name; the first is the one to tell clients: a name of the options, if there is one
	reach    string       // host:port at which other nodes reach it, one of hosts; empty: they do not
	socket   net.Listener // nil: it has no unix socket
	path     string       // of the socket
	recorder recorder

	mu        sync.Mutex
	endpoints []*arm.Endpoint  // none: it does not answer yet
	sessions  *access.Sessions // of the portal; nil: the same
	ended     bool
}

// AuthorityFile is the certificate that clients of the management API trust, in PEM.
func AuthorityFile(data string) string { return filepath.Join(data, "api", "ca.pem") }

// openAPI opens the address and the unix socket of the management API, or goes on with those of a predecessor.
func (s *Supervisor) openAPI(inherited admin.Listeners) (a *api, err error) {
	a = &api{path: s.o.APISocket}
	if a.ln, err = admin.Inherit(s.o.API, inherited.API); err != nil {
		return nil, fmt.Errorf("open the address of the management API: %w", taken(err, s.o.API, s.o.Data))
	}
	if a.ln != nil {
		err = a.name(s.o.APINames, s.place.Dir)
	}
	if err == nil {
		a.socket, err = inheritAPISocket(a.path, inherited.APISocket)
	}
	if err != nil {
		if a.ln != nil {
			a.ln.Close()
		}
		return nil, err
	}
	if a.ln == nil && a.socket == nil {
		return nil, nil
	}
	return a, nil
}

// name finds the names of the address: those of the options, its own, and the one at which other nodes reach it.
func (a *api) name(given []string, cluster string) error {
	own, err := arm.Hosts(a.ln.Addr())
	if err != nil {
		return err
	}
	node, err := store.HostOf(cluster)
	if err != nil {
		return err
	}
	a.hosts, a.reach = append(withPort(given, a.ln.Addr()), own...), arm.Reach(a.ln.Addr(), node, own)
	if a.reach != "" && !slices.Contains(a.hosts, a.reach) {
		a.hosts = append(a.hosts, a.reach)
	}
	return nil
}

// withPort gives names the port of an address, unless they have one.
func withPort(names []string, at net.Addr) (out []string) {
	_, port, err := net.SplitHostPort(at.String())
	for _, n := range names {
		if _, _, bad := net.SplitHostPort(n); bad != nil && err == nil {
			n = net.JoinHostPort(n, port)
		}
		out = append(out, n)
	}
	return out
}

// authorityAgain is how often a node without a quorum tries to read the authority of the API.
const authorityAgain = time.Second

// serveAPI answers over the management API as soon as the store has its authority.
func (s *Supervisor) serveAPI() {
	if s.api == nil {
		return
	}
	for waiting := false; ; waiting = true {
		err := s.answerAPI()
		if err == nil {
			return
		}
		if !waiting {
			slog.Warn("the management API waits for the store", "error", err)
		}
		select {
		case <-s.quit:
			return
		case <-time.After(authorityAgain):
		}
	}
}

func (s *Supervisor) answerAPI() error {
	var authority *cluster.Authority
	if s.api.ln != nil || s.node != "" { // a node that answers only on a socket asks the others, too
		var err error
		if authority, err = s.authority(); err != nil {
			return err
		}
	}
	control := access.NewControl(shelf{s})
	server := arm.New(s, shelf{s}, &s.api.recorder, control, s.api.hosts, authority)
	s.api.mu.Lock()
	defer s.api.mu.Unlock()
	if s.api.ended {
		return nil
	}
	s.api.sessions = control.Sessions
	if s.api.ln != nil {
		s.api.endpoints = append(s.api.endpoints, arm.Serve(s.api.ln, withPortal(server, control.Sessions), authority, s.api.hosts))
		slog.Info("the management API answers", "address", "https://"+s.api.hosts[0])
	}
	if s.api.socket != nil {
		s.api.endpoints = append(s.api.endpoints, arm.ServeSocket(s.api.socket, server))
		slog.Info("the management API answers", "address", arm.SocketPrefix+s.api.path)
	}
	return nil
}

// authority signs the certificates of the API. Its own is left in a file for the clients.
func (s *Supervisor) authority() (*cluster.Authority, error) {
	ctx, cancel := context.WithTimeout(context.Background(), writeTime)
	defer cancel()
	authority, err := arm.LoadAuthority(ctx, s.Access())
	if err != nil {
		return nil, err
	}
	path := AuthorityFile(s.o.Data)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("keep the certificate of the API's authority: %w", err)
	}
	if err := replaceFile(path, authority.Cert()); err != nil {
		return nil, fmt.Errorf("keep the certificate of the API's authority: %w", err)
	}
	return authority, nil
}

// url is the address of the API; empty: there is none. With an address and a socket it is the address.
func (a *api) url() string {
	switch {
	case a == nil:
		return ""
	case a.ln == nil:
		return arm.SocketPrefix + a.path
	}
	return "https://" + a.hosts[0]
}

// listeners are those that a successor goes on with.
func (s *Supervisor) listeners() admin.Listeners {
	all := s.admin.Listeners()
	if s.api != nil {
		all.API, all.APISocket = s.api.ln, s.api.socket
	}
	return all
}

// apiEnd is how long requests under way may take at the end.
const apiEnd = time.Second

// close ends the API.
func (a *api) close() {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	ctx, cancel := context.WithTimeout(context.Background(), apiEnd)
	defer cancel()
	for _, e := range a.endpoints {
		if err := e.Close(ctx); err != nil {
			slog.Debug("the management API did not end cleanly", "error", err)
		}
	}
	a.recorder.close() // once nobody asks any longer
	for _, ln := range []net.Listener{a.ln, a.socket} {
		if ln != nil {
			ln.Close()
		}
	}
	if a.socket != nil {
		admin.RemoveAbandoned(a.path)
	}
}

// Probe asks the members of a pool once, from this process. See arm.Gateway.
func (s *Supervisor) Probe(ctx context.Context, t probe.OnDemand) (gateway.Health, error) {
	s.mu.Lock()
	d, local := s.document, s.local
	s.mu.Unlock()
	if d == nil {
		return gateway.Health{}, refusal(errNoGateway)
	}
	var loop *conn.Loop
	conn.NewGoroutines(func(l *conn.Loop) { loop = l })
	return probe.Once(ctx, d.Config, local, t, resolve.System().Lookup, loop)
}

// Activity is the activity log of this node. See arm.Gateway.
func (s *Supervisor) Activity() ([]activity.Event, error) { return activity.Read(s.o.Data) }
