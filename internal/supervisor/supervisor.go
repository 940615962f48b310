// Package supervisor runs a gateway: it owns the documents, the listening sockets and the data directory, and the instances
// that serve them, each a process of its own.
package supervisor

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"causeway/internal/accesslog"
	"causeway/internal/activity"
	"causeway/internal/admin"
	"causeway/internal/conn"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/instance"
	"causeway/internal/process"
	"causeway/internal/scale"
	"causeway/internal/store"
	"causeway/internal/telemetry"
)

// Supervisor is a gateway at work.
type Supervisor struct {
	o       Options
	metrics *telemetry.Supervisor
	fleet   *fleet
	budgets *budgets
	sampler *sampler
	journal *activity.Writer
	sockets *sockets
	admin   *admin.Server
	legacy  *inheritance // of the gateway before
	heirs   *heirs       // of the gateway after
	ending  atomic.Bool  // it got its signal to end
	giving  atomic.Bool  // a successor is taking over

	upgrading atomic.Bool
	gone      sync.Once
	quit      chan struct{} // closed when it ends
	started   time.Time
	node      string // name in the cluster; empty: there is no cluster
	place     store.Options

	predecessor *store.Snapshot // what the gateway before this one serves; nil: there is none, or it has gone
	fromFiles   uint64          // revision that the files gave; only Start and Reload touch it

	applyMu  sync.Mutex // one change of the instances at a time
	mu       sync.Mutex // guards what follows
	current  admin.Config
	document *document.Document
	local    gateway.Local
	revision uint64
	applied  time.Time
	scaled   int          // instances that the autoscaler has chosen, of all nodes; 0: none yet
	scaledAt int64        // etcd's revision of that; in a cluster
	serving  int          // instances that shall run here
	stopped  bool         // on purpose
	store    *store.Store // nil while a predecessor has it, and where it is broken
	broken   error        // why it does not open; nil: it does

	behind      string // why the newest revision is not served; empty: it is
	behindSince time.Time

	roster     roster       // of a cluster
	remembered shared       // as it is on disk; applyMu guards it
	peers      []store.Node // the nodes that run, as a quorum last said
	lastSample *scale.Sample
	leadership *store.Leadership // of the autoscaler; nil: another node leads

	adopted []*process.Process // at the start
	found   []*process.Process // dead at the start

	health []byte // as it is on disk; only Run touches it
	unkept bool   // and this: the last attempt to write it failed
}

// ErrInvalid is returned for documents that have errors; the problems say which.
var ErrInvalid = instance.ErrInvalid

// Files within the data directory.
const (
	socketName = "admin.sock"
	healthName = "health.json"
)

// Socket is the control socket of a data directory.
func Socket(data string) string { return filepath.Join(data, socketName) }

// LogRoot is where a data directory keeps the logs of its instances.
func LogRoot(data string) string { return process.LogRoot(data) }

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
	files, unread, err := readFiles(o)
	if err != nil {
		return nil, nil, err
	}
	if err := admin.CheckSocket(process.LongestSocket(o.Data)); err != nil { // before any port is touched
		return nil, nil, err
	}
	legacy, err := inherit(o.Data, o.TakeOver)
	if err != nil {
		return nil, nil, err
	}
	s, err := newSupervisor(o, legacy, files)
	if err != nil {
		legacy.close()
		return nil, nil, err
	}
	problems, err := s.begin(ctx, files, unread)
	if err != nil {
		s.giveUp()
		return nil, problems, err
	}
	go s.tend()
	notifyReady()
	go s.mendStore()
	if s.stored() == nil {
		return s, problems, nil
	}
	go s.followStore()
	if s.node != "" {
		go s.partake()
		go s.campaign()
	}
	return s, problems, nil
}

// begin is the way from files to a gateway that serves and answers. A predecessor goes on until the end of it.
func (s *Supervisor) begin(ctx context.Context, files admin.Config, unread error) ([]gateway.Problem, error) {
	if s.predecessor == nil {
		if err := s.openStore(ctx); err != nil {
			return nil, err
		}
		s.adopt()
	}
	s.applyMu.Lock() // what is asked over the control socket waits until the store is open
	defer s.applyMu.Unlock()
	s.meet(ctx)
	problems, err := s.serveFirst(ctx, files, unread)
	if err != nil {
		return problems, err
	}
	if err := s.answer(); err != nil {
		return problems, err
	}
	if err := s.succeed(); err != nil {
		return problems, err
	}
	s.sockets.dropSpare()
	if !s.stopped {
		s.sockets.unusedServices()
	}
	s.fromFiles = s.revisionNow()
	s.keepEvidence()
	s.announce()
	return problems, nil
}

