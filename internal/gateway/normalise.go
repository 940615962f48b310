package gateway

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// normaliser turns a document as people have it (any case, numbers in quotes, the properties level left out) into the
// canonical tree, and reports what it had to guess.
type normaliser struct {
	report
	evaluated []Problem // of a template, with paths in the template
	opens     []open    // properties whose values a template leaves open
}

// value returns v in canonical form. What does not fit its shape is reported and kept.
func (n *normaliser) value(s *shape, v any, path string) any {
	switch s.kind {
	case isObject:
		if o, ok := v.(*object); ok {
			return n.object(s, o, path)
		}
	case isList:
		if items, ok := v.([]any); ok {
			return n.list(s, items, path)
		}
	case isRef:
		if o, ok := v.(*object); ok {
			return n.reference(o, path)
		}
	case isAny:
		return n.unknown(v, path)
	default:
		if out, ok := scalar(s, v); ok {
			return out
		}
	}
	n.error(path, "InvalidRequestFormat", "write "+s.describe()+" here", "%s where %s belongs", jsonType(v), s.describe())
	return v
}

func (n *normaliser) list(s *shape, items []any, path string) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = n.value(s.elem, item, path+"["+strconv.Itoa(i)+"]")
	}
	return out
}

// object puts the members in the order of the model, unknown ones behind.
func (n *normaliser) object(s *shape, o *object, path string) *object {
	if s.isResource() {
		o = unflatten(s, o)
	}
	known, unknown := make(map[string]any, len(o.members)), n.rest()
	for _, m := range o.members {
		name, fs := s.field(m.key)
		if fs == nil {
			unknown.add(m, join(path, m.key))
			n.warn(join(path, m.key), "UnknownProperty", spellingHint(name, s), "unknown property; it is kept and has no effect")
			continue
		}
		if fs.dropped {
			continue
		}
		at := join(path, name)
		v := n.value(fs, m.value, at)
		if first, twice := known[name]; twice {
			n.repeated(at, m.key, first, v)
			continue
		}
		known[name] = v
	}
	out := &object{}
	for _, f := range s.fields {
		if v, ok := known[f.name]; ok {
			out.members = append(out.members, member{f.name, v})
		}
	}
	out.members = append(out.members, unknown.members...)
	return out
}

func (n *normaliser) reference(o *object, path string) *object {
	out, ids := &object{}, 0
	for _, m := range o.members {
		switch strings.ToLower(m.key) {
		case "id":
			if ids++; ids > 1 {
				n.repeated(path+".id", m.key, out.value("id"), m.value)
				continue
			}
			out.members = append(out.members, member{"id", m.value})
		case "resourcegroup":
		default:
			out.members = append(out.members, member{m.key, n.unknown(m.value, join(path, m.key))})
			n.warn(join(path, m.key), "UnknownProperty", "a reference has only an id",
				"unknown property; it is kept and has no effect")
		}
	}
	return out
}

// unknown keeps a value of which the model says nothing, without the repetitions that no reader could tell apart.
func (n *normaliser) unknown(v any, path string) any {
	switch v := v.(type) {
	case *object:
		rest := n.rest()
		for _, m := range v.members {
			rest.add(m, join(path, m.key))
		}
		return rest.object
	case []any:
		for i := range v {
			v[i] = n.unknown(v[i], path+"["+strconv.Itoa(i)+"]")
		}
	}
	return v
}

type rest struct {
	*object
	n    *normaliser
	seen map[string]any
}

func (n *normaliser) rest() rest { return rest{&object{}, n, map[string]any{}} }

func (r rest) add(m member, path string) {
	v := r.n.unknown(m.value, path)
	folded := strings.ToLower(m.key)
	if first, twice := r.seen[folded]; twice {
		r.n.repeated(path, m.key, first, v)
		return
	}
	r.seen[folded] = v
	r.members = append(r.members, member{m.key, v})
}

// repeated reports a property that occurs twice, in whatever case. The first one counts.
func (n *normaliser) repeated(path, key string, first, again any) {
	if reflect.DeepEqual(first, again) {
		n.warn(path, "DuplicateProperty", "remove one of them", "the property occurs twice (again as %q), with the same value", key)
		return
	}
	n.error(path, "DuplicateProperty", "remove the one that is wrong",
		"the property occurs twice (again as %q), with different values; case does not tell properties apart", key)
}

// unflatten puts the properties of a resource where the REST form has them. The command line of Azure prints resources
// without that level.
func unflatten(s *shape, o *object) *object {
	_, props := s.field("properties")
	inner, outer := &object{}, &object{}
	nested := slices.ContainsFunc(o.members, func(m member) bool { return strings.EqualFold(m.key, "properties") })
	for _, m := range o.members {
		_, own := s.field(m.key)
		_, belongs := props.field(m.key)
		p, isObj := m.value.(*object)
		switch {
		case strings.EqualFold(m.key, "properties") && isObj:
			inner.members = append(inner.members, p.members...)
		case own == nil && (belongs != nil || !nested):
			inner.members = append(inner.members, m)
		default:
			outer.members = append(outer.members, m)
		}
	}
	if len(inner.members) > 0 {
		outer.members = append(outer.members, member{"properties", inner})
	}
	return outer
}

func scalar(s *shape, v any) (any, bool) {
	switch s.kind {
	case isInt:
		return toInteger(v)
	case isBool:
		return toBool(v)
	}
	out, ok := toText(v)
	if s.kind == isEnum {
		for _, e := range s.enum {
			if strings.EqualFold(e, out) {
				return e, ok
			}
		}
	}
	return out, ok
}

// toInteger accepts 80, 80.0, 8e1 and "80".
func toInteger(v any) (any, bool) {
	var digits string
	switch v := v.(type) {
	case json.Number:
		digits = v.String()
	case string:
		digits = strings.TrimSpace(v)
	default:
		return v, false
	}
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return json.Number(strconv.FormatInt(n, 10)), true
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || f != float64(int64(f)) || f > 1<<53 || f < -1<<53 {
		return v, false
	}
	return json.Number(strconv.FormatInt(int64(f), 10)), true
}

func toBool(v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		if strings.EqualFold(v, "true") || strings.EqualFold(v, "false") {
			return strings.EqualFold(v, "true"), true
		}
	}
	return v, false
}

func toText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

func (s *shape) describe() string {
	switch s.kind {
	case isString:
		return "a string"
	case isInt:
		return "a whole number"
	case isBool:
		return "true or false"
	case isEnum:
		return "one of " + shortList(s.enum)
	case isRef:
		return `a reference {"id": "…"}`
	case isList:
		return "a list"
	}
	return "an object"
}

func jsonType(v any) string {
	switch v := v.(type) {
	case *object:
		return "an object"
	case []any:
		return "a list"
	case string:
		return fmt.Sprintf("the string %s", shorten(v))
	case bool:
		return strconv.FormatBool(v)
	}
	return fmt.Sprintf("the number %.60s", v)
}

// shorten quotes a value for a message.
func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return strconv.Quote(s)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func spellingHint(key string, s *shape) string {
	names := make([]string, len(s.fields))
	for i, f := range s.fields {
		names[i] = f.name
	}
	if best := closest(key, names); best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return "check the spelling, or ignore this if Azure added it lately"
}
