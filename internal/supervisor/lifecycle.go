package supervisor

import (
	"fmt"
	"slices"
	"sync"
)

// state is where a supervisor is between its start and its end.
type state int

const (
	beginning   state = iota // it reads, adopts, and brings the first configuration to its instances
	succeeding               // the same beside a predecessor, which has the store and the control socket
	running                  // it answers, and looks after its instances
	upgrading                // it has started a new program, which is to take over
	handingOver              // a successor replaces its instances, one after the other
	ending                   // it takes no change any more, and drains
)

// names are the states as errors name them: the gateway is …
var names = map[state]string{
	beginning:   "beginning",
	succeeding:  "taking over from another",
	running:     "running",
	upgrading:   "being upgraded",
	handingOver: "handing over to a successor",
	ending:      "ending",
}

// transitions are the states that may follow each. goBack leads the other way: from upgrading to running, and from handingOver to the
// state before.
var transitions = map[state][]state{
	beginning:   {running, ending},
	succeeding:  {running, ending},
	running:     {upgrading, handingOver, ending},
	upgrading:   {handingOver, ending},
	handingOver: {ending},
	ending:      nil,
}

// lifecycle is the state of a supervisor. Whether the gateway is stopped on purpose is part of its configuration, not of this.
type lifecycle struct {
	mu     sync.Mutex
	now    state
	before state // of handingOver
}

// newLifecycle begins, alone or beside a predecessor.
func newLifecycle(succeeds bool) *lifecycle {
	if succeeds {
		return &lifecycle{now: succeeding}
	}
	return &lifecycle{now: beginning}
}

// enter goes on to another state. The error names the state that does not allow it.
func (l *lifecycle) enter(next state) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now == next {
		return fmt.Errorf("the gateway is already %s", names[next])
	}
	if !slices.Contains(transitions[l.now], next) {
		return fmt.Errorf("the gateway is %s", names[l.now])
	}
	l.before, l.now = l.now, next
	return nil
}

// goBack leaves a state for the one before it: a successor has given back, or an upgrade has failed. An upgrade may end before this gateway
// has noticed that the new program gave back.
func (l *lifecycle) goBack(from state) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.now == from && from == handingOver:
		l.now = l.before
	case l.now == from && from == upgrading:
		l.now = running
	case l.now == handingOver && l.before == from:
		l.before = running
	}
}

// in reports whether the supervisor is in one of these states.
func (l *lifecycle) in(states ...state) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(states, l.now)
}
