package arm

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"causeway/internal/activity"
)

// Times of an operation.
const (
	// patience is how long a request waits for its change. One that takes longer goes on as an operation, which the client
	// polls; Azure's clients take both.
	patience = 8 * time.Second

	operationTime = 5 * time.Minute // after which a change is given up
	operationLife = time.Hour       // for which its outcome is kept
	operationsMax = 1000            // that are kept
)

// operation is a change that takes longer than a request.
type operation struct {
	id    string
	what  string
	begun time.Time
	done  chan struct{} // closed at the end
	after func() (response, error)
	err   error // valid once done is closed
}

// operations are those of this node.
type operations struct {
	mu       sync.Mutex
	all      map[string]*operation
	running  int
	failedAt int64 // revision that stayed in force when the last change failed; 0: it did not
}

// underWay reports whether a change is being made.
func (o *operations) underWay() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.running > 0
}

// failed reports whether the last change failed, so that this revision is still in force.
func (o *operations) failed(revision int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failedAt != 0 && o.failedAt == revision
}

// start makes a change in the background: a client that leaves does not take it back, as on Azure.
func (s *Server) start(ctx context.Context, what string, do func(context.Context) error, after func() (response, error)) *operation {
	op := &operation{id: uuid.NewString(), what: what, begun: s.now(), done: make(chan struct{}), after: after}
	o := &s.operations
	o.mu.Lock()
	o.forget(s.now())
	o.all[op.id] = op
	o.running++
	o.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), operationTime)
	go func() {
		defer cancel()
		op.err = do(ctx)
		o.mu.Lock()
		o.running--
		o.failedAt = 0
		if op.err != nil && asError(op.err).Status >= http.StatusInternalServerError {
			o.failedAt = s.gateway.Config().Revision
		}
		o.mu.Unlock()
		close(op.done)
	}()
	return op
}

// forget drops outcomes that nobody asks for any more.
func (o *operations) forget(now time.Time) {
	if o.all == nil {
		o.all = map[string]*operation{}
	}
	for id, op := range o.all {
		if op.ended() && (now.Sub(op.begun) > operationLife || len(o.all) >= operationsMax) {
			delete(o.all, id)
		}
	}
}

func (op *operation) ended() bool {
	select {
	case <-op.done:
		return true
	default:
		return false
	}
}

// change makes a change and answers with its outcome, or, if that takes long, with where to ask for it.
func (q *request) change(what string, do func(context.Context) error, after func() (response, error)) (response, error) {
	op := q.server.start(q.Context(), what, do, after)
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case <-op.done:
		if op.err != nil {
			return response{}, op.err
		}
		return after()
	case <-wait.C:
		return q.accepted(op)
	case <-q.Context().Done():
		return q.accepted(op)
	}
}

// accepted answers that an operation is under way.
func (q *request) accepted(op *operation) (response, error) {
	at := q.base() + "/subscriptions/" + q.vars["subscription"] + "/providers/Microsoft.Network/locations/" + q.server.location()
	version := "?api-version=" + q.URL.Query().Get("api-version")
	answer := response{status: http.StatusAccepted, header: map[string]string{
		"Azure-AsyncOperation": at + "/operations/" + op.id + version,
		"Location":             at + "/operationResults/" + op.id + version,
		"Retry-After":          "1",
	}}
	if g := q.server.current(); op.what == "put" && g.doc != nil && q.id().isOf(g.doc.Config) {
		answer.status, answer.body = http.StatusOK, q.server.resource(g)
	}
	return answer, nil
}

// found is the operation that the path names.
func (q *request) operation() (*operation, error) {
	o := &q.server.operations
	o.mu.Lock()
	defer o.mu.Unlock()
	op := o.all[q.vars["operation"]]
	if op == nil {
		return nil, refuse(http.StatusNotFound, "OperationNotFound",
			"there is no operation %q here; a node forgets its operations when it starts anew", q.vars["operation"])
	}
	return op, nil
}

func readOperation(q *request) (response, error) {
	op, err := q.operation()
	if err != nil {
		return response{}, err
	}
	switch {
	case !op.ended():
		return response{
			status: http.StatusOK, body: map[string]any{"status": "InProgress"}, header: map[string]string{"Retry-After": "1"},
		}, nil
	case op.err != nil:
		return ok(map[string]any{"status": "Failed", "error": asError(op.err)})
	}
	return ok(map[string]any{"status": "Succeeded"})
}

func readOperationResult(q *request) (response, error) {
	op, err := q.operation()
	if err != nil {
		return response{}, err
	}
	switch {
	case !op.ended():
		return response{status: http.StatusAccepted, header: map[string]string{
			"Location": q.base() + q.URL.RequestURI(), "Retry-After": "1",
		}}, nil
	case op.err != nil:
		return response{}, op.err
	}
	return op.after()
}

// named adds to a change who asks for it, and from where.
func (q *request) named(ctx context.Context) context.Context {
	name := q.caller.ID // of a user on the socket
	if q.byToken() {
		from := "the API's socket"
		if at := q.from(); at.IsValid() {
			from = at.Unmap().String()
		}
		name = string(q.caller.Role) + " " + q.caller.ID + " from " + from
	}
	return activity.WithCaller(ctx, activity.Caller{Name: name, Correlation: correlation(q.Request, "")})
}
