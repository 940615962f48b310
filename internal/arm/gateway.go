package arm

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"

	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/store"
)

// served is what the gateway serves, read.
type served struct {
	doc    *document.Document // nil: there is no gateway
	config admin.Config
}

// revision is the one that a change replaces. The first gateway replaces none: else two could come at the same time.
func (g served) revision() int64 {
	if g.doc == nil && g.config.Revision == 0 {
		return admin.NoRevision
	}
	return g.config.Revision
}

// rendered remembers the document that is served and the answer to a GET, so that both are made once a change.
type rendered struct {
	mu       sync.Mutex
	text     string
	document *document.Document
	states   document.States
	answer   json.RawMessage // of document in states; nil: not yet
}

func (r *rendered) of(text []byte) *document.Document {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.document != nil && r.text == string(text) {
		return r.document
	}
	d, err := document.Parse(text)
	if err != nil { // it is served, so it could be read
		return nil
	}
	r.text, r.document, r.answer = string(text), d, nil
	return d
}

// resource is the answer to a GET of a document in these states.
func (r *rendered) resource(d *document.Document, s document.States) json.RawMessage {
	r.mu.Lock()
	if r.document == d && r.states == s && r.answer != nil {
		defer r.mu.Unlock()
		return r.answer
	}
	r.mu.Unlock()
	answer := d.Resource(s)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.document == d {
		r.states, r.answer = s, answer
	}
	return answer
}

// current is what is served now.
func (s *Server) current() served {
	c := s.gateway.Config()
	if len(c.Document) == 0 {
		return served{config: c}
	}
	return served{doc: s.cache.of(c.Document), config: c}
}

// id is the id that the path of a request names.
func (q *request) id() resourceID {
	return resourceID{q.vars["subscription"], q.vars["group"], "applicationGateways", q.vars["gateway"]}
}

// found is the gateway that the path names.
func (q *request) found() (served, error) {
	g := q.server.current()
	if g.doc == nil || !q.id().isOf(g.doc.Config) {
		return served{}, q.notFound()
	}
	return g, nil
}

// notFound is the error of a gateway that does not exist.
func (q *request) notFound() error {
	return refuse(http.StatusNotFound, "ResourceNotFound",
		"The Resource '%s/%s' under resource group '%s' was not found.", gatewayType, q.vars["gateway"], q.vars["group"])
}

// etag is the revision.
func etag(revision int64) string { return `W/"` + strconv.FormatInt(revision, 10) + `"` }

// answer is the gateway as a resource.
func (s *Server) resource(g served) json.RawMessage {
	switch {
	case s.operations.underWay():
		return s.render(g, "Updating")
	case s.operations.failed(g.config.Revision):
		return s.render(g, "Failed")
	}
	return s.render(g, "Succeeded")
}

func (s *Server) render(g served, provisioning string) json.RawMessage {
	operational := "Running"
	if s.gateway.Status().Stopped {
		operational = "Stopped"
	}
	return s.cache.resource(g.doc, document.States{
		ETag:         etag(g.config.Revision),
		Provisioning: provisioning,
		Operational:  operational,
		GUID:         uuid.NewSHA1(uuid.NameSpaceURL, []byte(strings.ToLower(g.doc.Config.ResourceID()))).String(),
	})
}

func (s *Server) answerWith(status int, g served) (response, error) {
	return response{
		status: status,
		body:   s.resource(g),
		header: map[string]string{"ETag": etag(g.config.Revision)},
	}, nil
}

func readGateway(q *request) (response, error) {
	g, err := q.found()
	if err != nil {
		return response{}, err
	}
	return q.server.answerWith(http.StatusOK, g)
}

// listGateways lists the one gateway, if it is in the subscription, and in the group where the path names one.
func listGateways(q *request) (response, error) {
	g := q.server.current()
	if g.doc == nil {
		return ok(list{[]any{}})
	}
	id, _ := parseID(g.doc.Config.ResourceID())
	group, in := q.vars["group"]
	if !strings.EqualFold(id.subscription, q.vars["subscription"]) || in && !strings.EqualFold(id.group, group) {
		return ok(list{[]any{}})
	}
	return ok(list{[]json.RawMessage{q.server.resource(g)}})
}

func putGateway(q *request) (response, error) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return response{}, err
	}
	created := false
	put := func(ctx context.Context) (err error) {
		created, err = q.replace(ctx, body)
		return err
	}
	if err := q.check(q.server.current()); err != nil { // at once, before anything takes time
		return response{}, err
	}
	return q.change("put", put, func() (response, error) {
		g, err := q.found()
		if err != nil {
			return response{}, err
		}
		if created {
			return q.server.answerWith(http.StatusCreated, g)
		}
		return q.server.answerWith(http.StatusOK, g)
	})
}

// replace replaces the document that is served.
func (q *request) replace(ctx context.Context, body []byte) (created bool, err error) {
	before, err := q.modify(ctx, func(before served) (c admin.Config, err error) {
		c.Document, err = document.Replacing(before.doc, body, q.idFor(before))
		return c, err
	})
	return before.doc == nil, err
}

