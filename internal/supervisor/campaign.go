package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"causeway/internal/scale"
	"causeway/internal/store"
)

// In a cluster one node decides how many instances there are: the one that leads. It knows what the instances of all nodes
// measured, and the store refuses its word as soon as another leads.

const (
	campaignPause = time.Second
	scaleTime     = 3 * time.Second // for the leader's word to reach a quorum
	resignTime    = time.Second
)

// campaign runs for leader until the gateway ends.
func (s *Supervisor) campaign() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-s.quit
		cancel()
	}()
	for ctx.Err() == nil {
		l, err := s.stored().Campaign(ctx)
		if err != nil {
			slog.Debug("this node cannot run for leader", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(campaignPause):
			}
			continue
		}
		s.lead(l)
		select {
		case <-l.Done():
		case <-ctx.Done():
			resign, cancel := context.WithTimeout(context.Background(), resignTime)
			l.Resign(resign) // else its lease ends soon
			cancel()
		}
		s.lead(nil)
	}
}

func (s *Supervisor) lead(l *store.Leadership) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leadership = l
}

// leads is this node's leadership; nil: another node leads, or nobody.
func (s *Supervisor) leads() *store.Leadership {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leadership
}

// publish gives what the instances of this node did to the leader, with the next word to the others.
func (s *Supervisor) publish(sample scale.Sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastSample = &sample
}

// sampleOfAll adds what the other nodes measured last. Their intervals may differ a little: what was done in them is brought
// to one length.
func (s *Supervisor) sampleOfAll(own scale.Sample) scale.Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.peers {
		if n.Name == s.node || n.Sample == nil || n.Sample.Interval <= 0 {
			continue
		}
		if own.Interval <= 0 {
			own.Interval, own.Size = n.Sample.Interval, n.Sample.Size
		}
		factor := float64(own.Interval) / float64(n.Sample.Interval)
		for _, i := range n.Sample.Instances {
			i.CPU, i.Bytes = time.Duration(factor*float64(i.CPU)), int64(factor*float64(i.Bytes))
			own.Instances = append(own.Instances, i)
		}
	}
	return own
}

// roomOfAll is how many instances fit on all nodes, spread evenly; 0: unknown. s.mu is held.
func (s *Supervisor) roomOfAll() int {
	least := 0
	for _, n := range s.peers {
		if n.Room == 0 {
			return 0
		}
		if least == 0 || n.Room < least {
			least = n.Room
		}
	}
	return least * len(s.roster.names)
}

// seeScaled notes what the leader wants, unless this node knows something newer. s.mu is held.
func (s *Supervisor) seeScaled(scaled store.Scaled) {
	if scaled.At > s.scaledAt {
		s.scaled, s.scaledAt = scaled.Want, scaled.At
	}
}

// scaleAll writes how many instances all nodes shall have, and follows.
func (s *Supervisor) scaleAll(want int, why string) error {
	l := s.leads()
	if l == nil {
		return store.ErrNotLeader
	}
	ctx, cancel := context.WithTimeout(context.Background(), scaleTime)
	defer cancel()
	scaled, err := l.Scale(ctx, want, why)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.seeScaled(scaled)
	s.mu.Unlock()
	if !s.spread() {
		return errors.New("this node cannot run its share")
	}
	return nil
}
