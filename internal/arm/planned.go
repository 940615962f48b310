package arm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"

	"causeway/internal/admin"
	"causeway/internal/certs"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/store"
	"causeway/internal/template"
)

// planned is a resource as a template would make it.
type planned struct {
	id        string
	kind      string
	name      string
	neighbour map[string]any  // without the resources inside it; nil: it is none
	after     json.RawMessage // of anything else
	apply     func(context.Context) error
}

const (
	gatewayType = "Microsoft.Network/applicationGateways"
	unknownType = "InvalidResourceType"
)

// add plans one resource of the template. It keeps the problems, so that the client learns of all at once.
func (p *plan) add(r template.Resource) error {
	step, problems, err := p.step(r)
	if err != nil {
		return err
	}
	p.problems = append(p.problems, problems...)
	if step == nil {
		return nil
	}
	p.know(step)
	p.steps = append(p.steps, step)
	return nil
}

// know lets the template see a resource as it will be.
func (p *plan) know(r *planned) {
	p.own[strings.ToLower(r.id)] = r
	p.all = append(p.all, r)
}

func (p *plan) step(r template.Resource) (*planned, []ErrorDetail, error) {
	for _, other := range p.steps {
		if strings.EqualFold(other.id, r.ID) {
			return nil, wrong(r, "InvalidTemplate", "the template defines the resource %s more than once", r.ID), nil
		}
	}
	x, on, isExtension := p.q.extensionAt(r.ID)
	if x.kind != locks.kind {
		var refused *Error
		if err := p.locks.permit(r.ID, false); errors.As(err, &refused) {
			return nil, inResource(r, refused), nil
		}
	}
	if isExtension {
		return p.extensionStep(x, on, r)
	}
	if strings.EqualFold(r.Type, gatewayType) {
		return p.gatewayStep(r)
	}
	if n, at, known := p.q.neighbourAt(r.ID); known {
		return p.neighbourStep(n, at, r)
	}
	return nil, wrong(r, unknownType, "the resource %s has the type %s, which this API does not deploy; it deploys %s",
		r.Name, r.Type, strings.Join(deployableTypes(), ", ")), nil
}

// wrong is a problem of one resource.
func wrong(r template.Resource, code, format string, args ...any) []ErrorDetail {
	return []ErrorDetail{{Code: code, Message: fmt.Sprintf(format, args...), Target: r.Path}}
}

// deployableTypes are what a template may deploy.
func deployableTypes() []string {
	types := []string{gatewayType}
	for _, n := range neighbours {
		types = append(types, n.kind())
	}
	for _, x := range extensions {
		types = append(types, x.kind)
	}
	return types
}

// sub is a request for a resource of the template, as if the client had made it.
func (q *request) sub(vars map[string]string, body []byte) *request {
	r := q.Clone(q.Context())
	r.Header.Del("If-Match")
	r.Header.Del("If-None-Match")
	r.Body = io.NopCloser(bytes.NewReader(body))
	return &request{Request: r, server: q.server, vars: vars, caller: q.caller, peer: q.peer}
}

// within is the request with the context of its operation, which outlasts the request.
func (q *request) within(ctx context.Context) *request {
	return &request{Request: q.WithContext(ctx), server: q.server, vars: q.vars, caller: q.caller, peer: q.peer}
}

// gatewayStep plans the gateway.
func (p *plan) gatewayStep(r template.Resource) (*planned, []ErrorDetail, error) {
	if p.gateway != nil {
		return nil, wrong(r, "GatewayExists", "the template has two gateways, %s and %s; one Causeway is one gateway",
			p.gateway.name, r.Name), nil
	}
	q := p.q.sub(map[string]string{"subscription": p.q.vars["subscription"], "group": p.group.Name, "gateway": r.Name}, r.Body)
	before := p.q.server.current()
	doc, problems, err := q.next(before, r.Body)
	if err != nil {
		return nil, inResource(r, asError(err)), nil
	}
	if gateway.HasErrors(problems) {
		return nil, inResource(r, invalid(problems)), nil
	}
	p.secrets = append(p.secrets, secretsOf(r.Body)...)
	after := p.q.server.render(served{doc: doc, config: admin.Config{Revision: before.config.Revision + 1}}, stateSucceeded)
	p.gateway = &planned{
		id: doc.Config.ResourceID(), kind: gatewayType, name: r.Name, after: after,
		apply: func(ctx context.Context) error {
			_, err := q.replace(ctx, r.Body)
			return err
		},
	}
	return p.gateway, nil, nil
}

// next is the document that a body would make of the gateway, and its problems beside the causeway.yaml in force.
func (q *request) next(before served, body []byte) (*document.Document, []gateway.Problem, error) {
	if err := q.check(before); err != nil {
		return nil, nil, err
	}
	text, err := document.Replacing(before.doc, body, q.idFor(before))
	if err != nil {
		return nil, nil, err
	}
	source := document.Source{Document: text, Local: before.config.Local, Dir: before.config.Dir}
	doc, local, problems, err := source.Parse()
	if err != nil {
		return nil, nil, err
	}
	problems = append(problems, certs.Check(doc.Config, local, q.server.now())...)
	return doc, append(problems, doc.InPlace(certs.CheckPolicies(doc.Config))...), nil
}

// inResource gives the problems of a resource their places in the template.
func inResource(r template.Resource, e *Error) []ErrorDetail {
	if len(e.Details) == 0 {
		return []ErrorDetail{{Code: e.Code, Message: e.Message, Target: r.Path}}
	}
	var out []ErrorDetail
	for _, d := range e.Details {
		if d.Target != "" {
			d.Target = "." + d.Target
		}
		out = append(out, ErrorDetail{Code: d.Code, Message: d.Message, Target: r.Path + d.Target})
	}
	return out
}

