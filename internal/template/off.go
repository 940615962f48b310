package template

import (
	"fmt"
	"regexp"
	"strings"

	"causeway/internal/template/expr"
)

// Off is a resource that is wanted, or holds one that is, and is not deployed with the parameters at hand.
type Off struct {
	Type, Name string // of the resource itself: a nested deployment may hold the one that is wanted
	Reason     string // "its condition [equals(…)] is false": in words, with the expression as the template writes it
	Values     string // the parameters that it asks for: "ingress = none, zones = 1"; empty if there are none
}

// off notes that a resource is not deployed, if it matters.
func (w *walk) off(e env, o *expr.Object, kind, reason, expression string) error {
	if !w.holdsWanted(o, kind, 0) {
		return nil
	}
	name := o.Text("name")
	if v, err := e.at(expr.JoinPath(e.path, "name")).value(o.Value("name")); err == nil {
		name = expr.TextOf(v)
	}
	w.result.Off = append(w.result.Off, Off{kind, name, fmt.Sprintf(reason, cut(expression)), w.valuesIn(e, expression)})
	return nil
}

// cut keeps a message readable where an expression fills a page.
func cut(expression string) string {
	if letters := []rune(expression); len(letters) > 300 {
		return string(letters[:300]) + " …"
	}
	return expression
}

// holdsWanted reports whether a resource is wanted, or one inside it, by the types alone: nothing of it is evaluated.
// The answer is remembered: loops ask for the same resources again and again.
func (w *walk) holdsWanted(o *expr.Object, kind string, depth int) bool {
	key := question{o, kind, depth}
	holds, known := w.held[key]
	if !known {
		holds = w.looksWanted(o, kind, depth)
		w.held[key] = holds
	}
	return holds
}

// question is whether a resource holds a wanted one.
type question struct {
	resource *expr.Object
	kind     string
	depth    int
}

func (w *walk) looksWanted(o *expr.Object, kind string, depth int) bool {
	switch {
	case o.Value("existing") == true:
		return false
	case w.wanted(kind), depth > maxNested+1: // what is too deep is refused when it is evaluated
		return true
	}
	for _, inner := range objectsIn(o.Value("resources")) {
		if w.holdsWanted(inner, typeOf(inner, kind), depth+1) {
			return true
		}
	}
	for _, inner := range objectsIn(o.Object("properties").Object("template").Value("resources")) {
		if w.holdsWanted(inner, inner.Text("type"), depth+1) {
			return true
		}
	}
	return false
}

// objectsIn are the resources of a list, or of an object by symbolic names.
func objectsIn(v any) (out []*expr.Object) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if o, ok := item.(*expr.Object); ok {
				out = append(out, o)
			}
		}
	case *expr.Object:
		for _, m := range v.Members {
			if o, ok := m.Value.(*expr.Object); ok {
				out = append(out, o)
			}
		}
	}
	return out
}

var parameterAsked = regexp.MustCompile(`(?i)parameters\('([^']+)'\)`)

// valuesIn are the parameters that an expression asks for, with their values.
func (w *walk) valuesIn(e env, expression string) string {
	var all []string
	seen := map[string]bool{}
	for _, m := range parameterAsked.FindAllStringSubmatch(expression, 10) {
		if seen[strings.ToLower(m[1])] {
			continue
		}
		seen[strings.ToLower(m[1])] = true
		if v, err := e.value("[" + m[0] + "]"); err == nil {
			all = append(all, fmt.Sprintf("%s = %s", m[1], expr.TextOf(v)))
		}
	}
	return strings.Join(all, ", ")
}
