// Package arm is the management API: the part of Azure Resource Manager that manages an application gateway, for the clients
// that people already use. One Causeway is one gateway.
//
// The routes are a table (routes.go). Each has a handler, the role that it needs, and a summary; the OpenAPI document and
// docs/api.md come from the same table.
package arm

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"causeway/internal/access"
	"causeway/internal/activity"
	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/probe"
	"causeway/internal/store"
	"causeway/internal/store/cluster"
	"causeway/internal/upload"
)

// Gateway is what a supervisor lets the API do.
type Gateway interface {
	Cluster
	Reports
	Settings
	Revisions
	// Config is what is served. Without a Document there is no gateway yet.
	Config() admin.Config
	// Apply serves another configuration; see admin.Gateway. The caller of ctx is noted.
	Apply(ctx context.Context, c admin.Config) ([]gateway.Problem, error)
	// Remove ends the gateway and forgets its document. An error changes nothing.
	Remove(ctx context.Context) error
	SetRunning(ctx context.Context, running bool) error
	// Health is the backend health, as all instances of this node together see it. An error says why none answers.
	Health() (gateway.Health, error)
	// InstanceHealth is the same as each of them sees it, by instanceId. A node that is to run none has none, and no error.
	InstanceHealth() (map[string]gateway.Health, error)
	// Probe asks the members of a pool once; see probe.Once.
	Probe(ctx context.Context, t probe.OnDemand) (gateway.Health, error)
	// Activity is the activity log of this node, oldest first.
	Activity() ([]activity.Event, error)
	// Note writes an event into the activity log, at this time, on this node.
	Note(e activity.Event)
	Status() admin.Status
}

// Items is where the API keeps what is no gateway: resource groups, networks, tags.
type Items interface {
	Item(ctx context.Context, kind, name string) (store.Item, error)
	Items(ctx context.Context, kind string) ([]store.Item, error)
	PutItem(ctx context.Context, r store.Item) (int64, error)
	DeleteItem(ctx context.Context, r store.Item) error
}

// Server answers the API's requests.
type Server struct {
	gateway Gateway
	items   Items
	history History // nil: it is not open
	control *access.Control
	hosts   []string // host:port of the address, under every name that the certificate is for; without port 443 as well as with it
	routes  []route
	now     func() time.Time
	peers   *http.Client // for questions to other nodes; nil: there is no authority to know them by

	cache      rendered
	operations operations
	querying   *slots // of queries of the log
	measuring  *slots // of queries of the metrics
	reporting  *slots // of reports
	recalling  *slots // of queries of the activity log
	answering  *slots // of questions of other nodes; they ask nobody, so that no two nodes wait for each other
	logs       logIndex
	admitted   admitted
	reports    recent
}

// New makes a server for an address, of which hosts are all names, each as host:port. A server that answers only on a unix socket
// has none. Without a history, which may be nil, there are no metrics. The authority is that of the APIs of all nodes; without
// one, which may be nil, no other node is asked.
func New(g Gateway, items Items, h History, control *access.Control, hosts []string, authority *cluster.Authority) *Server {
	return &Server{
		gateway:   g,
		items:     items,
		history:   h,
		control:   control,
		hosts:     withBare(hosts),
		routes:    routes(),
		now:       time.Now,
		querying:  newSlots(logQueries),
		measuring: newSlots(metricQueries),
		reporting: newSlots(reportsAtOnce),
		reports:   recent{all: map[string]*recentReport{}, most: reportsKept},
		recalling: newSlots(activityQueries),
		answering: newSlots(nodeQuestions),
		peers:     peerClient(authority),
	}
}

// withBare adds to hosts those of port 443 without it: clients leave the default port of https out.
func withBare(hosts []string) []string {
	all := slices.Clone(hosts)
	for _, h := range hosts {
		if bare, ok := strings.CutSuffix(h, ":443"); ok {
			all = append(all, bare)
		}
	}
	return all
}

