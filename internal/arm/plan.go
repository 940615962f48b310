package arm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"causeway/internal/template"
	"causeway/internal/template/expr"
)

// plan is what a template would make of a group. Everything is evaluated and checked before anything is applied.
type plan struct {
	q        *request
	group    group
	mode     string
	tags     map[string]string
	template *template.Deployment
	source   json.RawMessage // the template

	steps    []*planned
	own      map[string]*planned // by id in lower case, with the resources inside others; nil once they exist
	all      []*planned          // those of own, in the order of the template
	locks    lockList
	secrets  []string // never shown
	gateway  *planned
	problems []ErrorDetail
}

// deploymentBody is what a client sends to deploy a template.
type deploymentBody struct {
	Tags       map[string]string `json:"tags"`
	Properties struct {
		Mode           string          `json:"mode"`
		Template       json.RawMessage `json:"template"`
		TemplateLink   json.RawMessage `json:"templateLink"`
		ParametersLink json.RawMessage `json:"parametersLink"`
		WhatIf         struct {
			ResultFormat string `json:"resultFormat"`
		} `json:"whatIfSettings"`
	} `json:"properties"`
}

// plan reads the template that a request deploys, and refuses what cannot be deployed, with all problems.
func (q *request) plan() (*plan, *deploymentBody, error) {
	g, err := q.findGroup()
	if err != nil {
		return nil, nil, err
	}
	if !wellFormedDeployment.MatchString(q.vars["deployment"]) {
		return nil, nil, refuse(http.StatusBadRequest, "InvalidDeploymentName",
			"the name %q is none for a deployment: it takes at most 64 letters, digits and -._()", q.vars["deployment"])
	}
	data, body, err := q.readDeploymentBody()
	if err != nil {
		return nil, nil, err
	}
	p := &plan{q: q, group: g, tags: body.Tags, source: body.Properties.Template, own: map[string]*planned{}}
	if p.mode, err = body.mode(); err != nil {
		return nil, nil, err
	}
	if p.locks, err = q.server.locks(q.Context()); err != nil {
		return nil, nil, err
	}
	if p.template, err = template.Deploy(data, p.place()); err != nil {
		return nil, nil, invalidTemplate(err)
	}
	if err := p.evaluate(); err != nil {
		return nil, nil, err
	}
	p.secrets = append(p.secrets, p.template.Secrets()...)
	return p, body, p.checkMode()
}

// readDeploymentBody reads the body, which need not be JSON: see template.BodyJSON.
func (q *request) readDeploymentBody() ([]byte, *deploymentBody, error) {
	data, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, nil, err
	}
	data = template.BodyJSON(data)
	body := &deploymentBody{}
	if err := json.Unmarshal(data, body); err != nil {
		return nil, nil, refuse(http.StatusBadRequest, "InvalidRequestContent",
			"The request content was invalid and could not be deserialized: '%v'.", err)
	}
	p := body.Properties
	switch {
	case isGiven(p.TemplateLink), isGiven(p.ParametersLink):
		return nil, nil, refuse(http.StatusBadRequest, "InvalidContentLink",
			"this API follows no links: send the template and its parameters themselves")
	case !isGiven(p.Template):
		return nil, nil, refuse(http.StatusBadRequest, "InvalidRequestContent", "the body has no properties.template")
	}
	return data, body, nil
}

func isGiven(v json.RawMessage) bool { return len(v) > 0 && string(v) != "null" }

// mode is how the deployment treats what the template leaves out.
func (b *deploymentBody) mode() (string, error) {
	for _, mode := range []string{"Incremental", "Complete"} {
		if strings.EqualFold(b.Properties.Mode, mode) {
			return mode, nil
		}
	}
	return "", refuse(http.StatusBadRequest, "InvalidRequestContent",
		"the deployment mode %q is not one: write Incremental or Complete", b.Properties.Mode)
}

// place is where the template is deployed.
func (p *plan) place() template.Place {
	return template.Place{
		Tenant:       tenant,
		Subscription: p.q.vars["subscription"],
		Group:        p.group.Name,
		Location:     p.group.Location,
		Tags:         p.group.Tags,
		Deployment:   p.q.vars["deployment"],
		Now:          p.q.server.now(),
		Resource:     p.resource,
	}
}

// evaluate plans all resources, and tries the outputs with what would exist. A resource that is refused comes first: other
// problems may follow from it.
func (p *plan) evaluate() error {
	err := p.template.Resources(p.add)
	switch {
	case err != nil:
		return invalidTemplate(err)
	case len(p.problems) > 0:
		return p.refused()
	case p.template.Failed():
		return p.invalidTemplate()
	}
	if _, err := p.template.Outputs(); err != nil {
		return invalidTemplate(err)
	}
	if p.template.Failed() {
		return p.invalidTemplate()
	}
	return nil
}

