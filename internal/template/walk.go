package template

import (
	"strconv"
	"strings"

	"causeway/internal/template/expr"
)

// walk goes through the resources of a template.
type walk struct {
	*run
	wanted func(string) bool
	held   map[question]bool // answers of holdsWanted
	passed map[Passed]bool
	result *Result
}

// resources evaluates a list of resources, or an object of them by symbolic name. Around is the type and name of the
// resource that they are inside of.
func (w *walk) resources(e env, v any, path, aroundType, aroundName string) error {
	e, err := e.deeper()
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			if err := w.each(e.at(path+"["+strconv.Itoa(i)+"]"), item, aroundType, aroundName); err != nil {
				return err
			}
		}
	case *expr.Object:
		for _, m := range v.Members {
			if err := w.each(e.at(expr.JoinPath(path, m.Key)), m.Value, aroundType, aroundName); err != nil {
				return err
			}
		}
	}
	return nil
}

// each evaluates one entry: once, or as often as its loop turns.
func (w *walk) each(e env, v any, aroundType, aroundName string) error {
	o, ok := v.(*expr.Object)
	if !ok || o.Value("existing") == true {
		return nil
	}
	kind := typeOf(o, aroundType)
	if !w.holdsWanted(o, kind, 0) {
		return w.pass(e, o, kind, 0)
	}
	loops := o.Object("copy")
	if loops == nil {
		return w.one(e, o, kind, aroundName)
	}
	count, u, err := e.at(expr.JoinPath(e.path, "copy")).count(loops)
	switch {
	case err != nil:
		return err
	case u != nil && !u.Failed:
		e.report(true, expr.JoinPath(e.path, "copy.count"), "TemplateCopyCountInvalid", "write a number in its place",
			"the template does not tell how often the resource is deployed; assuming once")
		fallthrough
	case u != nil:
		count = 1
	}
	if count == 0 {
		return w.off(e, o, kind, "its loop has no turns: its count is %s", expr.TextOf(loops.Value("count")))
	}
	for i := range count {
		if err := w.one(e.turn(loops.Text("name"), i), o, kind, aroundName); err != nil {
			return err
		}
	}
	return nil
}

func typeOf(o *expr.Object, around string) string {
	kind := o.Text("type")
	if around != "" && !strings.HasPrefix(strings.ToLower(kind), strings.ToLower(around)+"/") {
		kind = around + "/" + kind
	}
	return kind
}

const deployments = "Microsoft.Resources/deployments"