// modifyTries is how often a change is made anew when somebody else writes at the same time. Without If-Match the last one wins.
const modifyTries = 5

// modify reads what is served, and serves what edit makes of it, whoever else writes at the same time. It returns what was
// served before.
func (q *request) modify(ctx context.Context, edit func(before served) (admin.Config, error)) (before served, err error) {
	for range modifyTries {
		before = q.server.current()
		if err = q.tryModify(ctx, before, edit); !errors.Is(err, store.ErrConflict) || q.conditional() {
			return before, err
		}
	}
	return before, err
}

func (q *request) tryModify(ctx context.Context, before served, edit func(before served) (admin.Config, error)) error {
	if err := q.check(before); err != nil {
		return err
	}
	c, err := edit(before)
	if err != nil {
		return err
	}
	c.Revision = before.revision()
	q.reached.Store(true)
	problems, err := q.server.gateway.Apply(q.named(ctx), c)
	if err != nil {
		slog.Warn("a configuration was refused over the management API; the previous one stays in force", "error", err)
	} else {
		slog.Info("configuration applied over the management API", "revision", q.server.current().revision())
	}
	if err != nil && gateway.HasErrors(problems) {
		return invalid(problems)
	}
	return err
}

// idFor keeps the id as it was first written: a path may have any case.
func (q *request) idFor(before served) string {
	if before.doc != nil {
		return before.doc.Config.ResourceID()
	}
	return q.id().String()
}

// conditional reports whether the client named the revision that it replaces.
func (q *request) conditional() bool { return q.Header.Get("If-Match") != "" }

// check refuses a second gateway, and a change of another revision than the client knows.
func (q *request) check(g served) error {
	if g.doc != nil && !q.id().isOf(g.doc.Config) {
		return refuse(http.StatusConflict, "GatewayExists",
			"this Causeway is the gateway %s; one Causeway is one gateway: change that one, delete it first, or start another Causeway",
			g.doc.Config.ResourceID())
	}
	match, none := q.Header.Get("If-Match"), q.Header.Get("If-None-Match")
	switch {
	case none == "*" && g.doc != nil:
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed", "the gateway exists already")
	case match == "", match == "*" && g.doc != nil:
		return nil
	case g.doc == nil:
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed", "there is no gateway, and If-Match names one")
	case strings.TrimPrefix(match, "W/") != strings.TrimPrefix(etag(g.config.Revision), "W/"):
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed",
			"the gateway is at %s, not at %s: somebody has changed it; read it again and repeat the change", etag(g.config.Revision), match)
	}
	return nil
}

// patchGateway changes the tags: the one thing that Azure lets a PATCH of a gateway change.
func patchGateway(q *request) (response, error) {
	var body struct {
		Tags       map[string]string `json:"tags"`
		Properties map[string]any    `json:"properties"`
	}
	if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
		return response{}, refuse(http.StatusBadRequest, "InvalidRequestContent", "the body is no object with tags: %v", err)
	}
	if asksForFirewall(body.Properties) {
		return response{}, refuse(http.StatusBadRequest, "ProtectionNotServed",
			"a PATCH changes the tags only, and the web application firewall is not served: no request would be inspected")
	}
	if body.Tags == nil {
		return q.unpatched()
	}
	return q.modifyTags("patch", func(map[string]string) map[string]string { return body.Tags },
		func() (response, error) { return readGateway(q) })
}

// unpatched answers a PATCH without tags, which changes nothing.
func (q *request) unpatched() (response, error) {
	g, err := q.found()
	if err == nil {
		err = q.check(g)
	}
	if err != nil {
		return response{}, err
	}
	return q.server.answerWith(http.StatusOK, g)
}

// deleteGateway drains the gateway and forgets it. Deleting what does not exist is no error.
func deleteGateway(q *request) (response, error) {
	g, err := q.found()
	if err != nil {
		return response{status: http.StatusNoContent}, nil
	}
	if err := q.check(g); err != nil {
		return response{}, err
	}
	return q.change("delete", func(ctx context.Context) error {
		q.reached.Store(true)
		if err := q.server.gateway.Remove(q.named(ctx)); err != nil {
			return err
		}
		return q.forgetAll(ctx, diagnosticSettings.collection, q.itemPrefix())
	}, func() (response, error) { return response{status: http.StatusOK}, nil })
}

func startGateway(q *request) (response, error) { return q.setRunning("start", true) }

func stopGateway(q *request) (response, error) { return q.setRunning("stop", false) }

func (q *request) setRunning(what string, running bool) (response, error) {
	if _, err := q.found(); err != nil {
		return response{}, err
	}
	return q.change(what, func(ctx context.Context) error {
		q.reached.Store(true)
		return q.server.gateway.SetRunning(q.named(ctx), running)
	}, func() (response, error) { return response{status: http.StatusOK}, nil })
}
