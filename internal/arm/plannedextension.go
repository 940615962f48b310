package arm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"causeway/internal/store"
	"causeway/internal/template"
)

// extensionAt is the kind of extension that an id names, and a request for it.
func (q *request) extensionAt(id string) (extension, *request, bool) {
	segments, ok := splitPath(id)
	if !ok {
		return extension{}, nil, false
	}
	for _, x := range extensions {
		for _, scope := range x.scopes {
			if vars, ok := parsePattern(scope + "/providers/" + x.kind + "/{name}").match(segments); ok {
				return x, q.sub(vars, nil), true
			}
		}
	}
	return extension{}, nil, false
}

// orNone is an extension as it is kept; nil: there is none.
func (x extension) orNone(q *request) (json.RawMessage, error) {
	answer, err := x.get(q)
	var e *Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound {
		return nil, nil
	}
	text, _ := answer.body.(json.RawMessage)
	return text, err
}

// extensionStep plans an extension of the gateway or of the group.
func (p *plan) extensionStep(x extension, at *request, r template.Resource) (*planned, []ErrorDetail, error) {
	if !p.q.caller.Role.Covers(x.changes) {
		return nil, wrong(r, "AuthorizationFailed", "the client %s with the role %s may not deploy %s; that takes the role %s",
			p.q.caller.ID, p.q.caller.Role, x.collection, x.changes), nil
	}
	scope, problems := p.scopeOf(at, r)
	if problems != nil {
		return nil, problems, nil
	}
	var body struct {
		Properties map[string]any `json:"properties"`
	}
	if err := json.Unmarshal(r.Body, &body); err != nil || body.Properties == nil {
		return nil, wrong(r, "InvalidRequestContent", "the resource %s needs properties", r.Name), nil
	}
	var refused *Error
	if err := x.check(body.Properties); errors.As(err, &refused) {
		return nil, inResource(r, refused), nil
	}
	text, err := json.Marshal(x.resource(scope, at.vars["name"], body.Properties))
	if err != nil {
		return nil, nil, fmt.Errorf("plan %s: %w", r.Name, err)
	}
	if err := checkSize(r.ID, store.Item{Value: text}); errors.As(err, &refused) {
		return nil, inResource(r, refused), nil
	}
	step := &planned{id: r.ID, kind: x.kind, name: r.Name, after: text}
	step.apply = func(ctx context.Context) error {
		at := p.q.sub(at.vars, r.Body)
		at.Request = at.WithContext(ctx)
		_, err := x.put(at)
		return err
	}
	return step, nil, nil
}

// scopeOf is the id of what an extension belongs to: it exists, or the template makes it.
func (p *plan) scopeOf(at *request, r template.Resource) (string, []ErrorDetail) {
	name, has := at.vars["gateway"]
	if !has {
		if strings.EqualFold(at.vars["group"], p.group.Name) {
			return p.group.id(p.q.vars["subscription"]), nil
		}
		return "", wrong(r, "InvalidTemplate", "the resource %s belongs to another group, %s", r.Name, at.vars["group"])
	}
	if p.gateway != nil && strings.EqualFold(at.id().String(), p.gateway.id) {
		return p.gateway.id, nil
	}
	if g, err := at.found(); err == nil {
		return g.doc.Config.ResourceID(), nil
	}
	return "", wrong(r, "ParentResourceNotFound", "the resource %s belongs to the gateway %s, which does not exist; deploy that first",
		r.Name, name)
}
