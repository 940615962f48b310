package inference

import (
	"slices"
	"strings"
	"time"

	"causeway/internal/activity"
	"causeway/internal/evidence"
)

// Soon is how long after a change it may still be the cause of a failure.
const Soon = 10 * time.Minute

// CallerOr is the caller of a change, or "somebody" where the activity log has none.
func CallerOr(caller string) string {
	if caller == "" {
		return "somebody"
	}
	return caller
}

// Change is an operation that changed something, from its first event in the activity log to its last. It may take effect at any time
// between them: an update of a gateway lasts for minutes, and a restart is over when its last event comes.
type Change struct {
	evidence.Activity
	Ended time.Time // the time of its last event

	over, failed bool
}

// Before reports whether something that began at a time may follow from the change: it began while that went on, or soon after.
func (c *Change) Before(t time.Time) bool { return !t.Before(c.At) && t.Sub(c.Ended) <= Soon }

// Overlaps reports whether the change went on at some time of a span.
func (c *Change) Overlaps(from, to time.Time) bool { return !c.At.After(to) && !c.Ended.Before(from) }

// IsRestart reports whether the operation stops or starts a machine, or what runs on it.
func (c *Change) IsRestart() bool {
	op := strings.ToLower(c.Operation)
	for _, word := range []string{"/restart/", "/poweroff/", "/deallocate/", "/redeploy/", "/reimage/", "/start/", "/stop/"} {
		if strings.Contains(op, word) {
			return true
		}
	}
	return false
}

// operation is what the events of one operation have in common. A template deployment and all that it changes share the id.
type operation struct{ id, name, resource string }

func operationOf(a *evidence.Activity) operation {
	return operation{a.ID, strings.ToLower(a.Operation), strings.ToLower(a.Resource)}
}

// Changes are the operations of the activity log that changed something and did not fail, in the order in which they began.
func (c *Case) Changes() []Change {
	var out []Change
	latest := map[operation]int{}
	for _, a := range c.Traffic.Activity {
		if !changes(&a) {
			continue
		}
		op := operationOf(&a)
		i, seen := latest[op]
		if !seen || a.ID == "" || a.Own != nil || out[i].over && !out[i].goesOn(&a) { // each of Causeway's own is a whole operation
			i, latest[op] = len(out), len(out)
			out = append(out, Change{Activity: a})
		}
		out[i].add(&a)
	}
	return slices.DeleteFunc(out, func(x Change) bool { return x.failed })
}

// goesOn reports whether an event belongs to an operation that is over: another word on how it ended. Clients keep one correlation
// id for all that they do in a run, and a new beginning is another operation.
func (c *Change) goesOn(a *evidence.Activity) bool {
	over, _ := ended(a)
	return over && a.At.Sub(c.Ended) <= Soon
}

func (c *Change) add(a *evidence.Activity) {
	over, failed := ended(a)
	c.Ended, c.over, c.failed = a.At, c.over || over, c.failed || failed
}

// ended reports whether an event is the last of its operation, and whether that failed.
func ended(a *evidence.Activity) (over, failed bool) {
	switch strings.ToLower(a.Status) {
	case "failed", "failure":
		return true, true
	case "succeeded", "success", "canceled", "cancelled": // one that was cancelled may have changed something
		return true, false
	}
	return false, false
}

// changes reports whether an event is of a change that may matter. A network that Causeway keeps for its clients is a record only.
func changes(a *evidence.Activity) bool {
	if a.Own != nil && a.Own.Kind == activity.Beside {
		return false
	}
	op := strings.ToLower(a.Operation)
	return strings.HasSuffix(op, "/write") || strings.HasSuffix(op, "/delete") || strings.HasSuffix(op, "/action")
}

// RestartWithin is an operation of the activity log that stopped or started something while a span of time lasted; nil if there is none.
func (c *Case) RestartWithin(from, to time.Time) *Change {
	for _, x := range c.Changes() {
		if x.IsRestart() && x.Overlaps(from, to) {
			return &x
		}
	}
	return nil
}

// RulesChanged is a change of what the network lets pass while a span of time lasted; nil if there is none.
func (c *Case) RulesChanged(from, to time.Time) *Change {
	for _, x := range c.Changes() {
		if x.IsOfRules() && x.Overlaps(from, to) {
			return &x
		}
	}
	return nil
}

// IsOfRules reports whether the operation changes a network security group, a route table or a firewall.
func (c *Change) IsOfRules() bool {
	op := strings.ToLower(c.Operation)
	for _, word := range []string{"/networksecuritygroups/", "/routetables/", "/azurefirewalls/", "/firewallpolicies/"} {
		if strings.Contains(op, word) {
			return true
		}
	}
	return false
}
