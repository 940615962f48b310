// Package admin is how other commands talk to a running gateway: a control socket for its owner, and a read-only TCP
// address for health checks and metrics.
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/net/netutil"

	"causeway/internal/access"
	"causeway/internal/activity"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/store"
)

// Gateway is what a running gateway lets its owner do.
type Gateway interface {
	// Config returns what is being served.
	Config() Config
	// Apply serves another configuration. A nil part stays as it is. An error changes nothing; nor does a ctx that ends
	// before the configuration is in force. An error that is a *Refusal has a hint.
	Apply(ctx context.Context, c Config) ([]gateway.Problem, error)
	// SetRunning starts a gateway that was stopped, or stops it. An error changes nothing.
	SetRunning(ctx context.Context, running bool) error
	// Upgrade lets the program that is now installed take over. It returns once that serves. An error changes nothing.
	Upgrade(ctx context.Context) error
	// Health is the backend health as the instances see it. The error says why none of them tells.
	Health() (gateway.Health, error)
	Status() Status
	Machine() evidence.Machine

	// History lists the changes that the store keeps, the newest first.
	History(ctx context.Context) ([]store.Change, error)
	// At is the configuration as it was at a revision; the error is store.ErrNoRevision where it is not kept.
	At(ctx context.Context, revision int64) (Config, error)
	// Rollback serves the configuration of an earlier revision, as a new one. replaces is what Config.Revision is to Apply. Errors are
	// those of Apply and At.
	Rollback(ctx context.Context, revision, replaces int64) ([]gateway.Problem, error)
	// Backup writes the whole store, for these recipients if there are any.
	Backup(ctx context.Context, w io.Writer, recipients []string) error

	// InvitePortal makes a link that signs a browser in to the portal, once, as the caller with that name. An error is a *Refusal.
	InvitePortal(caller string) (link string, err error)
	// Access is where the credentials of the management API are kept.
	Access() access.Store
	// Note writes an event into the activity log.
	Note(e activity.Event)
}

// Config is what a gateway serves, or is asked to serve. Of the Source, Parameters go with the Document, and Dir with Local.
type Config struct {
	document.Source
	Allow []string `json:"allowUnserved,omitempty"` // protections that the document may ask for in vain; nil: as before

	// Revision is the one that is served, or that a change replaces: the change is refused if another is in force by then. 0: a
	// change replaces whatever is. NoRevision: it replaces none.
	Revision int64 `json:"revision,omitempty"`
}

// NoRevision is the Revision of a change that is refused if there has been a configuration already.
const NoRevision = -1

// Absence is a node of the cluster that does not run, or has lost its quorum.
type Absence struct {
	Node  string    `json:"node"`
	Since time.Time `json:"since,omitzero"` // about: its sign of life lasts ten seconds; zero: it was away when this supervisor started
}

// Status is what a gateway says of itself.
type Status struct {
	Ready    bool      `json:"ready"`
	Name     string    `json:"name"`
	Revision uint64    `json:"revision"`
	Applied  time.Time `json:"applied"`
	Started  time.Time `json:"started"`
	PID      int       `json:"pid"`
	Version  string    `json:"version"` // of the program
	Logs     string    `json:"logs"`    // root of the logs of all instances
	Lost     int64     `json:"lostRecords"`
	Ports    []string  `json:"ports"`

	Stopped   bool       `json:"stopped,omitempty"` // on purpose
	Deleted   bool       `json:"deleted,omitempty"` // there is no gateway: none was created yet, or it was deleted
	Lagging   []string   `json:"lagging,omitempty"` // why this node may not serve the newest configuration; none: it does
	Node      string     `json:"node,omitempty"`    // name in the cluster; empty: there is no cluster
	Want      int        `json:"want"`              // instances that shall run here
	Instances []Instance `json:"instances"`
	Unheld    string     `json:"unheld,omitempty"` // why budgets are not held here, in words; empty: they are

	Failed string `json:"upgradeFailed,omitempty"` // why the last upgrade went back to this program; empty: it did not

	Nodes []store.Node `json:"nodes,omitempty"` // of the cluster, as a quorum last said
	Away  []Absence    `json:"away,omitempty"`  // the other nodes of the cluster, which do not run

	API string `json:"api,omitempty"` // address of the management API, https://HOST:PORT; empty: it is off

	Unserved []gateway.Unserved `json:"unserved,omitempty"` // protections that the document asks for and that are not given
}

