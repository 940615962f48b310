// Package schema is the model of Microsoft.Network/applicationGateways: which properties there are, of what type, in what
// range, with which default. The trees that documents are read into follow it.
package schema

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
)

// Object is a JSON object that keeps the order of its members. A value is an *Object, []any, string, json.Number or bool;
// null is dropped on reading. A nil *Object is an empty one to every method that reads.
type Object struct{ Members []Member }

// Member is a key of an object and what it holds.
type Member struct {
	Key   string
	Value any
}

// Get returns the value at a path of keys, nil when there is none.
func (o *Object) Get(path ...string) any {
	var v any = o
	for _, key := range path {
		next, ok := v.(*Object)
		if !ok || next == nil {
			return nil
		}
		v = next.Value(key)
	}
	return v
}

// Value returns the value of a key, nil when there is none.
func (o *Object) Value(key string) any {
	for _, m := range o.Members {
		if m.Key == key {
			return m.Value
		}
	}
	return nil
}

// Has reports whether a key has a value.
func (o *Object) Has(key string) bool { return o != nil && o.Value(key) != nil }

// Set replaces the value of key or adds it at the end.
func (o *Object) Set(key string, v any) {
	for i := range o.Members {
		if o.Members[i].Key == key {
			o.Members[i].Value = v
			return
		}
	}
	o.Members = append(o.Members, Member{key, v})
}

// Object returns the object at a path of keys; nil if there is none.
func (o *Object) Object(path ...string) *Object {
	child, _ := o.Get(path...).(*Object)
	return child
}

// List returns the list at a path of keys; nil if there is none.
func (o *Object) List(path ...string) []any {
	items, _ := o.Get(path...).([]any)
	return items
}

// Text returns the string at a path of keys; empty when there is none.
func (o *Object) Text(path ...string) string {
	s, _ := o.Get(path...).(string)
	return s
}

// Bool returns the bool at a path of keys; false if there is none.
func (o *Object) Bool(path ...string) bool {
	b, _ := o.Get(path...).(bool)
	return b
}

// Int returns the whole number at a path of keys; 0 when there is none.
func (o *Object) Int(path ...string) int {
	n, _ := o.Get(path...).(json.Number)
	i, _ := strconv.Atoi(n.String())
	return i
}

// Texts returns the strings in the list at a path of keys.
func (o *Object) Texts(path ...string) []string {
	var out []string
	for _, item := range o.List(path...) {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// Bytes decodes the base64 at a path of keys, with or without padding, ignoring line breaks; nil if it is not base64.
func (o *Object) Bytes(path ...string) []byte {
	s := strings.TrimRight(strings.Join(strings.Fields(o.Text(path...)), ""), "=")
	if s == "" {
		return nil
	}
	data, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return data
}

// Props is the part of a resource that says what it does.
func (o *Object) Props() *Object { return o.Object("properties") }

// MarshalJSON writes the members in their order.
func (o *Object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o.Members {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := Marshal(m.Key)
		if err != nil {
			return nil, err
		}
		value, err := Marshal(m.Value)
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

// Marshal is json.Marshal without the escapes that only matter inside HTML and that make patterns hard to read.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Clone copies a value so that the copy may be changed.
func Clone(v any) any {
	switch v := v.(type) {
	case *Object:
		out := &Object{Members: make([]Member, len(v.Members))}
		for i, m := range v.Members {
			out.Members[i] = Member{m.Key, Clone(m.Value)}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = Clone(v[i])
		}
		return out
	}
	return v
}

// LastSegment is the name at the end of a resource id.
func LastSegment(id string) string {
	id = strings.TrimRight(id, "/")
	return id[strings.LastIndexByte(id, '/')+1:]
}
