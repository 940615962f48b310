package template

import (
	"strconv"
	"strings"

	"causeway/internal/template/expr"
)

// own calls a function that the template defines itself.
func (e env) own(name string, args []any) (any, error) {
	namespace, short, _ := strings.Cut(name, ".")
	for _, item := range e.functions {
		group, _ := item.(*expr.Object)
		if err := e.spend(0); err != nil {
			return nil, err
		}
		if !strings.EqualFold(group.Text("namespace"), namespace) {
			continue
		}
		v, _, err := e.find(group.Object("members"), short)
		if err != nil {
			return nil, err
		}
		f, _ := v.(*expr.Object)
		if f == nil {
			break
		}
		bound := &expr.Object{}
		declared, _ := f.Value("parameters").([]any)
		if err := arguments(name, len(args), len(declared), len(declared)); err != nil {
			return nil, err
		}
		for i, p := range declared {
			o, _ := p.(*expr.Object)
			bound.Set(o.Text("name"), args[i])
		}
		e.bound, e.loops, e.locals = bound, nil, nil
		return e.value(f.Object("output").Value("value"))
	}
	return nil, expr.Wrong("check its namespace and name under functions", "the template defines no function %s", expr.Quote(name))
}

// parameter is the value of a parameter: as given, or its default.
func (e env) parameter(name string) (any, error) {
	if e.bound != nil {
		if v, ok := e.bound.Get(name); ok {
			return v, nil
		}
		return nil, expr.Wrong("a function sees its own parameters alone", "there is no parameter %s", expr.Quote(name))
	}
	return e.once("parameters", name, func(e env) (any, error) {
		declared, ok, err := e.find(e.parameters, name)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, expr.Wrong("declare it under parameters", "there is no parameter %s", expr.Quote(name))
		}
		o, _ := declared.(*expr.Object)
		return e.parameterValue(name, o)
	})
}

func (e env) variable(name string) (any, error) {
	if e.bound != nil {
		return nil, expr.Wrong("a function sees its own parameters alone", "there is no variable %s", expr.Quote(name))
	}
	return e.once("variables", name, func(e env) (any, error) {
		v, ok, err := e.find(e.variables, name)
		switch {
		case err != nil:
			return nil, err
		case ok:
			return e.value(v)
		}
		return e.variableLoop(name)
	})
}

// find is get, and counts as work: a template may have many names and ask for each.
func (s *scope) find(o *expr.Object, name string) (any, bool, error) {
	if o == nil {
		return nil, false, nil
	}
	v, ok := o.Get(name)
	return v, ok, s.spend(len(o.Members) / 16)
}

// variableLoop looks for the variable among those that a loop makes.
func (e env) variableLoop(name string) (any, error) {
	v, _, err := e.find(e.variables, "copy")
	if err != nil {
		return nil, err
	}
	loops, _ := v.([]any)
	for i, item := range loops {
		if err := e.spend(0); err != nil {
			return nil, err
		}
		o, _ := item.(*expr.Object)
		if !strings.EqualFold(o.Text("name"), name) {
			continue
		}
		return e.at(e.scope.path + "variables.copy[" + strconv.Itoa(i) + "]").turns(o)
	}
	return nil, expr.Wrong("declare it under variables", "there is no variable %s", expr.Quote(name))
}

// once makes the value of a parameter or variable where it is declared, and remembers it.
func (e env) once(kind, name string, eval func(env) (any, error)) (any, error) {
	key := kind + "." + strings.ToLower(name)
	if v, ok := e.known[key]; ok {
		return v, nil
	}
	if e.under[key] {
		return nil, expr.Wrong("break the circle", "%s %s refers to itself", strings.TrimSuffix(kind, "s"), expr.Quote(name))
	}
	e.under[key] = true
	defer delete(e.under, key)
	v, err := eval(env{scope: e.scope, path: e.scope.path + kind + "." + name, depth: e.depth})
	if err == nil {
		e.known[key] = v
	}
	return v, err
}

// secret reports a value that is not there to be read, and gives the placeholder that stands for it.
func (e env) secret(what, hint string) any {
	if e.place != nil {
		e.report(true, e.path, "TemplateSecretUnknown", "give the value itself as a parameter",
			"the value of %s is not here", expr.Quote(what))
		return &expr.Unknown{Placeholder: expr.NotEvaluated, Failed: true}
	}
	placeholder := "(secret " + what + ")"
	e.report(false, e.path, "TemplateSecretUnknown", hint, "the value of %s is not here; %s stands for it", expr.Quote(what), placeholder)
	return &expr.Unknown{Placeholder: placeholder}
}

// deployed reports a value that only a deployment knows. Its placeholder is a host name that never resolves.
func (e env) deployed(what string) any {
	if e.place != nil {
		e.report(true, e.path, "TemplateValueUnknown", "write the value in its place", "%s has no value here", what)
		return &expr.Unknown{Placeholder: expr.NotEvaluated, Failed: true}
	}
	e.report(false, e.path, "TemplateValueUnknown", "write the value in its place, or export the gateway once it is deployed",
		"%s is known only once the template is deployed; a placeholder stands for it", what)
	return &expr.Unknown{Placeholder: afterDeployment}
}

const afterDeployment = "known-only-after-deployment.invalid"

// used is an unknown that an expression looks into.
func (e env) used(u *expr.Unknown) any {
	if u.Late != "" {
		return e.deployed(u.Late)
	}
	return u
}
