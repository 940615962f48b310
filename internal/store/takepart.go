package store

import (
	"context"
	"log/slog"
	"os"
	"time"

	"causeway/internal/store/cluster"
	"causeway/internal/store/embedded"
)

// Times of what a member does for its place in the cluster.
const (
	promoteEvery = 500 * time.Millisecond
	renewEvery   = 12 * time.Hour
)

// takePart gets the member its vote, and keeps its certificate valid, until the store closes.
func (s *Store) takePart() {
	promote, renew := time.NewTicker(promoteEvery), time.NewTicker(renewEvery)
	defer promote.Stop()
	defer renew.Stop()
	s.renew(time.Now())
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.server.Stopped():
			if s.ctx.Err() == nil {
				slog.Error("this node is no longer a member of its cluster: it goes on with what it has")
			}
			return
		case <-promote.C:
			if s.voting() {
				promote.Stop()
			}
		case now := <-renew.C:
			s.renew(now)
		}
	}
}

// voting asks for the member's vote, unless it has one.
func (s *Store) voting() bool {
	select {
	case <-s.server.Ready():
	default:
		return false
	}
	if !s.server.Learner() {
		return true
	}
	ctx, cancel := context.WithTimeout(s.ctx, askTime)
	defer cancel()
	err := s.server.Promote(ctx)
	if err != nil && !embedded.LearnerNotReady(err) {
		slog.Debug("the node has no vote yet", "error", err)
	}
	if err == nil {
		slog.Info("the node has caught up and votes")
	}
	return err == nil
}

// renew makes a new certificate when the old one is due.
func (s *Store) renew(now time.Time) {
	text, err := os.ReadFile(nodeFile(s.o.Dir))
	if err != nil {
		slog.Error("the certificate of this node cannot be read", "error", err)
		return
	}
	due, err := cluster.Due(text, now)
	if err == nil && !due {
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, askTime)
	defer cancel()
	authority, err := s.authority(ctx)
	if err == nil {
		err = certify(s.o.Dir, authority, s.member)
	}
	if err != nil {
		slog.Error("the certificate of this node could not be renewed", "error", err)
		return
	}
	slog.Info("the certificate of this node was renewed")
}
