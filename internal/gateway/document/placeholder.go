package document

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
	"causeway/internal/template"
)

// A template may leave values open: those that only a deployment knows, secrets, and those of parameters without a value.
// What stands for them has the type that its place wants, so that no check stumbles over it. Where an error has been
// reported for a value, what follows from it is reported no more.

// placeholder is such a value in the tree of a document, until fit puts something into its place.
type placeholder struct {
	text   string
	failed bool // an error has been reported for it
}

// markPlaceholders replaces the open values of a resource, which are known by their paths.
func markPlaceholders(v any, path string, open map[string]template.Unknown) any {
	if len(open) == 0 {
		return v
	}
	if u, ok := open[path]; ok {
		if text, isText := v.(string); isText {
			return &placeholder{text, u.Failed}
		}
	}
	switch v := v.(type) {
	case *schema.Object:
		for i, m := range v.Members {
			v.Members[i].Value = markPlaceholders(m.Value, schema.JoinPath(path, m.Key), open)
		}
	case []any:
		for i := range v {
			v[i] = markPlaceholders(v[i], path+"["+strconv.Itoa(i)+"]", open)
		}
	}
	return v
}

// open is a property of a document whose value is open.
type open struct {
	path   string
	failed bool
}

// fitter puts something that fits into the place of each placeholder.
type fitter struct {
	gateway.Report
	opens            []open
	hosts, addresses int // that stand for others so far
}

// value fits what is inside v; not ok if v is to be left out.
func (f *fitter) value(s *schema.Shape, v any, path string) (_ any, ok bool) {
	switch v := v.(type) {
	case *placeholder:
		return f.standIn(s, v, path)
	case *schema.Object:
		if s.IsResource() {
			*v = *unflatten(s, v)
		}
		kept := v.Members[:0]
		for _, m := range v.Members {
			name, fs := f.field(s, m.Key)
			if fitted, ok := f.value(fs, m.Value, schema.JoinPath(path, name)); ok {
				kept = append(kept, schema.Member{Key: m.Key, Value: fitted})
			}
		}
		v.Members = kept
	case []any:
		elem := schema.Anything()
		if s.Kind == schema.KindList {
			elem = s.Elem
		}
		kept := v[:0]
		for _, item := range v {
			if fitted, ok := f.value(elem, item, path+"["+strconv.Itoa(len(kept))+"]"); ok {
				kept = append(kept, fitted)
			}
		}
		return kept, true
	}
	return v, true
}

// field is the shape of a member; one that the model does not know may be anything. The id of a reference stays unchanged.
func (f *fitter) field(s *schema.Shape, key string) (string, *schema.Shape) {
	if s.Kind == schema.KindObject {
		if name, fs := s.Field(key); fs != nil {
			return name, fs
		}
	}
	if s.Kind == schema.KindRef && strings.EqualFold(key, "id") {
		return "id", &schema.Shape{Kind: schema.KindString, Form: schema.IDForm}
	}
	return key, schema.Anything()
}

// standIn is what stands for a placeholder in a place of this shape; not ok if the place is left empty.
func (f *fitter) standIn(s *schema.Shape, p *placeholder, path string) (v any, ok bool) {
	if p.failed || s.Form != schema.IDForm {
		f.opens = append(f.opens, open{path, p.failed})
	}
	v, ok = f.fitting(s, p)
	if !ok && !p.failed && s.Decides() {
		f.Error(path, "TemplateValueNeeded", "write the value in its place",
			"what belongs here is known only once the template is deployed, and nothing can stand for it")
	}
	return v, ok
}

func (f *fitter) fitting(s *schema.Shape, p *placeholder) (v any, ok bool) {
	switch s.Kind {
	case schema.KindAny:
		return p.text, true
	case schema.KindString:
		return f.text(s, p)
	case schema.KindInt:
		return f.number(s), true
	case schema.KindBool, schema.KindEnum:
		return s.Standing(), s.Standing() != nil && !(p.failed && s.Kind == schema.KindEnum)
	case schema.KindList:
		if v, ok := f.fitting(s.Elem, p); ok && s.Elem.Form != schema.NoForm && !p.failed {
			return []any{v}, true
		}
	case schema.KindRef:
		if s.Target == "" {
			return &schema.Object{Members: []schema.Member{{Key: "id", Value: p.text}}}, true
		}
	case schema.KindObject:
		if s.Form == schema.MemberForm {
			return &schema.Object{Members: []schema.Member{{Key: "ipAddress", Value: f.address()}}}, true
		}
	}
	return nil, false
}

