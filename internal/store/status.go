package store

import (
	"errors"
	"time"
)

// Status is what a store says of itself.
type Status struct {
	Mode     Mode      `json:"mode"`
	Node     string    `json:"node"`
	Revision int64     `json:"revision"`          // the newest that this node knows
	Contact  time.Time `json:"contact"`           // when a quorum last answered; zero: never since the start
	Lagging  bool      `json:"lagging"`           // no quorum has answered for three seconds
	Trouble  string    `json:"trouble,omitempty"` // why not, or what else is wrong
	Alarms   []string  `json:"alarms,omitempty"`  // of etcd: NOSPACE, CORRUPT

	// Of an embedded store.
	Leader  string `json:"leader,omitempty"`  // id of the member that leads; empty: there is none
	Learner bool   `json:"learner,omitempty"` // no vote yet: the member is catching up
	Size    int64  `json:"size,omitempty"`    // bytes of the database on disk
	InUse   int64  `json:"inUse,omitempty"`   // bytes of it in use
	Quota   int64  `json:"quota,omitempty"`   // bytes from which etcd refuses writes
}

// Status is the store's state now. It asks nobody.
func (s *Store) Status() Status {
	st := Status{Mode: s.o.Mode, Node: s.o.Name, Revision: s.Revision()}
	s.mu.Lock()
	st.Contact, st.Alarms = s.contact, s.alarms
	st.Lagging = time.Since(s.contact) > lagAfter
	if s.trouble != nil {
		st.Trouble = s.trouble.Error()
	}
	s.mu.Unlock()
	if s.server == nil {
		return st
	}
	if failure := s.server.Failure(); failure != "" {
		st.Trouble, st.Lagging = "etcd gave up: "+failure, true
	}
	if s.server.Removed() {
		st.Trouble, st.Lagging = "the cluster has removed this node", true
	}
	if id := s.server.Leader(); id != 0 {
		st.Leader = memberID(id)
	}
	st.Learner, st.Quota = s.server.Learner(), s.server.Quota()
	st.Size, st.InUse = s.server.Size()
	return st
}

// Lag is for how long no quorum has answered; 0 as long as it is no more than the three seconds in which one is asked.
func (s *Store) Lag() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if silent := time.Since(s.contact); silent > lagAfter {
		return silent
	}
	return 0
}

// Silence is since when no quorum has answered, and why; the error is nil as long as one answers. The time is zero where none
// has answered since the start. Other than Status it never waits, also where etcd gave up.
func (s *Store) Silence() (since time.Time, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.server != nil && s.server.Failure() != "":
		return s.contact, errors.New("etcd gave up: " + s.server.Failure())
	case time.Since(s.contact) <= lagAfter:
		return s.contact, nil
	case s.trouble != nil:
		return s.contact, s.trouble
	}
	return s.contact, errors.New("it has not answered in time")
}

// Failed is closed when an embedded etcd gave up, because its disk is full or broken. The store then answers no more, and
// parts of etcd may wait for each other forever: the process has to start anew to open it. It is nil, and blocks, for an
// external etcd.
func (s *Store) Failed() <-chan struct{} {
	if s.server == nil {
		return nil
	}
	return s.server.Failed()
}
