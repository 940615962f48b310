package template

import (
	"math"

	"causeway/internal/template/expr"
)

// function is one that sees the values of all its arguments.
type function struct {
	least, most  int  // arguments; most below 0: any number
	takesUnknown bool // otherwise an unknown argument makes the result unknown
	eval         func(e env, args []any) (any, error)
}

var functionTable = map[string]function{
	"concat": {1, -1, true, concat},
	"format": {1, -1, true, format},

	"equals":          {2, 2, false, equals},
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
	"div": {2, 2, false, arithmetic(func(a, b int64) (int64, bool) {
		return quotient(a, b), b != 0 &&
			!(b == -1 && a == math.MinInt64)
	})},
	"mod":   {2, 2, false, arithmetic(func(a, b int64) (int64, bool) { return a - quotient(a, b)*b, b != 0 })},
	"min":   {1, -1, false, extreme(func(a, b int64) bool { return a < b })},
	"max":   {1, -1, false, extreme(func(a, b int64) bool { return a > b })},
	"range": {2, 2, false, rangeOf},
	"int":   {1, 1, false, toInt},
	"float": {1, 1, false, toFloat},

	"createarray":     {0, -1, true, func(_ env, a []any) (any, error) { return a, nil }},
	"createobject":    {0, -1, true, createObject},
	"array":           {1, 1, false, toArray},
	"coalesce":        {1, -1, true, coalesce},
	"union":           {1, -1, false, union},
	"shallowmerge":    {1, 1, false, shallowMerge},
	"intersection":    {1, -1, false, intersection},
	"length":          {1, 1, false, length},
	"empty":           {1, 1, true, empty},
	"contains":        {2, 2, false, contains},
	"first":           {1, 1, false, func(e env, a []any) (any, error) { return edge(a[0], false) }},
	"last":            {1, 1, false, func(e env, a []any) (any, error) { return edge(a[0], true) }},
	"take":            {2, 2, false, func(e env, a []any) (any, error) { return part(a, true) }},
	"skip":            {2, 2, false, func(e env, a []any) (any, error) { return part(a, false) }},
	"items":           {1, 1, false, items},
	"objectkeys":      {1, 1, false, objectKeys},
	"flatten":         {1, 1, false, flatten},
	"tryget":          {2, -1, false, tryGet},
	"indexfromend":    {2, 2, false, func(e env, a []any) (any, error) { return fromEnd(a, false) }},
	"tryindexfromend": {2, 2, false, func(e env, a []any) (any, error) { return fromEnd(a, true) }},
	"json":            {1, 1, false, fromJSON},
	"string":          {1, 1, true, toText},

	"parsecidr":  {1, 1, false, alone(expr.ParseCIDR)},
	"cidrsubnet": {3, 3, false, alone(expr.CIDRSubnet)},
	"cidrhost":   {2, 2, false, alone(expr.CIDRHost)},

	"datetimefromepoch": {1, 1, false, alone(expr.DateTimeFromEpoch)},
	"datetimetoepoch":   {1, 1, false, alone(expr.DateTimeToEpoch)},
	"datetimeadd":       {2, 3, false, alone(expr.DateTimeAdd)},
}

func init() {
	for _, table := range []map[string]function{textFunctions, uriFunctions, azureFunctions} {
		for name, f := range table {
			functionTable[name] = f
		}
	}
}

// alone is a function that needs nothing but its arguments.
func alone(f func([]any) (any, error)) func(env, []any) (any, error) {
	return func(_ env, args []any) (any, error) { return f(args) }
}

func constant(v any) func(env, []any) (any, error) {
	return func(env, []any) (any, error) { return v, nil }
}
