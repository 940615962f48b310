package proxy

import (
	"testing"

	"causeway/internal/fault"
)

// The whole of what may be tried again, and how often.
func TestDecide(t *testing.T) {
	refused := fault.Fault{Side: fault.Backend, Phase: fault.Connect, Kind: fault.Refused}
	late := fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Timeout}
	stale := fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Closed, Reused: true}
	broken := fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Closed}
	f := func(what string, d tries, faults []fault.Fault, want ...bool) {
		t.Helper()
		for i, x := range faults {
			if got := d.decide(x); got != want[i] {
				t.Errorf("%s: after failure %d: again %v, want %v", what, i+1, got, want[i])
			}
		}
	}
	list := func(f ...fault.Fault) []fault.Fault { return f }
	get, post := tries{idempotent: true, buffered: true}, tries{buffered: true}
	f("a POST that nobody took", post, list(refused, refused, refused, refused), true, true, true, false)
	f("a GET after the timeout", get, list(late, late), true, false)
	f("a GET after the timeout on v1", tries{idempotent: true, buffered: true, v1: true}, list(late), false)
	f("a POST after the timeout", post, list(late), false)
	f("a PUT whose body has streamed by", tries{idempotent: true}, list(late), false)
	f("a GET on a stale connection", get, list(stale, stale), true, false)
	f("a GET on a stale connection of v1", tries{idempotent: true, buffered: true, v1: true}, list(stale, stale), true, false)
	f("a POST on a stale connection", post, list(stale), false)
	f("a PUT on a stale connection, streamed", tries{idempotent: true}, list(stale), false)
	f("a GET on a fresh connection", get, list(broken), false)
	f("stale, then late, then refused", get, list(stale, late, refused), true, true, true)
	f("the client's fault", get, list(fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}), false)
	f("the gateway's fault", get, list(fault.Fault{Side: fault.Gateway, Phase: fault.Connect, Kind: fault.Exhausted}), false)
	f("within the head", get, list(fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.Closed, Reused: true}), false)
}

func TestFreshIsForOneAttempt(t *testing.T) {
	d := tries{idempotent: true, buffered: true}
	d.decide(fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Closed, Reused: true})
	if !d.fresh {
		t.Error("a stale connection asks for a fresh one")
	}
	d.decide(fault.Fault{Side: fault.Backend, Phase: fault.Connect, Kind: fault.Refused})
	if d.fresh {
		t.Error("and the member after that may use what it has")
	}
}

func TestIdempotent(t *testing.T) {
	for _, m := range []string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE"} {
		if !idempotent([]byte(m)) {
			t.Errorf("%s is idempotent", m)
		}
	}
	for _, m := range []string{"POST", "PATCH", "get", "PROPFIND", ""} {
		if idempotent([]byte(m)) {
			t.Errorf("%s is not known to be idempotent", m)
		}
	}
}
