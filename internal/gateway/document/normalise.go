package document

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

// normaliser turns a document as people have it (any case, numbers in quotes, the properties level left out) into the
// canonical tree, and reports what it had to guess.
type normaliser struct {
	gateway.Report
	evaluated []gateway.Problem // of a template, with paths in the template
	opens     []open            // properties whose values a template leaves open
}

// value returns v in canonical form. What does not fit its shape is reported and kept.
func (n *normaliser) value(s *schema.Shape, v any, path string) any {
	switch s.Kind {
	case schema.KindObject:
		if o, ok := v.(*schema.Object); ok {
			return n.object(s, o, path)
		}
	case schema.KindList:
		if items, ok := v.([]any); ok {
			return n.list(s, items, path)
		}
	case schema.KindRef:
		if o, ok := v.(*schema.Object); ok {
			return n.reference(o, path)
		}
	case schema.KindAny:
		return n.unknown(v, path)
	default:
		if out, ok := scalar(s, v); ok {
			return out
		}
	}
	n.Error(path, "InvalidRequestFormat", "write "+s.Describe()+" here", "%s where %s belongs", jsonType(v), s.Describe())
	return v
}

func (n *normaliser) list(s *schema.Shape, items []any, path string) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = n.value(s.Elem, item, path+"["+strconv.Itoa(i)+"]")
	}
	return out
}

// object puts the members in the order of the model, unknown ones behind.
func (n *normaliser) object(s *schema.Shape, o *schema.Object, path string) *schema.Object {
	if s.IsResource() {
		o = unflatten(s, o)
	}
	known, unknown := make(map[string]any, len(o.Members)), n.rest()
	for _, m := range o.Members {
		name, fs := s.Field(m.Key)
		if fs == nil {
			unknown.add(m, schema.JoinPath(path, m.Key))
			n.Warn(schema.JoinPath(path, m.Key), "UnknownProperty", spellingHint(name, s), "unknown property; it is kept and has no effect")
			continue
		}
		if fs.Dropped {
			continue
		}
		at := schema.JoinPath(path, name)
		v := n.value(fs, m.Value, at)
		if first, twice := known[name]; twice {
			n.repeated(at, m.Key, first, v)
			continue
		}
		known[name] = v
	}
	out := &schema.Object{}
	for _, f := range s.Fields {
		if v, ok := known[f.Name]; ok {
			out.Members = append(out.Members, schema.Member{Key: f.Name, Value: v})
		}
	}
	out.Members = append(out.Members, unknown.Members...)
	return out
}

func (n *normaliser) reference(o *schema.Object, path string) *schema.Object {
	out, ids := &schema.Object{}, 0
	for _, m := range o.Members {
		switch strings.ToLower(m.Key) {
		case "id":
			if ids++; ids > 1 {
				n.repeated(path+".id", m.Key, out.Value("id"), m.Value)
				continue
			}
			out.Members = append(out.Members, schema.Member{Key: "id", Value: m.Value})
		case "resourcegroup":
		default:
			out.Members = append(out.Members, schema.Member{Key: m.Key, Value: n.unknown(m.Value, schema.JoinPath(path, m.Key))})
			n.Warn(schema.JoinPath(path, m.Key), "UnknownProperty", "a reference has only an id",
				"unknown property; it is kept and has no effect")
		}
	}
	return out
}

// unknown keeps a value that the model does not know, without properties that repeat in another case.
func (n *normaliser) unknown(v any, path string) any {
	switch v := v.(type) {
	case *schema.Object:
		rest := n.rest()
		for _, m := range v.Members {
			rest.add(m, schema.JoinPath(path, m.Key))
		}
		return rest.Object
	case []any:
		for i := range v {
			v[i] = n.unknown(v[i], path+"["+strconv.Itoa(i)+"]")
		}
	}
	return v
}

type rest struct {
	*schema.Object
	n    *normaliser
	seen map[string]any
}

func (n *normaliser) rest() rest { return rest{&schema.Object{}, n, map[string]any{}} }

func (r rest) add(m schema.Member, path string) {
	v := r.n.unknown(m.Value, path)
	folded := strings.ToLower(m.Key)
	if first, twice := r.seen[folded]; twice {
		r.n.repeated(path, m.Key, first, v)
		return
	}
	r.seen[folded] = v
	r.Members = append(r.Members, schema.Member{Key: m.Key, Value: v})
}

// repeated reports a property that occurs twice, in whatever case. The first one counts.
func (n *normaliser) repeated(path, key string, first, again any) {
	if reflect.DeepEqual(first, again) {
		n.Warn(path, "DuplicateProperty", "remove one of them", "the property occurs twice (again as %q), with the same value", key)
		return
	}
	n.Error(path, "DuplicateProperty", "remove the one that is wrong",
		"the property occurs twice (again as %q), with different values; case does not tell properties apart", key)
}

// unflatten puts the properties of a resource where the REST form has them. The command line of Azure prints resources
// without that level.
func unflatten(s *schema.Shape, o *schema.Object) *schema.Object {
	_, props := s.Field("properties")
	inner, outer := &schema.Object{}, &schema.Object{}
	nested := slices.ContainsFunc(o.Members, func(m schema.Member) bool { return strings.EqualFold(m.Key, "properties") })
	for _, m := range o.Members {
		_, own := s.Field(m.Key)
		_, belongs := props.Field(m.Key)
		p, isObj := m.Value.(*schema.Object)
		switch {
		case strings.EqualFold(m.Key, "properties") && isObj:
			inner.Members = append(inner.Members, p.Members...)
		case own == nil && (belongs != nil || !nested):
			inner.Members = append(inner.Members, m)
		default:
			outer.Members = append(outer.Members, m)
		}
	}
	if len(inner.Members) > 0 {
		outer.Members = append(outer.Members, schema.Member{Key: "properties", Value: inner})
	}
	return outer
}

func scalar(s *schema.Shape, v any) (any, bool) {
	switch s.Kind {
	case schema.KindInt:
		return toInteger(v)
	case schema.KindBool:
		return toBool(v)
	}
	out, ok := toText(v)
	if s.Kind == schema.KindEnum {
		for _, e := range s.Enum {
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

func jsonType(v any) string {
	switch v := v.(type) {
	case *schema.Object:
		return "an object"
	case []any:
		return "a list"
	case string:
		return fmt.Sprintf("the string %s", schema.Quote(v))
	case bool:
		return strconv.FormatBool(v)
	}
	return fmt.Sprintf("the number %.60s", v)
}

func spellingHint(key string, s *schema.Shape) string {
	names := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		names[i] = f.Name
	}
	if best := schema.Closest(key, names); best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return "check the spelling, or ignore this if Azure added it lately"
}
