package supervisor

import (
	"context"
	"errors"

	"causeway/internal/activity"
	"causeway/internal/admin"
	"causeway/internal/gateway/document"
	"causeway/internal/store"
)

// A supervisor with the management API may run without a gateway: until the first PUT, and after a DELETE. Then it has no
// instances and no open ports.

var errNoGateway = errors.New("there is no gateway: it was deleted, or none has been created yet")

// noGateway is the document of none.
func noGateway() *document.Document {
	d, err := document.Parse([]byte(`{"name":"none","properties":{"frontendPorts":[]}}`))
	if err != nil {
		panic(err) // the text is ours
	}
	return d
}

// withoutGateway is what a supervisor begins with that waits for a gateway. Nothing is written: the store is as empty.
func (s *Supervisor) withoutGateway(c change, files admin.Config) change {
	c.config = admin.Config{Source: document.Source{Local: files.Local, Dir: files.Dir}}
	c.state, c.unwritten = store.Deleted, true
	return c
}

// mayWait refuses to begin without a gateway where nobody could create one, and where a document was named that cannot be read.
func (s *Supervisor) mayWait(unread error) error {
	if s.o.hasAPI() && (s.o.Config == "" || s.predecessor.goesOn()) {
		return nil
	}
	return unread
}

// Remove drains the gateway and forgets its document; the history keeps it for a while. See arm.Gateway.
func (s *Supervisor) Remove(ctx context.Context) error {
	s.applyMu.Lock()
	defer s.applyMu.Unlock()
	if s.stateNow() == store.Deleted {
		return nil
	}
	who := activity.CallerOf(ctx, callerSocket)
	e := activity.Event{Kind: activity.Delete, Resource: s.resourceID(), Caller: who.Name, Correlation: who.Correlation}
	now := s.Config()
	now.Document, now.Parameters = nil, nil
	_, err := s.count(ctx, change{config: now, state: store.Deleted, caller: who.Name, note: "the gateway was deleted", deploy: s.deploy})
	if err != nil {
		e.Failed, e.Why = true, err.Error()
	}
	s.Note(e)
	return refusal(err)
}

// resourceID is that of the gateway; empty: there is none.
func (s *Supervisor) resourceID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.document == nil {
		return ""
	}
	return s.document.Config.ResourceID()
}
