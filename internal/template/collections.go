package template

import (
	"slices"
	"sort"
	"strings"

	"causeway/internal/template/expr"
)

func createObject(e env, args []any) (any, error) {
	if len(args)%2 != 0 {
		return nil, expr.Wrong("give a value for each name", "createObject() takes pairs of name and value")
	}
	if err := e.spend(len(args) * len(args) / 64); err != nil {
		return nil, err
	}
	out := &expr.Object{}
	for i := 0; i < len(args); i += 2 {
		if _, ok := args[i].(string); !ok && !expr.IsUnknown(args[i]) {
			return nil, expr.Wrong("write names in single quotes", "a name of createObject() is %s", expr.KindOf(args[i]))
		}
		out.Set(expr.TextOf(args[i]), args[i+1])
	}
	return out, nil
}

func toArray(_ env, args []any) (any, error) {
	if list, ok := args[0].([]any); ok {
		return list, nil
	}
	return []any{args[0]}, nil
}

func coalesce(_ env, args []any) (any, error) {
	for _, a := range args {
		if a != nil {
			return a, nil
		}
	}
	return nil, nil
}

// union joins lists without repetitions, or objects; of members with the same name the last counts.
func union(e env, args []any) (any, error) {
	if _, ok := args[0].([]any); ok {
		out := []any{}
		for _, a := range args {
			list, ok := a.([]any)
			if !ok {
				return nil, expr.Wrong("give lists alone, or objects alone", "union() of a list and %s", expr.KindOf(a))
			}
			for _, item := range list {
				if has, err := e.holds(out, item); err != nil {
					return nil, err
				} else if !has {
					out = append(out, item)
				}
			}
		}
		return out, nil
	}
	out := &expr.Object{}
	for _, a := range args {
		o, ok := a.(*expr.Object)
		if !ok {
			return nil, expr.Wrong("give lists alone, or objects alone", "union() of an object and %s", expr.KindOf(a))
		}
		var err error
		if out, err = e.merge(out, o); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// merge puts b over a. Objects inside both are merged too.
func (e env) merge(a, b *expr.Object) (*expr.Object, error) {
	e, err := e.deeper()
	if err != nil {
		return nil, err
	}
	if err := e.spend(len(a.Members) + len(a.Members)*len(b.Members)/16); err != nil {
		return nil, err
	}
	out := &expr.Object{Members: slices.Clone(a.Members)}
	for _, m := range b.Members {
		old, _ := out.Value(m.Key).(*expr.Object)
		if fresh, ok := m.Value.(*expr.Object); ok && old != nil {
			both, err := e.merge(old, fresh)
			if err != nil {
				return nil, err
			}
			out.Set(m.Key, both)
			continue
		}
		out.Set(m.Key, m.Value)
	}
	return out, nil
}

// shallowMerge joins the objects of a list; of a name that several have the last one counts whole.
func shallowMerge(e env, args []any) (any, error) {
	list, _ := args[0].([]any)
	out := &expr.Object{}
	for _, item := range list {
		o, ok := item.(*expr.Object)
		if !ok {
			return nil, expr.Wrong("give a list of objects", "shallowMerge() of %s", expr.KindOf(item))
		}
		for _, m := range o.Members {
			if err := e.spend(len(out.Members) / 16); err != nil {
				return nil, err
			}
			out.Set(m.Key, m.Value)
		}
	}
	return out, nil
}

func (e env) holds(list []any, item any) (bool, error) {
	for _, v := range list {
		if same, err := e.equal(v, item); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

func intersection(e env, args []any) (any, error) {
	if o, ok := args[0].(*expr.Object); ok {
		return e.commonMembers(o, args[1:])
	}
	first, ok := args[0].([]any)
	if !ok {
		return nil, expr.Wrong("give lists alone, or objects alone", "intersection() of %s", expr.KindOf(args[0]))
	}
	out := []any{}
	for _, item := range first {
		in := true
		for _, a := range args[1:] {
			list, _ := a.([]any)
			has, err := e.holds(list, item)
			if err != nil {
				return nil, err
			}
			in = in && has
		}
		if in {
			out = append(out, item)
		}
	}
	return out, nil
}

// commonMembers are the members of an object that all the others have too, with the same value.
func (e env) commonMembers(first *expr.Object, others []any) (any, error) {
	out := &expr.Object{}
	for _, m := range first.Members {
		in := true
		for _, a := range others {
			o, ok := a.(*expr.Object)
			if !ok {
				return nil, expr.Wrong("give lists alone, or objects alone", "intersection() of an object and %s", expr.KindOf(a))
			}
			v, found, err := e.find(o, m.Key)
			if err != nil {
				return nil, err
			}
			same, err := e.equal(v, m.Value)
			if err != nil {
				return nil, err
			}
			in = in && found && same
		}
		if in {
			out.Members = append(out.Members, m)
		}
	}
	return out, nil
}

func length(_ env, args []any) (any, error) {
	switch v := args[0].(type) {
	case string:
		return expr.Number(int64(len([]rune(v)))), nil
	case []any:
		return expr.Number(int64(len(v))), nil
	case *expr.Object:
		return expr.Number(int64(len(v.Members))), nil
	}
	return nil, expr.Wrong("give a text, a list or an object", "%s has no length", expr.KindOf(args[0]))
}

func empty(_ env, args []any) (any, error) {
	switch v := args[0].(type) {
	case *expr.Unknown: // what a deployment gives, or keeps secret, is there
		if v.Failed {
			return v, nil
		}
		return false, nil
	case nil:
		return true, nil
	case string:
		return v == "", nil
	case []any:
		return len(v) == 0, nil
	case *expr.Object:
		return len(v.Members) == 0, nil
	}
	return nil, expr.Wrong("give a text, a list or an object", "%s is never empty", expr.KindOf(args[0]))
}

func contains(e env, args []any) (any, error) {
	switch in := args[0].(type) {
	case string:
		return strings.Contains(in, expr.TextOf(args[1])), e.spend(len(in) / 16)
	case []any:
		has, err := e.holds(in, args[1])
		if has || err != nil {
			return has, err
		}
		return e.unless(false, args)
	case *expr.Object:
		_, found := in.Get(expr.TextOf(args[1]))
		return found, e.spend(len(in.Members) / 16)
	}
	return nil, expr.Wrong("give a text, a list or an object", "%s contains nothing", expr.KindOf(args[0]))
}

// edge is the first or the last element; of nothing it is nothing.
func edge(v any, last bool) (any, error) {
	at := func(n int) int {
		if last {
			return n - 1
		}
		return 0
	}
	switch v := v.(type) {
	case string:
		if r := []rune(v); len(r) > 0 {
			return string(r[at(len(r))]), nil
		}
		return "", nil
	case []any:
		if len(v) > 0 {
			return v[at(len(v))], nil
		}
		return nil, nil
	}
	return nil, expr.Wrong("give a text or a list", "%s has no first or last element", expr.KindOf(v))
}

// part is the first n elements, or what follows them.
func part(args []any, front bool) (any, error) {
	n, ok := expr.AsInteger(args[1])
	if !ok {
		return nil, expr.Wrong("write take(WHAT, COUNT)", "the count is %s", expr.KindOf(args[1]))
	}
	cut := func(length int) (from, to int) {
		at := int(min(max(n, 0), int64(length)))
		if front {
			return 0, at
		}
		return at, length
	}
	switch v := args[0].(type) {
	case string:
		r := []rune(v)
		from, to := cut(len(r))
		return string(r[from:to]), nil
	case []any:
		from, to := cut(len(v))
		return v[from:to:to], nil
	}
	return nil, expr.Wrong("give a text or a list", "%s has no parts", expr.KindOf(args[0]))
}

// items is a list of the names and values of an object, by name.
func items(e env, args []any) (any, error) {
	o, ok := args[0].(*expr.Object)
	if !ok {
		return nil, expr.Wrong("give an object", "items() takes an object, not %s", expr.KindOf(args[0]))
	}
	out := make([]any, 0, len(o.Members))
	for _, m := range byKey(o) {
		out = append(out, expr.NewObject("key", m.Key, "value", m.Value))
	}
	return out, e.spend(len(out))
}

func objectKeys(e env, args []any) (any, error) {
	o, ok := args[0].(*expr.Object)
	if !ok {
		return nil, expr.Wrong("give an object", "objectKeys() takes an object, not %s", expr.KindOf(args[0]))
	}
	out := make([]any, 0, len(o.Members))
	for _, m := range byKey(o) {
		out = append(out, m.Key)
	}
	return out, e.spend(len(out))
}

func byKey(o *expr.Object) []expr.Member {
	members := slices.Clone(o.Members)
	sort.SliceStable(members, func(i, j int) bool { return members[i].Key < members[j].Key })
	return members
}

func flatten(e env, args []any) (any, error) {
	list, ok := args[0].([]any)
	if !ok {
		return nil, expr.Wrong("give a list of lists", "flatten() takes a list, not %s", expr.KindOf(args[0]))
	}
	out := []any{}
	for _, item := range list {
		inner, ok := item.([]any)
		if !ok {
			inner = []any{item}
		}
		if err := e.spend(len(inner)); err != nil {
			return nil, err
		}
		out = append(out, inner...)
	}
	return out, nil
}

// tryGet goes from member to member and gives null where there is none.
func tryGet(e env, args []any) (any, error) {
	v := args[0]
	for _, key := range args[1:] {
		next, found, err := e.element(v, key)
		if err != nil || !found {
			return nil, nil //nolint:nilerr // that is what it is for
		}
		v = next
	}
	return v, nil
}

// fromEnd is the element with a number, counted from 1 at the end of a list. Bicep compiles list[^1] to it.
func fromEnd(args []any, safe bool) (any, error) {
	list, ok := args[0].([]any)
	i, isInt := expr.AsInteger(args[1])
	switch {
	case args[0] == nil && safe:
		return nil, nil
	case !ok || !isInt:
		return nil, expr.Wrong("write indexFromEnd(LIST, POSITION)", "indexFromEnd() takes a list and a position, not %s and %s",
			expr.KindOf(args[0]), expr.KindOf(args[1]))
	case i >= 1 && i <= int64(len(list)):
		return list[int64(len(list))-i], nil
	case safe:
		return nil, nil
	}
	return nil, expr.Wrong("positions from the end count from 1", "the list has %d elements and none at %d from its end", len(list), i)
}

func fromJSON(e env, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return nil, expr.Wrong("give a text", "json() takes a text, not %s", expr.KindOf(args[0]))
	}
	if err := e.spend(len(s) / 16); err != nil {
		return nil, err
	}
	v, err := expr.ReadJSON([]byte(s))
	if err != nil {
		return nil, expr.Wrong("fix the JSON in the text", "%s is not JSON", expr.Quote(s))
	}
	return v, nil
}