// Instance is what the gateway says of one of its instances.
type Instance struct {
	ID          string    `json:"id"` // as records name it
	Number      int       `json:"number"`
	PID         int       `json:"pid"`
	Build       string    `json:"build"` // version of its program
	Started     time.Time `json:"started"`
	Revision    uint64    `json:"revision"` // of the configuration that it serves
	Connections int       `json:"connections"`
	Lost        int64     `json:"lostRecords"`
	Restarts    int       `json:"restarts"` // times that this number had to be replaced

	SizeName   string       `json:"sizeName"`
	Size       gateway.Size `json:"size"` // its budget
	CPUHeld    bool         `json:"cpuHeld"`
	MemoryHeld bool         `json:"memoryHeld"`
	CPUUsed    float64      `json:"cpuUsed"`    // share of the CPU budget, in the last seconds
	Throttled  float64      `json:"throttled"`  // share of the periods of 100 ms in which the budget was used up
	MemoryUsed int64        `json:"memoryUsed"` // bytes

	Silent  float64 `json:"silent,omitempty"`  // seconds since its last answer, if it does not answer
	Problem string  `json:"problem,omitempty"` // that, and what happens next, in words
}

// Reply is the answer to Apply.
type Reply struct {
	Applied  bool              `json:"applied"`
	Revision uint64            `json:"revision,omitempty"` // in force after it
	Problems []gateway.Problem `json:"problems,omitempty"`
	Error    string            `json:"error,omitempty"`
	Hint     string            `json:"hint,omitempty"`
}

const bodyMax = 64 << 20

// Server serves a Gateway.
type Server struct {
	socket  net.Listener
	address net.Listener
	servers []*http.Server
}

// Listen takes the control socket (mode 0600) and, unless empty, the read-only TCP address. Nothing is answered before
// Serve, but another gateway on the same data directory is refused from now on.
func Listen(socket, address string) (*Server, error) {
	if c, err := net.DialTimeout("unix", socket, time.Second); err == nil {
		c.Close()
		return nil, fmt.Errorf("open the control socket %s: %w", socket, ErrTaken)
	}
	return Succeed(socket, address, Listeners{})
}

// Listeners are those of a gateway before this one; each may be nil.
type Listeners struct {
	Control net.Listener // of the control socket: only the same process can go on with it
	Address net.Listener // of the read-only address
	API     net.Listener // of the management API, which another package serves

	APISocket net.Listener // of its unix socket
}

// Succeed takes the control socket over from a gateway that is about to go, and its read-only address if that is the one
// wanted. The control socket comes last: if anything fails, the other gateway still has it.
func Succeed(socket, address string, inherited Listeners) (s *Server, err error) {
	s = &Server{}
	if s.address, err = Inherit(address, inherited.Address); err != nil {
		return nil, fmt.Errorf("open the admin address: %w", err)
	}
	if s.socket = inherited.Control; s.socket != nil {
		return s, nil
	}
	if s.socket, err = ReplaceSocket(socket); err != nil {
		if s.address != nil {
			s.address.Close()
		}
		return nil, fmt.Errorf("open the control socket %s: %w", socket, err)
	}
	return s, nil
}

// Inherit opens a TCP address, or goes on with an inherited listener where that is the same. An empty address is none.
func Inherit(address string, inherited net.Listener) (net.Listener, error) {
	if inherited != nil {
		if address != "" && SameAddress(inherited.Addr().String(), address) {
			return inherited, nil
		}
		inherited.Close()
	}
	if address == "" {
		return nil, nil
	}
	return net.Listen("tcp", address)
}

// socketMax is how many bytes the path of a unix socket may have: sun_path of Linux, less its end.
const socketMax = 107

// CheckSocket refuses a path that is too long for a control socket.
func CheckSocket(path string) error {
	if n := len(path) + len(fresh); n > socketMax {
		return fmt.Errorf("open the control socket %s: %w", path, &net.OpError{
			Op: "listen", Net: "unix", Err: fmt.Errorf("its path has %d bytes, and a socket's may have %d", n, socketMax),
		})
	}
	return nil
}

// ErrTaken is returned when a gateway is running on the data directory.
var ErrTaken = errors.New("another gateway is running on this data directory")

