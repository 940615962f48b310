package supervisor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"causeway/internal/admin"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/store"
)

// The gateway's document lives in the store. causeway.yaml stays a file of this node.

const (
	writeTime = 6 * time.Second  // for a change to reach a quorum
	lockTime  = 30 * time.Second // for a predecessor to close the store

	// quorumTime is how long a node waits for a quorum that knows what it served last.
	quorumTime = 2 * time.Second

	// olderTime is how long it waits for a quorum before it serves something older than its instances have.
	olderTime = time.Minute
)

// placeOf is where the store is, and the name of this node among those that share it; empty: nobody shares it.
func placeOf(data string, files admin.Config) (node string, at store.Options, err error) {
	at.Dir = store.Within(data)
	if node, err = store.NodeOf(at.Dir); err != nil {
		return "", at, err
	}
	local, _, err := files.ParseLocal()
	if err != nil || len(local.Store.Endpoints) == 0 {
		return node, at, nil // an error shows when the files are read as a whole
	}
	x := local.Store
	at.External = store.External{Endpoints: x.Endpoints, CA: x.CA, Cert: x.Cert, Key: x.Key, Prefix: x.Prefix}
	if node == "" {
		node = x.Node
	}
	if node == "" {
		host, _ := os.Hostname()
		node, _, _ = strings.Cut(host, ".")
	}
	at.Name = node
	return node, at, nil
}