// checkMode refuses to delete what the template leaves out.
func (p *plan) checkMode() error {
	if p.mode != "Complete" {
		return nil
	}
	others, err := p.others()
	if err != nil || len(others) == 0 {
		return err
	}
	e := refuse(http.StatusBadRequest, "DeploymentModeNotSupported",
		"the mode Complete would delete what the template leaves out, and this API deletes nothing unasked: "+
			"use the mode Incremental, or delete it first")
	for _, id := range others {
		e.Details = append(e.Details, ErrorDetail{Code: e.Code, Message: "the template leaves out " + id, Target: id})
	}
	return e
}

// others are the ids of the group's resources that the template leaves out.
func (p *plan) others() (ids []string, err error) {
	all, err := p.q.resources()
	for _, r := range all {
		if p.own[strings.ToLower(r.ID)] == nil {
			ids = append(ids, r.ID)
		}
	}
	return ids, err
}

// invalidTemplate gives the error of a template as a whole the form of ARM.
func invalidTemplate(err error) error {
	var bad *expr.Error
	if !errors.As(err, &bad) {
		return err
	}
	return refuse(http.StatusBadRequest, "InvalidTemplate", "Deployment template validation failed: '%s'.", withHint(bad.Message, bad.Hint))
}

// invalidTemplate refuses a template, with the places in it that are wrong.
func (p *plan) invalidTemplate() error {
	e := &Error{Status: http.StatusBadRequest, Code: "InvalidTemplate"}
	for _, x := range p.template.Problems() {
		if x.IsError {
			e.Details = append(e.Details, ErrorDetail{Code: x.Code, Message: x.Path + ": " + withHint(x.Message, x.Hint), Target: x.Path})
		}
	}
	e.Target = e.Details[0].Target
	e.Message = fmt.Sprintf("Deployment template validation failed: '%s'.", e.Details[0].Message)
	return e
}

// refused refuses resources that would be refused on their own. A type that is not known makes the template invalid.
func (p *plan) refused() error {
	code := "InvalidTemplateDeployment"
	for _, d := range p.problems {
		if d.Code == unknownType {
			code = "InvalidTemplate"
		}
	}
	e := refuse(http.StatusBadRequest, code,
		"The template deployment '%s' is not valid according to the validation procedure. See inner errors for details: %s",
		p.q.vars["deployment"], p.problems[0].Message)
	e.Target, e.Details = p.problems[0].Target, p.problems
	return e
}

// resource is a resource as the template sees it: as planned where it does not exist yet, else as it is; nil: there is none.
func (p *plan) resource(id string) ([]byte, error) {
	if step := p.own[strings.ToLower(id)]; step != nil && step.after != nil && step.neighbour == nil {
		return step.after, nil
	}
	if g := p.q.server.current(); g.doc != nil && strings.EqualFold(id, g.doc.Config.ResourceID()) {
		return p.q.server.render(g, stateSucceeded), nil
	}
	if x, at, known := p.q.extensionAt(id); known {
		return x.orNone(at)
	}
	n, at, known := p.q.neighbourAt(id)
	if !known {
		return nil, nil
	}
	o, err := p.withChildren(n, at)
	if o == nil || err != nil {
		return nil, err
	}
	return json.Marshal(o)
}

// apply makes the resources. The gateway comes first: it needs none of the others, which mean nothing here, and it is the one that
// can still be refused, so that then nothing has changed.
func (p *plan) apply(ctx context.Context, d *deployment) error {
	for i := range p.steps {
		if p.steps[i] == p.gateway {
			if err := p.applyStep(ctx, d, i); err != nil {
				return err
			}
		}
	}
	for i := range p.steps {
		if p.steps[i] != p.gateway {
			if err := p.applyStep(ctx, d, i); err != nil {
				return err
			}
		}
	}
	return p.finish(d)
}

func (p *plan) applyStep(ctx context.Context, d *deployment, i int) error {
	s := &d.Steps[i]
	s.At, s.Begun = p.q.server.now(), true
	err := p.steps[i].apply(ctx)
	if p.steps[i] != p.gateway { // the gateway notes its own changes
		p.q.note(p.steps[i].kind+"/write", p.steps[i].id, withoutText(err))
	}
	s.Took = p.q.server.now().Sub(s.At)
	if err != nil {
		s.Error = asError(err)
		s.Status = strings.ReplaceAll(http.StatusText(s.Error.Status), " ", "")
	}
	return err
}

// finish evaluates the outputs, now that all resources exist.
func (p *plan) finish(d *deployment) error {
	p.own, p.all = nil, nil
	outputs, err := p.template.Outputs()
	switch {
	case err != nil:
		return invalidTemplate(err)
	case p.template.Failed():
		return p.invalidTemplate()
	}
	d.Outputs = p.withoutSecrets(outputs)
	return nil
}
