package gateway

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

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
	case *object:
		for i, m := range v.members {
			v.members[i].value = markPlaceholders(m.value, join(path, m.key), open)
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
	report
	opens            []open
	hosts, addresses int // that stand for others so far
}

// value fits what is inside v; not ok if v is to be left out.
func (f *fitter) value(s *shape, v any, path string) (_ any, ok bool) {
	switch v := v.(type) {
	case *placeholder:
		return f.standIn(s, v, path)
	case *object:
		if s.isResource() {
			*v = *unflatten(s, v)
		}
		kept := v.members[:0]
		for _, m := range v.members {
			name, fs := f.field(s, m.key)
			if fitted, ok := f.value(fs, m.value, join(path, name)); ok {
				kept = append(kept, member{m.key, fitted})
			}
		}
		v.members = kept
	case []any:
		elem := anything()
		if s.kind == isList {
			elem = s.elem
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

// field is the shape of a member; what the model does not know may be anything. The id of a reference is kept as it is.
func (f *fitter) field(s *shape, key string) (string, *shape) {
	if s.kind == isObject {
		if name, fs := s.field(key); fs != nil {
			return name, fs
		}
	}
	if s.kind == isRef && strings.EqualFold(key, "id") {
		return "id", &shape{kind: isString, form: idForm}
	}
	return key, anything()
}

// standIn is what stands for a placeholder in a place of this shape; not ok if the place is left empty.
func (f *fitter) standIn(s *shape, p *placeholder, path string) (v any, ok bool) {
	if p.failed || s.form != idForm {
		f.opens = append(f.opens, open{path, p.failed})
	}
	v, ok = f.fitting(s, p)
	if !ok && !p.failed && s.decides() {
		f.error(path, "TemplateValueNeeded", "write the value in its place",
			"what belongs here is known only once the template is deployed, and nothing can stand for it")
	}
	return v, ok
}

func (f *fitter) fitting(s *shape, p *placeholder) (v any, ok bool) {
	switch s.kind {
	case isAny:
		return p.text, true
	case isString:
		return f.text(s, p)
	case isInt:
		return f.number(s), true
	case isBool, isEnum:
		return s.standing(), s.standing() != nil && !(p.failed && s.kind == isEnum)
	case isList:
		if v, ok := f.fitting(s.elem, p); ok && s.elem.form != noForm && !p.failed {
			return []any{v}, true
		}
	case isRef:
		if s.target == "" {
			return &object{members: []member{{"id", p.text}}}, true
		}
	case isObject:
		if s.form == memberForm {
			return &object{members: []member{{"ipAddress", f.address()}}}, true
		}
	}
	return nil, false
}

// decides reports whether the value decides what the gateway does and protects, so that nothing can stand for it.
func (s *shape) decides() bool {
	return s.kind == isObject || s.kind == isRef || s.kind == isList && s.elem.kind != isString && s.elem.kind != isEnum
}

// standing is the value of a bool or an enum that stands for one that is not known: the careful one, if the model names it.
func (s *shape) standing() any {
	switch {
	case s.careful != nil:
		return s.careful
	case s.fallback != nil:
		return s.fallback
	case s.kind == isEnum:
		return s.enum[0]
	}
	return nil
}

// number is the default, or one inside of the range that no other placeholder has.
func (f *fitter) number(s *shape) any {
	if s.fallback != nil {
		return s.fallback
	}
	n := max(s.min, 1)
	if s.max-s.min > 1000 {
		n = s.max/2 - len(f.opens)
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
func (f *fitter) text(s *shape, p *placeholder) (v any, ok bool) {
	if s.secret {
		return nil, false // as an export leaves it out: causeway.yaml can name the files
	}
	if p.failed || s.form == noForm || s.form.fits(p.text) {
		return f.distinct(s.form, p.text), true
	}
	switch s.form {
	case addressForm:
		return f.address(), true
	case hostForm:
		return f.distinct(hostForm, openHost+".invalid"), true
	case pathForm:
		return "/" + openHost, true
	case urlForm:
		return "https://" + openHost + ".invalid/", true
	case pageForm:
		return "https://" + openHost + ".invalid/page.html", true
	case tokenForm:
		return openHost, true
	case variableForm:
		return "var_" + openHost, true
	}
	return nil, false
}

// distinct gives a host of which nothing is known another name than the hosts before it have.
func (f *fitter) distinct(of form, text string) string {
	if of != hostForm || text != openHost+".invalid" {
		return text
	}
	if f.hosts++; f.hosts == 1 {
		return text
	}
	return openHost + "-" + strconv.Itoa(f.hosts) + ".invalid"
}

// form is what a text stands for, as far as a check looks into it.
type form int

const (
	noForm form = iota
	addressForm
	hostForm
	pathForm
	urlForm
	pageForm
	tokenForm
	variableForm // of a rewrite condition
	statusForm   // a status or a range of them
	dataForm     // base64 of a certificate
	memberForm   // of an object: a member of a pool
	idForm       // of a reference
)

func (f form) fits(s string) bool {
	switch f {
	case addressForm:
		_, err := netip.ParseAddr(s)
		return err == nil
	case hostForm:
		return isHostName(s)
	case pathForm:
		return strings.HasPrefix(s, "/")
	case urlForm:
		u, err := url.Parse(s)
		return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
	case tokenForm:
		return isToken(s)
	case variableForm:
		return strings.HasPrefix(s, "http_re") || strings.HasPrefix(s, "var_")
	case idForm:
		return true
	}
	return false
}

// openCollections are those of which not all elements, or not all their names, are known.
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
			for _, f := range gatewayFields() {
				out[f.name] = true
			}
		}
	}
	return out
}

// withoutConsequences leaves out the problems that open values make: at the value itself, and warnings at the object that it
// is part of. Where an error has been reported for the value, that is everything about the same child of the gateway.
func withoutConsequences(problems []Problem, opens []open) []Problem {
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
	return slices.DeleteFunc(problems, func(p Problem) bool {
		return p.Severity == Warning && around[p.Path] || anyPrefix(p.Path, at)
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
