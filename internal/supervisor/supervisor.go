// Package supervisor runs a gateway: it owns the documents, the sockets and the data directory, and the instance that
// serves them.
package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/admin"
	"causeway/internal/certs"
	"causeway/internal/conn"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/instance"
	"causeway/internal/resolve"
	"causeway/internal/telemetry"
)

// Supervisor is a gateway at work.
type Supervisor struct {
	o           Options
	log         *accesslog.Writer
	metrics     *telemetry.Metrics
	engine      conn.Engine
	askedEngine string       // by the configuration at the start
	limit       int          // of client connections
	crowdTold   atomic.Int64 // when a line said last that an address was refused, in Unix nanoseconds
	instance    *instance.Instance
	admin       *admin.Server
	legacy      *inheritance   // of the gateway before
	heirs       *heirs         // of the gateway after
	activated   []net.Listener // opened by the service manager, not taken yet; only Apply touches it
	ending      atomic.Bool    // it got its signal to end
	gone        sync.Once
	started     time.Time
	files       admin.Config // as last served; only Start and Reload touch it

	applyMu  sync.Mutex // one document at a time
	mu       sync.Mutex // guards what follows
	current  admin.Config
	document *document.Document
	local    gateway.Local
	revision uint64
	applied  time.Time

	health []byte // as it is on disk; only Run touches it
	unkept bool   // and this: the last attempt to write it failed
}

// ErrInvalid is returned for documents that have errors; the problems say which.
var ErrInvalid = errors.New("the configuration has errors")

// Files within the data directory.
const (
	socketName  = "admin.sock"
	appliedName = "applied.json"
	healthName  = "health.json"
	logsName    = "logs"
)

// Socket is the control socket of a data directory.
func Socket(data string) string { return filepath.Join(data, socketName) }

// LogRoot is where a data directory keeps the logs of its instances.
func LogRoot(data string) string { return filepath.Join(data, logsName) }

// Start reads the documents, serves them, and answers on the control socket. Problems that are warnings are returned
// beside a running gateway. The error is an *admin.Refusal; a ctx that ends before the gateway serves is one too.
func Start(ctx context.Context, o Options) (*Supervisor, []gateway.Problem, error) {
	s, problems, err := start(ctx, o)
	return s, problems, refusal(err)
}

func start(ctx context.Context, o Options) (*Supervisor, []gateway.Problem, error) {
	if err := o.check(); err != nil {
		return nil, nil, err
	}
	if err := makeData(o.Data); err != nil {
		return nil, nil, err
	}
	config, err := readFiles(o)
	if err != nil {
		return nil, nil, err
	}
	if err := admin.CheckSocket(Socket(o.Data)); err != nil { // before any port is touched
		return nil, nil, err
	}
	legacy, err := inherit(o.Data, o.TakeOver)
	if err != nil {
		return nil, nil, err
	}
	s := newSupervisor(o, legacy, engineOf(config))
	differs := s.differsFromApplied(config) // before it is applied itself
	problems, err := s.Apply(ctx, config)
	if err == nil {
		err = s.answer()
	}
	if err != nil {
		s.instance.Close(time.Now().Add(min(o.Drain, giveUpTime))) // it may have begun to answer somebody
		s.engine.Close()
		s.log.Close()
		legacy.close()
		return nil, problems, err
	}
	legacy.serving()
	for _, ln := range s.activated {
		slog.Warn("a socket of the service manager is not used: the document has no listener there", "address", ln.Addr())
		ln.Close()
	}
	s.files = config
	s.keepApplied(config)
	if differs {
		slog.Warn("the configuration files differ from what was last applied; the files win", "document", o.Config)
	}
	s.instance.Tend()
	return s, problems, nil
}

// giveUpTime is how long a gateway that cannot begin finishes what it has accepted meanwhile.
const giveUpTime = 5 * time.Second

// answer takes the places where this gateway is asked for: the control socket, the read-only address, and the hand-over
// socket. From a predecessor that is still there they are taken over.
func (s *Supervisor) answer() (err error) {
	if s.legacy.c != nil {
		s.admin, err = admin.Succeed(Socket(s.o.Data), s.o.Admin, s.legacy.socket(adminSocket))
	} else {
		s.admin, err = admin.Listen(Socket(s.o.Data), s.o.Admin)
	}
	if err != nil {
		return err
	}
	if s.heirs, err = awaitHeirs(s.o.Data); err != nil {
		s.admin.Close(false)
		return err
	}
	s.admin.Serve(s, s.metrics.Registry)
	go s.heirs.serve(s.ending.Load, s.sockets, func() { s.letGo(true) })
	return nil
}

