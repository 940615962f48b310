package template

import (
	"strings"

	"causeway/internal/template/expr"
)

// takeNested deploys the template inside a deployment, as part of the one around it.
func (d *Deployment) takeNested(s *step) error {
	properties := s.object.Object("properties")
	template := properties.Object("template")
	if template == nil {
		s.report(true, s.path, "InvalidTemplate", "write the template itself under properties.template",
			"the deployment %s has no template in it; links are not followed", expr.Quote(s.resource.Name))
		return nil
	}
	if s.nested >= maxNested {
		return expr.Limit("deployments nest deeper than %d levels at %s", maxNested, s.path)
	}
	here, err := s.staysHere()
	if err != nil || !here {
		return err
	}
	if s.inner, err = s.nest(properties, template); err != nil {
		return err
	}
	if err := s.inner.prepare(); err != nil {
		return err
	}
	return s.inner.Resources(d.each)
}

// nest makes the deployment of the template inside one. Unless it says otherwise, its expressions see what those around it see.
func (s *step) nest(properties, template *expr.Object) (*Deployment, error) {
	path := expr.JoinPath(s.path, "properties.template") + "."
	if !strings.EqualFold(properties.Object("expressionEvaluationOptions").Text("scope"), "inner") {
		inner, e := *s.scope, s.env
		inner.nested++
		e.scope = &inner
		return newDeployment(template, e, path), nil
	}
	given, err := s.at(expr.JoinPath(s.path, "properties.parameters")).written(properties.Value("parameters"))
	if err != nil {
		return nil, err
	}
	inner := newScope(s.run, path, template, given, &around{s.env, s.object})
	d := newDeployment(template, env{scope: inner, depth: s.depth}, path)
	inner.deploying = d
	return d, nil
}

// staysHere reports a deployment that leads out of the group.
func (s *step) staysHere() (bool, error) {
	for _, x := range [][2]string{{"subscriptionId", s.place.Subscription}, {"resourceGroup", s.place.Group}} {
		key, here := x[0], x[1]
		given, has := s.object.Get(key)
		if !has {
			continue
		}
		at := s.at(expr.JoinPath(s.path, key))
		v, err := at.value(given)
		if err != nil {
			return false, err
		}
		if there := expr.TextOf(v); !strings.EqualFold(there, here) {
			at.report(true, at.path, "InvalidTemplate", "deploy its template there, in a deployment of its own",
				"the deployment %s leads to %s; this one deploys to %s only",
				expr.Quote(s.resource.Name), expr.Quote(there), expr.Quote(here))
			return false, nil
		}
	}
	return true, nil
}

// answer is a nested deployment as reference() gives it.
func (d *Deployment) answer(r Resource, whole bool) (any, error) {
	outputs, err := d.outputs()
	if err != nil {
		return nil, err
	}
	properties := expr.NewObject("mode", "Incremental", "provisioningState", "Succeeded", "outputs", outputs)
	if !whole {
		return properties, nil
	}
	return expr.NewObject("id", r.ID, "name", r.Name, "type", r.Type, "properties", properties), nil
}
