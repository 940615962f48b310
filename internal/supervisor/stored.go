package supervisor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"causeway/internal/admin"
	"causeway/internal/evidence"
	"causeway/internal/gateway/document"
	"causeway/internal/store"
)

// The gateway's document lives in the store. causeway.yaml stays a file of this node.

const (
	writeTime = 10 * time.Second // for a change to reach a quorum
	lockTime  = 30 * time.Second // for a predecessor to close the store
)

// openStore opens the store, once a predecessor has closed it.
func (s *Supervisor) openStore(ctx context.Context) error {
	wait, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	for {
		opened, err := store.Open(wait, store.Options{Dir: store.Within(s.o.Data)})
		if err == nil {
			s.mu.Lock()
			s.store = opened
			s.mu.Unlock()
			return nil
		}
		if !errors.Is(err, store.ErrInUse) || s.predecessor == nil || wait.Err() != nil {
			return fmt.Errorf("open the store: %w", err)
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
	if s.predecessor != nil {
		c.deploy = s.takeOver
		return s.fromSnapshot(c, *s.predecessor, files), nil
	}
	snapshot, err := s.stored().Config(ctx)
	if err != nil && !errors.Is(err, store.ErrEmpty) {
		good, bad := store.LastGood(store.Within(s.o.Data))
		if bad != nil {
			return c, fmt.Errorf("read the configuration from the store: %w", err)
		}
		slog.Warn("the store does not answer; serving the last configuration that this node had", "revision", good.Revision, "error", err)
		snapshot, err = good, nil
	}
	if err == nil {
		s.compare(snapshot, files, unread)
		return s.fromSnapshot(c, snapshot, files), nil
	}
	if unread != nil {
		return c, unread
	}
	c.config, c.running = files, true
	return c, nil
}

// fromSnapshot makes a change of what the store holds and what the files of this node add.
func (s *Supervisor) fromSnapshot(c change, snapshot store.Snapshot, files admin.Config) change {
	c.config = admin.Config{
		Source: document.Source{Document: snapshot.Document, Local: files.Local, Dir: files.Dir},
		Allow:  snapshot.Allow,
	}
	c.revision, c.running = snapshot.Revision, snapshot.State != store.Stopped
	return c
}

// compare warns of a file that differs from what the store holds.
func (s *Supervisor) compare(snapshot store.Snapshot, files admin.Config, unread error) {
	if s.o.Config == "" {
		return
	}
	if unread == nil {
		d, err := files.ParseDocument()
		if unread = err; err == nil && !bytes.Equal(d.JSON(), snapshot.Document) {
			slog.Warn("the document of --config differs from the stored configuration, which is served; causeway config apply FILE writes it",
				"document", s.o.Config, "revision", snapshot.Revision)
		}
	}
	if unread != nil {
		slog.Warn("the document of --config cannot be read; the stored configuration is served",
			"document", s.o.Config, "revision", snapshot.Revision, "error", unread)
	}
}

// write puts a change into the store in place of the revision in force.
func (s *Supervisor) write(ctx context.Context, c change, d *document.Document) (uint64, error) {
	into := s.stored()
	if into == nil {
		return 0, errNoStore
	}
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	revision, err := into.Put(ctx, store.Snapshot{
		Document: d.JSON(),
		Allow:    c.config.Allow,
		State:    stateOf(c.running),
		Who:      c.caller,
		Note:     c.note,
	}, int64(s.revisionNow()))
	if err != nil {
		return 0, fmt.Errorf("keep the configuration: %w", err)
	}
	return uint64(revision), nil
}

var errNoStore = errors.New("keep the configuration: the store is not open yet")

func stateOf(running bool) store.State {
	if running {
		return store.Running
	}
	return store.Stopped
}

// snapshot is what is in force, as the store has it.
func (s *Supervisor) snapshot() store.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := store.Snapshot{Revision: int64(s.revision), State: stateOf(!s.stopped), Allow: s.current.Allow}
	if s.document != nil {
		out.Document = s.document.JSON()
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

// followStore serves what others write, until the store closes.
func (s *Supervisor) followStore() {
	watch, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-s.quit
		cancel()
	}()
	for snapshot := range s.stored().Watch(watch, int64(s.revisionNow())) {
		s.applyMu.Lock()
		s.followOne(snapshot)
		s.applyMu.Unlock()
	}
}

// followOne serves a newer configuration of the store. s.applyMu is held.
func (s *Supervisor) followOne(snapshot store.Snapshot) {
	if uint64(snapshot.Revision) <= s.revisionNow() || s.ending.Load() {
		return
	}
	c := s.fromSnapshot(change{caller: snapshot.Who, deploy: s.deploy}, snapshot, s.Config())
	_, err := s.change(context.Background(), c)
	s.lag(snapshot.Revision, err)
	if err != nil {
		slog.Error("a configuration of the store is not served; the previous one stays in force", "revision", snapshot.Revision, "error", err)
		return
	}
	slog.Info("configuration of the store applied", "revision", snapshot.Revision, "by", snapshot.Who)
}

// lag notes that this node does not serve the newest revision; nil: it does.
func (s *Supervisor) lag(revision int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behind = ""
	if err != nil {
		s.behind = fmt.Sprintf("revision %d is not served here: %v", revision, err)
	}
}

// revisionNow is the revision in force.
func (s *Supervisor) revisionNow() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision
}

// closeStore lets a successor, or nobody, have the store.
func (s *Supervisor) closeStore() {
	s.mu.Lock()
	opened := s.store
	s.mu.Unlock()
	if opened != nil {
		if err := opened.Close(); err != nil {
			slog.Warn("the store did not close cleanly", "error", err)
		}
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
