package arm

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"causeway/internal/access"
	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/store"
)

// Revisions are the configurations that the store keeps; see admin.Gateway.
type Revisions interface {
	History(ctx context.Context) ([]store.Change, error)
	At(ctx context.Context, revision int64) (admin.Config, error)
	Rollback(ctx context.Context, revision, replaces int64) ([]gateway.Problem, error)
}

func (t *table) revisions() {
	all := reportsPath + "/revisions"
	t.read(all, "list the revisions of the gateway", listRevisions)
	t.read(all+"/{revision}", "read a revision of the gateway", readRevision)
	t.add(http.MethodPost, all+"/{revision}/rollback", access.Operator, "serve an earlier revision of the gateway again", rollBack)
}

// revisionsAtOnce is how many revisions a page of the list has.
const revisionsAtOnce = 50

// listRevisions lists revisions, the newest first.
func listRevisions(q *request) (response, error) {
	if _, err := q.found(); err != nil {
		return response{}, err
	}
	history, err := q.server.gateway.History(q.Context())
	if err != nil {
		return response{}, err
	}
	if before := q.URL.Query().Get("before"); before != "" {
		n, err := strconv.ParseInt(before, 10, 64)
		if err != nil {
			return response{}, refuse(http.StatusBadRequest, "InvalidParameterValue", "before is a revision, not %q", before)
		}
		history = slices.DeleteFunc(history, func(c store.Change) bool { return c.Revision >= n })
	}
	answer := map[string]any{"value": history[:min(len(history), revisionsAtOnce)]}
	if len(history) > revisionsAtOnce {
		query := q.URL.Query()
		query.Set("before", strconv.FormatInt(history[revisionsAtOnce-1].Revision, 10))
		answer["nextLink"] = q.base() + q.URL.Path + "?" + query.Encode()
	}
	return ok(answer)
}

// revision is the document of a revision, without its secrets, and what a return to it would change.
type revision struct {
	Revision int64           `json:"revision"`
	Document json.RawMessage `json:"document"`
	Changes  []delta         `json:"changes"`
}

func readRevision(q *request) (response, error) {
	now, err := q.found()
	if err != nil {
		return response{}, err
	}
	n, then, err := q.revision()
	if err != nil {
		return response{}, err
	}
	return ok(revision{n, then.Public(), q.changes(now.doc, then)})
}

// revision is the one that the path names.
func (q *request) revision() (int64, *document.Document, error) {
	name := q.vars["revision"]
	n, err := strconv.ParseInt(name, 10, 64)
	if err != nil || n < 1 {
		return 0, nil, refuse(http.StatusBadRequest, "InvalidParameterValue", "a revision is a number, 1 or more, not %q", name)
	}
	c, err := q.server.gateway.At(q.Context(), n)
	if errors.Is(err, store.ErrNoRevision) {
		return 0, nil, refuse(http.StatusNotFound, "NotFound", "revision %d is not kept: the list of revisions has those that are", n)
	}
	if err != nil {
		return 0, nil, err
	}
	d, err := document.Parse(c.Document)
	return n, d, err
}

// rollBack serves an earlier revision as a new one.
func rollBack(q *request) (response, error) {
	now, err := q.found()
	if err != nil {
		return response{}, err
	}
	if err := q.check(now); err != nil {
		return response{}, err
	}
	n, _, err := q.revision()
	if err != nil {
		return response{}, err
	}
	replaces := int64(0)
	if q.conditional() { // also one that is made between the check and the return is not overwritten
		replaces = now.revision()
	}
	return q.change("rollback", func(ctx context.Context) error {
		q.reached.Store(true)
		problems, err := q.server.gateway.Rollback(q.named(ctx), n, replaces)
		if err != nil && gateway.HasErrors(problems) {
			return invalid(problems)
		}
		return err
	}, func() (response, error) { return readGateway(q) })
}
