// Package template evaluates the templates of Azure Resource Manager without a deployment. A value that only a deployment knows
// becomes a placeholder and a problem, never an error of the program.
package template

import (
	"strings"

	"causeway/internal/template/expr"
)

// Problem is what could not be evaluated, with the path in the template.
type Problem struct {
	Path, Code, Message, Hint string
	IsError                   bool // what is made of the template must not be used
}

// Resource is a resource of a template with all expressions evaluated.
type Resource struct {
	Type string // as Microsoft.Network/applicationGateways; of a nested resource the whole type
	Name string // of a nested resource with the names of those around it: gw1/child
	Path string // in the template
	Body []byte // the resource as the REST API takes it: JSON
	// Unknown are the values of Body that the template alone does not tell, by their paths in it, such as
	// properties.probes[0].properties.port. Elements of lists that are null do not count.
	Unknown map[string]Unknown

	ID      string // where the template is deployed at a place; otherwise empty
	Version string // apiVersion, likewise
}

// Unknown is a value that the template alone does not tell. The text in its place is a placeholder, or holds one.
type Unknown struct {
	Failed bool // an error has been reported for it; otherwise only a deployment knows it, or it is secret
}

// Result is what a template makes.
type Result struct {
	Resources []Resource
	Passed    []Passed // what nobody wanted
	Off       []Off    // wanted, and not deployed
	Problems  []Problem
}

// Passed is a resource that the caller does not want, so that Evaluate skips it.
type Passed struct {
	Type string
	Path string // in the template; of one inside a nested deployment that of the deployment
}

// Evaluate evaluates those resources of a template whose type is wanted, also inside others and inside nested
// deployments. Data is the template, or the body of a deployment with its parameters, as strict JSON. Parameters, which
// may be nil, is a parameters file as strict JSON; what it says goes before what a deployment body says.
//
// The error is an *Error: data is no template, or asks for more than any gateway needs.
func Evaluate(data, parameters []byte, wanted func(resourceType string) bool) (*Result, error) {
	template, given, path, err := unwrap(data)
	if err != nil {
		return nil, err
	}
	r := &run{parsed: map[string]expr.Node{}, seen: map[string]bool{}}
	if given, err = merge(given, parameters); err != nil {
		return nil, err
	}
	w := &walk{run: r, wanted: wanted, held: map[question]bool{}, passed: map[Passed]bool{}, result: &Result{}}
	s := newScope(r, path, template, given, nil)
	if err := s.undeclaredParameters(); err != nil {
		return nil, err
	}
	if err := w.resources(env{scope: s}, template.Value("resources"), path+"resources", "", ""); err != nil {
		return nil, err
	}
	w.result.Problems = r.problems
	return w.result, nil
}

// inside finds the template in a document: itself, or under template, or under properties.template, with the parameters
// beside it.
func inside(o *expr.Object) (template, parameters *expr.Object, path string) {
	if isTemplate(o) {
		return o, nil, ""
	}
	if t := o.Object("template"); isTemplate(t) {
		return t, o.Object("parameters"), "template."
	}
	p := o.Object("properties")
	if t := p.Object("template"); isTemplate(t) {
		return t, p.Object("parameters"), "properties.template."
	}
	return nil, nil, ""
}

func isTemplate(o *expr.Object) bool {
	_, hasResources := o.Get("resources")
	return hasResources || strings.Contains(strings.ToLower(o.Text("$schema")), "deploymenttemplate")
}

func unwrap(data []byte) (template, given *expr.Object, path string, err error) {
	v, err := expr.ReadJSON(data)
	if err != nil {
		return nil, nil, "", &expr.Error{Message: "read the template: " + err.Error(), Hint: "give an ARM template as Azure exports it"}
	}
	o, _ := v.(*expr.Object)
	template, given, path = inside(o)
	if template == nil {
		return nil, nil, "", &expr.Error{Message: "this is not an ARM template", Hint: "an ARM template has $schema and resources"}
	}
	return template, values(given), path, nil
}

// merge puts the values of a parameters file over those of a deployment's body.
func merge(given *expr.Object, file []byte) (*expr.Object, error) {
	if len(file) == 0 {
		return given, nil
	}
	more, err := readParameters(file)
	if err != nil {
		return nil, err
	}
	if given == nil {
		return more, nil
	}
	inFile := map[string]bool{}
	for _, m := range more.Members {
		inFile[strings.ToLower(m.Key)] = true
	}
	for _, m := range given.Members {
		if !inFile[strings.ToLower(m.Key)] {
			more.Members = append(more.Members, m)
		}
	}
	return more, nil
}

// readParameters reads a parameters file, or an object from names to values.
func readParameters(data []byte) (*expr.Object, error) {
	v, err := expr.ReadJSON(data)
	if err != nil {
		return nil, &expr.Error{
			Message: "read the parameters: " + err.Error(),
			Hint:    "give a parameters file as Azure takes it: {\"parameters\": {\"NAME\": {\"value\": …}}}",
		}
	}
	o, ok := v.(*expr.Object)
	if !ok {
		return nil, &expr.Error{
			Message: "the parameters are " + expr.KindOf(v) + ", not an object",
			Hint:    "give a parameters file as Azure takes it: {\"parameters\": {\"NAME\": {\"value\": …}}}",
		}
	}
	if inner := o.Object("parameters"); inner != nil {
		return values(inner), nil
	}
	return values(o), nil
}

// values takes each value out of its envelope. A reference into a key vault is a value that cannot be read here.
func values(o *expr.Object) *expr.Object {
	if o == nil {
		return nil
	}
	out := &expr.Object{}
	for _, m := range o.Members {
		envelope, _ := m.Value.(*expr.Object)
		v, ok := envelope.Get("value")
		_, vault := envelope.Get("reference")
		switch {
		case ok:
		case vault:
			v = &expr.Unknown{}
		case strings.HasPrefix(m.Key, "$"), m.Key == "contentVersion":
			continue
		default:
			v = m.Value
		}
		out.Members = append(out.Members, expr.Member{Key: m.Key, Value: v})
	}
	return out
}

// undeclaredParameters reports values for parameters that the template does not declare, as a deployment does.
func (s *scope) undeclaredParameters() error {
	if s.given == nil {
		return nil
	}
	for _, m := range s.given.Members {
		_, ok, err := s.find(s.parameters, m.Key)
		if err != nil {
			return err
		}
		if !ok {
			s.report(s.place != nil, s.path+"parameters", "TemplateParameterUnknown", "check the spelling, or remove it; Azure refuses it",
				"a value is given for %s, which the template does not declare", expr.Quote(m.Key))
		}
	}
	return nil
}
