package template

import (
	"encoding/json"
	"math"
	"slices"
	"sort"
	"strings"
)

// function is one that sees the values of all its arguments.
type function struct {
	least, most  int  // arguments; most below 0: any number
	takesUnknown bool // otherwise an unknown argument makes the result unknown
	eval         func(e env, args []any) (any, error)
}

var functionTable = map[string]function{
	"concat":                 {1, -1, true, concat},
	"format":                 {1, -1, true, format},
	"resourceid":             {2, -1, true, resourceID},
	"subscriptionresourceid": {2, -1, true, subscriptionResourceID},
	"tenantresourceid":       {2, -1, true, tenantResourceID},
	"extensionresourceid":    {3, -1, true, extensionResourceID},
	"uniquestring":           {1, -1, true, uniqueString},
	"guid":                   {1, -1, true, guid},
	"resourcegroup":          {0, 0, false, func(env, []any) (any, error) { return resourceGroup(), nil }},
	"subscription":           {0, 0, false, func(env, []any) (any, error) { return subscription(), nil }},
	"tenant":                 {0, 0, false, func(env, []any) (any, error) { return newObject("tenantId", zeroID, "displayName", "tenant"), nil }},
	"deployment":             {0, 0, false, func(env, []any) (any, error) { return deployment(), nil }},
	"environment":            {0, 0, false, func(env, []any) (any, error) { return environment(), nil }},

	"equals":          {2, 2, false, func(e env, a []any) (any, error) { return e.equal(a[0], a[1]) }},
	"not":             {1, 1, false, not},
	"greater":         {2, 2, false, comparison(func(c int) bool { return c > 0 })},
	"greaterorequals": {2, 2, false, comparison(func(c int) bool { return c >= 0 })},
	"less":            {2, 2, false, comparison(func(c int) bool { return c < 0 })},
	"lessorequals":    {2, 2, false, comparison(func(c int) bool { return c <= 0 })},
	"true":            {0, 0, false, constant(true)},
	"false":           {0, 0, false, constant(false)},
	"null":            {0, 0, false, constant(nil)},
	"bool":            {1, 1, false, toBool},

	"add": {2, 2, false, arithmetic(func(a, b int64) (int64, bool) { return a + b, (a+b > a) == (b > 0) })},
	"sub": {2, 2, false, arithmetic(func(a, b int64) (int64, bool) { return a - b, (a-b < a) == (b > 0) })},
	"mul": {2, 2, false, arithmetic(func(a, b int64) (int64, bool) {
		return a * b, a == 0 || (a*b)/a == b && !(a == -1 && b == math.MinInt64)
	})},
	"div":   {2, 2, false, arithmetic(func(a, b int64) (int64, bool) { return quotient(a, b), b != 0 && !(b == -1 && a == math.MinInt64) })},
	"mod":   {2, 2, false, arithmetic(func(a, b int64) (int64, bool) { return a - quotient(a, b)*b, b != 0 })},
	"min":   {1, -1, false, extreme(func(a, b int64) bool { return a < b })},
	"max":   {1, -1, false, extreme(func(a, b int64) bool { return a > b })},
	"range": {2, 2, false, rangeOf},
	"int":   {1, 1, false, toInt},
	"float": {1, 1, false, toFloat},

	"createarray":  {0, -1, true, func(_ env, a []any) (any, error) { return a, nil }},
	"createobject": {0, -1, true, createObject},
	"array":        {1, 1, false, toArray},
	"coalesce":     {1, -1, true, coalesce},
	"union":        {1, -1, false, union},
	"shallowmerge": {1, 1, false, shallowMerge},
	"intersection": {1, -1, false, intersection},
	"length":       {1, 1, false, length},
	"empty":        {1, 1, false, empty},
	"contains":     {2, 2, false, contains},
	"first":        {1, 1, false, func(e env, a []any) (any, error) { return edge(a[0], false) }},
	"last":         {1, 1, false, func(e env, a []any) (any, error) { return edge(a[0], true) }},
	"take":         {2, 2, false, func(e env, a []any) (any, error) { return part(a, true) }},
	"skip":         {2, 2, false, func(e env, a []any) (any, error) { return part(a, false) }},
	"items":        {1, 1, false, items},
	"objectkeys":   {1, 1, false, objectKeys},
	"flatten":      {1, 1, false, flatten},
	"tryget":       {2, -1, false, tryGet},
	"json":         {1, 1, false, fromJSON},
	"string":       {1, 1, true, func(e env, a []any) (any, error) { return e.stringOf(a[0]) }},
}

func init() {
	for name, f := range textFunctions {
		functionTable[name] = f
	}
}

func constant(v any) func(env, []any) (any, error) {
	return func(env, []any) (any, error) { return v, nil }
}

func boolean(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		return strings.EqualFold(v, "true"), strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
	}
	return false, false
}

func integer(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}

func not(_ env, args []any) (any, error) {
	v, ok := boolean(args[0])
	if !ok {
		return nil, wrong("compare with equals()", "not() takes true or false, not %s", kindOf(args[0]))
	}
	return !v, nil
}

