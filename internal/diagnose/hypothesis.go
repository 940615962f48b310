package diagnose

import (
	"strings"
)

// hypothesis is one cause that may be at work. It is a file of its own, named like the cause.
type hypothesis struct {
	cause string // id; what it is easily taken for stands in the catalogue
	needs needs  // evidence without which it is not looked at
	test  string // what decides, in a sentence
	look  func(*inquiry)
}

// needs says which evidence a hypothesis cannot do without.
type needs uint8

const (
	theLog      needs = 1 << iota // access records of any kind
	theTrace                      // access records with Causeway's object
	theDocument                   // of the gateway
	theHealth                     // backend health
	theMetrics
	theActivity
)

var needNames = []string{"access log", "trace", "gateway document", "backend health", "metrics", "activity log"}

// String lists what is needed.
func (n needs) String() string {
	var out []string
	for i, name := range needNames {
		if n&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// given is the evidence that there is.
func (q *inquiry) given() needs {
	var n needs
	for _, x := range []struct {
		there bool
		what  needs
	}{
		{q.requests > 0, theLog},
		{q.own > 0, theTrace},
		{q.config != nil, theDocument},
		{q.health != nil, theHealth},
		{len(q.metrics) > 0, theMetrics},
		{len(q.activity) > 0, theActivity},
	} {
		if x.there {
			n |= x.what
		}
	}
	return n
}

// consider asks every hypothesis that the evidence suffices for, in order.
func (q *inquiry) consider() {
	given := q.given()
	for i := range hypotheses {
		if h := &hypotheses[i]; h.needs&^given == 0 {
			h.look(q)
		}
	}
}

// Test is how a cause is told, as the catalogue shows it.
type Test struct {
	Cause string
	Needs string
	Test  string
}

// Tests lists how each cause that a diagnosis can name is told, in the order in which they are asked.
func Tests() []Test {
	var out []Test
	for _, h := range hypotheses {
		out = append(out, Test{h.cause, h.needs.String(), h.test})
	}
	return out
}