// pass notes a resource that is not wanted and holds none that is. Nothing of it is evaluated: its faults are no
// concern of those that are wanted.
func (w *walk) pass(e env, o *expr.Object, kind string, depth int) error {
	if err := e.spend(0); err != nil {
		return err
	}
	properties := o.Object("properties")
	template := properties.Object("template")
	_, linked := properties.Get("templateLink")
	if strings.EqualFold(kind, deployments) && template == nil && linked {
		e.report(false, e.path, "TemplateLinkNotFollowed", "build one template of both: az bicep build, or paste it",
			"the linked template is not read; what it deploys is missing here")
	}
	if template == nil || depth > maxNested {
		if p := (Passed{kind, e.path}); !w.passed[p] { // a loop around it passes it at every turn
			w.passed[p] = true
			w.result.Passed = append(w.result.Passed, p)
		}
		return nil
	}
	for _, inner := range objectsIn(template.Value("resources")) {
		if err := w.pass(e, inner, inner.Text("type"), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) one(e env, o *expr.Object, kind, aroundName string) error {
	on, err := e.condition(o)
	switch {
	case err != nil:
		return err
	case !on:
		return w.off(e, o, kind, "its condition %s is false", expr.TextOf(o.Value("condition")))
	}
	if strings.EqualFold(kind, deployments) {
		return w.deployment(e, o)
	}
	v, err := e.at(expr.JoinPath(e.path, "name")).value(o.Value("name"))
	if err != nil {
		return err
	}
	name := expr.TextOf(v)
	if aroundName != "" && !strings.HasPrefix(strings.ToLower(name), strings.ToLower(aroundName)+"/") {
		name = aroundName + "/" + name
	}
	if w.wanted(kind) {
		if err := w.take(e, o, kind, name); err != nil {
			return err
		}
	}
	return w.resources(e, o.Value("resources"), expr.JoinPath(e.path, "resources"), kind, name)
}

// condition reports whether a resource is deployed at all.
func (e env) condition(o *expr.Object) (bool, error) {
	v, given := o.Get("condition")
	if !given {
		return true, nil
	}
	v, err := e.at(expr.JoinPath(e.path, "condition")).value(v)
	if err != nil {
		return false, err
	}
	if on, ok := expr.AsBool(v); ok {
		return on, nil
	}
	if u, is := v.(*expr.Unknown); is && u.Failed {
		return true, nil // the error that made it unknown has been reported
	}
	e.report(true, expr.JoinPath(e.path, "condition"), "TemplateConditionUnknown", "write true or false in its place",
		"the template does not tell whether the resource is deployed; assuming that it is")
	return true, nil
}

// evaluateBody evaluates the body of a resource, without what only a deployment looks at.
func (e env) evaluateBody(o *expr.Object) (*expr.Object, error) {
	body := &expr.Object{}
	for _, m := range o.Members {
		switch strings.ToLower(m.Key) {
		case "apiversion", "dependson", "condition", "copy", "resources", "scope", "comments", "existing":
			continue
		}
		v, err := e.at(expr.JoinPath(e.path, m.Key)).value(m.Value)
		if err != nil {
			return nil, err
		}
		body.Members = append(body.Members, expr.Member{Key: m.Key, Value: v})
	}
	return body, nil
}

// take evaluates a resource.
func (w *walk) take(e env, o *expr.Object, kind, name string) error {
	body, err := e.evaluateBody(o)
	if err != nil {
		return err
	}
	data, err := expr.Render(body)
	if err != nil {
		return err
	}
	if err := e.spend(len(data) / 16); err != nil {
		return err
	}
	unknown := map[string]Unknown{}
	if err := e.unknownAt(body, "", unknown); err != nil {
		return err
	}
	w.result.Resources = append(w.result.Resources, Resource{Type: kind, Name: name, Path: e.path, Body: data, Unknown: unknown})
	return nil
}

// unknownAt collects the unknown values inside v by their paths.
func (e env) unknownAt(v any, path string, into map[string]Unknown) error {
	if err := e.spend(0); err != nil {
		return err
	}
	switch v := v.(type) {
	case *expr.Unknown:
		into[path] = Unknown{v.Failed}
	case []any:
		i := 0
		for _, item := range v {
			if item == nil {
				continue
			}
			if err := e.unknownAt(item, path+"["+strconv.Itoa(i)+"]", into); err != nil {
				return err
			}
			i++
		}
	case *expr.Object:
		for _, m := range v.Members {
			if err := e.unknownAt(m.Value, expr.JoinPath(path, m.Key), into); err != nil {
				return err
			}
		}
	}
	return nil
}

// deployment goes into a template inside a template. Unless it says otherwise, its expressions see what those around it
// see.
func (w *walk) deployment(e env, o *expr.Object) error {
	properties := o.Object("properties")
	template := properties.Object("template")
	path := expr.JoinPath(e.path, "properties.template") + "."
	if e.nested >= maxNested {
		return expr.Limit("deployments nest deeper than %d levels at %s", maxNested, e.path)
	}
	if !strings.EqualFold(properties.Object("expressionEvaluationOptions").Text("scope"), "inner") {
		inner := *e.scope
		inner.nested++
		e.scope = &inner
		return w.resources(e, template.Value("resources"), path+"resources", "", "")
	}
	given, err := e.at(expr.JoinPath(e.path, "properties.parameters")).written(properties.Value("parameters"))
	if err != nil {
		return err
	}
	inner := newScope(w.run, path, template, given, &around{e, o})
	return w.resources(env{scope: inner, depth: e.depth}, template.Value("resources"), path+"resources", "", "")
}

// written are the parameters that a deployment gives to the template inside it, not evaluated yet.
func (e env) written(v any) (*expr.Object, error) {
	if _, isText := v.(string); isText {
		var err error
		if v, err = e.value(v); err != nil {
			return nil, err
		}
	}
	o, _ := v.(*expr.Object)
	return o, nil
}
