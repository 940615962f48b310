// Package supervisor runs a gateway: it owns the documents, the listening sockets and the data directory, and the instances
// that serve them, each a process of its own.
package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"causeway/internal/activity"
	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/instance"
	"causeway/internal/lastsignal"
	"causeway/internal/process"
	"causeway/internal/scale"
	"causeway/internal/store"
	"causeway/internal/telemetry"
	"causeway/internal/upload"
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

	life        *lifecycle
	predecessor *predecessor
	successors  *successors
	gone        sync.Once     // what it cannot share with a successor
	quit        chan struct{} // closed when it ends
	started     time.Time
	node        string // name in the cluster; empty: there is no cluster
	place       store.Options
	api         *api            // nil: there is no management API
	uploads     *upload.Uploads // nil: none can be kept
	fromFiles   uint64          // revision that the files gave; only Start and Reload touch it

	settingsMu sync.Mutex // one change of causeway.yaml at a time

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
	state    store.State  // of the gateway
	store    *store.Store // nil while a predecessor has it, and where it is broken
	broken   error        // why it does not open; nil: it does

	behind      string // why the newest revision is not served; empty: it is
	behindSince time.Time

	roster     roster       // of a cluster
	remembered shared       // as it is on disk; applyMu guards it
	absences   absences     // the nodes that do not
	peers      []store.Node // the nodes that run, as a quorum last said
	lastSample *scale.Sample
	leadership *store.Leadership // of the autoscaler; nil: another node leads

	adopted []*process.Process // at the start

	orphaned time.Time          // when the adopted instances lost the supervisor before; zero: none knows
	found    []*process.Process // dead at the start

	trial *trial // of the last upgrade; nil: there was none. mu guards it

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
// beside a running gateway. The error is an *admin.Refusal; a ctx that ends before the gateway serves is one too. It is
// ErrProved where this process has started the instances of a new program for the gateway that goes on, and ErrOrphaned where that
// gateway has died.
func Start(ctx context.Context, o Options) (*Supervisor, []gateway.Problem, error) {
	o.trial = takeVariable(trialVariable) != ""
	o.upgradeFailed = takeVariable(failureVariable)
	lastsignal.Take()
	back := takeWayBack()
	defer back.close()
	s, problems, err := start(ctx, o)
	if err != nil && ctx.Err() == nil {
		back.take(ctx, err)
	}
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
	if o.trial {
		var cancel context.CancelFunc
		ctx, cancel = underParent(ctx)
		defer cancel()
	}
	adoptOrphans()
	before, err := meetPredecessor(o.Data, o.TakeOver)
	if err != nil {
		return nil, nil, err
	}
	if o.trial && !before.listens() {
		return nil, nil, ErrOrphaned
	}
	s, err := newSupervisor(o, before, files)
	if err != nil {
		before.close()
		return nil, nil, err
	}
	problems, err := s.begin(ctx, files, unread)
	if err = trialEnd(ctx, err); errors.Is(err, ErrProved) || errors.Is(err, ErrOrphaned) {
		s.leave()
		return nil, problems, err
	}
	if err != nil {
		s.giveUp(ctx)
		return nil, problems, err
	}
	go s.tend()
	go reapOrphans(s.quit)
	go s.serveAPI()
	go s.record()
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
	if !s.predecessor.serves() {
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
	if err := s.proves(); err != nil {
		return problems, err
	}
	if err := s.answer(); err != nil {
		return problems, err
	}
	if err := s.succeed(); err != nil {
		return problems, err
	}
	if err := s.life.enter(running); err != nil {
		return problems, err
	}
	go s.successors.serve(s) // one that came before waits until now
	s.sockets.dropSpare()
	if s.stateNow() == store.Running {
		s.sockets.unusedServices()
	}
	s.fromFiles = s.revisionNow()
	s.keepEvidence()
	s.announce()
	return problems, nil
}

// succeed sends the predecessor away and takes the store over.
func (s *Supervisor) succeed() error {
	if !s.predecessor.serves() {
		return nil
	}
	if err := s.predecessor.report(progress{Serving: true}); err != nil {
		slog.Warn("the gateway before this one has gone before its successor served", "error", err)
	}
	s.predecessor.close()
	err := s.openStore(context.Background())
	s.predecessor.snapshot = nil
	if err == nil {
		s.keepGood()
	}
	return err
}

// announce notes how the gateway began.
func (s *Supervisor) announce() {
	s.noteOrphaned()
	s.noteFoundDead(s.found)
	for _, p := range s.adopted {
		s.Note(activity.Event{Kind: activity.Adopt, Instance: s.idOf(p.Number), PID: p.PID, Uptime: time.Since(p.Started)})
	}
	if s.o.upgradeFailed != "" {
		s.Note(activity.Event{Kind: activity.Upgrade, Failed: true, Why: s.o.upgradeFailed})
	}
	if s.stateNow() == store.Running && !s.predecessor.executed {
		s.Note(activity.Event{Kind: activity.Start})
	}
	if state := s.budgets.state(); !state.CPUHeld || !state.MemoryHeld {
		slog.Warn("budgets of instances are not held", "state", state.Text())
	}
}

func newSupervisor(o Options, before *predecessor, files admin.Config) (*Supervisor, error) {
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
		life:        newLifecycle(before.serves()),
		started:     time.Now(),
		metrics:     telemetry.NewSupervisor(),
		fleet:       newFleet(),
		sockets:     newSockets(o.Data),
		budgets:     budgets,
		sampler:     newSampler(),
		journal:     activity.NewWriter(o.Data),
		predecessor: before,
		quit:        make(chan struct{}),
		node:        node,
		place:       at,
	}
	s.recall()
	s.sockets.keep(activated())
	s.sockets.keep(before.takeServices())
	s.sockets.offer(before.takeSockets())
	s.fleet.start, s.fleet.ended = s.startInstance, s.instanceEnded
	s.registerMetrics()
	return s, nil
}

