package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"

	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/store"
)

// History lists the changes that the store keeps. See admin.Gateway.
func (s *Supervisor) History(ctx context.Context) ([]store.Change, error) {
	from := s.stored()
	if from == nil {
		return nil, refusal(errNoStore)
	}
	all, err := from.History(ctx)
	return all, refusal(err)
}

// At is the configuration as it was at a revision. See admin.Gateway.
func (s *Supervisor) At(ctx context.Context, revision int64) (admin.Config, error) {
	c, _, err := s.at(ctx, revision)
	return c, refusal(err)
}

func (s *Supervisor) at(ctx context.Context, revision int64) (admin.Config, store.Snapshot, error) {
	from := s.stored()
	if from == nil {
		return admin.Config{}, store.Snapshot{}, errNoStore
	}
	snapshot, err := from.At(ctx, revision)
	if err != nil {
		return admin.Config{}, snapshot, err
	}
	return admin.Config{Source: document.Source{Document: snapshot.Document}, Allow: snapshot.Allow}, snapshot, nil
}

// Rollback serves the configuration of an earlier revision, as a new one. Whether the gateway runs stays as it is. See
// admin.Gateway.
func (s *Supervisor) Rollback(ctx context.Context, revision, replaces int64) ([]gateway.Problem, error) {
	c, _, err := s.at(ctx, revision)
	if err != nil {
		return nil, refusal(err)
	}
	c.Revision = replaces
	if c.Allow == nil {
		c.Allow = []string{} // none, not those in force
	}
	return s.applyFor(ctx, callerSocket, fmt.Sprintf("rollback to revision %d", revision), c)
}

// Backup writes the whole store. See admin.Gateway.
func (s *Supervisor) Backup(ctx context.Context, w io.Writer, recipients []string) error {
	from := s.stored()
	if from == nil {
		return refusal(errNoStore)
	}
	return refusal(from.Backup(ctx, w, recipients...))
}

// hintOfStore is what to do about an error of the store; empty: it is none.
func hintOfStore(err error) string {
	var stranger *store.NotAdmittedError
	switch {
	case errors.As(err, &stranger):
		return stranger.Hint()
	case errors.Is(err, store.ErrConflict):
		return "look at what changed, causeway config history and causeway config show, and apply again"
	case errors.Is(err, store.ErrUnknown):
		return "causeway config history shows whether it was written"
	case errors.Is(err, store.ErrNoRevision):
		return "causeway config history lists the revisions that are kept"
	case errors.Is(err, store.ErrInUse):
		return "another process has the store of this data directory open: end it, or give another directory with --data"
	case errors.Is(err, store.ErrNoKey):
		return "the file store/node.key of the data directory opens the store; bring it back from where it was moved to"
	case errors.Is(err, errClosed):
		return "free space on the disk of the data directory, or bring the folder store back; the supervisor tries again every 30 s"
	case errors.Is(err, errNoStore), errors.Is(err, errNoQuorum), store.Unanswered(err):
		return "causeway health says whether the store has a quorum; causeway cluster members lists who is there"
	}
	return ""
}
