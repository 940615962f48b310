package proxy

import "causeway/internal/fault"

// tries decides whether another attempt may follow a failed one. A request that a member may have begun to act on is
// replayed only if doing it twice equals doing it once and the body is still in memory.
type tries struct {
	idempotent bool
	safe       bool
	buffered   bool // the whole body is in memory, or there is none
	v1         bool

	fresh  bool // the next attempt is on the same member, on a new connection
	second bool // the one attempt after a request timeout was used
	redone bool // the one attempt after a stale connection was used
	other  bool // the one attempt after a fresh connection that closed unanswered was used
	next   int  // attempts on other members after failed connects
}

// maxNext bounds how many members may refuse a request before it fails.
const maxNext = 3

// decide is called after an attempt failed before any of its response reached the client.
func (t *tries) decide(f fault.Fault) bool {
	t.fresh = false
	switch f.Retry(t.v1) {
	case fault.NextMember:
		t.next++
		return t.next <= maxNext
	case fault.SecondTry:
		if t.second || !t.idempotent || !t.buffered {
			return false
		}
		t.second = true
		return true
	case fault.FreshNeeded:
		if t.redone || !t.idempotent || !t.buffered {
			return false
		}
		t.redone, t.fresh = true, true
		return true
	case fault.OtherMember:
		if t.other || !t.safe || !t.buffered {
			return false
		}
		t.other = true
		return true
	}
	return false
}