// succeed sends the predecessor away and takes the store over.
func (s *Supervisor) succeed() error {
	if s.predecessor == nil {
		return nil
	}
	s.legacy.tell(news{Serving: true})
	s.legacy.close()
	err := s.openStore(context.Background())
	s.predecessor = nil
	if err == nil {
		s.keepGood()
	}
	return err
}

// announce notes how the gateway began.
func (s *Supervisor) announce() {
	s.noteFoundDead(s.found)
	for _, p := range s.adopted {
		s.note(activity.Event{Kind: activity.Adopt, Instance: s.idOf(p.Number), PID: p.PID, Uptime: time.Since(p.Started)})
	}
	if !s.stopped {
		s.note(activity.Event{Kind: activity.Start})
	}
	if state := s.budgets.state(); !state.CPUHeld || !state.MemoryHeld {
		slog.Warn("budgets of instances are not held", "state", state.Text())
	}
}

func newSupervisor(o Options, legacy *inheritance, files admin.Config) (*Supervisor, error) {
	budgets, err := openBudgets(o.Data)
	if err != nil {
		return nil, err
	}
	node, at, err := placeOf(o.Data, files)
	if err != nil {
		return nil, err
	}
	s := &Supervisor{
		o:           o,
		legacy:      legacy,
		started:     time.Now(),
		metrics:     telemetry.NewSupervisor(),
		fleet:       newFleet(),
		sockets:     newSockets(o.Data),
		budgets:     budgets,
		sampler:     newSampler(),
		journal:     activity.NewWriter(o.Data),
		predecessor: legacy.snapshot,
		quit:        make(chan struct{}),
		node:        node,
		place:       at,
	}
	s.recall()
	s.sockets.keep(activated())
	s.sockets.offer(legacy.sockets)
	legacy.sockets = nil
	s.fleet.start, s.fleet.ended = s.startInstance, s.instanceEnded
	s.metrics.Unserved(gateway.Protections(), s.unserved)
	s.metrics.Process(o.Version)
	s.metrics.Gauge("instances", "Instances that run.", func() float64 { return float64(len(s.fleet.all())) })
	s.metrics.Gauge("capacity_units", "Capacity units in use: the busiest of throughput, connections and compute.",
		func() float64 { return s.sampler.used().Capacity() })
	s.metrics.Gauge("compute_units", "Compute units in use: ten are the CPU budget of one instance.",
		func() float64 { return s.sampler.used().Compute })
	s.metrics.Gauge("store_lag_seconds", "For how long no quorum of the store has answered; 0 while one answers.", s.lagSeconds)
	s.metrics.Gauge("config_behind", "1 while the store has a newer configuration than the one in force here.", s.configBehind)
	s.metrics.Gauge("config_revision", "Revision of the configuration in force.", func() float64 { return float64(s.revisionNow()) })
	return s, nil
}

// giveUpTime is how long a gateway that cannot begin finishes what it has accepted meanwhile.
const giveUpTime = 5 * time.Second

// giveUp ends a gateway that cannot begin. A predecessor serves again before the instances of this one go.
func (s *Supervisor) giveUp() {
	s.ending.Store(true)
	close(s.quit)
	beside := s.legacy.c != nil
	if beside {
		s.legacy.tell(news{GiveBack: true})
	}
	s.legacy.close()
	if len(s.adopted) > 0 { // they served before this supervisor came, and go on without it
		slog.Warn("this supervisor cannot begin; the instances that it found go on serving", "instances", len(s.fleet.all()))
		s.sockets.closeAll()
		s.closeStore()
		return
	}
	drain := min(s.o.Drain, giveUpTime)
	s.fleet.drainAll(drain)
	s.sockets.closeAll()
	s.fleet.wait(time.Now().Add(drain + endMargin))
	if !beside {
		s.budgets.holder.Close()
	}
	s.closeStore()
}

