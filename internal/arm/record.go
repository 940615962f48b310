package arm

import (
	"net/http"
	"slices"
	"strings"

	"causeway/internal/access"
	"causeway/internal/activity"
)

// record writes a request that changes something into the activity log, or that would have. What changes the gateway is
// recorded there, where also the control socket and the autoscaler do it.
func (q *request) record(at *route, failure error) {
	operation := at.operation()
	if at.needs == access.Reader || typeOf(operation) == gatewayType {
		return
	}
	segments, _ := splitPath(q.URL.EscapedPath())
	id := "/" + strings.Join(segments, "/")
	if q.Method == http.MethodPost {
		id, _ = cutLast(id)
	}
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
	kind := []string{"Microsoft.Resources", "subscriptions", "resourceGroups"}
	if i := lastIndex(at.path, "providers"); i >= 0 {
		kind = kind[:0]
		for j, segment := range at.path[i+1:] { // a namespace, then types and names in turn
			if _, isName := variable(segment); !isName && (j == 0 || j%2 == 1) || j == len(at.path[i+1:])-1 && at.method == http.MethodPost {
				kind = append(kind, segment)
			}
		}
	}
	return strings.Join(append(kind, verbs[at.method]), "/")
}

func lastIndex(all []string, one string) int {
	for i, x := range slices.Backward(all) {
		if x == one {
			return i
		}
	}
	return -1
}