// request is one request, as far as its route and its caller are known.
type request struct {
	*http.Request
	server *Server
	vars   map[string]string // of the route's pattern
	caller access.Caller
	peer   *peer // nil: it came over TCP

	reached atomic.Bool // the gateway was asked to change, and records how that went
}

// Bounds of a request.
const (
	bodyMax     = 16 << 20 // bytes; ARM takes 4 MiB
	requestTime = time.Minute
	largeTime   = 10 * time.Minute // of a body that is a file
)

// ServeHTTP implements http.Handler: find the route, the caller, and whether the caller may; then let the handler answer.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to := s.destination(r)
	bounds := to.bounds()
	ctx, cancel := context.WithTimeout(r.Context(), bounds.time)
	defer cancel()
	id := uuid.NewString()
	w.Header().Set("X-Ms-Request-Id", id)
	correlate(r, id)
	w.Header().Set(correlationHeader, correlation(r))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	r = r.WithContext(ctx)
	r.Body = http.MaxBytesReader(w, r.Body, bounds.body)
	if bounds.time > requestTime {
		c := http.NewResponseController(w)
		late := time.Now().Add(bounds.time) // the deadlines of the server are sooner
		_, _ = c.SetReadDeadline(late), c.SetWriteDeadline(late.Add(writeTime))
	}
	answer, err := s.answer(r, to)
	defer answer.slot.release()
	if err != nil {
		s.fail(w, r, err)
		return
	}
	answer.slot.giveWay(w)
	answer.write(w)
}

// answer is what a request gets.
func (s *Server) answer(r *http.Request, to destination) (response, error) {
	peer := peerOf(r)
	if peer == nil && !s.Knows(r.Host) {
		return response{}, refuse(http.StatusMisdirectedRequest, "InvalidHostName",
			"this API does not answer under the name %q; use one of %s", r.Host, strings.Join(s.hosts, ", "))
	}
	if part, is := strings.CutPrefix(r.URL.Path, nodePath); is {
		return s.answerNode(r, part)
	}
	at, err := to.route, to.err
	if err != nil {
		return response{}, err
	}
	q := &request{Request: r, server: s, vars: to.vars, peer: peer}
	if at.open {
		return at.handle(q)
	}
	if q.caller, err = q.identify(); err != nil {
		return response{}, err
	}
	if err := checkVersion(r); err != nil && !at.unversioned {
		return response{}, err
	}
	if !q.caller.Role.Covers(at.needs) {
		return response{}, refuse(http.StatusForbidden, "AuthorizationFailed",
			"the client %s with the role %s may not %s; that takes the role %s", q.caller.ID, q.caller.Role, at.summary, at.needs)
	}
	answer, err := q.handle(at)
	if err == nil && r.Method == http.MethodHead && answer.status == http.StatusOK { // clients ask whether something exists
		answer.status, answer.body = http.StatusNoContent, nil
	}
	return answer, err
}

// handle does what a caller may do, unless a lock forbids it.
func (q *request) handle(at *route) (answer response, err error) {
	if err = q.unlocked(at); err == nil {
		answer, err = at.handle(q)
	}
	q.record(at, err)
	return answer, err
}

// Knows reports whether the API answers under a name. Any other may be a trick with the name of a host.
func (s *Server) Knows(host string) bool {
	for _, h := range s.hosts {
		if strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}

// destination is where a request goes.
type destination struct {
	route *route
	vars  map[string]string
	err   error // why there is none
}

// bounds are those of a request: of a body, in bytes, and of the time that it may take.
type bounds struct {
	body int64
	time time.Duration
}

func (d destination) bounds() bounds {
	if d.route != nil && d.route.large {
		return bounds{upload.MaxBytes, largeTime}
	}
	return bounds{bodyMax, requestTime}
}

// destination finds the route of a request.
func (s *Server) destination(r *http.Request) destination {
	at, vars, err := s.route(r)
	return destination{at, vars, err}
}

func (s *Server) route(r *http.Request) (*route, map[string]string, error) {
	segments, ok := splitPath(r.URL.EscapedPath())
	if !ok {
		return nil, nil, refuse(http.StatusBadRequest, "InvalidRequestUri", "the path is not a valid one")
	}
	known := false
	for i := range s.routes {
		vars, ok := s.routes[i].path.match(segments)
		if !ok {
			continue
		}
		known = true
		if r.Method == s.routes[i].method || r.Method == http.MethodHead && s.routes[i].method == http.MethodGet {
			return &s.routes[i], vars, nil
		}
	}
	if known {
		return nil, nil, refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "the method %s does not apply to this path", r.Method)
	}
	return nil, nil, refuse(http.StatusNotFound, "InvalidResourceType",
		"there is nothing at %s; /openapi.json lists what there is", r.URL.Path)
}

