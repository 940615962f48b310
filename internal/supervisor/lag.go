package supervisor

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errNoQuorum is returned for a change while the store takes none.
var errNoQuorum = errors.New("no quorum of the store answers")

// lagging says why this node may not serve the newest configuration; nothing: it does.
func (s *Supervisor) lagging() (why []string) {
	s.mu.Lock()
	if s.behind != "" {
		why = append(why, s.behind)
	}
	s.mu.Unlock()
	if err := s.silent(); err != nil {
		why = append(why, err.Error())
	}
	return why
}

// silent is why the store takes no change now; nil: it takes them.
func (s *Supervisor) silent() error {
	s.mu.Lock()
	opened, broken := s.store, s.broken
	s.mu.Unlock()
	if broken != nil {
		return broken
	}
	if opened == nil {
		return nil
	}
	since, why := opened.Silence()
	switch {
	case why == nil:
		return nil
	case since.IsZero():
		since = s.started
	}
	return fmt.Errorf("%w since %s: %w", errNoQuorum, stamp(since), why)
}

// retryTime is how long a store that has been silent may take to answer a question before a change.
const retryTime = 2 * time.Second

// takesChanges asks a store that has been silent again, before anybody takes trouble over a change; nil: it answers.
func (s *Supervisor) takesChanges(ctx context.Context) error {
	err := s.silent()
	from := s.stored()
	if err == nil || from == nil {
		return err
	}
	ask, cancel := context.WithTimeout(ctx, retryTime)
	defer cancel()
	if _, again := from.Presence(ask); again != nil {
		return err
	}
	return nil
}

// stamp writes a time for people.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// lag notes that this node does not serve a revision of the store; nil: it serves what the store has.
func (s *Supervisor) lag(revision int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.behind, s.behindSince = "", time.Time{}
		return
	}
	if s.behindSince.IsZero() {
		s.behindSince = time.Now()
	}
	s.behind = fmt.Sprintf("revision %d is not served here since %s, revision %d is: %v", revision, stamp(s.behindSince), s.revision, err)
}

// lagSeconds is for how long no quorum has answered.
func (s *Supervisor) lagSeconds() float64 {
	if from := s.stored(); from != nil {
		return from.Lag().Seconds()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return time.Since(s.started).Seconds()
	}
	return 0
}

// configBehind is 1 while the store has a newer configuration than the one in force here.
func (s *Supervisor) configBehind() float64 {
	if from := s.stored(); from != nil && uint64(from.Revision()) > s.revisionNow() {
		return 1
	}
	return 0
}