// openStore opens the store, once a predecessor has closed it.
func (s *Supervisor) openStore(ctx context.Context) error {
	wait, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	o := s.place
	if _, bad := store.LastGood(o.Dir); bad == nil && s.node != "" {
		o.Patience = quorumTime
	}
	for {
		opened, err := store.Open(wait, o)
		if err == nil {
			s.mu.Lock()
			s.store = opened
			s.mu.Unlock()
			return nil
		}
		if !errors.Is(err, store.ErrInUse) || !s.predecessor.serves() || wait.Err() != nil {
			return s.goWithout(fmt.Errorf("open the store: %w", err))
		}
		select {
		case <-wait.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stored is the open store; nil while a predecessor still has it.
func (s *Supervisor) stored() *store.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store
}

// first is the configuration to begin with: that of the predecessor or of the store, or, where the store is empty, that of
// the file.
func (s *Supervisor) first(ctx context.Context, files admin.Config, unread error) (change, error) {
	c := change{caller: callerSupervisor, deploy: s.deploy}
	if s.predecessor.serves() {
		c.deploy = s.takeOver
		return s.fromSnapshot(c, *s.predecessor.snapshot, files), nil
	}
	snapshot, err := s.fromStore(ctx)
	if err == nil && snapshot.State == store.Deleted {
		return s.fromSnapshot(c, snapshot, files), s.mayWait(unread)
	}
	if err == nil {
		return s.fromSnapshot(c, snapshot, files), s.compare(snapshot, files, unread)
	}
	if !errors.Is(err, store.ErrEmpty) {
		return c, err
	}
	if unread != nil && s.o.hasAPI() && s.o.Config == "" {
		return s.withoutGateway(c, files), nil
	}
	if unread != nil {
		return c, unread
	}
	c.config, c.state = files, store.Running
	return c, nil
}

// fromStore is what the store holds. Without a quorum it is what this node served last. A node that has never served waits, and
// for a while also one that remembers less than its instances serve.
func (s *Supervisor) fromStore(ctx context.Context) (store.Snapshot, error) {
	from := s.stored()
	said, pause := "", followFirst
	for begin := time.Now(); ; {
		err := s.silent()
		if err == nil {
			var snapshot store.Snapshot
			ask, cancel := context.WithTimeout(ctx, writeTime)
			snapshot, err = from.Config(ask)
			cancel()
			if err == nil || errors.Is(err, store.ErrEmpty) || fatal(err) {
				return snapshot, err
			}
		}
		good, bad := store.LastGood(store.Within(s.o.Data))
		older := bad == nil && uint64(good.Revision) < s.revisionNow() // than what its instances serve: the disk was full
		if bad == nil && (!older || from == nil || time.Since(begin) > olderTime) {
			slog.Warn("the store does not answer; serving the last configuration that this node had", "revision", good.Revision, "error", err)
			return good, nil
		}
		if !older && (s.node == "" || !errors.Is(bad, store.ErrEmpty) || from == nil) {
			return good, fmt.Errorf("read the configuration from the store: %w", err)
		}
		if text := err.Error(); text != said {
			slog.Warn("this node does not have the newest configuration and waits until the store answers", "error", err)
			said = text
		}
		select {
		case <-ctx.Done():
			return good, context.Cause(ctx)
		case <-time.After(pause):
			pause = min(2*pause, waitLongest)
		}
	}
}

// waitLongest is the longest time between two looks at a store that does not answer.
const waitLongest = 5 * time.Second

// fatal reports an error of the store that waiting does not cure.
func fatal(err error) bool {
	var newer *store.NewerError
	return errors.As(err, &newer) || errors.Is(err, store.ErrNoKey)
}

// serveFirst serves the configuration to begin with. A revision that cannot be served here leaves the one that this node had
// before it in force.
func (s *Supervisor) serveFirst(ctx context.Context, files admin.Config, unread error) ([]gateway.Problem, error) {
	c, err := s.first(ctx, files, unread)
	if err != nil {
		return nil, err
	}
	problems, err := s.count(ctx, c)
	if err == nil && c.state == store.Deleted && unread == nil && !s.predecessor.goesOn() {
		return s.count(ctx, change{config: files, state: store.Running, caller: callerSupervisor, deploy: s.deploy})
	}
	if errors.Is(err, store.ErrConflict) { // another node has filled the store meanwhile
		if c, err = s.first(ctx, files, unread); err == nil {
			problems, err = s.count(ctx, c)
		}
	}
	if err == nil || c.revision == 0 || s.predecessor.serves() || ctx.Err() != nil {
		return problems, err
	}
	good, bad := store.LastGood(store.Within(s.o.Data))
	if bad != nil || good.Revision == c.revision {
		return problems, err
	}
	slog.Error("the configuration of the store cannot be served; this node serves the one that it had before", "revision", c.revision,
		"error", err, "served", good.Revision)
	instead := s.fromSnapshot(change{caller: callerSupervisor, deploy: s.deploy}, good, files)
	if again, bad := s.count(ctx, instead); bad != nil {
		return append(problems, again...), err
	}
	s.lag(c.revision, err)
	return problems, nil
}

// fromSnapshot makes a change of what the store holds and what the files of this node add.
func (s *Supervisor) fromSnapshot(c change, snapshot store.Snapshot, files admin.Config) change {
	c.config = admin.Config{
		Source: document.Source{Document: snapshot.Document, Local: files.Local, Dir: files.Dir},
		Allow:  snapshot.Allow,
	}
	c.revision, c.state = snapshot.Revision, snapshot.State
	return c
}

// compare warns of a file that differs from what the store holds. One of another gateway is an error.
func (s *Supervisor) compare(snapshot store.Snapshot, files admin.Config, unread error) error {
	if s.o.Config == "" {
		return nil
	}
	var d *document.Document
	if unread == nil {
		d, unread = files.ParseDocument()
	}
	switch {
	case unread != nil:
		slog.Warn("the document of --config cannot be read; the stored configuration is served",
			"document", s.o.Config, "revision", snapshot.Revision, "error", unread)
	case bytes.Equal(d.JSON(), snapshot.Document):
	default:
		if stored, err := document.Parse(snapshot.Document); err == nil && !strings.EqualFold(stored.Config.Name, d.Config.Name) {
			return &OptionError{
				"--config " + s.o.Config,
				fmt.Sprintf("it is of the gateway %q, and the store in %s holds %q", d.Config.Name, s.o.Data, stored.Config.Name),
				"give this gateway a directory of its own with --data; to replace the other one, start without --config, then causeway config apply",
			}
		}
		slog.Warn("the document of --config differs from the stored configuration, which is served; causeway config apply FILE writes it",
			"document", s.o.Config, "revision", snapshot.Revision)
	}
	return nil
}

// write puts a change into the store in place of the revision in force.
func (s *Supervisor) write(ctx context.Context, c change, d *document.Document) (uint64, error) {
	into := s.stored()
	if into == nil {
		return 0, errNoStore
	}
	ask, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	revision, err := into.Put(ask, store.Snapshot{
		Document: d.JSON(),
		Allow:    c.config.Allow,
		State:    c.state,
		Who:      c.caller,
		Note:     c.note,
	}, int64(s.revisionNow()))
	known := err == nil || errors.Is(err, store.ErrUnknown) || errors.Is(err, store.ErrConflict)
	if !known && ask.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w within %v: %w", errNoQuorum, writeTime, err)
	}
	if err != nil {
		return 0, fmt.Errorf("keep the configuration: %w", err)
	}
	return uint64(revision), nil
}

var errNoStore = errors.New("keep the configuration: the store is not open yet")

// snapshot is what is in force, as the store has it.
func (s *Supervisor) snapshot() store.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := store.Snapshot{Revision: int64(s.revision), State: s.state, Allow: s.current.Allow}
	if s.document != nil {
		out.Document = s.document.JSON()
	} else {
		out.Document = noGateway().JSON()
	}
	return out
}

