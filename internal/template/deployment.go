package template

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"causeway/internal/template/expr"
)

// Deployment is a template that is deployed at a place. Use it from one goroutine, in this order: Resources, Outputs.
type Deployment struct {
	template *expr.Object
	env             // of its expressions
	path     string // of the template: "" or with a dot at the end

	steps []*step
	loops map[string]bool // names of copy loops, in lower case
	each  func(Resource) error
	ready bool // all steps are known, so that reference() finds them
}

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
	s := newScope(&run{parsed: map[string]expr.Node{}, seen: map[string]bool{}, place: &place}, "", template, given, nil)
	d := newDeployment(template, env{scope: s}, "")
	s.deploying = d
	return d, d.prepare()
}

func newDeployment(template *expr.Object, e env, path string) *Deployment {
	return &Deployment{template: template, env: e, path: path, loops: map[string]bool{}}
}

// prepare checks the parameters of a template that has its own, and finds the resources.
func (d *Deployment) prepare() error {
	if levelOf(d.template) != toGroup {
		d.report(true, d.path+"$schema", "InvalidTemplate", "give a template for a resource group, whose $schema ends in deploymentTemplate.json#",
			"the template is none for a resource group")
	}
	if d.root == d.template {
		if err := d.undeclaredParameters(); err != nil {
			return err
		}
		if err := d.checkParameters(); err != nil {
			return err
		}
	}
	if err := d.collect(d.env, d.template.Value("resources"), d.path+"resources", nil); err != nil {
		return err
	}
	d.ready = true
	return nil
}

// Problems are what is wrong with the template so far. Those that are no errors tell how Causeway differs from Azure.
func (d *Deployment) Problems() []Problem { return d.problems }

// Failed reports whether a problem is an error, so that the template must not be deployed.
func (d *Deployment) Failed() bool { return d.errorSince(0) }

// errorSince reports whether one of the problems behind the first n is an error.
func (d *Deployment) errorSince(n int) bool {
	return slices.ContainsFunc(d.problems[n:], func(p Problem) bool { return p.IsError })
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
	out, err := d.outputs()
	if err != nil {
		return nil, err
	}
	return expr.Render(out)
}

func (d *Deployment) outputs() (*expr.Object, error) {
	out := &expr.Object{}
	for _, m := range membersOf(d.template.Object("outputs")) {
		declared, _ := m.Value.(*expr.Object)
		e := d.at(expr.JoinPath(d.path+"outputs", m.Key))
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
	return out, nil
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
	for _, m := range membersOf(d.parameters) {
		e := d.at(d.path + "parameters." + m.Key)
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
	for _, m := range membersOf(d.parameters) {
		e := d.at(d.path + "parameters." + m.Key)
		v, err := e.mistakes(func(e env) (any, error) { return e.parameter(m.Key) })
		if err != nil {
			return err
		}
		declared, _ := m.Value.(*expr.Object)
		if t, err := e.resolve(declared); err == nil && isSecure(t.Text("type")) {
			for _, secret := range []any{v, t.Value("defaultValue"), t.Value("allowedValues")} {
				d.secrets = appendTexts(d.secrets, secret)
			}
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
	for _, path := range slices.Sorted(maps.Keys(unknown)) {
		if !unknown[path].Failed {
			e.report(true, expr.JoinPath(e.path, path), "TemplateValueUnknown", "write the value itself in its place",
				"this deployment does not know the value")
		}
	}
	return nil
}

// Secrets are the texts and numbers in the values of parameters of a secure type, so far, in their defaults, and among their
// allowed values: a default that a value replaces is a secret, too.
func (d *Deployment) Secrets() []string { return d.secrets }

func appendTexts(out []string, v any) []string {
	switch v := v.(type) {
	case string:
		if v != "" {
			out = append(out, v)
		}
	case json.Number:
		out = append(out, v.String())
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
