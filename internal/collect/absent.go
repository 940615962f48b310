package collect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// AbsentError is returned for a gateway that the API does not have.
type AbsentError struct {
	err    error
	Others []string // those that it has, each as flags: -g GROUP -n NAME
}

func (e *AbsentError) Error() string { return e.err.Error() }
func (e *AbsentError) Unwrap() error { return e.err }

// withOthers adds to the error of a gateway that was not found which ones there are.
func (c *client) withOthers(ctx context.Context, o Options, err error) error {
	var refused *answerError
	if !errors.As(err, &refused) || refused.status != http.StatusNotFound {
		return err
	}
	out := &AbsentError{err: err}
	list := "/subscriptions/" + url.PathEscape(o.Subscription) + "/providers/Microsoft.Network/applicationGateways"
	text, failed := c.ask(ctx, http.MethodGet, list, version(gatewayVersion))
	var listed struct{ Value []struct{ ID string } }
	if failed != nil || json.Unmarshal(text, &listed) != nil {
		return out
	}
	for _, g := range listed.Value {
		if parts := strings.Split(g.ID, "/"); len(parts) == 9 { // /subscriptions/S/resourceGroups/G/providers/P/applicationGateways/N
			out.Others = append(out.Others, fmt.Sprintf("-g %s -n %s", parts[4], parts[8]))
		}
	}
	return out
}
