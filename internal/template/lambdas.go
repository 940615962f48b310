package template

import (
	"slices"
	"strings"

	"causeway/internal/template/expr"
)

// lambdaTable holds the functions that take a lambda, which is evaluated once for each element. They are listed in
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-lambda; Bicep compiles its arrow
// functions to them.
var lambdaTable = map[string]special{
	"map":       {2, 2, mapped},
	"filter":    {2, 2, filtered},
	"reduce":    {3, 3, reduced},
	"sort":      {2, 2, sorted},
	"toobject":  {2, 3, toObject},
	"groupby":   {2, 2, grouped},
	"mapvalues": {2, 2, mappedValues},
}

// lambda is a function that an expression writes as an argument of another.
type lambda struct {
	names []string // of its arguments, in lower case
	body  expr.Node
}

// lambdaOf reads lambda('a', …, BODY) with least to most arguments.
func (e env) lambdaOf(n expr.Node, of string, least, most int) (lambda, error) {
	c, ok := n.(*expr.Call)
	if !ok || !strings.EqualFold(c.Name, "lambda") || len(c.Args)-1 < least || len(c.Args)-1 > most {
		return lambda{}, expr.Wrong("write it as lambda('item', EXPRESSION)", "%s() takes a lambda with %s", of, counted(least, most))
	}
	l := lambda{body: c.Args[len(c.Args)-1]}
	for _, n := range c.Args[:len(c.Args)-1] {
		name, err := e.eval(n)
		if err != nil {
			return lambda{}, err
		}
		l.names = append(l.names, strings.ToLower(expr.TextOf(name)))
	}
	return l, nil
}

func counted(least, most int) string {
	switch {
	case most == 1:
		return "1 argument"
	case least == most:
		return expr.TextOf(expr.Number(int64(most))) + " arguments"
	}
	return expr.TextOf(expr.Number(int64(least))) + " or " + expr.TextOf(expr.Number(int64(most))) + " arguments"
}

// apply evaluates the lambda with values for its arguments; those that it does not name are left out.
func (e env) apply(l lambda, values ...any) (any, error) {
	outer := e.locals
	e.locals = make(map[string]any, len(outer)+len(l.names))
	for name, v := range outer {
		e.locals[name] = v
	}
	for i, name := range l.names {
		e.locals[name] = values[i]
	}
	return e.eval(l.body)
}

// listAnd evaluates the first argument, a list, and reads the second, a lambda. An unknown list makes the result unknown.
func (e env) listAnd(args []expr.Node, of string, least, most int) (list []any, l lambda, u any, err error) {
	v, err := e.eval(args[0])
	if err != nil || expr.IsUnknown(v) {
		return nil, l, v, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, l, nil, expr.Wrong("give a list", "%s() takes a list, not %s", of, expr.KindOf(v))
	}
	l, err = e.lambdaOf(args[len(args)-1], of, least, most)
	return list, l, nil, err
}

func mapped(e env, args []expr.Node) (any, error) {
	list, l, u, err := e.listAnd(args, "map", 1, 2)
	if u != nil || err != nil {
		return u, err
	}
	out := make([]any, len(list))
	for i, item := range list {
		if out[i], err = e.apply(l, item, expr.Number(int64(i))); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func filtered(e env, args []expr.Node) (any, error) {
	list, l, u, err := e.listAnd(args, "filter", 1, 2)
	if u != nil || err != nil {
		return u, err
	}
	out := []any{}
	for i, item := range list {
		v, err := e.apply(l, item, expr.Number(int64(i)))
		if err != nil || expr.IsUnknown(v) {
			return v, err
		}
		keep, ok := expr.AsBool(v)
		if !ok {
			return nil, expr.Wrong("compare with equals()", "the lambda of filter() gives %s", expr.KindOf(v))
		}
		if keep {
			out = append(out, item)
		}
	}
	return out, nil
}

// reduced carries a value from element to element: reduce(LIST, START, lambda('so far', 'next'[, 'index'], …)).
func reduced(e env, args []expr.Node) (any, error) {
	list, l, u, err := e.listAnd(args, "reduce", 2, 3)
	if u != nil || err != nil {
		return u, err
	}
	v, err := e.eval(args[1])
	for i, item := range list {
		if err != nil {
			return nil, err
		}
		v, err = e.apply(l, v, item, expr.Number(int64(i)))
	}
	return v, err
}

// sorted orders a list by a lambda that reports whether its first argument belongs before its second. Equal elements keep
// their order.
func sorted(e env, args []expr.Node) (any, error) {
	list, l, u, err := e.listAnd(args, "sort", 2, 2)
	if u != nil || err != nil {
		return u, err
	}
	var undecided any
	before := func(a, b any) bool {
		if err != nil || undecided != nil {
			return false
		}
		var v any
		if v, err = e.apply(l, a, b); err != nil {
			return false
		}
		is, ok := expr.AsBool(v)
		switch {
		case expr.IsUnknown(v):
			undecided = v
		case !ok:
			err = expr.Wrong("compare with less()", "the lambda of sort() gives %s", expr.KindOf(v))
		}
		return is
	}
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b any) int {
		switch {
		case before(a, b):
			return -1
		case before(b, a):
			return 1
		}
		return 0
	})
	if undecided != nil && err == nil {
		return undecided, nil
	}
	return out, err
}

