package template

import (
	"strings"

	"github.com/google/uuid"

	"causeway/internal/template/expr"
)

// reference is reference(NAME or ID[, VERSION[, 'Full']]): the properties of a resource, or the whole of it.
func reference(e env, nodes []expr.Node) (any, error) {
	if e.place == nil {
		return e.deployed("what reference() gives"), nil
	}
	args, err := e.evalAll(nodes)
	if err != nil {
		return nil, err
	}
	for _, a := range args {
		if expr.IsUnknown(a) {
			return a, nil
		}
	}
	return e.referred(expr.TextOf(args[0]), len(args) == 3 && strings.EqualFold(expr.TextOf(args[2]), "Full"))
}

// references is references(LOOP[, 'Full']): what reference() gives of each resource that a loop makes.
func references(e env, nodes []expr.Node) (any, error) {
	if e.place == nil {
		return e.deployed("what references() gives"), nil
	}
	args, err := e.evalAll(nodes)
	if err != nil {
		return nil, err
	}
	found, known, err := e.deploying.find(expr.TextOf(args[0]))
	if err != nil {
		return nil, err
	}
	if !known || !e.deploying.ready {
		return nil, expr.Wrong("give the symbolic name of a loop", "the template has no loop %s", expr.Quote(expr.TextOf(args[0])))
	}
	out := []any{}
	for _, s := range found {
		v, err := e.deployedBy(s, strings.EqualFold(expr.TextOf(args[len(args)-1]), "Full"))
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// resourceInfo is resourceInfo(SYMBOL): what the template alone says of a resource.
func resourceInfo(e env, nodes []expr.Node) (any, error) {
	if e.place == nil {
		return e.deployed("what resourceInfo() gives"), nil
	}
	args, err := e.evalAll(nodes)
	if err != nil {
		return nil, err
	}
	found, _, err := e.deploying.find(expr.TextOf(args[0]))
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, expr.Wrong("give the symbolic name of a resource", "the template has no resource %s", expr.Quote(expr.TextOf(args[0])))
	}
	r := found[0].resource
	return expr.NewObject("id", r.ID, "name", r.Name, "type", r.Type, "apiVersion", r.Version), nil
}

// referred is the resource that reference() names. Where the template deploys it, it is handed out first.
func (e env) referred(name string, whole bool) (any, error) {
	d := e.deploying
	if !d.ready {
		return nil, expr.Wrong("use it in properties or in outputs", "reference() has no value here: resources are deployed later")
	}
	found, _, err := d.find(name)
	switch {
	case err != nil:
		return nil, err
	case len(found) > 1:
		return nil, expr.Wrong("give its id: resourceId(TYPE, NAME)", "the template has %d resources %s", len(found), expr.Quote(name))
	case len(found) == 1 && found[0].off:
		return nil, expr.Wrong("use if() with the same condition",
			"the resource %s is not deployed: its condition is false", expr.Quote(name))
	case len(found) == 1:
		return e.deployedBy(found[0], whole)
	case !strings.HasPrefix(name, "/"):
		return nil, expr.Wrong("give the id of a resource that exists, or the name of one in the template",
			"the resource %s is not defined in the template", expr.Quote(name))
	}
	return e.live(name, whole)
}

// deployedBy is the resource that a step of the template deploys.
func (e env) deployedBy(s *step, whole bool) (any, error) {
	if err := e.deploying.take(s); err != nil {
		return nil, err
	}
	if s.inner != nil {
		return s.inner.answer(s.resource, whole)
	}
	return e.live(s.resource.ID, whole)
}

// live is a resource that exists, or will: its properties, or the whole.
func (e env) live(id string, whole bool) (any, error) {
	data, err := e.place.Resource(id)
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, expr.Wrong("deploy it first, or check its id", "the resource %s was not found", expr.Quote(id))
	}
	if err := e.spend(len(data) / 16); err != nil {
		return nil, err
	}
	v, err := expr.ReadJSON(data)
	o, _ := v.(*expr.Object)
	switch {
	case err != nil:
		return nil, err
	case whole:
		return o, nil
	}
	return o.Value("properties"), nil
}

// newGUID is newGuid(), another one each time that the template is deployed.
func newGUID(e env, _ []expr.Node) (any, error) {
	if e.place == nil {
		return e.deployed("newGuid()"), nil
	}
	return uuid.NewString(), nil
}

// utcNow is utcNow([FORMAT]).
func utcNow(e env, nodes []expr.Node) (any, error) {
	if e.place == nil {
		return e.deployed("utcNow()"), nil
	}
	args, err := e.evalAll(nodes)
	if err != nil {
		return nil, err
	}
	format := "yyyyMMddTHHmmssZ"
	if len(args) == 1 {
		format = expr.TextOf(args[0])
	}
	return expr.FormatTime(e.place.Now, format), nil
}
