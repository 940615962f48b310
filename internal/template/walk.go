package template

import (
	"strconv"
	"strings"
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
	case *object:
		for _, m := range v.members {
			if err := w.each(e.at(join(path, m.key)), m.value, aroundType, aroundName); err != nil {
				return err
			}
		}
	}
	return nil
}

// each evaluates one entry: once, or as often as its loop turns.
func (w *walk) each(e env, v any, aroundType, aroundName string) error {
	o, ok := v.(*object)
	if !ok || o.value("existing") == true {
		return nil
	}
	kind := w.typeOf(o, aroundType)
	if !w.holdsWanted(o, kind, 0) {
		return w.pass(e, o, kind, 0)
	}
	loops := o.object("copy")
	if loops == nil {
		return w.one(e, o, kind, aroundName)
	}
	count, u, err := e.at(join(e.path, "copy")).count(loops)
	switch {
	case err != nil:
		return err
	case u != nil && !u.failed:
		e.report(true, join(e.path, "copy.count"), "TemplateCopyCountInvalid", "write a number in its place", "the template does not tell how often the resource is deployed; assuming once")
		fallthrough
	case u != nil:
		count = 1
	}
	if count == 0 {
		return w.off(e, o, kind, "its loop has no turns: its count is %s", plain(loops.value("count")))
	}
	for i := range count {
		if err := w.one(e.turn(loops.text("name"), i), o, kind, aroundName); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) typeOf(o *object, around string) string {
	kind := o.text("type")
	if around != "" && !strings.HasPrefix(strings.ToLower(kind), strings.ToLower(around)+"/") {
		kind = around + "/" + kind
	}
	return kind
}

const deployments = "Microsoft.Resources/deployments"

// pass notes a resource that is not wanted and holds none that is. Nothing of it is evaluated: what is wrong with it is no
// concern of those that are wanted.
func (w *walk) pass(e env, o *object, kind string, depth int) error {
	if err := e.spend(0); err != nil {
		return err
	}
	properties := o.object("properties")
	template := properties.object("template")
	_, linked := properties.get("templateLink")
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
	for _, inner := range objectsIn(template.value("resources")) {
		if err := w.pass(e, inner, inner.text("type"), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) one(e env, o *object, kind, aroundName string) error {
	on, err := w.condition(e, o)
	switch {
	case err != nil:
		return err
	case !on:
		return w.off(e, o, kind, "its condition %s is false", plain(o.value("condition")))
	}
	if strings.EqualFold(kind, deployments) {
		return w.deployment(e, o)
	}
	v, err := e.at(join(e.path, "name")).value(o.value("name"))
	if err != nil {
		return err
	}
	name := plain(v)
	if aroundName != "" && !strings.HasPrefix(strings.ToLower(name), strings.ToLower(aroundName)+"/") {
		name = aroundName + "/" + name
	}
	if w.wanted(kind) {
		if err := w.take(e, o, kind, name); err != nil {
			return err
		}
	}
	return w.resources(e, o.value("resources"), join(e.path, "resources"), kind, name)
}

// condition reports whether a resource is deployed at all.
func (w *walk) condition(e env, o *object) (bool, error) {
	v, given := o.get("condition")
	if !given {
		return true, nil
	}
	v, err := e.at(join(e.path, "condition")).value(v)
	if err != nil {
		return false, err
	}
	if on, ok := boolean(v); ok {
		return on, nil
	}
	if u, is := v.(*unknown); is && u.failed {
		return true, nil // the error that made it unknown has been reported
	}
	e.report(true, join(e.path, "condition"), "TemplateConditionUnknown", "write true or false in its place",
		"the template does not tell whether the resource is deployed; assuming that it is")
	return true, nil
}

// take evaluates the body of a resource, without what only a deployment looks at.
func (w *walk) take(e env, o *object, kind, name string) error {
	body := &object{}
	for _, m := range o.members {
		switch strings.ToLower(m.key) {
		case "apiversion", "dependson", "condition", "copy", "resources", "scope", "comments", "existing":
			continue
		}
		v, err := e.at(join(e.path, m.key)).value(m.value)
		if err != nil {
			return err
		}
		body.members = append(body.members, member{m.key, v})
	}
	data, err := render(body)
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
	w.result.Resources = append(w.result.Resources, Resource{kind, name, e.path, data, unknown})
	return nil
}

// unknownAt collects the unknown values inside v by their paths.
func (e env) unknownAt(v any, path string, into map[string]Unknown) error {
	if err := e.spend(0); err != nil {
		return err
	}
	switch v := v.(type) {
	case *unknown:
		into[path] = Unknown{v.failed}
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
	case *object:
		for _, m := range v.members {
			if err := e.unknownAt(m.value, join(path, m.key), into); err != nil {
				return err
			}
		}
	}
	return nil
}

// deployment goes into a template inside a template. Unless it says otherwise, its expressions see what those around it
// see.
func (w *walk) deployment(e env, o *object) error {
	properties := o.object("properties")
	template := properties.object("template")
	path := join(e.path, "properties.template") + "."
	if e.nested >= maxNested {
		return limitError("deployments nest deeper than %d levels at %s", maxNested, e.path)
	}
	if !strings.EqualFold(properties.object("expressionEvaluationOptions").text("scope"), "inner") {
		inner := *e.scope
		inner.nested++
		e.scope = &inner
		return w.resources(e, template.value("resources"), path+"resources", "", "")
	}
	given, err := e.at(join(e.path, "properties.parameters")).written(properties.value("parameters"))
	if err != nil {
		return err
	}
	inner := newScope(w.run, path, template, given, &around{e, o})
	return w.resources(env{scope: inner, depth: e.depth}, template.value("resources"), path+"resources", "", "")
}

// written are the parameters that a deployment gives to the template inside it, not evaluated yet.
func (e env) written(v any) (*object, error) {
	if _, isText := v.(string); isText {
		var err error
		if v, err = e.value(v); err != nil {
			return nil, err
		}
	}
	o, _ := v.(*object)
	return o, nil
}
