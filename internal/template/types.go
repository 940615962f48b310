package template

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"causeway/internal/template/expr"
)

// What a template says about the values of its parameters, beside them or behind a $ref into its definitions:
// https://learn.microsoft.com/azure/azure-resource-manager/templates/definitions.

// resolve is a declared type with what its $ref leads to put under it, through chains of them. What stands nearer counts.
func (e env) resolve(t *expr.Object) (*expr.Object, error) {
	for range expr.MaxDepth {
		ref, ok := t.Value("$ref").(string)
		if !ok {
			return t, nil
		}
		target, err := e.follow(ref)
		if err != nil {
			return nil, err
		}
		out := &expr.Object{}
		for _, m := range t.Members {
			if !strings.EqualFold(m.Key, "$ref") {
				out.Members = append(out.Members, m)
			}
		}
		for _, m := range target.Members {
			if _, nearer := out.Get(m.Key); !nearer {
				out.Members = append(out.Members, m)
			}
		}
		if err := e.spend(len(out.Members)); err != nil {
			return nil, err
		}
		t = out
	}
	return nil, expr.Wrong("break the circle", "the type refers to itself")
}

// follow finds what a JSON pointer such as #/definitions/zone/items leads to.
func (e env) follow(ref string) (*expr.Object, error) {
	var at any = e.root
	path, ok := strings.CutPrefix(ref, "#/")
	if text, err := url.PathUnescape(path); err == nil {
		path = text
	}
	for step := range strings.SplitSeq(path, "/") {
		if err := e.spend(0); err != nil {
			return nil, err
		}
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch in := at.(type) {
		case *expr.Object:
			at = in.Value(step)
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(in) {
				ok = false
				break
			}
			at = in[i]
		}
	}
	target, isObject := at.(*expr.Object)
	if !ok || !isObject {
		return nil, expr.Wrong("define it under definitions", "there is no type %s", expr.Quote(ref))
	}
	return target, nil
}

// checked reports what a deployment would refuse about the value of a parameter. A value of another type is unknown from
// then on: what it breaks is no error of its own.
func (e env) checked(name string, t *expr.Object, v any) (any, error) {
	c := typeCheck{e, name}
	ok, err := c.value(t, v, "")
	if !ok {
		v = &expr.Unknown{Placeholder: "(parameter " + name + ")", Failed: true}
	}
	return v, err
}

// typeCheck checks the value of one parameter against its type.
type typeCheck struct {
	env
	parameter string
}

func (c typeCheck) refuse(at, hint, format string, args ...any) {
	args = append(args, expr.Quote(c.parameter+at))
	c.report(true, c.path+at, "TemplateParameterNotAllowed", hint, format+" the parameter %s", args...)
}

// value checks one value, at a place in that of the parameter; not ok if it has another type.
func (c typeCheck) value(t *expr.Object, v any, at string) (ok bool, err error) {
	if c.env, err = c.deeper(); err != nil {
		return false, err
	}
	if t, err = c.resolve(t); err != nil || expr.IsUnknown(v) {
		return err == nil, err
	}
	if v == nil {
		if t.Value("nullable") != true && t.Text("type") != "" {
			c.refuse(at, "give "+typeNames[strings.ToLower(t.Text("type"))], "null is no value for")
		}
		return true, nil
	}
	if want := typeNames[strings.ToLower(t.Text("type"))]; want != "" && !isOfType(v, want) {
		c.refuse(at, "give "+want, "%s stands where the template wants %s, in", article(v), want)
		return false, nil
	}
	if err := c.allowed(t, v, at); err != nil {
		return true, err
	}
	c.bounds(t, v, at)
	switch v := v.(type) {
	case []any:
		return true, c.elements(t, v, at)
	case *expr.Object:
		return true, c.members(t, v, at)
	}
	return true, nil
}

// typeNames are the types of parameters, in the words of messages.
var typeNames = map[string]string{
	"string": "a string", "securestring": "a string", "int": "a whole number", "bool": "true or false",
	"array": "a list", "object": "an object", "secureobject": "an object",
}

func isOfType(v any, want string) bool {
	switch want {
	case "true or false":
		_, ok := v.(bool)
		return ok
	case "a whole number":
		_, ok := expr.AsInteger(v)
		return ok
	}
	return expr.KindOf(v) == want
}

// article quotes a scalar, and names what else it is.
func article(v any) string {
	switch v.(type) {
	case []any, *expr.Object:
		return expr.KindOf(v)
	case string:
		return "the string " + expr.Quote(expr.TextOf(v))
	}
	return expr.Quote(expr.TextOf(v))
}

