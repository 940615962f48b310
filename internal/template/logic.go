package template

import (
	"encoding/json"
	"strings"

	"causeway/internal/template/expr"
)

func not(_ env, args []any) (any, error) {
	v, ok := expr.AsBool(args[0])
	if !ok {
		return nil, expr.Wrong("compare with equals()", "not() takes true or false, not %s", expr.KindOf(args[0]))
	}
	return !v, nil
}

func toBool(_ env, args []any) (any, error) {
	if v, ok := expr.AsBool(args[0]); ok {
		return v, nil
	}
	if n, ok := expr.AsInteger(args[0]); ok {
		return n != 0, nil
	}
	return nil, expr.Wrong("write true or false", "%s is neither true nor false", expr.Quote(expr.TextOf(args[0])))
}

// equals is unknown where values that are not known make the difference.
func equals(e env, args []any) (any, error) {
	same, err := e.equal(args[0], args[1])
	if same || err != nil {
		return same, err
	}
	return e.unless(false, args)
}

// unless is v, or the first unknown inside args, which might change it.
func (e env) unless(v any, args []any) (any, error) {
	for _, a := range args {
		if u, err := e.unknownIn(a); u != nil || err != nil {
			return u, err
		}
	}
	return v, nil
}

// unknownIn is the first unknown inside v; nil if there is none.
func (e env) unknownIn(v any) (*expr.Unknown, error) {
	e, err := e.deeper()
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case *expr.Unknown:
		return v, nil
	case []any:
		for _, item := range v {
			if u, err := e.unknownIn(item); u != nil || err != nil {
				return u, err
			}
		}
	case *expr.Object:
		for _, m := range v.Members {
			if u, err := e.unknownIn(m.Value); u != nil || err != nil {
				return u, err
			}
		}
	}
	return nil, nil
}

// equal compares values; upper and lower case differ.
func (e env) equal(a, b any) (bool, error) {
	if err := e.spend(0); err != nil {
		return false, err
	}
	switch a := a.(type) {
	case []any:
		other, ok := b.([]any)
		if !ok || len(a) != len(other) {
			return false, nil
		}
		for i := range a {
			if same, err := e.equal(a[i], other[i]); !same {
				return false, err
			}
		}
		return true, nil
	case *expr.Object:
		return e.equalObjects(a, b)
	case json.Number:
		x, isInt := expr.AsInteger(a)
		y, also := expr.AsInteger(b)
		if isInt && also {
			return x == y, nil
		}
		return a == b, nil
	case *expr.Unknown:
		return false, nil
	}
	switch b.(type) {
	case []any, *expr.Object, *expr.Unknown:
		return false, nil
	}
	return a == b, nil
}

func (e env) equalObjects(a *expr.Object, b any) (bool, error) {
	other, ok := b.(*expr.Object)
	if !ok || len(a.Members) != len(other.Members) {
		return false, nil
	}
	for _, m := range a.Members {
		if err := e.spend(len(other.Members) / 16); err != nil {
			return false, err
		}
		v, found := other.Get(m.Key)
		if !found {
			return false, nil
		}
		if same, err := e.equal(m.Value, v); !same {
			return false, err
		}
	}
	return true, nil
}

func comparison(holds func(int) bool) func(env, []any) (any, error) {
	return func(_ env, args []any) (any, error) {
		x, isInt := expr.AsInteger(args[0])
		y, also := expr.AsInteger(args[1])
		if isInt && also {
			return holds(compare(x, y)), nil
		}
		s, isText := args[0].(string)
		t, alsoText := args[1].(string)
		if isText && alsoText {
			return holds(strings.Compare(s, t)), nil
		}
		return nil, expr.Wrong("compare two numbers or two texts", "%s and %s cannot be compared", expr.KindOf(args[0]),
			expr.KindOf(args[1]))
	}
}

func compare(x, y int64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}