// answer takes the places where this gateway is asked for: the control socket, the read-only address, and the hand-over
// socket. From a predecessor that is still there they are taken over.
func (s *Supervisor) answer() (err error) {
	if s.legacy.c != nil {
		s.admin, err = admin.Succeed(Socket(s.o.Data), s.o.Admin, s.legacy.takeAdmin())
	} else {
		s.admin, err = admin.Listen(Socket(s.o.Data), s.o.Admin)
	}
	if err != nil {
		return taken(err, s.o.Admin, s.o.Data)
	}
	if s.heirs, err = awaitHeirs(s.o.Data); err != nil {
		s.admin.Close(false)
		return err
	}
	s.admin.Serve(s, prometheus.GathererFunc(s.gather))
	go s.heirs.serve(s)
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

// Config is what is being served.
func (s *Supervisor) Config() admin.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.current
	c.Revision = int64(s.revision)
	return c
}

// Status is what the gateway says of itself.
func (s *Supervisor) Status() admin.Status {
	instances := s.instances()
	var lost int64
	for _, i := range instances {
		lost += i.Lost
	}
	unheld := ""
	if b := s.budgets.state(); !b.CPUHeld || !b.MemoryHeld {
		unheld = b.Text()
	}
	lagging := s.lagging()
	s.mu.Lock()
	defer s.mu.Unlock()
	return admin.Status{
		Lagging:   lagging,
		Node:      s.node,
		Nodes:     s.peers,
		Want:      s.serving,
		Ready:     s.fleet.serves() && !s.ending.Load(),
		Stopped:   s.stopped,
		Unheld:    unheld,
		Name:      s.document.Config.Name,
		Revision:  s.revision,
		Applied:   s.applied,
		Started:   s.started,
		PID:       os.Getpid(),
		Version:   s.o.Version,
		Logs:      LogRoot(s.o.Data),
		Lost:      lost,
		Ports:     s.sockets.addresses(),
		Instances: instances,
		Unserved:  s.document.Config.Unserved,
	}
}

const (
	retainEvery = 10 * time.Minute
	healthEvery = 5 * time.Second

	// endMargin is how long an instance has beyond its drain to end.
	endMargin = 5 * time.Second
)

// Run keeps the logs within their bounds and the health on disk until ctx ends, then drains.
func (s *Supervisor) Run(ctx context.Context) {
	retain, health := time.NewTicker(retainEvery), time.NewTicker(healthEvery)
	defer retain.Stop()
	defer health.Stop()
	s.retain()
	s.keepHealth()
	for {
		select {
		case <-retain.C:
			s.retain()
		case <-health.C:
			s.keepHealth()
		case <-ctx.Done():
			s.ending.Store(true)
			notifyEnding()
			s.note(activity.Event{Kind: activity.Stop, Why: context.Cause(ctx).Error()})
			kept := make(chan struct{})
			go func() { s.keepHealth(); close(kept) }() // an instance that hangs must not delay the end
			s.heirs.wait(s.o.Drain / 2)
			s.close()
			<-kept
			return
		case <-s.heirs.ready:
			slog.Info("a successor serves; draining")
			s.note(activity.Event{Kind: activity.Upgrade, Why: "a successor serves"})
			s.ending.Store(true)
			s.close()
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

// close ends what runs: no new requests, then no old ones, then what is left.
func (s *Supervisor) close() {
	close(s.quit)
	s.applyMu.Lock() // a change under way ends first
	s.fleet.drainAll(s.o.Drain)
	s.sockets.closeAll()
	s.applyMu.Unlock()
	s.fleet.wait(time.Now().Add(s.o.Drain + endMargin))
	if !s.heirs.succeeded() {
		s.budgets.holder.Close()
	}
	s.heirs.close(s.o.Data)
	s.letGo(false)
}

// letGo gives up what this gateway and a successor cannot both have, as soon as there is one: also one that comes while
// this gateway drains.
func (s *Supervisor) letGo(succeeded bool) {
	s.gone.Do(func() {
		s.admin.Close(succeeded)
		s.closeStore()
	})
}

// endingNow implements testator.
func (s *Supervisor) endingNow() bool { return s.ending.Load() }

// handOut returns the sockets that a successor goes on with; it closes the descriptors. It implements testator.
func (s *Supervisor) handOut() (addresses []string, descriptors []int) {
	addresses, descriptors = s.sockets.copies()
	if ln := s.admin.Listener(); ln != nil {
		if fd, err := conn.Descriptor(ln); err == nil {
			addresses, descriptors = append(addresses, adminSocket), append(descriptors, fd)
		}
	}
	return addresses, descriptors
}