// keepGood remembers what is in force, so that this node can start without a quorum.
func (s *Supervisor) keepGood() {
	if into := s.stored(); into != nil {
		if err := into.KeepGood(s.snapshot()); err != nil {
			slog.Warn("the configuration in force could not be remembered", "error", err)
		}
	}
}

// Times between tries of a configuration that this node cannot serve: a port is taken, a file is missing.
const (
	followFirst   = time.Second
	followLongest = 30 * time.Second
)

// followStore serves what others write, until the store closes.
func (s *Supervisor) followStore() {
	watch, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-s.quit
		cancel()
	}()
	changes := s.stored().Watch(watch, int64(s.revisionNow()))
	var next *store.Snapshot // not served yet
	wait := followFirst
	for {
		var again <-chan time.Time
		if next != nil {
			again = time.After(wait)
		}
		select {
		case newer, open := <-changes:
			if !open {
				return
			}
			next, wait = &newer, followFirst
		case <-again:
			wait = min(2*wait, followLongest)
		}
		if s.followed(*next) {
			next = nil
		}
	}
}

// followed serves a newer configuration of the store; false: it cannot be served yet.
func (s *Supervisor) followed(snapshot store.Snapshot) bool {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	if s.life.in(ending) {
		return true
	}
	if uint64(snapshot.Revision) <= s.revisionNow() {
		s.lag(0, nil)
		return true
	}
	c := s.fromSnapshot(change{caller: snapshot.Who, deploy: s.deploy}, snapshot, s.Config())
	_, err := s.change(context.Background(), c)
	before := s.lagging()
	s.lag(snapshot.Revision, err)
	if err == nil {
		slog.Info("configuration of the store applied", "revision", snapshot.Revision, "by", snapshot.Who)
		return true
	}
	if !slices.Equal(before, s.lagging()) {
		slog.Error("a configuration of the store is not served; the previous one stays in force, and this node tries again",
			"revision", snapshot.Revision, "error", err)
	}
	return false
}

// revisionNow is the revision in force.
func (s *Supervisor) revisionNow() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision
}

// closeTime bounds the end of a store that is broken: parts of it may wait for each other forever.
const closeTime = 10 * time.Second

// closeStore lets a successor, or nobody, have the store.
func (s *Supervisor) closeStore() {
	opened := s.stored()
	if opened == nil {
		return
	}
	closed := make(chan error, 1)
	go func() { closed <- opened.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			slog.Warn("the store did not close cleanly", "error", err)
		}
	case <-time.After(closeTime):
		slog.Warn("the store does not close")
	}
}

// keepEvidence writes what is in force, without private keys, for a diagnosis of the data directory.
func (s *Supervisor) keepEvidence() {
	s.mu.Lock()
	c := s.current
	if s.document != nil {
		c.Document = s.document.Public()
	}
	s.mu.Unlock()
	b, err := json.Marshal(c)
	if err == nil {
		err = replaceFile(filepath.Join(s.o.Data, evidence.AppliedName), b)
	}
	if err != nil {
		slog.Warn("the configuration in force could not be written for a later diagnosis", "error", err)
	}
}