// unserved counts how often the document asks for a protection that is not given.
func (s *Supervisor) unserved(protection string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.document == nil {
		return 0
	}
	for _, u := range s.document.Config.Unserved {
		if u.Protection == protection {
			n++
		}
	}
	return n
}

// sockets are those that a successor may go on with.
func (s *Supervisor) sockets() map[string]socket {
	out := map[string]socket{}
	for address, server := range s.instance.Servers() {
		out[address] = server
	}
	if ln, ok := s.admin.Listener().(socket); ok {
		out[adminSocket] = ln
	}
	return out
}

// listen binds an address, or takes its socket over.
func (s *Supervisor) listen(address string) (net.Listener, error) {
	if ln := s.legacy.socket(address); ln != nil {
		return ln, nil
	}
	for i, ln := range s.activated {
		if admin.SameAddress(ln.Addr().String(), address) {
			s.activated = slices.Delete(s.activated, i, i+1)
			return ln, nil
		}
	}
	return listen(address)
}

func newSupervisor(o Options, legacy *inheritance, engineName string) *Supervisor {
	s := &Supervisor{o: o, legacy: legacy, activated: activated(), started: time.Now(), metrics: telemetry.New()}
	s.log = accesslog.NewWriter(filepath.Join(LogRoot(o.Data), "instance-0"))
	s.engine = s.startEngine(engineName)
	var probes *conn.Loop
	conn.NewGoroutines(func(loop *conn.Loop) { probes = loop })
	s.instance = instance.New(instance.Options{
		Engine: s.engine, Dialer: probes, Lookup: resolve.System().Lookup, Log: s.log,
		Metrics: s.metrics, ListenAddr: s.listenAddr, Listen: s.listen, PortOffset: o.PortOffset,
	})
	s.metrics.HostCounts(s.instance.Hosts)
	s.metrics.Unserved(gateway.Protections(), s.unserved)
	s.metrics.Counter("log_records_lost_total", "Access-log records that could not be kept.",
		func() float64 { return float64(s.log.Lost()) })
	s.metrics.Process(o.Version)
	return s
}

// readFiles reads a document, the parameters of one that is a template, and its causeway.yaml.
func readFiles(o Options) (admin.Config, error) {
	c := admin.Config{Source: document.Source{Local: []byte{}}}
	var err error
	if c.Document, err = os.ReadFile(o.Config); err != nil {
		return c, fmt.Errorf("read the gateway document: %w", err)
	}
	if o.Parameters != "" {
		if c.Parameters, err = os.ReadFile(o.Parameters); err != nil {
			return c, fmt.Errorf("read the parameters of the template: %w", err)
		}
	}
	if o.Local != "" {
		if c.Local, err = os.ReadFile(o.Local); err != nil {
			return c, fmt.Errorf("read causeway.yaml: %w", err)
		}
		c.Dir, err = filepath.Abs(filepath.Dir(o.Local))
	}
	return c, err
}

// Reload reads the files again and serves them. An error, an *admin.Refusal, changes nothing; nor does a ctx that ends first.
func (s *Supervisor) Reload(ctx context.Context) ([]gateway.Problem, error) {
	c, err := readFiles(s.o)
	if err != nil {
		return nil, refusal(err)
	}
	was := s.Config()
	problems, err := s.Apply(ctx, c)
	if err != nil {
		return problems, err
	}
	if !same(was, s.files) && !same(was, c) { // somebody may count on what is gone
		slog.Warn("the configuration files differ from what was applied over the control socket; the files win", "document", s.o.Config)
	}
	s.files = c
	return problems, nil
}

// Apply validates a configuration and serves it. See admin.Gateway.
func (s *Supervisor) Apply(ctx context.Context, c admin.Config) ([]gateway.Problem, error) {
	problems, err := s.apply(ctx, c)
	return problems, refusal(err)
}

func (s *Supervisor) apply(ctx context.Context, c admin.Config) ([]gateway.Problem, error) {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	c = s.complete(c)
	document, local, problems, err := s.parse(c)
	if err != nil {
		return problems, err
	}
	if err := s.o.fit(document.Config); err != nil {
		return problems, err
	}
	revision := s.revision + 1
	if err := s.instance.Apply(ctx, document.Config, local, revision); err != nil {
		return problems, err
	}
	s.mu.Lock()
	s.current, s.document, s.local, s.revision, s.applied = c, document, local, revision, time.Now()
	s.mu.Unlock()
	if s.admin != nil { // before that it is not this gateway's to write
		s.keepApplied(c)
	}
	return problems, nil
}

