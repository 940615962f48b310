package template

import (
	"slices"
	"strconv"
	"strings"

	"causeway/internal/template/expr"
)

// Deployment is a template that is deployed at a place. Use it from one goroutine, in this order: Resources, Outputs.
type Deployment struct {
	scope *scope
	steps []*step
	loops map[string]bool // names of copy loops, in lower case
	each  func(Resource) error
	ready bool // all steps are known, so that reference() finds them
}

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
}

type stepState int

const (
	waiting stepState = iota
	underWay
	done
)

// Deploy reads a template to deploy it at a place, with the values of its parameters. Data is the template, or the body of a
// deployment with its parameters, as strict JSON. Nothing of a resource is evaluated yet but its name and its condition.
// Problems has what is wrong.
//
// The error is an *Error: data is no template, or asks for more than any gateway needs.
func Deploy(data []byte, place Place) (*Deployment, error) {
	template, given, _, err := unwrap(data)
	if err != nil {
		return nil, err
	}
	r := &run{parsed: map[string]expr.Node{}, seen: map[string]bool{}, place: &place}
	d := &Deployment{scope: newScope(r, "", template, given, nil), loops: map[string]bool{}}
	r.deploying = d
	if err := d.scope.undeclaredParameters(); err != nil {
		return nil, err
	}
	if err := d.checkParameters(); err != nil {
		return nil, err
	}
	if err := d.collect(env{scope: d.scope}, template.Value("resources"), "resources", nil); err != nil {
		return nil, err
	}
	d.ready = true
	return d, nil
}

// Problems are what is wrong with the template so far. Those that are no errors tell how Causeway differs from Azure.
func (d *Deployment) Problems() []Problem { return d.scope.problems }

// Failed reports whether a problem is an error, so that the template must not be deployed.
func (d *Deployment) Failed() bool { return d.errorSince(0) }

// errorSince reports whether one of the problems behind the first n is an error.
func (d *Deployment) errorSince(n int) bool {
	return slices.ContainsFunc(d.scope.problems[n:], func(p Problem) bool { return p.IsError })
}

// Resources evaluates the resources and hands out each of them after those that it depends on: dependsOn, or reference(), or
// the resource around it. A resource with a problem is not handed out. An error of each ends the evaluation.
func (d *Deployment) Resources(each func(Resource) error) error {
	d.each = each
	for _, s := range d.steps {
		if err := d.take(s); err != nil {
			return err
		}
	}
	return nil
}

// Outputs are the outputs of the template: {"NAME": {"type": …, "value": …}} as JSON. Those of a secure type have no value.
func (d *Deployment) Outputs() ([]byte, error) {
	out := &expr.Object{}
	for _, m := range membersOf(d.scope.root.Object("outputs")) {
		declared, _ := m.Value.(*expr.Object)
		e := env{scope: d.scope, path: expr.JoinPath("outputs", m.Key)}
		on, err := e.condition(declared)
		if err != nil {
			return nil, err
		}
		if !on {
			continue
		}
		shown, err := e.output(declared)
		if err != nil {
			return nil, err
		}
		out.Members = append(out.Members, expr.Member{Key: m.Key, Value: shown})
	}
	return expr.Render(out)
}

// output is one output as a deployment shows it.
func (e env) output(declared *expr.Object) (*expr.Object, error) {
	kind := declared.Text("type")
	shown := expr.NewObject("type", typeName(kind))
	if isSecure(kind) {
		return shown, nil
	}
	v, err := e.outputValue(declared)
	if err != nil {
		return nil, err
	}
	shown.Set("value", v)
	return shown, e.complete(v)
}

func (e env) outputValue(declared *expr.Object) (any, error) {
	if loops := declared.Object("copy"); loops != nil {
		return e.at(expr.JoinPath(e.path, "copy")).turns(loops)
	}
	return e.at(expr.JoinPath(e.path, "value")).value(declared.Value("value"))
}

// Parameters are the values of the parameters: {"NAME": {"type": …, "value": …}} as JSON. Those of a secure type have no value.
func (d *Deployment) Parameters() ([]byte, error) {
	out := &expr.Object{}
	for _, m := range membersOf(d.scope.parameters) {
		e := env{scope: d.scope, path: "parameters." + m.Key}
		declared, _ := m.Value.(*expr.Object)
		declared, err := e.resolve(declared)
		if err != nil {
			return nil, err
		}
		kind := declared.Text("type")
		shown := expr.NewObject("type", typeName(kind))
		if !isSecure(kind) {
			v, err := e.parameter(m.Key)
			if err != nil {
				return nil, err
			}
			shown.Set("value", v)
		}
		out.Members = append(out.Members, expr.Member{Key: m.Key, Value: shown})
	}
	return expr.Render(out)
}