// toObject makes an object of a list: toObject(LIST, lambda for the name[, lambda for the value]).
func toObject(e env, args []expr.Node) (any, error) {
	list, key, u, err := e.listAnd(args[:2], "toObject", 1, 1)
	if u != nil || err != nil {
		return u, err
	}
	value := lambda{}
	if len(args) == 3 {
		if value, err = e.lambdaOf(args[2], "toObject", 1, 1); err != nil {
			return nil, err
		}
	}
	out := &expr.Object{}
	for _, item := range list {
		name, err := e.keyOf(key, item, "toObject")
		if err != nil {
			return nil, err
		}
		v := item
		if value.body != nil {
			if v, err = e.apply(value, item); err != nil {
				return nil, err
			}
		}
		if err := e.spend(len(out.Members) / 16); err != nil {
			return nil, err
		}
		out.Set(name, v)
	}
	return out, nil
}

// keyOf is the name that a lambda gives an element.
func (e env) keyOf(l lambda, item any, of string) (string, error) {
	v, err := e.apply(l, item)
	if err != nil {
		return "", err
	}
	if _, ok := v.(string); !ok && !expr.IsUnknown(v) {
		return "", expr.Wrong("convert it with string()", "the lambda of %s() gives %s as a name", of, expr.KindOf(v))
	}
	return expr.TextOf(v), nil
}

// grouped makes an object from each name that the lambda gives to the list of elements with that name.
func grouped(e env, args []expr.Node) (any, error) {
	list, l, u, err := e.listAnd(args, "groupBy", 1, 1)
	if u != nil || err != nil {
		return u, err
	}
	out := &expr.Object{}
	for _, item := range list {
		name, err := e.keyOf(l, item, "groupBy")
		if err != nil {
			return nil, err
		}
		if err := e.spend(len(out.Members) / 16); err != nil {
			return nil, err
		}
		group, _ := out.Value(name).([]any)
		out.Set(name, append(group[:len(group):len(group)], item))
		if err := e.spend(len(group) / 16); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func mappedValues(e env, args []expr.Node) (any, error) {
	v, err := e.eval(args[0])
	if err != nil || expr.IsUnknown(v) {
		return v, err
	}
	o, ok := v.(*expr.Object)
	if !ok {
		return nil, expr.Wrong("give an object", "mapValues() takes an object, not %s", expr.KindOf(v))
	}
	l, err := e.lambdaOf(args[1], "mapValues", 1, 1)
	if err != nil {
		return nil, err
	}
	out := &expr.Object{}
	for _, m := range o.Members {
		v, err := e.apply(l, m.Value)
		if err != nil {
			return nil, err
		}
		out.Members = append(out.Members, expr.Member{Key: m.Key, Value: v})
	}
	return out, nil
}

// local is an argument of a lambda around the expression.
func (e env) local(name string) (any, error) {
	if v, ok := e.locals[strings.ToLower(name)]; ok {
		return v, nil
	}
	return nil, expr.Wrong("name it as an argument of the lambda", "there is no lambda variable %s", expr.Quote(name))
}