// complete takes the parts that a caller left alone from what is being served.
func (s *Supervisor) complete(c admin.Config) admin.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.Document == nil {
		c.Document, c.Parameters = s.current.Document, s.current.Parameters
		if c.Allow == nil { // the log says so already
			c.Allow = s.current.Allow
		}
	}
	if c.Local == nil {
		c.Local, c.Dir = s.current.Local, s.current.Dir
	}
	return c
}

func (s *Supervisor) parse(c admin.Config) (*document.Document, gateway.Local, []gateway.Problem, error) {
	document, local, problems, err := c.Parse()
	if err != nil {
		return nil, local, problems, err
	}
	problems = append(problems, s.engineProblem(local)...)
	problems = append(problems, certs.Check(document.Config, local, time.Now())...)
	problems = append(problems, document.InPlace(certs.CheckPolicies(document.Config))...)
	allowed := slices.Concat(s.o.Allow, local.AllowUnserved, c.Allow)
	problems = document.FailClosed(problems, allowed)
	document.Config.AnySuites = slices.Contains(allowed, gateway.ProtectionTLSFloor)
	if gateway.HasErrors(problems) {
		return nil, local, problems, ErrInvalid
	}
	return document, local, problems, nil
}

// Config is what is being served.
func (s *Supervisor) Config() admin.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

// Health is the backend-health document.
func (s *Supervisor) Health() gateway.Health { return s.instance.Health() }

// Status is what the gateway says of itself.
func (s *Supervisor) Status() admin.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return admin.Status{
		Ready:    s.instance.Serving() && !s.ending.Load(),
		Name:     s.document.Config.Name,
		Revision: s.revision,
		Applied:  s.applied,
		Started:  s.started,
		PID:      os.Getpid(),
		Logs:     LogRoot(s.o.Data),
		Lost:     s.log.Lost(),
		Ports:    s.instance.ListenAddrs(),
		Unserved: s.document.Config.Unserved,
	}
}

const (
	retainEvery = 10 * time.Minute
	healthEvery = 5 * time.Second
)

// Run keeps the logs within their bounds and the health on disk until ctx ends, then drains.
func (s *Supervisor) Run(ctx context.Context) {
	retain, health, stall := time.NewTicker(retainEvery), time.NewTicker(healthEvery), time.NewTicker(stallEvery)
	defer retain.Stop()
	defer health.Stop()
	defer stall.Stop()
	var stalled stalls
	s.retain()
	s.keepHealth()
	for {
		select {
		case <-retain.C:
			s.retain()
		case <-health.C:
			s.keepHealth()
		case <-stall.C:
			stalled.look(s.engine.Stalled())
		case <-ctx.Done():
			s.ending.Store(true)
			s.instance.Drain()
			s.heirs.wait(s.o.Drain / 2)
			s.close(time.Now().Add(s.o.Drain))
			return
		case <-s.heirs.ready:
			slog.Info("a successor serves; draining")
			s.ending.Store(true)
			s.close(time.Now().Add(s.o.Drain))
			return
		}
	}
}

// stepMax is how far the wall clock may have been set while the gateway ran before it says nothing of the age of logs.
const stepMax = 24 * time.Hour

// stepOf is by how much the wall clock was set between two readings.
func stepOf(before, now time.Time) time.Duration {
	return now.Round(0).Sub(before.Round(0)) - now.Sub(before)
}

func (s *Supervisor) retain() {
	s.mu.Lock()
	logs := s.local.Logs
	s.mu.Unlock()
	now := time.Now()
	if step := stepOf(s.started, now); step.Abs() > stepMax {
		slog.Warn("the clock of this machine was set; old log segments stay, because their age is unknown", "by", step.Round(time.Second))
		logs.Days = 0
	}
	if n, err := accesslog.Retain(LogRoot(s.o.Data), logs.Days, logs.Bytes, now); err != nil {
		slog.Warn("old log segments could not be removed", "error", err)
	} else if n > 0 {
		slog.Info("old log segments removed", "segments", n)
	}
}

// close ends what runs: no new requests, then no old ones, then the log.
func (s *Supervisor) close(deadline time.Time) {
	s.instance.Close(deadline)
	if !s.heirs.succeeded() {
		s.keepHealth()
	}
	s.heirs.close(s.o.Data)
	s.letGo(false)
	s.engine.Close()
	s.log.Close()
}

// letGo gives up what this gateway and a successor cannot both have, as soon as there is one: also one that comes while
// this gateway drains.
func (s *Supervisor) letGo(succeeded bool) {
	s.gone.Do(func() { s.admin.Close(succeeded) })
}