var wellFormedVersion = regexp.MustCompile(`^20\d\d-\d\d-\d\d(-preview)?$`)

// checkVersion takes any well-formed version: clients of one year and the next ask for different ones, and get one shape.
func checkVersion(r *http.Request) error {
	version := r.URL.Query().Get("api-version")
	switch {
	case version == "":
		return refuse(http.StatusBadRequest, "MissingApiVersionParameter", "the api-version query parameter (?api-version=) is required")
	case !wellFormedVersion.MatchString(version):
		return refuse(http.StatusBadRequest, "InvalidApiVersionParameter", "the api-version %q is no date, YYYY-MM-DD", version)
	}
	return nil
}

// bearer is the token of a request; empty: it has none.
func bearer(r *http.Request) string {
	all := r.Header.Values("Authorization")
	if len(all) != 1 { // two would be for somebody else to choose from
		return ""
	}
	scheme, token, ok := strings.Cut(all[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

const correlationHeader = "X-Ms-Correlation-Request-Id"

// correlate keeps the id that a client gave its request, so that it finds the request again, or gives it another.
func correlate(r *http.Request, otherwise string) {
	id := otherwise
	if given, err := uuid.Parse(correlation(r)); err == nil {
		id = given.String()
	}
	r.Header.Set(correlationHeader, id)
}

func correlation(r *http.Request) string { return r.Header.Get(correlationHeader) }

// base is the address of the API under the name that the client uses.
func (q *request) base() string {
	if q.peer != nil {
		return "http://" + q.Host
	}
	return "https://" + q.Host
}

// audiences are the values of a token's audience that this API takes.
func (q *request) audiences() (out []string) {
	bases := []string{q.base()}
	for _, h := range q.server.hosts {
		bases = append(bases, "https://"+h)
	}
	for _, b := range bases {
		out = append(out, b+audiencePath, b, b+"/")
	}
	return out
}

// from is the client's address; the zero value on a unix socket.
func (q *request) from() netip.Addr {
	at, err := netip.ParseAddrPort(q.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr()
}

// response is an answer that is no error.
type response struct {
	status int
	body   any // encoded as JSON, or a json.RawMessage; nil: none
	file   *file
	header map[string]string

	slot *slot // taken until it is written
}

func ok(body any) (response, error) { return response{status: http.StatusOK, body: body}, nil }

// file is an answer that is no JSON.
type file struct {
	kind    string // of media
	name    string // under which a browser keeps it
	content []byte
}

func (a response) write(w http.ResponseWriter) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	if a.file != nil {
		w.Header().Set("Content-Type", a.file.kind)
		w.Header().Set("Content-Disposition", `attachment; filename="`+a.file.name+`"`)
		w.WriteHeader(a.status)
		_, _ = w.Write(a.file.content)
		return
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body) // a client that left is no concern of ours
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var oauth *oauthError
	if errors.As(err, &oauth) {
		oauth.write(w)
		return
	}
	e := asError(err)
	if e.Status == http.StatusUnauthorized {
		at := (&request{Request: r, server: s, peer: peerOf(r)}).base()
		w.Header().Set("WWW-Authenticate", `Bearer authorization_uri="`+at+"/"+tenant+`", error="invalid_token"`)
	}
	if e.Status >= http.StatusInternalServerError {
		slog.Error("the management API could not answer", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	response{status: e.Status, body: map[string]any{"error": e}}.write(w)
}
