package supervisor

import (
	"context"
	"log/slog"
	"net"
	"time"

	"causeway/internal/activity"
	"causeway/internal/conn"
)

const (
	// giveUpTime is how long a gateway that cannot begin finishes what it has accepted meanwhile.
	giveUpTime = 5 * time.Second

	// endMargin is how long an instance has beyond its drain to end.
	endMargin = 5 * time.Second
)

// enterEnding begins the end, which every phase allows.
func (s *Supervisor) enterEnding() {
	if err := s.life.enter(ending); err != nil {
		slog.Debug("the end has begun already", "error", err)
	}
}

// end stops what this supervisor does in the background.
func (s *Supervisor) end() {
	s.enterEnding()
	close(s.quit)
}

// close ends what runs: no new requests, then no old ones, then what is left.
func (s *Supervisor) close() {
	s.end()
	s.applyMu.Lock() // a change under way ends first
	s.fleet.drainAll(s.o.Drain)
	s.sockets.closeAll()
	s.applyMu.Unlock()
	late := time.Now().Add(s.o.Drain + endMargin)
	s.endTrial()
	s.fleet.wait(late)
	if !s.successors.succeeded() {
		s.budgets.holder.Close()
	}
	if s.uploads != nil && !s.successors.succeeded() { // else the folder is a successor's
		_ = s.uploads.Close()
	}
	s.successors.close(s.o.Data)
	s.relinquish()
}

// giveUp ends a gateway that cannot begin. A predecessor serves again before the instances of this one go. Instances that it has adopted go
// on, unless the cause is a signal to end: that one is for them too.
func (s *Supervisor) giveUp(ctx context.Context) {
	s.end()
	beside := s.predecessor.listens()
	signalled := ctx.Err() != nil && !beside // beside a gateway that goes on, a signal ends this attempt and no gateway
	if signalled && s.predecessor.executed { // it may have come before they were adopted
		s.adopt()
	}
	if beside {
		if err := s.predecessor.report(progress{GiveBack: true}); err != nil {
			slog.Warn("the gateway before this one has gone as well", "error", err)
		}
	}
	s.predecessor.close()
	s.noteFoundDead(s.found)
	if len(s.adopted) > 0 && !signalled { // they served before this supervisor came, and go on without it
		slog.Warn("this supervisor cannot begin; the instances that it found go on serving", "instances", len(s.fleet.all()))
		s.sockets.closeAll()
		s.closeStore()
		return
	}
	drain := min(s.o.Drain, giveUpTime)
	if signalled {
		drain = s.o.Drain
		s.Note(activity.Event{Kind: activity.Stop, Why: context.Cause(ctx).Error()})
	}
	s.fleet.drainAll(drain)
	s.sockets.closeAll()
	s.fleet.wait(time.Now().Add(drain + endMargin))
	if !beside {
		s.budgets.holder.Close()
	}
	s.closeStore()
}

// relinquish gives up what this gateway and a successor cannot both have, as soon as there is one: also one that comes while
// this gateway drains. It implements incumbent.
func (s *Supervisor) relinquish() {
	s.gone.Do(func() {
		s.api.close()
		s.admin.Close()
		s.closeStore()
	})
}

// givesWay implements incumbent: a gateway that ends does.
func (s *Supervisor) givesWay() bool { return s.life.in(ending) }

// handOut returns the sockets that a successor goes on with; it closes the descriptors. It implements incumbent.
func (s *Supervisor) handOut() (addresses []string, descriptors []int) {
	addresses, descriptors = s.sockets.copies()
	all := s.listeners()
	for name, ln := range map[string]net.Listener{adminSocket: all.Address, apiSocket: all.API, apiUnixSocket: all.APISocket} {
		if ln == nil {
			continue
		}
		if fd, err := conn.Descriptor(ln); err == nil {
			addresses, descriptors = append(addresses, name), append(descriptors, fd)
		}
	}
	return addresses, descriptors
}