// neighbourAt is the neighbour that an id names, and a request for it.
func (q *request) neighbourAt(id string) (neighbour, *request, bool) {
	segments, ok := splitPath(id)
	if !ok {
		return neighbour{}, nil, false
	}
	for _, n := range neighbours {
		if vars, ok := parsePattern(n.path()).match(segments); ok {
			return n, q.sub(vars, nil), true
		}
	}
	return neighbour{}, nil, false
}

// neighbourStep plans a resource beside the gateway.
func (p *plan) neighbourStep(n neighbour, at *request, r template.Resource) (*planned, []ErrorDetail, error) {
	var o, kept map[string]any
	if err := errors.Join(json.Unmarshal(r.Body, &o), json.Unmarshal(r.Body, &kept)); err != nil {
		return nil, nil, fmt.Errorf("read the resource %s: %w", r.Name, err)
	}
	o, err := n.canonical(o)
	if err != nil {
		return nil, inResource(r, asError(err)), nil
	}
	if n.read != nil {
		kept = maps.Clone(o)
	}
	var refused *Error
	if _, err := n.items(at, kept); errors.As(err, &refused) {
		return nil, inResource(r, refused), nil
	} else if err != nil {
		return nil, nil, err
	}
	if n.within != "" {
		if known, err := p.exists(neighbour{collection: n.within}, at); err != nil || !known {
			return nil, wrong(r, "ParentResourceNotFound", "the resource %s belongs to %s, which does not exist; deploy that first",
				r.Name, at.vars["parent"]), err
		}
	}
	step := &planned{id: n.id(at), kind: n.kind(), name: r.Name}
	children := n.normalise(at, o)
	step.neighbour = o
	for _, inner := range neighbours {
		if inner.within != n.collection {
			continue
		}
		for _, item := range children[inner.collection] {
			p.addChild(inner, at, item)
		}
	}
	body := bytes.Clone(r.Body)
	step.apply = func(ctx context.Context) error {
		at := p.q.sub(at.vars, body)
		at.Request = at.WithContext(ctx)
		_, err := n.put(at)
		return err
	}
	return step, nil, nil
}

// exists reports whether there is the resource that another one belongs to, or will be.
func (p *plan) exists(n neighbour, child *request) (bool, error) {
	at := p.q.sub(maps.Clone(child.vars), nil)
	at.vars["name"] = child.vars["parent"]
	if p.own[strings.ToLower(n.id(at))] != nil {
		return true, nil
	}
	o, err := n.orNone(at)
	return o != nil, err
}

// addChild plans a resource that came within another one, and has a name.
func (p *plan) addChild(n neighbour, around *request, item any) {
	given, _ := item.(map[string]any)
	name, _ := given["name"].(string)
	at := p.q.sub(maps.Clone(around.vars), nil)
	at.vars["parent"], at.vars["name"] = around.vars["name"], name
	o := maps.Clone(given)
	n.normalise(at, o)
	p.know(&planned{id: n.id(at), kind: n.kind(), name: around.vars["name"] + "/" + name, neighbour: o})
}

// orNone is a neighbour as it is kept; nil: there is none.
func (n neighbour) orNone(q *request) (map[string]any, error) {
	o, _, err := n.keptOrNone(q)
	return o, err
}

// keptOrNone is the same with its item, which has the revision 0 where there is none.
func (n neighbour) keptOrNone(q *request) (map[string]any, store.Item, error) {
	o, r, err := n.kept(q)
	var e *Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound {
		return nil, r, nil
	}
	return o, r, err
}

// withChildren is a neighbour as it will be, with those that belong to it; nil: there is none.
func (p *plan) withChildren(n neighbour, at *request) (map[string]any, error) {
	id := n.id(at)
	var o map[string]any
	if step := p.own[strings.ToLower(id)]; step != nil {
		o = maps.Clone(step.neighbour)
		properties, _ := o["properties"].(map[string]any)
		o["properties"] = maps.Clone(properties)
	} else {
		var err error
		if o, err = n.orNone(at); o == nil || err != nil {
			return nil, err
		}
	}
	children, err := n.children(at)
	if err != nil {
		return nil, err
	}
	n.complete(o, n.item(at).Name, children)
	p.replaceChildren(n, o, id)
	return o, nil
}

// replaceChildren puts the planned children of a neighbour over those that are there.
func (p *plan) replaceChildren(n neighbour, o map[string]any, id string) {
	properties, _ := o["properties"].(map[string]any)
	for _, inner := range neighbours {
		children, has := properties[inner.collection].([]any)
		if inner.within != n.collection || !has {
			continue
		}
		properties[inner.collection] = p.overlay(children, id+"/"+inner.collection+"/")
	}
}

// overlay puts the planned resources whose ids begin with prefix over those that are there.
func (p *plan) overlay(children []any, prefix string) []any {
	out := []any{}
	for _, item := range children {
		child, _ := item.(map[string]any)
		id, _ := child["id"].(string)
		if p.own[strings.ToLower(id)] == nil {
			out = append(out, item)
		}
	}
	for _, r := range p.all {
		if len(r.id) > len(prefix) && strings.EqualFold(r.id[:len(prefix)], prefix) && p.own[strings.ToLower(r.id)] == r {
			out = append(out, r.neighbour)
		}
	}
	return out
}
