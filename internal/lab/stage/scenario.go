package stage

import (
	"time"
)

// Scenario is a failure whose cause is known, or traffic that has none.
type Scenario struct {
	Name  string
	Story string        // one line
	Truth []Truth       // what is at work; none: nothing is
	Open  bool          // the evidence does not decide: the truth may be left among what it may be
	Known string        // what the diagnosis is not able to say yet, and why; it must not say anything wrong all the same
	Slow  bool          // too long for every test run; the measurement of accuracy plays it
	Made  bool          // its evidence is made, in the forms of Azure's exports: no gateway runs
	Lasts time.Duration // about
	Play  func(*Stage)
}

// Truth is a cause at work and where. An empty Member does not say where.
type Truth struct {
	Cause  string   `json:"cause"`
	Member string   `json:"member,omitempty"`
	Also   []string `json:"also,omitempty"` // what is true as well, and may be named
	At     string   `json:"at,omitempty"`   // member that the failures are at, also where a finding need not name one
	Path   string   `json:"path,omitempty"` // that the failures are at; empty: whatever the path
	// Instance of the gateway that the failures are at, and the client that they are of; empty: whatever instance and client
	Instance string `json:"instance,omitempty"`
	Client   string `json:"client,omitempty"`
	// Kinds of failure that are right for nine tenths of the failures: the evidence cannot tell between them, or both occur.
	Kinds []string `json:"kinds,omitempty"`
}

func (t Truth) String() string {
	if t.Member == "" {
		return t.Cause
	}
	return t.Cause + " on " + t.Member
}