// registerMetrics adds what the supervisor itself knows.
func (s *Supervisor) registerMetrics() {
	s.metrics.Unserved(gateway.Protections(), s.unserved)
	s.metrics.Process(s.o.Version)
	s.metrics.Gauge("instances", "Instances that run.", func() float64 { return float64(len(s.fleet.all())) })
	s.metrics.Gauge("capacity_units", "Capacity units in use: the busiest of throughput, connections and compute.",
		func() float64 { return s.sampler.used().Capacity() })
	s.metrics.Gauge("compute_units", "Compute units in use: ten are the CPU budget of one instance.",
		func() float64 { return s.sampler.used().Compute })
	s.metrics.Gauge("store_lag_seconds", "For how long no quorum of the store has answered; 0 while one answers.", s.lagSeconds)
	s.metrics.Gauge("config_behind", "1 while the store has a newer configuration than the one in force here.", s.configBehind)
	s.metrics.Gauge("config_revision", "Revision of the configuration in force.", func() float64 { return float64(s.revisionNow()) })
}

// answer takes the places where this gateway is asked for: the control socket, the read-only address, and the hand-over
// socket. From a predecessor that is still there they are taken over.
func (s *Supervisor) answer() (err error) {
	inherited := s.predecessor.takeAdmin()
	if s.uploads, err = upload.Open(filepath.Join(s.o.Data, "run", "uploads")); err != nil {
		slog.Warn("no evidence can be uploaded", "error", err)
	}
	if s.api, err = s.openAPI(inherited); err != nil {
		return err
	}
	if s.predecessor.listens() || inherited.Control != nil {
		s.admin, err = admin.Succeed(Socket(s.o.Data), s.o.Admin, inherited)
	} else {
		s.admin, err = admin.Listen(Socket(s.o.Data), s.o.Admin)
	}
	if err != nil {
		s.api.close()
		return taken(err, s.o.Admin, s.o.Data)
	}
	if s.successors, err = awaitSuccessors(s.o.Data); err != nil {
		s.api.close()
		s.admin.Close()
		return err
	}
	s.admin.Serve(s, prometheus.GathererFunc(s.gather))
	return nil
}
