// Package store keeps the configuration of a gateway in etcd: embedded in the process on one machine, a cluster on several,
// or one that runs apart.
//
// Every consumer sees the same sequence of revisions. A write names the revision that it replaces, so that nobody undoes the
// change of somebody else unseen. Without a quorum nobody writes, and each node goes on with what it has.
package store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"causeway/internal/store/embedded"
	"causeway/internal/store/keep"
)

// Options of a store.
type Options struct {
	Dir  string // the store's own directory; made with mode 0700
	Name string // of this node, unique among the nodes that share an external etcd; elsewhere the store knows it

	Mode     Mode     // Auto: as the directory says, else Single
	External External // of the mode External

	History  int           // how many revisions are kept; 0: 100
	Quota    int64         // bytes, of an embedded store; 0: 2 GiB
	Handover time.Duration // how long Open waits for a process that still has the directory open; 0: not at all
	Patience time.Duration // how long Open waits for a quorum before it returns without one; 0: 5 s, of a single node 30 s
}

// Mode is where etcd runs.
type Mode string

// The modes.
const (
	Auto         Mode = ""         // as `causeway cluster` left the directory, else Single
	Single       Mode = "single"   // within the process, without any socket
	Member       Mode = "member"   // within the process, with its peers over mutual TLS
	ExternalMode Mode = "external" // elsewhere
)

// External is an etcd that somebody else runs.
type External struct {
	Endpoints []string `json:"endpoints"`        // https://HOST:PORT
	CA        string   `json:"ca,omitempty"`     // file with the certificates that sign the servers'; empty: those of the system
	Cert      string   `json:"cert,omitempty"`   // file of the client certificate
	Key       string   `json:"key,omitempty"`    // file of its key
	Prefix    string   `json:"prefix,omitempty"` // of all keys; empty: /causeway
}

const (
	defaultHistory  = 100
	defaultPatience = 5 * time.Second
	singlePatience  = 30 * time.Second // a slow disk reads a long log
	defaultPrefix   = "/causeway"
)

// Store is an open store.
type Store struct {
	o      Options
	places places
	lock   *os.File         // nil: a client of a store that another process has open
	door   *http.Server     // of a member: answers nodes that join
	server *embedded.Server // nil: External
	client *clientv3.Client
	ring   *keep.Ring // nil until keys are loaded; mu guards the pointer
	member *MemberFile

	ctx     context.Context // of everything in the background
	cancel  context.CancelFunc
	tasks   sync.WaitGroup
	closing sync.Once
	nudged  chan struct{} // a write of this node took place
	full    chan struct{} // etcd refused a write, because its database reached the quota

	mu       sync.Mutex
	seen     *Snapshot // the newest that this node knows
	watchers map[*watcher]struct{}
	contact  time.Time // when a quorum last answered
	trouble  error     // why the last try failed; nil: it worked
	opened   bool      // schema and keys are known to be usable
	alarms   []string
}

// ErrInUse is returned for a directory that another process has open.
var ErrInUse = errors.New("the store is in use by another process")

// Open opens the store of a directory and makes it where there is none. A single node is ready when Open returns. With a
// cluster or an external etcd, Open returns after the time of Patience also without a quorum: the store then connects in the
// background, and Status tells.
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := prepare(o)
	if err != nil {
		return nil, err
	}
	if err := s.connect(); err != nil {
		return nil, errors.Join(err, s.release())
	}
	if err := s.settle(ctx); err != nil {
		return nil, errors.Join(err, s.release())
	}
	s.tasks.Go(s.follow)
	s.tasks.Go(s.tend)
	if s.o.Mode == Member {
		s.tasks.Go(s.takePart)
	}
	if s.member != nil {
		s.tasks.Go(s.stay)
	}
	return s, nil
}

