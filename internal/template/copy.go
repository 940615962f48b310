package template

import (
	"strconv"
	"strings"

	"causeway/internal/template/expr"
)

// copies reports whether a member of an object is a list of loops, each of which makes a property.
func copies(m expr.Member) ([]any, bool) {
	items, ok := m.Value.([]any)
	if !ok || len(items) == 0 || !strings.EqualFold(m.Key, "copy") {
		return nil, false
	}
	for _, item := range items {
		o, _ := item.(*expr.Object)
		_, input := o.Get("input")
		if _, count := o.Get("count"); !count || !input {
			return nil, false
		}
	}
	return items, true
}

// copyInto adds the property that each loop makes.
func (e env) copyInto(out *expr.Object, loops []any) error {
	for i, item := range loops {
		o, _ := item.(*expr.Object)
		v, err := e.at(expr.JoinPath(e.path, "copy["+strconv.Itoa(i)+"]")).turns(o)
		if err != nil {
			return err
		}
		if err := e.spend(len(out.Members) / 16); err != nil {
			return err
		}
		out.Set(o.Text("name"), v)
	}
	return nil
}

// turns is the list that a loop makes of its input.
func (e env) turns(o *expr.Object) (any, error) {
	count, u, err := e.count(o)
	if err != nil {
		return nil, err
	}
	if u != nil {
		return u, nil
	}
	input := o.Value("input")
	items := make([]any, 0, count)
	for i := range count {
		v, err := e.at(e.path+".input").turn(o.Text("name"), i).value(input)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	return items, nil
}

func (e env) turn(name string, index int64) env {
	e.loops = append(e.loops[:len(e.loops):len(e.loops)], loop{name, index})
	return e
}

// count is the number of turns of a loop, or an unknown. It reports a count that is not a number, and takes it as 0.
func (e env) count(o *expr.Object) (int64, *expr.Unknown, error) {
	v, err := e.at(e.path + ".count").value(o.Value("count"))
	if err != nil {
		return 0, nil, err
	}
	if u, is := v.(*expr.Unknown); is {
		return 0, u, nil
	}
	n, ok := expr.AsInteger(v)
	switch {
	case !ok || n < 0:
		e.report(true, e.path+".count", "TemplateCopyCountInvalid", "write a number from 0", "the count of a loop is %s", expr.KindOf(v))
		return 0, nil, nil
	case n > maxLoop:
		return 0, nil, expr.Limit("the loop at %s turns %d times; at most %d are allowed", e.path, n, maxLoop)
	}
	return n, nil, nil
}

// index is that of the innermost loop, or of the one with a name.
func (e env) index(name string) (int64, bool) {
	for i := len(e.loops) - 1; i >= 0; i-- {
		if name == "" || strings.EqualFold(e.loops[i].name, name) {
			return e.loops[i].index, true
		}
	}
	return 0, false
}
