package store

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Times of the follower.
const (
	beat       = time.Second            // how often it asks a quorum whether it missed a change, and whether there is one
	askTime    = 3 * time.Second        // how long an answer may take
	lagAfter   = 3 * time.Second        // of silence: a node that lags
	retryFirst = 100 * time.Millisecond // after a failure; doubles up to retryLast
	retryLast  = 2 * time.Second
)

// worthFreeing is the size of a document, in bytes, after which the process gives memory back at once.
const worthFreeing = 1 << 20

// watcher is one consumer. Its channel holds the newest configuration that it has not taken.
type watcher struct {
	c    chan Snapshot
	from int64
}

// Watch delivers every configuration newer than revision `from`, in order; of several that follow each other fast it may
// deliver the last alone. It outlasts compaction, the loss of the leader, and times without a quorum. The channel closes when
// ctx or the store ends.
func (s *Store) Watch(ctx context.Context, from int64) <-chan Snapshot {
	w := &watcher{c: make(chan Snapshot, 1), from: from}
	s.mu.Lock()
	s.watchers[w] = struct{}{}
	if s.seen != nil {
		w.deliver(*s.seen)
	}
	s.mu.Unlock()
	go func() {
		select {
		case <-ctx.Done():
		case <-s.ctx.Done():
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, w)
		close(w.c)
	}()
	return w.c
}

// deliver replaces what the consumer has not taken yet. The store's mutex is held.
func (w *watcher) deliver(c Snapshot) {
	if c.Revision <= w.from {
		return
	}
	w.from = c.Revision
	select {
	case <-w.c:
	default:
	}
	w.c <- c
}

// publish gives a configuration to every consumer.
func (s *Store) publish(c Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen != nil && c.Revision <= s.seen.Revision {
		return
	}
	s.seen = &c
	for w := range s.watchers {
		w.deliver(c)
	}
}

// follow keeps up with the store until it closes.
func (s *Store) follow() {
	retry := retryFirst
	for s.ctx.Err() == nil {
		err := s.followOnce()
		if err == nil {
			retry = retryFirst
			continue
		}
		s.failed(err)
		pause(s.ctx, retry)
		retry = min(2*retry, retryLast)
	}
}

// followOnce reads the configuration and returns when there is a newer one.
func (s *Store) followOnce() error {
	ctx, cancel := context.WithTimeout(s.ctx, askTime)
	defer cancel()
	if err := s.usable(ctx); err != nil {
		return err
	}
	st, err := s.read(ctx)
	if err == nil {
		err = s.stillAdmitted(ctx)
	}
	if err != nil {
		return err
	}
	s.reached()
	if err := s.show(ctx, st); err != nil {
		return err
	}
	return s.await(st)
}

// look is the first reading, within Open.
func (s *Store) look(ctx context.Context) error {
	st, err := s.read(ctx)
	if err != nil {
		return err
	}
	return s.show(ctx, st)
}

func (s *Store) show(ctx context.Context, st state) error {
	if st.headMod == 0 || s.Revision() == st.head.Revision {
		return nil
	}
	c, err := s.snapshot(ctx, st)
	if err != nil {
		return err
	}
	s.publish(c)
	if len(c.Document) > worthFreeing {
		debug.FreeOSMemory() // of what reading left, several times the document
	}
	return nil
}

// await returns when the head changes. A watch may fall silent for good, where a connection breaks without a word or a member
// lost its peers; so the follower also asks at every beat.
func (s *Store) await(st state) error {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	changes := s.client.Watch(clientv3.WithRequireLeader(ctx), s.places.head(), clientv3.WithRev(st.at+1))
	beats := time.NewTicker(beat)
	defer beats.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case resp, ok := <-changes:
			if !ok {
				return errors.New("the watch ended")
			}
			if resp.Err() != nil { // compacted, no leader: read again
				slog.Debug("the watch of the store ended", "error", resp.Err())
				return resp.Err()
			}
			if len(resp.Events) > 0 {
				return nil
			}
		case <-s.nudged:
			return nil
		case <-beats.C:
			if changed, err := s.changed(st); err != nil || changed {
				return err
			}
		}
	}
}

// changed asks a quorum whether there is another head.
func (s *Store) changed(st state) (bool, error) {
	ctx, cancel := context.WithTimeout(s.ctx, askTime)
	defer cancel()
	resp, err := s.client.Get(ctx, s.places.head(), clientv3.WithKeysOnly())
	if err == nil {
		err = s.stillAdmitted(ctx)
	}
	if err != nil {
		return false, err
	}
	s.reached()
	var mod int64
	for _, kv := range resp.Kvs {
		mod = kv.ModRevision
	}
	return mod != st.headMod, nil
}

// ErrRemoved is the trouble of a node that another one has removed from those that share an external etcd.
var ErrRemoved = errors.New("another node has removed this one: it serves what it has, and will not start again")

// stillAdmitted reports whether the node still has a key in an external etcd. In a cluster of Causeway's own, a node that was
// removed is no longer answered.
func (s *Store) stillAdmitted(ctx context.Context) error {
	if s.o.Mode != ExternalMode || s.member != nil {
		return nil
	}
	resp, err := s.client.Get(ctx, s.places.nodeKeys()+s.o.Name, clientv3.WithCountOnly())
	if err == nil && resp.Count == 0 {
		return ErrRemoved
	}
	return err
}

// nudge makes the follower read at once, after a write of this node.
func (s *Store) nudge() { signal(s.nudged) }

// signal wakes whoever waits for c, or will.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// reached notes that a quorum answered.
func (s *Store) reached() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble != nil && !s.contact.IsZero() {
		slog.Info("the store answers again", "silent", time.Since(s.contact).Round(time.Millisecond))
	}
	s.contact, s.trouble = time.Now(), nil
}

// failed notes that none did.
func (s *Store) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return
	}
	if s.trouble == nil {
		slog.Warn("the store does not answer; this node goes on with what it has", "error", err)
	}
	s.trouble = err
}

// Revision is the newest revision that this node knows.
func (s *Store) Revision() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		return 0
	}
	return s.seen.Revision
}
