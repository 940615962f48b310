package template

import (
	"encoding/json"
	"math"
	"strings"

	"causeway/internal/template/expr"
)

func arithmetic(compute func(a, b int64) (int64, bool)) func(env, []any) (any, error) {
	return func(_ env, args []any) (any, error) {
		a, isInt := expr.AsInteger(args[0])
		b, also := expr.AsInteger(args[1])
		if !isInt || !also {
			return nil, expr.Wrong("convert texts with int()", "%s and %s are not two whole numbers", expr.KindOf(args[0]),
				expr.KindOf(args[1]))
		}
		n, ok := compute(a, b)
		if !ok {
			return nil, expr.Wrong("use smaller numbers, and divide by none that is 0", "the result is no whole number of 64 bits")
		}
		return expr.Number(n), nil
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
			return nil, expr.Wrong("give at least one number", "the list is empty")
		}
		best, _ := expr.AsInteger(args[0])
		for _, a := range args {
			n, ok := expr.AsInteger(a)
			if !ok {
				return nil, expr.Wrong("convert texts with int()", "%s is not a whole number", expr.KindOf(a))
			}
			if better(n, best) {
				best = n
			}
		}
		return expr.Number(best), e.spend(len(args))
	}
}

func rangeOf(e env, args []any) (any, error) {
	start, isInt := expr.AsInteger(args[0])
	count, also := expr.AsInteger(args[1])
	if !isInt || !also || count < 0 || start > math.MaxInt32 || start < math.MinInt32 {
		return nil, expr.Wrong("write range(START, COUNT)", "range() takes two whole numbers of 32 bits")
	}
	if count > maxRange {
		return nil, expr.Limit("range() of %d elements at %s; at most %d are allowed", count, e.path, maxRange)
	}
	out := make([]any, count)
	for i := range count {
		out[i] = expr.Number(start + i)
	}
	return out, e.spend(len(out))
}

func toInt(_ env, args []any) (any, error) {
	n := args[0]
	if s, ok := n.(string); ok {
		n = json.Number(strings.TrimSpace(s))
	}
	if i, ok := expr.AsInteger(n); ok {
		return expr.Number(i), nil
	}
	return nil, expr.Wrong("give the digits of a whole number", "%s is not a whole number", expr.Quote(expr.TextOf(args[0])))
}

func toFloat(_ env, args []any) (any, error) {
	s := strings.TrimSpace(expr.TextOf(args[0]))
	if n := json.Number(s); s != "" && s[0] != '"' && json.Valid([]byte(s)) {
		if _, err := n.Float64(); err == nil {
			return n, nil
		}
	}
	return nil, expr.Wrong("give the digits of a number", "%s is not a number", expr.Quote(s))
}
