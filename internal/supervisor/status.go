package supervisor

import (
	"os"

	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/store"
)

// unserved counts how often the document asks for a protection that is not given.
func (s *Supervisor) unserved(protection string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.document == nil {
		return 0
	}
	for _, u := range s.document.Config.Unserved {
		if u.Protection == protection {
			n++
		}
	}
	return n
}

// Config is what is being served.
func (s *Supervisor) Config() admin.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.current
	c.Revision = int64(s.revision)
	return c
}

// Status is what the gateway says of itself.
func (s *Supervisor) Status() admin.Status {
	instances := s.instances()
	var lost int64
	for _, i := range instances {
		lost += i.Lost
	}
	unheld := ""
	if b := s.budgets.state(); !b.CPUHeld || !b.MemoryHeld {
		unheld = b.Text()
	}
	lagging := s.lagging()
	s.mu.Lock()
	defer s.mu.Unlock()
	name, open := "", []gateway.Unserved(nil)
	if s.document != nil {
		name, open = s.document.Config.Name, s.document.Config.Unserved
	}
	return admin.Status{
		Lagging:   lagging,
		Node:      s.node,
		Nodes:     s.peers,
		Away:      s.absences.list(),
		Want:      s.serving,
		Ready:     s.fleet.serves() && !s.life.in(ending),
		Stopped:   s.state == store.Stopped,
		Deleted:   s.state == store.Deleted,
		API:       s.api.url(),
		Unheld:    unheld,
		Failed:    s.o.upgradeFailed,
		Name:      name,
		Revision:  s.revision,
		Applied:   s.applied,
		Started:   s.started,
		PID:       os.Getpid(),
		Version:   s.o.Version,
		Logs:      LogRoot(s.o.Data),
		Lost:      lost,
		Ports:     s.sockets.addresses(),
		Instances: instances,
		Unserved:  open,
	}
}
