package arm

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"causeway/internal/store"
)

// putDeployment deploys a template. It refuses one with problems before it changes anything.
func putDeployment(q *request) (response, error) {
	p, _, err := q.plan()
	if err != nil {
		return response{}, err
	}
	d, err := p.item()
	if err != nil {
		return response{}, err
	}
	before, err := q.begin(d)
	if err != nil {
		return response{}, err
	}
	status := http.StatusCreated
	if before {
		status = http.StatusOK
	}
	running := d.answer()
	answer, err := q.change("deployment", func(ctx context.Context) error { return p.run(ctx, d) }, func() (response, error) {
		return response{status: status, body: d.answer()}, nil
	})
	switch {
	case err != nil:
		return response{}, deploymentFailed(err)
	case answer.status == http.StatusAccepted:
		answer.status, answer.body = http.StatusCreated, running
	}
	return answer, nil
}

// begin keeps the item of a deployment, whoever else does at the same time, and reports whether there was one before. It
// refuses a second deployment of one name beside the first.
func (q *request) begin(d *deployment) (before bool, err error) {
	for range modifyTries {
		if d.item.Revision, err = q.noDeploymentRunning(); err != nil {
			return false, err
		}
		before = d.item.Revision != 0
		if err = q.keepDeployment(q.Context(), d); !errors.Is(err, store.ErrConflict) {
			return before, err
		}
	}
	return before, err
}

// noDeploymentRunning is the revision of the item of the deployment that a path names, 0 without one. It refuses one that runs.
func (q *request) noDeploymentRunning() (revision int64, err error) {
	d, err := q.deployment()
	var e *Error
	switch {
	case errors.As(err, &e) && e.Status == http.StatusNotFound:
		return 0, nil
	case err != nil:
		return 0, err
	case d.State == stateRunning:
		return 0, d.active()
	}
	return d.item.Revision, nil
}

func (d *deployment) active() error {
	return refuse(http.StatusConflict, "DeploymentActive",
		"Unable to edit or replace deployment '%s': previous deployment from '%s' is still active.", d.Name, d.At.UTC())
}

// item is the plan as a deployment that has not begun.
func (p *plan) item() (*deployment, error) {
	parameters, err := p.template.Parameters()
	if err != nil {
		return nil, invalidTemplate(err)
	}
	ingredients := p.ingredients()
	d := &deployment{
		ID:          p.q.deploymentID(p.group),
		Name:        p.q.vars["deployment"],
		Tags:        p.tags,
		Location:    p.group.Location,
		Mode:        p.mode,
		State:       stateRunning,
		At:          p.q.server.now(),
		Correlation: correlation(p.q.Request),
		Parameters:  p.without(parameters, ingredients.has),
	}
	if len(p.source) <= templateMax {
		d.Template = p.without(p.source, ingredients.has)
	}
	for _, step := range p.steps {
		before, err := p.before(step)
		if err != nil {
			return nil, err
		}
		d.Steps = append(d.Steps, deployed{ID: step.id, Kind: step.kind, Name: step.name, Created: before == nil})
	}
	return d, nil
}

// run applies the plan and keeps how it went.
func (p *plan) run(ctx context.Context, d *deployment) error {
	p.q = p.q.within(ctx)
	err := p.apply(ctx, d)
	d.State, d.Took = stateSucceeded, p.q.server.now().Sub(d.At)
	if err != nil {
		d.State, d.Error = stateFailed, deploymentFailed(err)
	}
	kept := context.WithoutCancel(ctx) // the change is made, and its item belongs to it
	bad := p.q.keepDeployment(kept, d)
	if errors.Is(bad, store.ErrConflict) { // the group was deleted meanwhile, and the item with it
		bad = nil
	}
	return errors.Join(err, bad, p.q.forgetDeployments(kept))
}

// deploymentFailed is the error of a template of which a resource could not be deployed.
func deploymentFailed(err error) *Error {
	inner := asError(err)
	e := refuse(http.StatusConflict, "DeploymentFailed",
		"At least one resource deployment operation failed. Please list deployment operations for details: %s", inner.Message)
	if inner.Status == http.StatusServiceUnavailable {
		e.Status = inner.Status
	}
	e.Details = append([]ErrorDetail{{Code: inner.Code, Message: inner.Message, Target: inner.Target}}, inner.Details...)
	return e
}

// validateDeployment checks a template as a PUT does, and deploys nothing.
func validateDeployment(q *request) (response, error) {
	p, _, err := q.plan()
	if err != nil {
		return response{}, err
	}
	d, err := p.item()
	if err != nil {
		return response{}, err
	}
	d.State = stateSucceeded
	answer := d.answer()
	properties := d.properties()
	delete(properties, "outputResources")
	properties["validatedResources"] = d.ids()
	answer["properties"] = properties
	return ok(answer)
}

// cancelDeployment always refuses: a deployment takes seconds, and what it has applied serves already.
func cancelDeployment(q *request) (response, error) {
	d, err := q.deployment()
	if err != nil {
		return response{}, err
	}
	return response{}, refuse(http.StatusConflict, "DeploymentCannotBeCanceled",
		"The deployment '%s' cannot be canceled because its provisioning state is '%s'.", d.Name, d.State)
}

// exportDeployment answers with the template of a deployment, without the secrets that it had.
func exportDeployment(q *request) (response, error) {
	d, err := q.deployment()
	if err != nil {
		return response{}, err
	}
	if d.Template == nil {
		return response{}, refuse(http.StatusNotFound, "DeploymentTemplateNotFound",
			"the template of the deployment %s is not kept: it has more than %d bytes", d.Name, templateMax)
	}
	return ok(map[string]json.RawMessage{"template": d.Template})
}
