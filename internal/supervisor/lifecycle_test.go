package supervisor

import (
	"strings"
	"testing"
)

// The states of a supervisor follow each other only as the table says.
func TestLifecycle(t *testing.T) {
	f := func(what string, l *lifecycle, to state, problem string) {
		t.Helper()
		if err := l.enter(to); (err == nil) != (problem == "") || err != nil && !strings.Contains(err.Error(), problem) {
			t.Errorf("%s: %v, want %q", what, err, problem)
		}
	}
	l := newLifecycle(true)
	f("an upgrade while it begins", l, upgrading, "taking over from another")
	f("the predecessor has gone", l, running, "")
	f("an upgrade", l, upgrading, "")
	f("two upgrades", l, upgrading, "already being upgraded")
	f("the new program takes an instance", l, handingOver, "")
	f("another upgrade meanwhile", l, upgrading, "handing over to a successor")
	if l.goBack(upgrading); !l.in(handingOver) {
		t.Error("the new program has ended, and this gateway has not noticed that it gave back")
	}
	if l.goBack(handingOver); !l.in(running) {
		t.Error("it has noticed")
	}
	l = newLifecycle(false)
	f("it runs", l, running, "")
	f("an upgrade", l, upgrading, "")
	f("a hand-over", l, handingOver, "")
	if l.goBack(handingOver); !l.in(upgrading) {
		t.Error("the new program has given back, and has not ended yet")
	}
	if l.goBack(upgrading); !l.in(running) {
		t.Error("it has ended")
	}
	f("a hand-over", l, handingOver, "")
	if l.goBack(handingOver); !l.in(running) {
		t.Error("the successor has given back")
	}
	f("the end", l, ending, "")
	if l.goBack(handingOver); !l.in(ending) {
		t.Error("the end is final")
	}
	f("after the end", l, running, "the gateway is ending")
}