// ReplaceSocket listens on a unix socket (mode 0600) that takes the place of another's at once: there is no moment without
// one. Close leaves the file behind, because by then it may be a successor's; RemoveAbandoned knows.
func ReplaceSocket(path string) (*net.UnixListener, error) {
	first := path + fresh
	os.Remove(first) // of a gateway that died at this point
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: first, Net: "unix"})
	if err != nil {
		return nil, err
	}
	ln.SetUnlinkOnClose(false)
	if err = os.Chmod(first, 0o600); err == nil {
		err = os.Rename(first, path)
	}
	if err != nil {
		ln.Close()
		os.Remove(first)
		return nil, err
	}
	return ln, nil
}

// RemoveAbandoned removes the file of a unix socket unless somebody listens there. Its owner calls it after Close: whether a
// successor has replaced the file only the socket itself tells reliably, since a successor replaces it before it reports so.
func RemoveAbandoned(path string) {
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		c.Close()
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		os.Remove(path)
	}
}

// SocketPath is the path at which a listener of ReplaceSocket answers, also one that was passed on.
func SocketPath(ln net.Listener) string { return strings.TrimSuffix(ln.Addr().String(), fresh) }

// fresh ends the name that a socket is bound under before it takes its place.
const fresh = "~"

// SameAddress reports whether a listener that is bound at one address is the one that was asked for by another. All
// addresses have several spellings, and a socket for both families has that of IPv6.
func SameAddress(bound, wanted string) bool {
	host, port, err := net.SplitHostPort(bound)
	wantedHost, wantedPort, bad := net.SplitHostPort(wanted)
	if err != nil || bad != nil || port != wantedPort {
		return false
	}
	a := net.ParseIP(host)
	if wantedHost == "" {
		return a.IsUnspecified()
	}
	addresses, err := net.LookupIP(wantedHost) // an address is looked up as itself
	return err == nil && slices.ContainsFunc(addresses, func(b net.IP) bool {
		return a.Equal(b) || a.IsUnspecified() && b.IsUnspecified()
	})
}

// Serve answers for g.
func (s *Server) Serve(g Gateway, metrics prometheus.Gatherer) {
	s.serve(peerListener{s.socket}, named(control(g, metrics)))
	if s.address != nil {
		s.serve(s.address, public(g, metrics))
	}
}

// Listeners are its own, for a successor.
func (s *Server) Listeners() Listeners { return Listeners{Control: s.socket, Address: s.address} }

// Address is where the read-only part is served; nil if it is not.
func (s *Server) Address() net.Addr {
	if s.address == nil {
		return nil
	}
	return s.address.Addr()
}

func (s *Server) serve(ln net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute}
	server.SetKeepAlivesEnabled(false) // nobody who asks now and then needs a connection in between
	s.servers = append(s.servers, server)
	go server.Serve(netutil.LimitListener(ln, connections))
}

// connections that each of the two takes at a time. They are counted among the descriptors that the data plane leaves
// alone; who comes beyond that waits.
const connections = 48

// Close ends both, and gives requests under way a second.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, server := range s.servers {
		server.Shutdown(ctx)
	}
	s.socket.Close()
	RemoveAbandoned(SocketPath(s.socket))
	if s.address != nil {
		s.address.Close()
	}
}

// public is what anyone on the machine may read.
func public(g Gateway, metrics prometheus.Gatherer) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		status := g.Status()
		if why := notReady(&status); len(why) > 0 {
			http.Error(w, strings.Join(why, "\n"), http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "ok\n")
		for _, text := range slices.Concat(silent(&status), reservations(&status)) {
			fmt.Fprintln(w, text)
		}
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	return mux
}

// notReady says why no instance serves, a line each; empty: one does.
func notReady(status *Status) []string {
	switch {
	case status.Deleted:
		return []string{"there is no gateway yet: create one over the management API, or with causeway config apply"}
	case status.Stopped:
		return []string{"stopped on purpose: causeway start starts it"}
	case status.Ready:
		return nil
	case status.Want == 0 && status.Node != "":
		return []string{"no instance runs on this node: there are more nodes than instances"}
	}
	return append([]string{"not ready: no instance serves"}, silent(status)...)
}

// silent names the instances that do not answer.
func silent(status *Status) (lines []string) {
	for _, i := range status.Instances {
		if i.Problem != "" {
			lines = append(lines, i.Trouble())
		}
	}
	return lines
}

// Trouble names the instance, and says what is wrong with it.
func (i *Instance) Trouble() string {
	return fmt.Sprintf("%s (process %d): %s", i.ID, i.PID, i.Problem)
}

// reservations say what a gateway that is ready does not do.
func reservations(status *Status) (lines []string) {
	for _, why := range status.Lagging {
		lines = append(lines, "lagging: "+why)
	}
	for _, u := range status.Unserved {
		lines = append(lines, fmt.Sprint("served without a protection that the document asks for: ", u))
	}
	return lines
}