func toBool(_ env, args []any) (any, error) {
	if v, ok := boolean(args[0]); ok {
		return v, nil
	}
	if n, ok := integer(args[0]); ok {
		return n != 0, nil
	}
	return nil, wrong("write true or false", "%s is neither true nor false", quoted(plain(args[0])))
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
	case *object:
		return e.equalObjects(a, b)
	case json.Number:
		x, isInt := integer(a)
		y, also := integer(b)
		if isInt && also {
			return x == y, nil
		}
		return a == b, nil
	case *unknown:
		return false, nil
	}
	switch b.(type) {
	case []any, *object, *unknown:
		return false, nil
	}
	return a == b, nil
}

func (e env) equalObjects(a *object, b any) (bool, error) {
	other, ok := b.(*object)
	if !ok || len(a.members) != len(other.members) {
		return false, nil
	}
	for _, m := range a.members {
		if err := e.spend(len(other.members) / 16); err != nil {
			return false, err
		}
		v, found := other.get(m.key)
		if !found {
			return false, nil
		}
		if same, err := e.equal(m.value, v); !same {
			return false, err
		}
	}
	return true, nil
}

func comparison(holds func(int) bool) func(env, []any) (any, error) {
	return func(_ env, args []any) (any, error) {
		x, isInt := integer(args[0])
		y, also := integer(args[1])
		if isInt && also {
			return holds(compare(x, y)), nil
		}
		s, isText := args[0].(string)
		t, alsoText := args[1].(string)
		if isText && alsoText {
			return holds(strings.Compare(s, t)), nil
		}
		return nil, wrong("compare two numbers or two texts", "%s and %s cannot be compared", kindOf(args[0]), kindOf(args[1]))
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

func arithmetic(compute func(a, b int64) (int64, bool)) func(env, []any) (any, error) {
	return func(_ env, args []any) (any, error) {
		a, isInt := integer(args[0])
		b, also := integer(args[1])
		if !isInt || !also {
			return nil, wrong("convert texts with int()", "%s and %s are not two whole numbers", kindOf(args[0]), kindOf(args[1]))
		}
		n, ok := compute(a, b)
		if !ok {
			return nil, wrong("use smaller numbers, and divide by none that is 0", "the result is no whole number of 64 bits")
		}
		return number(n), nil
	}
}

// quotient divides, and gives 0 where that has no result.
func quotient(a, b int64) int64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func extreme(better func(a, b int64) bool) func(env, []any) (any, error) {
	return func(e env, args []any) (any, error) {
		if list, ok := args[0].([]any); ok && len(args) == 1 {
			args = list
		}
		if len(args) == 0 {
			return nil, wrong("give at least one number", "the list is empty")
		}
		best, _ := integer(args[0])
		for _, a := range args {
			n, ok := integer(a)
			if !ok {
				return nil, wrong("convert texts with int()", "%s is not a whole number", kindOf(a))
			}
			if better(n, best) {
				best = n
			}
		}
		return number(best), e.spend(len(args))
	}
}

func rangeOf(e env, args []any) (any, error) {
	start, isInt := integer(args[0])
	count, also := integer(args[1])
	if !isInt || !also || count < 0 || start > math.MaxInt32 || start < math.MinInt32 {
		return nil, wrong("write range(START, COUNT)", "range() takes two whole numbers of 32 bits")
	}
	if count > maxRange {
		return nil, limitError("range() of %d elements at %s; at most %d are allowed", count, e.path, maxRange)
	}
	out := make([]any, count)
	for i := range count {
		out[i] = number(start + i)
	}
	return out, e.spend(len(out))
}

func toInt(_ env, args []any) (any, error) {
	n := args[0]
	if s, ok := n.(string); ok {
		n = json.Number(strings.TrimSpace(s))
	}
	if i, ok := integer(n); ok {
		return number(i), nil
	}
	return nil, wrong("give the digits of a whole number", "%s is not a whole number", quoted(plain(args[0])))
}

func toFloat(_ env, args []any) (any, error) {
	s := strings.TrimSpace(plain(args[0]))
	if n := json.Number(s); s != "" && s[0] != '"' && json.Valid([]byte(s)) {
		if _, err := n.Float64(); err == nil {
			return n, nil
		}
	}
	return nil, wrong("give the digits of a number", "%s is not a number", quoted(s))
}

func createObject(e env, args []any) (any, error) {
	if len(args)%2 != 0 {
		return nil, wrong("give a value for each name", "createObject() takes pairs of name and value")
	}
	if err := e.spend(len(args) * len(args) / 64); err != nil {
		return nil, err
	}
	out := &object{}
	for i := 0; i < len(args); i += 2 {
		key, ok := args[i].(string)
		if !ok {
			return nil, wrong("write names in single quotes", "a name of createObject() is %s", kindOf(args[i]))
		}
		out.set(key, args[i+1])
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

// union joins lists without repetitions, or objects, of which the last that has a name decides.
func union(e env, args []any) (any, error) {
	if _, ok := args[0].([]any); ok {
		out := []any{}
		for _, a := range args {
			list, ok := a.([]any)
			if !ok {
				return nil, wrong("give lists alone, or objects alone", "union() of a list and %s", kindOf(a))
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
	out := &object{}
	for _, a := range args {
		o, ok := a.(*object)
		if !ok {
			return nil, wrong("give lists alone, or objects alone", "union() of an object and %s", kindOf(a))
		}
		var err error
		if out, err = e.merge(out, o); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// merge puts b over a. Objects inside both are merged too.
func (e env) merge(a, b *object) (*object, error) {
	e, err := e.deeper()
	if err != nil {
		return nil, err
	}
	if err := e.spend(len(a.members) + len(a.members)*len(b.members)/16); err != nil {
		return nil, err
	}
	out := &object{members: slices.Clone(a.members)}
	for _, m := range b.members {
		old, _ := out.value(m.key).(*object)
		if fresh, ok := m.value.(*object); ok && old != nil {
			both, err := e.merge(old, fresh)
			if err != nil {
				return nil, err
			}
			out.set(m.key, both)
			continue
		}
		out.set(m.key, m.value)
	}
	return out, nil
}

// shallowMerge joins the objects of a list; of a name that several have the last one counts whole.
func shallowMerge(e env, args []any) (any, error) {
	list, _ := args[0].([]any)
	out := &object{}
	for _, item := range list {
		o, ok := item.(*object)
		if !ok {
			return nil, wrong("give a list of objects", "shallowMerge() of %s", kindOf(item))
		}
		for _, m := range o.members {
			if err := e.spend(len(out.members) / 16); err != nil {
				return nil, err
			}
			out.set(m.key, m.value)
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
	first, ok := args[0].([]any)
	if !ok {
		return nil, wrong("give lists", "intersection() takes lists here, not %s", kindOf(args[0]))
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

func length(_ env, args []any) (any, error) {
	switch v := args[0].(type) {
	case string:
		return number(int64(len([]rune(v)))), nil
	case []any:
		return number(int64(len(v))), nil
	case *object:
		return number(int64(len(v.members))), nil
	}
	return nil, wrong("give a text, a list or an object", "%s has no length", kindOf(args[0]))
}

func empty(_ env, args []any) (any, error) {
	switch v := args[0].(type) {
	case nil:
		return true, nil
	case string:
		return v == "", nil
	case []any:
		return len(v) == 0, nil
	case *object:
		return len(v.members) == 0, nil
	}
	return nil, wrong("give a text, a list or an object", "%s is never empty", kindOf(args[0]))
}

func contains(e env, args []any) (any, error) {
	switch in := args[0].(type) {
	case string:
		return strings.Contains(in, plain(args[1])), e.spend(len(in) / 16)
	case []any:
		return e.holds(in, args[1])
	case *object:
		_, found := in.get(plain(args[1]))
		return found, e.spend(len(in.members) / 16)
	}
	return nil, wrong("give a text, a list or an object", "%s contains nothing", kindOf(args[0]))
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
	return nil, wrong("give a text or a list", "%s has no first or last element", kindOf(v))
}

// part is the first n elements, or what follows them.
func part(args []any, front bool) (any, error) {
	n, ok := integer(args[1])
	if !ok {
		return nil, wrong("write take(WHAT, COUNT)", "the count is %s", kindOf(args[1]))
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
	return nil, wrong("give a text or a list", "%s has no parts", kindOf(args[0]))
}

// items is a list of the names and values of an object, by name.
func items(e env, args []any) (any, error) {
	o, ok := args[0].(*object)
	if !ok {
		return nil, wrong("give an object", "items() takes an object, not %s", kindOf(args[0]))
	}
	out := make([]any, 0, len(o.members))
	for _, m := range byKey(o) {
		out = append(out, newObject("key", m.key, "value", m.value))
	}
	return out, e.spend(len(out))
}

func objectKeys(e env, args []any) (any, error) {
	o, ok := args[0].(*object)
	if !ok {
		return nil, wrong("give an object", "objectKeys() takes an object, not %s", kindOf(args[0]))
	}
	out := make([]any, 0, len(o.members))
	for _, m := range byKey(o) {
		out = append(out, m.key)
	}
	return out, e.spend(len(out))
}

func byKey(o *object) []member {
	members := slices.Clone(o.members)
	sort.SliceStable(members, func(i, j int) bool { return members[i].key < members[j].key })
	return members
}

func flatten(e env, args []any) (any, error) {
	list, ok := args[0].([]any)
	if !ok {
		return nil, wrong("give a list of lists", "flatten() takes a list, not %s", kindOf(args[0]))
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

func fromJSON(e env, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return nil, wrong("give a text", "json() takes a text, not %s", kindOf(args[0]))
	}
	if err := e.spend(len(s) / 16); err != nil {
		return nil, err
	}
	v, err := readJSON([]byte(s))
	if err != nil {
		return nil, wrong("mend the JSON in the text", "%s is not JSON", quoted(s))
	}
	return v, nil
}
