package template

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// What a template says about the values of its parameters, beside them or behind a $ref into its definitions:
// https://learn.microsoft.com/azure/azure-resource-manager/templates/definitions.

// resolve is a declared type with what its $ref leads to put under it, through chains of them. What stands nearer counts.
func (e env) resolve(t *object) (*object, error) {
	for range maxDepth {
		ref, ok := t.value("$ref").(string)
		if !ok {
			return t, nil
		}
		target, err := e.follow(ref)
		if err != nil {
			return nil, err
		}
		out := &object{}
		for _, m := range t.members {
			if !strings.EqualFold(m.key, "$ref") {
				out.members = append(out.members, m)
			}
		}
		for _, m := range target.members {
			if _, nearer := out.get(m.key); !nearer {
				out.members = append(out.members, m)
			}
		}
		if err := e.spend(len(out.members)); err != nil {
			return nil, err
		}
		t = out
	}
	return nil, wrong("break the circle", "the type refers to itself")
}

// follow finds what a JSON pointer such as #/definitions/zone/items leads to.
func (e env) follow(ref string) (*object, error) {
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
		case *object:
			at = in.value(step)
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(in) {
				ok = false
				break
			}
			at = in[i]
		}
	}
	target, isObject := at.(*object)
	if !ok || !isObject {
		return nil, wrong("define it under definitions", "there is no type %s", quoted(ref))
	}
	return target, nil
}

// checked reports what a deployment would refuse about the value of a parameter. A value of another type is unknown from
// then on: what it breaks is no error of its own.
func (e env) checked(name string, t *object, v any) (any, error) {
	c := typeCheck{e, name}
	ok, err := c.value(t, v, "")
	if !ok {
		v = &unknown{placeholder: "(parameter " + name + ")", failed: true}
	}
	return v, err
}

// typeCheck checks the value of one parameter against its type.
type typeCheck struct {
	env
	parameter string
}

func (c typeCheck) refuse(at, hint, format string, args ...any) {
	args = append(args, quoted(c.parameter+at))
	c.report(true, c.path+at, "TemplateParameterNotAllowed", hint, format+" the parameter %s", args...)
}

// value checks one value, at a place in that of the parameter; not ok if it has another type.
func (c typeCheck) value(t *object, v any, at string) (ok bool, err error) {
	if c.env, err = c.deeper(); err != nil {
		return false, err
	}
	if t, err = c.resolve(t); err != nil || isUnknown(v) {
		return err == nil, err
	}
	if v == nil {
		if t.value("nullable") != true && t.text("type") != "" {
			c.refuse(at, "give "+typeNames[strings.ToLower(t.text("type"))], "null is no value for")
		}
		return true, nil
	}
	if want := typeNames[strings.ToLower(t.text("type"))]; want != "" && !isOfType(v, want) {
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
	case *object:
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
		_, ok := integer(v)
		return ok
	}
	return kindOf(v) == want
}

// article quotes a scalar, and names what else it is.
func article(v any) string {
	switch v.(type) {
	case []any, *object:
		return kindOf(v)
	case string:
		return "the string " + quoted(plain(v))
	}
	return quoted(plain(v))
}

// allowed checks the allowed values. Those of a list are for each of its elements, unless they are lists themselves.
func (c typeCheck) allowed(t *object, v any, at string) error {
	allowed, ok := t.value("allowedValues").([]any)
	if !ok {
		return nil
	}
	is, err := c.isAmong(allowed, v)
	if is || err != nil {
		return err
	}
	texts := make([]string, len(allowed))
	for i, a := range allowed {
		texts[i] = plain(a)
	}
	list, isList := v.([]any)
	if !isList {
		c.refuse(at, "give one of: "+listed(texts), "%s is not among the allowed values of", article(v))
		return nil
	}
	for i, item := range list {
		is, err := c.isAmong(allowed, item)
		if err != nil {
			return err
		}
		if !is && !isUnknown(item) {
			c.refuse(at+"["+strconv.Itoa(i)+"]", "give any of: "+listed(texts), "%s is not among the allowed values of", article(item))
		}
	}
	return nil
}

