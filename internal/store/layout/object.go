package layout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// members are those of a JSON object in their order, with values unread.
type members []member

type member struct {
	key   string
	value json.RawMessage // compact, never empty
}

// object reads one JSON object. A key must not repeat.
func object(text []byte) (members, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return nil, err
	}
	if compact.Len() == 0 || compact.Bytes()[0] != '{' {
		return nil, errors.New("it is no JSON object")
	}
	dec := json.NewDecoder(&compact)
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	var out members
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		m := member{key: token.(string)} // the decoder accepts nothing else here
		if err := dec.Decode(&m.value); err != nil {
			return nil, err
		}
		if seen[m.key] {
			return nil, fmt.Errorf("the property %q repeats", m.key)
		}
		seen[m.key] = true
		out = append(out, m)
	}
	return out, nil
}

func (m members) find(key string) *member {
	for i := range m {
		if m[i].key == key {
			return &m[i]
		}
	}
	return nil
}

// hide moves the values of some members into secrets, and leaves null.
func (m members) hide(prefix string, names []string, secrets map[string]json.RawMessage) {
	for i := range m {
		secret := slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, m[i].key) })
		if secret && !bytes.Equal(m[i].value, null) {
			secrets[prefix+m[i].key], m[i].value = m[i].value, null
		}
	}
}

// reveal is the way back.
func (m members) reveal(prefix string, secrets map[string]json.RawMessage) {
	for i := range m {
		if value, ok := secrets[prefix+m[i].key]; ok {
			m[i].value = value
		}
	}
}

func (m members) json() json.RawMessage {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(quote(m[i].key))
		b.WriteByte(':')
		b.Write(m[i].value)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// quote writes a key as schema.Marshal does: without the escapes that only matter inside HTML.
func quote(key string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(key); err != nil { // a string always encodes
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
