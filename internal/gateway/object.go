package gateway

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// object is a JSON object that keeps the order of its members. A value is a *object, []any, string, json.Number or bool;
// null is dropped on reading. A nil *object is an empty one to every method that reads.
type object struct{ members []member }

type member struct {
	key   string
	value any
}

// get returns the value at a path of keys, nil when there is none.
func (o *object) get(path ...string) any {
	var v any = o
	for _, key := range path {
		next, ok := v.(*object)
		if !ok || next == nil {
			return nil
		}
		v = next.value(key)
	}
	return v
}

func (o *object) value(key string) any {
	for _, m := range o.members {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

func (o *object) has(key string) bool { return o != nil && o.value(key) != nil }

// set replaces the value of key or adds it at the end.
func (o *object) set(key string, v any) {
	for i := range o.members {
		if o.members[i].key == key {
			o.members[i].value = v
			return
		}
	}
	o.members = append(o.members, member{key, v})
}

func (o *object) object(path ...string) *object {
	child, _ := o.get(path...).(*object)
	return child
}

func (o *object) list(path ...string) []any {
	items, _ := o.get(path...).([]any)
	return items
}

func (o *object) str(path ...string) string {
	s, _ := o.get(path...).(string)
	return s
}

func (o *object) bool(path ...string) bool {
	b, _ := o.get(path...).(bool)
	return b
}

func (o *object) int(path ...string) int {
	n, _ := o.get(path...).(json.Number)
	i, _ := strconv.Atoi(n.String())
	return i
}

func (o *object) strings(path ...string) []string {
	var out []string
	for _, item := range o.list(path...) {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// props is the part of a resource that says what it does.
func (o *object) props() *object { return o.object("properties") }

// MarshalJSON writes the members in their order.
func (o *object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o.members {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := marshal(m.key)
		if err != nil {
			return nil, err
		}
		value, err := marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// marshal is json.Marshal without the escapes that only matter inside HTML and that make patterns hard to read.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// clone copies a value so that the copy may be changed.
func clone(v any) any {
	switch v := v.(type) {
	case *object:
		out := &object{members: make([]member, len(v.members))}
		for i, m := range v.members {
			out.members[i] = member{m.key, clone(m.value)}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = clone(v[i])
		}
		return out
	}
	return v
}
