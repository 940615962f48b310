package store

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"causeway/internal/store/cluster"
	"causeway/internal/store/embedded"
)

// Times of what a node does for its place in the cluster.
const (
	promoteEvery = 500 * time.Millisecond
	stayEvery    = time.Minute
)

// takePart gets the member its vote.
func (s *Store) takePart() {
	promote := time.NewTicker(promoteEvery)
	defer promote.Stop()
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
		}
	}
}

// stay keeps the node's certificate valid and, of a member, the list of those that are revoked; of a node without a vote, the
// list of members that it asks.
func (s *Store) stay() {
	ticker := time.NewTicker(stayEvery)
	defer ticker.Stop()
	revoked := s.client.Watch(s.ctx, s.places.revoked(), clientv3.WithPrefix())
	for now := time.Now(); ; {
		s.renew(now)
		if len(s.member.Endpoints) > 0 {
			s.renewEndpoints()
		} else {
			s.renewRevoked()
		}
		select {
		case <-s.ctx.Done():
			return
		case now = <-ticker.C:
		case _, ok := <-revoked:
			if !ok {
				revoked = nil // the ticker goes on
			}
		}
	}
}

func (s *Store) renewRevoked() {
	ctx, cancel := context.WithTimeout(s.ctx, askTime)
	defer cancel()
	authority, err := s.authority(ctx)
	if err == nil {
		err = s.keepRevoked(ctx, authority)
	}
	if err != nil {
		slog.Debug("the list of revoked certificates could not be renewed", "error", err)
	}
}

// renewEndpoints learns of members that joined since.
func (s *Store) renewEndpoints() {
	ctx, cancel := context.WithTimeout(s.ctx, askTime)
	defer cancel()
	list, err := s.client.MemberList(ctx)
	if err != nil {
		return // the next time
	}
	var now []string
	for _, m := range list.Members {
		now = append(now, m.ClientURLs...)
	}
	if len(now) == 0 || slices.Equal(now, s.client.Endpoints()) {
		return
	}
	s.client.SetEndpoints(now...)
	next := *s.member // others read it
	next.Endpoints = now
	if err := next.write(s.o.Dir); err != nil {
		slog.Warn("the list of members could not be kept", "error", err)
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
		err = s.certify(ctx, authority, s.member)
	}
	if err != nil {
		slog.Error("the certificate of this node could not be renewed", "error", err)
		return
	}
	slog.Info("the certificate of this node was renewed")
}