// number is the default, or one inside of the range that no other placeholder has.
func (f *fitter) number(s *schema.Shape) any {
	if s.Fallback != nil {
		return s.Fallback
	}
	n := max(s.Min, 1)
	if s.Max-s.Min > 1000 {
		n = s.Max/2 - len(f.opens)
	}
	return json.Number(strconv.Itoa(n))
}

// address is one that RFC 5737 keeps for documentation, so that nothing answers there. Each placeholder has another.
func (f *fitter) address() string {
	f.addresses++
	return fmt.Sprintf("192.0.2.%d", (f.addresses-1)%254+1)
}

const openHost = "known-only-after-deployment"

// text is what stands for an open text: the text itself where it fits, as one does that only holds a placeholder.
func (f *fitter) text(s *schema.Shape, p *placeholder) (v any, ok bool) {
	if s.Secret {
		return nil, false // as an export leaves it out: causeway.yaml can name the files
	}
	if p.failed || s.Form == schema.NoForm || s.Form.Fits(p.text) {
		return f.distinct(s.Form, p.text), true
	}
	switch s.Form {
	case schema.AddressForm:
		return f.address(), true
	case schema.HostForm:
		return f.distinct(schema.HostForm, openHost+".invalid"), true
	case schema.PathForm:
		return "/" + openHost, true
	case schema.URLForm:
		return "https://" + openHost + ".invalid/", true
	case schema.PageForm:
		return "https://" + openHost + ".invalid/page.html", true
	case schema.TokenForm:
		return openHost, true
	case schema.VariableForm:
		return "var_" + openHost, true
	}
	return nil, false
}

// distinct gives each unknown host a name of its own.
func (f *fitter) distinct(of schema.Form, text string) string {
	if of != schema.HostForm || text != openHost+".invalid" {
		return text
	}
	if f.hosts++; f.hosts == 1 {
		return text
	}
	return openHost + "-" + strconv.Itoa(f.hosts) + ".invalid"
}

// openCollections are the collections whose elements, or the names of these, are not all known.
func openCollections(opens []open) map[string]bool {
	out := map[string]bool{}
	for _, o := range opens {
		rest, inside := strings.CutPrefix(o.path, "properties.")
		name, element, isElement := strings.Cut(rest, "[")
		whole := !isElement && !strings.Contains(rest, ".")
		_, of, _ := strings.Cut(element, "]")
		if o.failed && inside && (whole || of == "" || of == ".name") {
			out[name] = true
		}
		if o.failed && o.path == "properties" {
			for _, f := range schema.GatewayFields() {
				out[f.Name] = true
			}
		}
	}
	return out
}

// withoutConsequences leaves out the problems that open values make: at the value itself, and warnings at the object that it
// is part of. Where an error has been reported for the value, that is everything about the same child of the gateway.
func withoutConsequences(problems []gateway.Problem, opens []open) []gateway.Problem {
	if len(opens) == 0 {
		return problems
	}
	at := map[string]bool{}
	for _, o := range opens {
		at[o.path] = true
		if o.failed {
			at[home(o.path)] = true
		}
	}
	around := map[string]bool{}
	for _, o := range opens {
		around[o.path[:max(strings.LastIndexByte(o.path, '.'), 0)]] = true
	}
	return slices.DeleteFunc(problems, func(p gateway.Problem) bool {
		return p.Severity == gateway.Warning && around[p.Path] || anyPrefix(p.Path, at)
	})
}

// anyPrefix reports whether the path, or what it is inside of, is among the paths.
func anyPrefix(path string, paths map[string]bool) bool {
	for i := range path {
		if (path[i] == '.' || path[i] == '[') && paths[path[:i]] {
			return true
		}
	}
	return paths[path]
}

// home is the child of the gateway that a property belongs to, or the object: properties.probes[0], properties.sku.
func home(path string) string {
	rest, inside := strings.CutPrefix(path, "properties.")
	if !inside {
		return path
	}
	if i := strings.IndexAny(rest, ".]"); i >= 0 {
		if rest[i] == ']' {
			i++
		}
		rest = rest[:i]
	}
	return "properties." + rest
}
