package template

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"causeway/internal/template/expr"
)

// step is one resource of the template, which Resources hands out in its turn.
type step struct {
	env
	object   *expr.Object
	resource Resource
	symbol   string // the key where resources is an object
	loop     string // name of the copy loop that made it
	parent   *step  // the resource that the template writes it into
	off      bool   // its condition is false
	state    stepState
	inner    *Deployment // of a deployment: the template inside it, once it was taken
}

type stepState int

const (
	waiting stepState = iota
	underWay
	done
)

// collect finds the resources of a list, or of an object of them by symbolic name.
func (d *Deployment) collect(e env, v any, path string, parent *step) error {
	e, err := e.deeper()
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			if err := d.entry(e.at(path+"["+strconv.Itoa(i)+"]"), item, "", parent); err != nil {
				return err
			}
		}
	case *expr.Object:
		for _, m := range v.Members {
			if err := d.entry(e.at(expr.JoinPath(path, m.Key)), m.Value, m.Key, parent); err != nil {
				return err
			}
		}
	}
	return nil
}

// entry finds the resources of one entry: one, or as many as its loop has turns.
func (d *Deployment) entry(e env, v any, symbol string, parent *step) error {
	o, ok := v.(*expr.Object)
	if !ok {
		e.report(true, e.path, "InvalidTemplate", "write a resource with type, name and apiVersion", "a resource is %s", expr.KindOf(v))
		return nil
	}
	loops := o.Object("copy")
	if loops == nil {
		return d.add(e, o, symbol, "", parent)
	}
	count, u, err := e.at(expr.JoinPath(e.path, "copy")).count(loops)
	if err != nil {
		return err
	}
	if u != nil {
		return e.at(expr.JoinPath(e.path, "copy.count")).complete(u)
	}
	d.loops[strings.ToLower(loops.Text("name"))] = true
	for i := range count {
		if err := d.add(e.turn(loops.Text("name"), i), o, symbol, loops.Text("name"), parent); err != nil {
			return err
		}
	}
	return nil
}

// add takes up one resource and those that the template writes into it.
func (d *Deployment) add(e env, o *expr.Object, symbol, loop string, parent *step) error {
	s := &step{env: e, object: o, symbol: symbol, loop: loop, parent: parent}
	before := len(d.problems)
	on, err := e.condition(o)
	if err != nil {
		return err
	}
	s.off = !on || parent != nil && parent.off
	if s.resource, err = e.head(o, parent); err != nil {
		return err
	}
	if d.errorSince(before) {
		s.resource.ID = ""
	}
	d.steps = append(d.steps, s)
	if o.Value("existing") == true {
		s.state = done
		return nil
	}
	return d.collect(e, o.Value("resources"), expr.JoinPath(e.path, "resources"), s)
}

// head is a resource without its body: type, name, id and version.
func (e env) head(o *expr.Object, parent *step) (Resource, error) {
	aroundType, aroundName := "", ""
	if parent != nil {
		aroundType, aroundName = parent.resource.Type, parent.resource.Name
	}
	at := e.at(expr.JoinPath(e.path, "name"))
	v, err := at.value(o.Value("name"))
	if err != nil {
		return Resource{}, err
	}
	name, _ := v.(string)
	if aroundName != "" && !strings.HasPrefix(strings.ToLower(name), strings.ToLower(aroundName)+"/") {
		name = aroundName + "/" + name
	}
	r := Resource{Type: typeOf(o, aroundType), Name: name, Path: e.path, Version: o.Text("apiVersion")}
	switch {
	case expr.IsUnknown(v):
		return r, at.complete(v)
	case r.Type == "" || !strings.Contains(r.Type, "/"):
		e.report(true, e.path, "InvalidTemplate", "write its type, such as Microsoft.Network/applicationGateways",
			"the resource has no type")
		return r, nil
	case r.Version == "" && e.root.Text("apiProfile") == "" && o.Value("existing") != true:
		e.report(true, e.path, "InvalidTemplate", "write its apiVersion, such as 2023-11-01", "the resource has no apiVersion")
		return r, nil
	case !wellNamed(name, strings.Count(r.Type, "/")):
		at.report(true, at.path, "InvalidTemplate", "give one name for each part of the type behind the provider",
			"the resource of type %s has the name %s", expr.Quote(r.Type), expr.Quote(name))
		return r, nil
	}
	r.ID, err = e.idOf(o, r.Type, name)
	return r, err
}

