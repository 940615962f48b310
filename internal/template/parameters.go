package template

import (
	"strings"

	"causeway/internal/template/expr"
)

// parameterValue is what a parameter is given, or its default. A null counts as nothing given, as in Azure.
func (e env) parameterValue(name string, declared *expr.Object) (any, error) {
	t, err := e.resolve(declared)
	if err != nil {
		return nil, err
	}
	v, err := e.givenValue(name)
	if err != nil {
		return nil, err
	}
	if u, ok := v.(*expr.Unknown); ok && u.Placeholder == "" { // in a key vault
		return e.secret(name, secretHint), nil
	}
	if v == nil {
		return e.fallback(name, t)
	}
	return e.checked(name, t, v)
}

const secretHint = "give its value with --parameters, or name the files of a certificate in causeway.yaml"

// givenValue is the value that a file or the deployment around the template gives; nil if there is none. What a deployment
// gives is evaluated here, on use: an unused value may be wrong.
func (e env) givenValue(name string) (any, error) {
	v, ok, err := e.find(e.given, name)
	if err != nil || !ok || e.around == nil {
		return v, err
	}
	outer := e.outer()
	v, err = outer.at(expr.JoinPath(outer.path, "properties.parameters."+name)).value(v)
	if err != nil || expr.IsUnknown(v) {
		return v, err
	}
	envelope, _ := v.(*expr.Object)
	if _, vault := envelope.Get("reference"); vault {
		return &expr.Unknown{}, nil
	}
	return envelope.Value("value"), nil
}

// fallback is the value of a parameter that is given none.
func (e env) fallback(name string, t *expr.Object) (any, error) {
	secure := strings.HasPrefix(strings.ToLower(t.Text("type")), "secure")
	fallback, has := t.Get("defaultValue")
	switch {
	case has && (fallback != nil || !secure): // exports write null where a secret was
		v, err := e.at(e.path + ".defaultValue").value(fallback)
		if err != nil || v == nil {
			return nil, err
		}
		return e.checked(name, t, v)
	case secure:
		return e.secret(name, secretHint), nil
	case t.Value("nullable") == true:
		return nil, nil
	}
	e.report(true, e.path, "TemplateParameterMissing", "give its value with --parameters FILE",
		"the parameter %s has no value and no default", expr.Quote(name))
	return &expr.Unknown{Placeholder: "(parameter " + name + ")", Failed: true}, nil
}
