package arm

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"causeway/internal/access"
	"causeway/internal/activity"
)

// record writes a request that changes something into the activity log, or that would have. The gateway records its own changes, because
// the control socket and the autoscaler make some, too: of those only what was refused before it got to the gateway is left.
func (q *request) record(at *route, failure error) {
	operation := at.operation()
	ofGateway := typeOf(operation) == gatewayType
	refused := failure != nil && !q.reached.Load() && !slices.Contains(harmless, at.path.String())
	if at.needs == access.Reader || ofGateway && !refused {
		return
	}
	segments, _ := splitPath(q.URL.EscapedPath())
	id := "/" + strings.Join(segments, "/")
	if q.Method == http.MethodPost {
		id, _ = cutLast(id)
	}
	if ofGateway || strings.HasPrefix(operation, deploymentType+"/") {
		failure = withoutText(failure)
	}
	q.note(operation, id, failure)
}

// withoutText leaves the codes and the targets of an error. The messages about a template or a document quote values, and a value may be a
// secret.
func withoutText(failure error) error {
	if failure == nil {
		return nil
	}
	e := asError(failure)
	var parts []string
	for _, d := range append([]ErrorDetail{{Code: e.Code, Target: e.Target}}, e.Details...) {
		part := d.Code
		if d.Target != "" {
			part += " at " + d.Target
		}
		if !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return errors.New(strings.Join(parts, ", "))
}

// note writes an operation into the activity log that the gateway does not record.
func (q *request) note(operation, id string, failure error) {
	who := activity.CallerOf(q.named(q.Context()), "")
	e := activity.Event{
		Kind: activity.Beside, Resource: id, Action: operation, Caller: who.Name, Correlation: who.Correlation, Failed: failure != nil,
	}
	if failure != nil {
		e.Why = failure.Error()
	}
	q.server.gateway.Note(e)
}

// verbs end the name of an operation.
var verbs = map[string]string{
	http.MethodPut: "write", http.MethodPatch: "write", http.MethodDelete: "delete", http.MethodPost: "action", http.MethodGet: "read",
}

// operation is the name of the route as an operation of Azure's: Microsoft.Network/virtualNetworks/subnets/write.
func (at *route) operation() string {
	kind := pattern{"Microsoft.Resources", "subscriptions", "resourceGroups"}
	if i := lastIndex(at.path, "providers"); i >= 0 {
		kind = typesIn(at.path[i+1:])
	}
	return strings.Join(append(kind, verbs[at.method]), "/")
}

// typesIn are the parts of a path after "providers" that are no names: a namespace, then types and names in turn, then an action.
func typesIn(path pattern) pattern {
	var kind pattern
	for i, segment := range path {
		if i == 0 || i%2 == 1 {
			kind = append(kind, segment)
		}
	}
	return kind
}

func lastIndex(all []string, one string) int {
	for i, x := range slices.Backward(all) {
		if x == one {
			return i
		}
	}
	return -1
}
