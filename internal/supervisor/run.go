package supervisor

import (
	"context"
	"log/slog"
	"time"

	"causeway/internal/activity"
)

const (
	retainEvery = 10 * time.Minute
	healthEvery = 5 * time.Second
)

// Run keeps the logs within their bounds and the health on disk until ctx ends, then drains.
func (s *Supervisor) Run(ctx context.Context) {
	retain, health := time.NewTicker(retainEvery), time.NewTicker(healthEvery)
	defer retain.Stop()
	defer health.Stop()
	s.retain()
	s.keepHealth()
	for {
		select {
		case <-retain.C:
			s.retain()
		case <-health.C:
			s.keepHealth()
		case <-ctx.Done():
			s.finish(ctx)
			return
		case <-s.successors.serving:
			slog.Info("a successor serves; draining")
			s.Note(activity.Event{Kind: activity.Upgrade, Why: "a successor serves"})
			s.close()
			return
		case <-s.successors.proved:
			s.becomeNewProgram(ctx)
			return
		}
	}
}

// finish ends a gateway that got its signal: it gives a successor the time to come, and drains.
func (s *Supervisor) finish(ctx context.Context) {
	s.enterEnding()
	notifyEnding()
	s.Note(activity.Event{Kind: activity.Stop, Why: context.Cause(ctx).Error()})
	kept := make(chan struct{})
	go func() { s.keepHealth(); close(kept) }() // an instance that hangs must not delay the end
	s.successors.wait(s.o.Drain / 2)
	if closed(s.successors.proved) { // nobody else ends the instances of the new program
		s.dismissStrangers()
	}
	s.close()
	<-kept
}