// isAmong reports whether one of the values is v. Texts may have any case, as Azure allows.
func (c typeCheck) isAmong(values []any, v any) (bool, error) {
	if s, ok := v.(string); ok {
		return slices.ContainsFunc(values, func(a any) bool { t, ok := a.(string); return ok && strings.EqualFold(s, t) }), c.spend(len(values))
	}
	return c.holds(values, v)
}

// bounds checks minValue and maxValue of a number, minLength and maxLength of a text or a list.
func (c typeCheck) bounds(t *object, v any, at string) {
	n, least, most, what := int64(0), "minLength", "maxLength", ""
	switch v := v.(type) {
	case string:
		n, what = int64(len([]rune(v))), " characters"
	case []any:
		n, what = int64(len(v)), " elements"
	default:
		var ok bool
		if n, ok = integer(v); !ok {
			return
		}
		least, most = "minValue", "maxValue"
	}
	if bound, ok := integer(t.value(least)); ok && n < bound {
		c.refuse(at, "give at least "+plain(number(bound))+what, "%d%s is too small for", n, what)
	}
	if bound, ok := integer(t.value(most)); ok && n > bound {
		c.refuse(at, "give at most "+plain(number(bound))+what, "%d%s is too large for", n, what)
	}
}

// elements checks those of a list: prefixItems by position, items or additional ones behind.
func (c typeCheck) elements(t *object, list []any, at string) error {
	prefix, _ := t.value("prefixItems").([]any)
	for i, item := range list {
		of := t.object("items")
		if i < len(prefix) {
			of, _ = prefix[i].(*object)
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
func (c typeCheck) members(t *object, o *object, at string) error {
	t, err := c.picked(t, o, at)
	if t == nil || err != nil {
		return err
	}
	declared := t.object("properties")
	if declared != nil {
		for _, m := range declared.members {
			if err := c.required(m, o, at); err != nil {
				return err
			}
		}
	}
	for _, m := range o.members {
		of, known, err := c.find(declared, m.key)
		if err != nil {
			return err
		}
		schema, _ := of.(*object)
		if !known {
			switch more := t.value("additionalProperties").(type) {
			case *object:
				schema = more
			case bool:
				if !more {
					c.refuse(at+"."+m.key, "check the spelling, or remove it", "there is no such member in")
				}
			}
		}
		if schema == nil || m.value == nil && known { // null where a member may be missing has been judged
			continue
		}
		if _, err := c.value(schema, m.value, at+"."+m.key); err != nil {
			return err
		}
	}
	return nil
}

// required reports a declared member that is missing and must not be.
func (c typeCheck) required(declared member, o *object, at string) error {
	v, _, err := c.find(o, declared.key)
	if v != nil || err != nil {
		return err
	}
	of, _ := declared.value.(*object)
	if of, err = c.resolve(of); err != nil {
		return err
	}
	if of.value("nullable") != true {
		c.refuse(at+"."+declared.key, "add it", "a value is missing for")
	}
	return nil
}

// picked is the type of an object: the one that its discriminator names, if the type has any.
func (c typeCheck) picked(t *object, o *object, at string) (*object, error) {
	by := t.object("discriminator")
	if by == nil {
		return t, nil
	}
	name := by.text("propertyName")
	v := o.value(name)
	if isUnknown(v) {
		return nil, nil
	}
	of, ok := by.object("mapping").value(plain(v)).(*object)
	if !ok {
		var names []string
		if m := by.object("mapping"); m != nil {
			for _, choice := range m.members {
				names = append(names, choice.key)
			}
		}
		c.refuse(at+"."+name, "give one of: "+listed(names), "%s is not among the allowed values of", article(v))
		return nil, nil
	}
	return c.resolve(of)
}