// control adds what the owner may do.
func control(g Gateway, metrics prometheus.Gatherer) *http.ServeMux {
	mux := public(g, metrics)
	mux.HandleFunc("GET /config", func(w http.ResponseWriter, r *http.Request) { answer(w, http.StatusOK, g.Config()) })
	mux.HandleFunc("GET /config/{revision}", func(w http.ResponseWriter, r *http.Request) {
		revision, _ := strconv.ParseInt(r.PathValue("revision"), 10, 64)
		reply[Config](w)(g.At(r.Context(), revision))
	})
	mux.HandleFunc("POST /rollback/{revision}", func(w http.ResponseWriter, r *http.Request) {
		revision, _ := strconv.ParseInt(r.PathValue("revision"), 10, 64)
		problems, err := g.Rollback(r.Context(), revision, 0)
		applied(g, w, r, problems, err)
	})
	mux.HandleFunc("GET /history", func(w http.ResponseWriter, r *http.Request) { reply[[]store.Change](w)(g.History(r.Context())) })
	mux.HandleFunc("GET /backup", func(w http.ResponseWriter, r *http.Request) { backup(g, w, r) })
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) { reply[gateway.Health](w)(g.Health()) })
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) { answer(w, http.StatusOK, g.Status()) })
	mux.HandleFunc("GET /machine", func(w http.ResponseWriter, r *http.Request) { answer(w, http.StatusOK, g.Machine()) })
	mux.HandleFunc("POST /start", func(w http.ResponseWriter, r *http.Request) { done(w, g.SetRunning(r.Context(), true)) })
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, r *http.Request) { done(w, g.SetRunning(r.Context(), false)) })
	mux.HandleFunc("POST /upgrade", func(w http.ResponseWriter, r *http.Request) { done(w, g.Upgrade(r.Context())) })
	credentials(mux, g)
	portal(mux, g)
	mux.HandleFunc("PUT /config", func(w http.ResponseWriter, r *http.Request) { apply(g, w, r) })
	return mux
}

func apply(g Gateway, w http.ResponseWriter, r *http.Request) {
	var c Config
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyMax)).Decode(&c); err != nil {
		answer(w, http.StatusBadRequest, Reply{Error: "read the request: " + err.Error()})
		return
	}
	problems, err := g.Apply(r.Context(), c) // a client that leaves while it waits takes its request back
	applied(g, w, r, problems, err)
}

// applied answers what became of a configuration.
func applied(g Gateway, w http.ResponseWriter, r *http.Request, problems []gateway.Problem, err error) {
	reply := Reply{Applied: err == nil, Problems: problems}
	if err != nil {
		slog.Warn("a configuration was refused; the previous configuration stays in force", "error", err)
		reply.Error, reply.Hint = err.Error(), HintOf(err)
		answer(w, http.StatusUnprocessableEntity, reply)
		return
	}
	reply.Revision = uint64(g.Config().Revision)
	slog.Info("configuration applied over the control socket", "revision", reply.Revision,
		"by", activity.CallerOf(r.Context(), callerSocket).Name) // else nobody could tell when it changed
	answer(w, http.StatusOK, reply)
}

// done answers whether something was done.
func done(w http.ResponseWriter, err error) {
	if err != nil {
		answer(w, http.StatusUnprocessableEntity, Reply{Error: err.Error(), Hint: HintOf(err)})
		return
	}
	answer(w, http.StatusOK, Reply{Applied: true})
}

// reply answers with a value, or with a Reply that has the error.
func reply[T any](w http.ResponseWriter) func(v T, err error) {
	return func(v T, err error) {
		if err != nil {
			answer(w, http.StatusUnprocessableEntity, Reply{Error: err.Error(), Hint: HintOf(err)})
			return
		}
		answer(w, http.StatusOK, v)
	}
}

// failedTrailer tells a client that the backup which it has read is not whole, and why.
const failedTrailer = "Causeway-Failed"

// backup sends the whole store. What goes wrong on the way is in a trailer: the status has been sent by then.
func backup(g Gateway, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Trailer", failedTrailer)
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := g.Backup(r.Context(), w, r.URL.Query()["recipient"]); err != nil {
		w.Header().Set(failedTrailer, strings.ReplaceAll(err.Error(), "\n", " "))
	}
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) // a client that left is no concern of ours
}
