package expr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A value is nil (null), bool, json.Number, string, []any, *object, or *unknown. Values are never changed once they are
// made, so that they may be shared.

// Object is a JSON object that keeps the order of its members; a name finds its member in any case.
type Object struct{ Members []Member }

// Member is a name of an object and its value.
type Member struct {
	Key   string
	Value any
}

// Get finds the member of a name in any case.
func (o *Object) Get(key string) (any, bool) {
	if o == nil {
		return nil, false
	}
	for _, m := range o.Members {
		if strings.EqualFold(m.Key, key) {
			return m.Value, true
		}
	}
	return nil, false
}

// Value is the value of a member; nil if there is none.
func (o *Object) Value(key string) any {
	v, _ := o.Get(key)
	return v
}

// Object is a member that is an object; nil if there is none.
func (o *Object) Object(key string) *Object {
	child, _ := o.Value(key).(*Object)
	return child
}

// Text is a member that is a string; empty if there is none.
func (o *Object) Text(key string) string {
	s, _ := o.Value(key).(string)
	return s
}

// Set replaces the member or adds it at the end. Call it only on an object that nothing else holds yet.
func (o *Object) Set(key string, v any) {
	for i := range o.Members {
		if strings.EqualFold(o.Members[i].Key, key) {
			o.Members[i].Value = v
			return
		}
	}
	o.Members = append(o.Members, Member{key, v})
}

// NewObject makes an object of pairs of key and value.
func NewObject(pairs ...any) *Object {
	o := &Object{}
	for i := 0; i+1 < len(pairs); i += 2 {
		key, _ := pairs[i].(string)
		o.Members = append(o.Members, Member{key, pairs[i+1]})
	}
	return o
}

// Unknown is a value that the template alone does not tell. In a text its placeholder stands for it; the text is then
// unknown itself, so that nothing compares a placeholder as if it were the value.
type Unknown struct {
	Placeholder string
	Failed      bool   // an error has been reported for it: what follows from it is no error of its own
	Late        string // what it is, if using it is what has to be reported
}

// IsUnknown reports whether the template alone does not tell a value.
func IsUnknown(v any) bool {
	_, is := v.(*Unknown)
	return is
}

// WithParts is the text s, or an unknown if one of its parts is.
func WithParts(s string, parts []any) any {
	var found *Unknown
	for _, p := range parts {
		if u, is := p.(*Unknown); is && (found == nil || u.Failed) {
			found = u
		}
	}
	if found == nil {
		return s
	}
	return &Unknown{Placeholder: s, Failed: found.Failed}
}

// Number is a whole number as a value.
func Number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

// ReadJSON reads one strict JSON value. Members keep their order; of repeated ones the last counts.
func ReadJSON(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	v, err := readValue(dec, 0)
	if err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errors.New("more follows after the value")
	}
	return v, nil
}

func readValue(dec *json.Decoder, depth int) (any, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("it nests deeper than %d levels", MaxDepth)
	}
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return readObject(dec, depth)
	case json.Delim('['):
		items := []any{}
		for dec.More() {
			v, err := readValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			items = append(items, v)
		}
		_, err := dec.Token()
		return items, err
	}
	return token, nil
}

func readObject(dec *json.Decoder, depth int) (any, error) {
	o, seen := &Object{}, map[string]int{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		v, err := readValue(dec, depth+1)
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		if i, twice := seen[key]; twice {
			o.Members[i].Value = v
			continue
		}
		seen[key] = len(o.Members)
		o.Members = append(o.Members, Member{key, v})
	}
	_, err := dec.Token()
	return o, err
}

// Render writes v as JSON, or fails with a limitError when that is larger or deeper than any document may be: a small
// template can make a value that refers to itself a thousand times.
func Render(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := write(&b, v, 0); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func write(b *bytes.Buffer, v any, depth int) error {
	if depth > MaxDepth || b.Len() > MaxText {
		return Limit("what the template makes is larger than %d bytes or deeper than %d levels", MaxText, MaxDepth)
	}
	switch v := v.(type) {
	case *Object:
		return writeObject(b, v, depth)
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := write(b, item, depth+1); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case *Unknown:
		writeScalar(b, v.Placeholder)
	default:
		writeScalar(b, v)
	}
	return nil
}

func writeObject(b *bytes.Buffer, o *Object, depth int) error {
	b.WriteByte('{')
	for i, m := range o.Members {
		if i > 0 {
			b.WriteByte(',')
		}
		writeScalar(b, m.Key)
		b.WriteByte(':')
		if err := write(b, m.Value, depth+1); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// writeScalar writes a string, number, bool or null, without the escapes that matter only inside HTML.
func writeScalar(b *bytes.Buffer, v any) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil { // a number that was read from JSON is one
		b.WriteString("null")
		return
	}
	b.Truncate(b.Len() - 1)
}

// NotEvaluated is the placeholder of an expression that is wrong.
const NotEvaluated = "(not evaluated)"

// TextOf is a value inside a text, as string() gives it; of lists and objects only the kind.
func TextOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v { // .NET writes truth with a capital
			return "True"
		}
		return "False"
	case *Unknown:
		return v.Placeholder
	}
	return KindOf(v)
}

// AsBool reads a bool, also out of a text.
func AsBool(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		return strings.EqualFold(v, "true"), strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
	}
	return false, false
}

// AsInteger reads a whole number.
func AsInteger(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}