// prepare takes the directory and reads what it says.
func prepare(o Options) (*Store, error) {
	if o.Dir == "" {
		return nil, errors.New("the store needs a directory")
	}
	err := os.MkdirAll(o.Dir, 0o700)
	if err == nil {
		err = os.Chmod(o.Dir, 0o700) // where it was there already
	}
	if err != nil {
		return nil, fmt.Errorf("make the directory of the store: %w", err)
	}
	lock, err := waitForDir(o.Dir, o.Handover)
	if err != nil {
		return nil, err
	}
	s := &Store{o: o, lock: lock, watchers: map[*watcher]struct{}{}, nudged: make(chan struct{}, 1), full: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	err = s.complete()
	if err == nil {
		err = s.rememberElsewhere()
	}
	if err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

// handoverEvery is how often a directory that is in use is tried again.
const handoverEvery = 10 * time.Millisecond

// waitForDir takes a directory as soon as another process lets go of it.
func waitForDir(dir string, patience time.Duration) (*os.File, error) {
	lock, err := lockDir(dir)
	for deadline := time.Now().Add(patience); errors.Is(err, ErrInUse) && time.Now().Before(deadline); {
		time.Sleep(handoverEvery)
		lock, err = lockDir(dir)
	}
	return lock, err
}

// complete fills in what the options leave open.
func (s *Store) complete() (err error) {
	if s.member, err = readMember(s.o.Dir); err != nil {
		return err
	}
	if s.o.Mode == Auto {
		switch {
		case len(s.o.External.Endpoints) > 0:
			s.o.Mode = ExternalMode
		case s.member != nil && len(s.member.Endpoints) > 0:
			s.o.Mode, s.o.External = ExternalMode, s.member.access(s.o.Dir)
		case s.member != nil:
			s.o.Mode = Member
		default:
			s.o.Mode = Single
		}
	}
	switch {
	case s.member != nil:
		s.o.Name = s.member.Name
	case s.o.Mode == Single: // under one name, so that commands find its keys
		s.o.Name = singleName
	case s.o.Mode == ExternalMode && s.o.Name == "":
		return errors.New("a node that uses an external etcd needs a name")
	}
	if err := checkName(s.o.Name); err != nil {
		return err
	}
	s.o.History = orDefault(s.o.History, defaultHistory)
	patience := defaultPatience
	if s.o.Mode == Single {
		patience = singlePatience
	}
	s.o.Patience = orDefault(s.o.Patience, patience)
	s.places = places{orDefault(s.o.External.Prefix, defaultPrefix)}
	_, err = s.identity()
	return err
}

// identity is the key of this node. It is read each time, because a command may have replaced it.
func (s *Store) identity() (*keep.Identity, error) {
	return keep.LoadIdentity(filepath.Join(s.o.Dir, identityName))
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// Within is where the store of a gateway's data directory lies.
func Within(data string) string { return filepath.Join(data, "store") }

// Files within the directory of a store.
const (
	identityName = "node.key"
	etcdName     = "etcd"
	lockName     = "lock"
	externalName = "external.json"
	goodName     = "last-good"
	singleName   = "single"
)

func (s *Store) connect() (err error) {
	if s.o.Mode == ExternalMode {
		s.client, err = dial(s.o.External)
		return err
	}
	o := embedded.Options{Dir: filepath.Join(s.o.Dir, etcdName), Name: s.o.Name, Quota: s.o.Quota}
	if s.o.Mode == Member {
		if s.member == nil {
			return fmt.Errorf("%s belongs to no cluster: causeway cluster init begins one, and causeway cluster join joins one", s.o.Dir)
		}
		o.Peers = s.member.peers(s.o.Dir)
	}
	if s.server, err = embedded.Start(o); err != nil {
		return err
	}
	s.client = s.server.Client()
	if s.o.Mode == Member {
		return s.welcome()
	}
	return nil
}

// settle waits until a quorum answers, or until patience ends; a single node has to answer.
func (s *Store) settle(ctx context.Context) error {
	err := s.attempt(ctx)
	if err == nil {
		s.reached()
		return s.look(ctx)
	}
	if s.o.Mode == Single || fatal(err) || ctx.Err() != nil {
		return fmt.Errorf("open the store in %s: %w", s.o.Dir, err)
	}
	s.failed(s.unreached(ctx, err))
	return nil
}

// attempt tries to begin as long as patience lasts.
func (s *Store) attempt(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.o.Patience)
	defer cancel()
	if err := s.ready(ctx); err != nil {
		return err
	}
	err := s.begin(ctx)
	for err != nil && !fatal(err) && ctx.Err() == nil {
		pause(ctx, retryFirst)
		err = s.begin(ctx)
	}
	return err
}

// ready waits until an embedded server takes part in its cluster.
func (s *Store) ready(ctx context.Context) error {
	if s.server == nil {
		return nil
	}
	select {
	case <-s.server.Ready():
		return nil
	case <-s.server.Failed():
		return errors.New(s.server.Failure())
	case <-s.server.Stopped():
		return errors.New("etcd stopped")
	case <-ctx.Done():
		return fmt.Errorf("etcd is not ready: %w", ctx.Err())
	}
}

// begin checks the schema and loads the data keys; in an empty store it makes both.
func (s *Store) begin(ctx context.Context) error {
	if err := s.checkSchema(ctx); err != nil {
		return err
	}
	if err := s.loadKeys(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	s.opened = true
	s.mu.Unlock()
	return nil
}

// fatal reports an error that waiting does not cure.
func fatal(err error) bool {
	var newer *NewerError
	return errors.As(err, &newer) || errors.Is(err, ErrNoKey) || errors.Is(err, keep.ErrDamaged)
}

// Close closes the store. Watches end. A second Close has no effect.
func (s *Store) Close() (err error) {
	s.closing.Do(func() {
		s.cancel()
		err = s.closeDoor()
		s.tasks.Wait()
		err = errors.Join(err, s.release())
	})
	return err
}

func (s *Store) closeDoor() error {
	if s.door == nil {
		return nil
	}
	return s.door.Close()
}

func (s *Store) release() error {
	s.cancel()
	errs := []error{s.closeDoor()}
	if s.client != nil {
		if err := s.client.Close(); !errors.Is(err, context.Canceled) { // its answer to a Close without a connection
			errs = append(errs, err)
		}
	}
	if s.server != nil {
		if err := s.server.Close(); err != nil { // it still has its files open
			return errors.Join(append(errs, err, leaveLocked(s.lock))...)
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
