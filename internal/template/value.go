package template

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

// object is a JSON object that keeps the order of its members; a name finds its member in any case.
type object struct{ members []member }

type member struct {
	key   string
	value any
}

func (o *object) get(key string) (any, bool) {
	if o == nil {
		return nil, false
	}
	for _, m := range o.members {
		if strings.EqualFold(m.key, key) {
			return m.value, true
		}
	}
	return nil, false
}

func (o *object) value(key string) any {
	v, _ := o.get(key)
	return v
}

func (o *object) object(key string) *object {
	child, _ := o.value(key).(*object)
	return child
}

func (o *object) text(key string) string {
	s, _ := o.value(key).(string)
	return s
}

// set replaces the member or adds it at the end. Only who makes an object may call it.
func (o *object) set(key string, v any) {
	for i := range o.members {
		if strings.EqualFold(o.members[i].key, key) {
			o.members[i].value = v
			return
		}
	}
	o.members = append(o.members, member{key, v})
}

// newObject makes an object of pairs of key and value.
func newObject(pairs ...any) *object {
	o := &object{}
	for i := 0; i+1 < len(pairs); i += 2 {
		key, _ := pairs[i].(string)
		o.members = append(o.members, member{key, pairs[i+1]})
	}
	return o
}

// unknown is a value that the template alone does not tell. In a text its placeholder stands for it; the text is then
// unknown itself, so that nothing compares a placeholder as if it were the value.
type unknown struct {
	placeholder string
	failed      bool   // an error has been reported for it: what follows from it is no error of its own
	late        string // what it is, if using it is what has to be reported
}

func isUnknown(v any) bool {
	_, is := v.(*unknown)
	return is
}

// withParts is the text s, or an unknown if one of its parts is.
func withParts(s string, parts []any) any {
	var found *unknown
	for _, p := range parts {
		if u, is := p.(*unknown); is && (found == nil || u.failed) {
			found = u
		}
	}
	if found == nil {
		return s
	}
	return &unknown{placeholder: s, failed: found.failed}
}

func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

// readJSON reads one strict JSON value. Members keep their order; of repeated ones the last counts.
func readJSON(data []byte) (any, error) {
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
	if depth > maxDepth {
		return nil, fmt.Errorf("it nests deeper than %d levels", maxDepth)
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
	o, seen := &object{}, map[string]int{}
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
			o.members[i].value = v
			continue
		}
		seen[key] = len(o.members)
		o.members = append(o.members, member{key, v})
	}
	_, err := dec.Token()
	return o, err
}

// render writes v as JSON, or fails with a limitError when that is larger or deeper than any document may be: a small
// template can make a value that refers to itself a thousand times.
func render(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := write(&b, v, 0); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func write(b *bytes.Buffer, v any, depth int) error {
	if depth > maxDepth || b.Len() > maxText {
		return limitError("what the template makes is larger than %d bytes or deeper than %d levels", maxText, maxDepth)
	}
	switch v := v.(type) {
	case *object:
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
	case *unknown:
		writeScalar(b, v.placeholder)
	default:
		writeScalar(b, v)
	}
	return nil
}

func writeObject(b *bytes.Buffer, o *object, depth int) error {
	b.WriteByte('{')
	for i, m := range o.members {
		if i > 0 {
			b.WriteByte(',')
		}
		writeScalar(b, m.key)
		b.WriteByte(':')
		if err := write(b, m.value, depth+1); err != nil {
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

const notEvaluated = "(not evaluated)"