// checkParameters evaluates each parameter, used or not: a deployment needs a value for all.
func (d *Deployment) checkParameters() error {
	for _, m := range membersOf(d.scope.parameters) {
		e := env{scope: d.scope, path: "parameters." + m.Key}
		if _, err := e.mistakes(func(e env) (any, error) { return e.parameter(m.Key) }); err != nil {
			return err
		}
	}
	return nil
}

// typeName is how a deployment spells the type of a parameter or output.
func typeName(kind string) string {
	for _, name := range []string{"String", "SecureString", "Int", "Bool", "Object", "SecureObject", "Array"} {
		if strings.EqualFold(name, kind) {
			return name
		}
	}
	return kind
}

func isSecure(kind string) bool { return strings.HasPrefix(strings.ToLower(kind), "secure") }

func membersOf(o *expr.Object) []expr.Member {
	if o == nil {
		return nil
	}
	return o.Members
}

// complete reports the values inside v that a template at a place leaves open. Mistakes have been reported already.
func (e env) complete(v any) error {
	unknown := map[string]Unknown{}
	if err := e.unknownAt(v, "", unknown); err != nil {
		return err
	}
	for path, u := range unknown {
		if !u.Failed {
			e.report(true, expr.JoinPath(e.path, path), "TemplateValueUnknown", "write the value itself in its place",
				"this deployment does not know the value")
		}
	}
	return nil
}

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
	before := len(d.scope.problems)
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
		e.report(true, e.path, "InvalidTemplate", "write its type, such as Microsoft.Network/applicationGateways", "the resource has no type")
		return r, nil
	case r.Version == "" && e.root.Text("apiProfile") == "" && o.Value("existing") != true:
		e.report(true, e.path, "InvalidTemplate", "write its apiVersion, such as 2023-11-01", "the resource has no apiVersion")
		return r, nil
	case !wellNamed(name, strings.Count(r.Type, "/")):
		at.report(true, at.path, "InvalidTemplate", "give one name for each part of the type behind the provider",
			"the resource of type %s has the name %s", expr.Quote(r.Type), expr.Quote(name))
		return r, nil
	}
	r.ID, err = e.idOf(r.Type, name)
	return r, err
}

// wellNamed reports whether a name has a number of parts, none of which is empty or leads elsewhere.
func wellNamed(name string, parts int) bool {
	all := strings.Split(name, "/")
	return len(all) == parts && !slices.ContainsFunc(all, func(p string) bool {
		return strings.TrimSpace(p) == "" || p == "." || p == ".."
	})
}

// idOf is the id of a resource at the place.
func (e env) idOf(kind, name string) (string, error) {
	scope, err := e.scopeID()
	if err != nil {
		return "", err
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
	problems := len(d.scope.problems)
	if _, err := s.mistakes(func(env) (any, error) { return nil, d.takeBefore(s) }); err != nil {
		return err
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
			return expr.Wrong("remove it from dependsOn, or add the resource", "the resource %s is not defined in the template", expr.Quote(text))
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
	return found, len(found) > 0 || d.loops[strings.ToLower(name)], d.scope.spend(len(d.steps))
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

// Secrets are the texts in the values of parameters of a secure type.
func (d *Deployment) Secrets() []string {
	var out []string
	for _, m := range membersOf(d.scope.parameters) {
		declared, _ := m.Value.(*expr.Object)
		if t, err := (env{scope: d.scope}).resolve(declared); err != nil || !isSecure(t.Text("type")) {
			continue
		}
		out = appendTexts(out, d.scope.known["parameters."+strings.ToLower(m.Key)])
	}
	return out
}

func appendTexts(out []string, v any) []string {
	switch v := v.(type) {
	case string:
		if v != "" {
			out = append(out, v)
		}
	case []any:
		for _, item := range v {
			out = appendTexts(out, item)
		}
	case *expr.Object:
		for _, m := range v.Members {
			out = appendTexts(out, m.Value)
		}
	}
	return out
}
