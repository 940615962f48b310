package template

import (
	"strconv"
	"strings"
)

// copies reports whether a member of an object is a list of loops, each of which makes a property.
func copies(m member) ([]any, bool) {
	items, ok := m.value.([]any)
	if !ok || len(items) == 0 || !strings.EqualFold(m.key, "copy") {
		return nil, false
	}
	for _, item := range items {
		o, _ := item.(*object)
		_, input := o.get("input")
		if _, count := o.get("count"); !count || !input {
			return nil, false
		}
	}
	return items, true
}

// copyInto adds the property that each loop makes.
func (e env) copyInto(out *object, loops []any) error {
	for i, item := range loops {
		o, _ := item.(*object)
		v, err := e.at(join(e.path, "copy["+strconv.Itoa(i)+"]")).turns(o)
		if err != nil {
			return err
		}
		if err := e.spend(len(out.members) / 16); err != nil {
			return err
		}
		out.set(o.text("name"), v)
	}
	return nil
}

// turns is the list that a loop makes of its input.
func (e env) turns(o *object) (any, error) {
	count, u, err := e.count(o)
	if err != nil {
		return nil, err
	}
	if u != nil {
		return u, nil
	}
	input := o.value("input")
	items := make([]any, 0, count)
	for i := range count {
		v, err := e.at(e.path+".input").turn(o.text("name"), i).value(input)
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

// count is how often a loop turns, or the unknown that its count is; what is no number is reported and counts as none.
func (e env) count(o *object) (int64, *unknown, error) {
	v, err := e.at(e.path + ".count").value(o.value("count"))
	if err != nil {
		return 0, nil, err
	}
	if u, is := v.(*unknown); is {
		return 0, u, nil
	}
	n, ok := integer(v)
	switch {
	case !ok || n < 0:
		e.report(true, e.path+".count", "TemplateCopyCountInvalid", "write a number from 0", "the count of a loop is %s", kindOf(v))
		return 0, nil, nil
	case n > maxLoop:
		return 0, nil, limitError("the loop at %s turns %d times; at most %d are allowed", e.path, n, maxLoop)
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
