package arm

import (
	"context"
	"net/http"
	"slices"
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
	operationsMax = 1000            // that are kept, beside those that go on
)

// operation is a change that takes longer than a request.
type operation struct {
	id    string
	what  string
	done  chan struct{} // closed at the end
	after func() (response, error)

	// Valid once done is closed.
	finished time.Time
	err      error
}

// operations are those of this node.
type operations struct {
	mu       sync.Mutex
	all      map[string]*operation
	running  int
	failedAt int64 // revision that stayed in force when a change failed, and none has succeeded since; 0: there is no such change
}

// underWay reports whether a change is being made.
func (o *operations) underWay() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.running > 0
}

// failed reports whether a change failed, and none has succeeded since, so that this revision is still in force.
func (o *operations) failed(revision int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failedAt != 0 && o.failedAt == revision
}

// start makes a change in the background: a client that leaves does not take it back, as on Azure.
func (s *Server) start(ctx context.Context, what string, do func(context.Context) error, after func() (response, error)) *operation {
	op := &operation{id: uuid.NewString(), what: what, done: make(chan struct{}), after: after}
	o := &s.operations
	o.mu.Lock()
	o.forget(s.now())
	o.all[op.id] = op
	o.running++
	o.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), operationTime)
	go func() {
		defer cancel()
		s.finish(op, do(ctx))
	}()
	return op
}

// finish notes how an operation went. A change that is refused says nothing about the configuration in force.
func (s *Server) finish(op *operation, err error) {
	o := &s.operations
	o.mu.Lock()
	defer o.mu.Unlock()
	op.err, op.finished = err, s.now()
	o.running--
	switch {
	case err == nil:
		o.failedAt = 0
	case asError(err).Status >= http.StatusInternalServerError:
		o.failedAt = s.gateway.Config().Revision
	}
	close(op.done)
}

// forget drops outcomes that nobody asks for any more, and those that finished first if there are too many.
func (o *operations) forget(now time.Time) {
	if o.all == nil {
		o.all = map[string]*operation{}
	}
	var ended []*operation
	for _, op := range o.all {
		if op.ended() {
			ended = append(ended, op)
		}
	}
	slices.SortFunc(ended, func(a, b *operation) int { return a.finished.Compare(b.finished) })
	for i, op := range ended {
		if now.Sub(op.finished) > operationLife || len(ended)-i >= operationsMax {
			delete(o.all, op.id)
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
	return activity.WithCaller(ctx, activity.Caller{Name: name, Correlation: correlation(q.Request)})
}