// allowed checks the allowed values. Those of a list are for each of its elements, unless they are lists themselves.
func (c typeCheck) allowed(t *expr.Object, v any, at string) error {
	allowed, ok := t.Value("allowedValues").([]any)
	if !ok {
		return nil
	}
	is, err := c.isAmong(allowed, v)
	if is || err != nil {
		return err
	}
	texts := make([]string, len(allowed))
	for i, a := range allowed {
		texts[i] = expr.TextOf(a)
	}
	list, isList := v.([]any)
	if !isList {
		c.refuse(at, "give one of: "+expr.Listing(texts), "%s is not among the allowed values of", article(v))
		return nil
	}
	for i, item := range list {
		is, err := c.isAmong(allowed, item)
		if err != nil {
			return err
		}
		if !is && !expr.IsUnknown(item) {
			c.refuse(at+"["+strconv.Itoa(i)+"]", "give any of: "+expr.Listing(texts), "%s is not among the allowed values of",
				article(item))
		}
	}
	return nil
}

// isAmong reports whether one of the values is v. Texts may have any case, as Azure allows.
func (c typeCheck) isAmong(values []any, v any) (bool, error) {
	if s, ok := v.(string); ok {
		return slices.ContainsFunc(values, func(a any) bool { t, ok := a.(string); return ok && strings.EqualFold(s, t) }),
			c.spend(len(values))
	}
	return c.holds(values, v)
}

// bounds checks minValue and maxValue of a number, minLength and maxLength of a text or a list.
func (c typeCheck) bounds(t *expr.Object, v any, at string) {
	n, least, most, what := int64(0), "minLength", "maxLength", ""
	switch v := v.(type) {
	case string:
		n, what = int64(len([]rune(v))), " characters"
	case []any:
		n, what = int64(len(v)), " elements"
	default:
		var ok bool
		if n, ok = expr.AsInteger(v); !ok {
			return
		}
		least, most = "minValue", "maxValue"
	}
	if bound, ok := expr.AsInteger(t.Value(least)); ok && n < bound {
		c.refuse(at, "give at least "+expr.TextOf(expr.Number(bound))+what, "%d%s is too small for", n, what)
	}
	if bound, ok := expr.AsInteger(t.Value(most)); ok && n > bound {
		c.refuse(at, "give at most "+expr.TextOf(expr.Number(bound))+what, "%d%s is too large for", n, what)
	}
}

// elements checks those of a list: prefixItems by position, items or additional ones behind.
func (c typeCheck) elements(t *expr.Object, list []any, at string) error {
	prefix, _ := t.Value("prefixItems").([]any)
	for i, item := range list {
		of := t.Object("items")
		if i < len(prefix) {
			of, _ = prefix[i].(*expr.Object)
		}
		if of == nil {
			continue
		}
		if _, err := c.value(of, item, at+"["+strconv.Itoa(i)+"]"); err != nil {
			return err
		}
	}
	return nil
}

// members checks those of an object against its properties, additionalProperties, or the type that its discriminator picks.
func (c typeCheck) members(t *expr.Object, o *expr.Object, at string) error {
	t, err := c.picked(t, o, at)
	if t == nil || err != nil {
		return err
	}
	declared := t.Object("properties")
	if declared != nil {
		for _, m := range declared.Members {
			if err := c.required(m, o, at); err != nil {
				return err
			}
		}
	}
	for _, m := range o.Members {
		of, known, err := c.find(declared, m.Key)
		if err != nil {
			return err
		}
		schema, _ := of.(*expr.Object)
		if !known {
			switch more := t.Value("additionalProperties").(type) {
			case *expr.Object:
				schema = more
			case bool:
				if !more {
					c.refuse(at+"."+m.Key, "check the spelling, or remove it", "there is no such member in")
				}
			}
		}
		if schema == nil || m.Value == nil && known { // null where a member may be missing has been judged
			continue
		}
		if _, err := c.value(schema, m.Value, at+"."+m.Key); err != nil {
			return err
		}
	}
	return nil
}

// required reports a declared member that is missing and must not be.
func (c typeCheck) required(declared expr.Member, o *expr.Object, at string) error {
	v, _, err := c.find(o, declared.Key)
	if v != nil || err != nil {
		return err
	}
	of, _ := declared.Value.(*expr.Object)
	if of, err = c.resolve(of); err != nil {
		return err
	}
	if of.Value("nullable") != true {
		c.refuse(at+"."+declared.Key, "add it", "a value is missing for")
	}
	return nil
}

// picked is the type of an object: the one that its discriminator names, if the type has any.
func (c typeCheck) picked(t *expr.Object, o *expr.Object, at string) (*expr.Object, error) {
	by := t.Object("discriminator")
	if by == nil {
		return t, nil
	}
	name := by.Text("propertyName")
	v := o.Value(name)
	if expr.IsUnknown(v) {
		return nil, nil
	}
	of, ok := by.Object("mapping").Value(expr.TextOf(v)).(*expr.Object)
	if !ok {
		var names []string
		if m := by.Object("mapping"); m != nil {
			for _, choice := range m.Members {
				names = append(names, choice.Key)
			}
		}
		c.refuse(at+"."+name, "give one of: "+expr.Listing(names), "%s is not among the allowed values of", article(v))
		return nil, nil
	}
	return c.resolve(of)
}