// wellNamed reports whether a name has a number of parts, none of which is empty or leads elsewhere.
func wellNamed(name string, parts int) bool {
	all := strings.Split(name, "/")
	return len(all) == parts && !slices.ContainsFunc(all, func(p string) bool {
		return strings.TrimSpace(p) == "" || p == "." || p == ".."
	})
}

// idOf is the id of a resource at the place, or on the resource that its scope names; empty: the scope has a problem.
func (e env) idOf(o *expr.Object, kind, name string) (string, error) {
	scope, err := e.scopeID()
	if err != nil {
		return "", err
	}
	if given, has := o.Get("scope"); has {
		at := e.at(expr.JoinPath(e.path, "scope"))
		v, err := at.value(given)
		if err != nil || expr.IsUnknown(v) {
			return "", errors.Join(err, at.complete(v))
		}
		text := expr.TextOf(v)
		if !strings.HasPrefix(text, "/") {
			text = scope + "/providers/" + text
		}
		scope = strings.TrimSuffix(text, "/")
	}
	args := []any{kind}
	for part := range strings.SplitSeq(name, "/") {
		args = append(args, part)
	}
	v, err := e.id(scope, args)
	id, _ := v.(string)
	return id, err
}

// take hands out a resource, after those that it depends on.
func (d *Deployment) take(s *step) error {
	if s.state == done || s.off || s.resource.ID == "" {
		return nil
	}
	if s.state == underWay {
		return expr.Wrong("break the circle", "the resource %s depends on itself", expr.Quote(s.resource.Name))
	}
	s.state = underWay
	defer func() { s.state = done }()
	problems := len(d.problems)
	if _, err := s.mistakes(func(env) (any, error) { return nil, d.takeBefore(s) }); err != nil {
		return err
	}
	if strings.EqualFold(s.resource.Type, deployments) {
		return d.takeNested(s)
	}
	var err error
	if s.resource.Body, err = s.body(); err != nil {
		return err
	}
	if d.errorSince(problems) {
		return nil
	}
	return d.each(s.resource)
}

// takeBefore hands out what a resource depends on by what the template says.
func (d *Deployment) takeBefore(s *step) error {
	if s.parent != nil {
		if err := d.take(s.parent); err != nil {
			return err
		}
	}
	at := s.at(expr.JoinPath(s.path, "dependsOn"))
	v, err := at.value(s.object.Value("dependsOn"))
	if err != nil {
		return err
	}
	names, _ := v.([]any)
	for _, name := range names {
		text, _ := name.(string)
		found, known, err := d.find(text)
		if err != nil {
			return err
		}
		if !known && !expr.IsUnknown(name) {
			return expr.Wrong("remove it from dependsOn, or add the resource",
				"the resource %s is not defined in the template", expr.Quote(text))
		}
		for _, other := range found {
			if err := d.take(other); err != nil {
				return err
			}
		}
	}
	return nil
}

// find are the resources that a name means: a symbolic name, a loop, an id, a type with a name, or a name.
func (d *Deployment) find(name string) (found []*step, known bool, err error) {
	for _, s := range d.steps {
		if s.isNamed(name) {
			found = append(found, s)
		}
	}
	return found, len(found) > 0 || d.loops[strings.ToLower(name)], d.spend(len(d.steps))
}

func (s *step) isNamed(name string) bool {
	_, short, _ := strings.Cut(s.resource.ID, "/providers/")
	for _, is := range []string{s.symbol, s.loop, s.resource.ID, short, s.resource.Type + "/" + s.resource.Name, s.resource.Name} {
		if is != "" && strings.EqualFold(is, strings.TrimSuffix(name, "/")) {
			return true
		}
	}
	return false
}

// body is the body of a resource as the REST API takes it: JSON.
func (s *step) body() ([]byte, error) {
	o, err := s.evaluateBody(s.object)
	if err != nil {
		return nil, err
	}
	if err := s.complete(o); err != nil {
		return nil, err
	}
	data, err := expr.Render(o)
	if err != nil {
		return nil, err
	}
	return data, s.spend(len(data) / 16)
}
