// Package layout cuts the document of a gateway into keys, one a resource, and puts it together again.
//
// The keys are relative to the place of the configuration in the store:
//
//	gateway                      the gateway's own properties; each collection of children is null in it
//	order/COLLECTION             the children of a collection in their order: a list of their ids
//	child/COLLECTION/ID          one child; each secret is null in it
//	secret/COLLECTION/ID         the secrets of one child: member → value
//	secret/shared                what the nodes share of causeway.yaml
//
// The store encrypts what lies under secret/.
package layout

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"causeway/internal/gateway/schema"
)

// Keys are the parts of a configuration by their relative key. A value is plain: the store seals secrets below this level.
type Keys map[string][]byte

// Config is what the keys hold.
type Config struct {
	Document []byte // canonical JSON of the gateway
	Shared   []byte // of causeway.yaml; opaque
}

// Secret begins the keys that hold private keys, passwords, certificates and settings.
const Secret = "secret/"

const (
	gatewayKey = "gateway"
	sharedKey  = Secret + "shared"
	orderKey   = "order/"
	childKey   = "child/"
)

var null = json.RawMessage("null")

// Split cuts a configuration into keys. The document must be one JSON object with an object `properties`, as canonical
// documents are; the error names the place that is not so.
func Split(c Config) (Keys, error) {
	root, err := object(c.Document)
	if err != nil {
		return nil, fmt.Errorf("the document: %w", err)
	}
	properties := root.find("properties")
	if properties == nil {
		return nil, fmt.Errorf("the document has no properties: it is not in canonical form")
	}
	props, err := object(properties.value)
	if err != nil {
		return nil, fmt.Errorf("properties of the document: %w", err)
	}
	keys := Keys{}
	for i := range props {
		if err := keys.collection(&props[i]); err != nil {
			return nil, err
		}
	}
	properties.value = props.json()
	keys[gatewayKey] = root.json()
	if len(c.Shared) > 0 {
		keys[sharedKey] = c.Shared
	}
	return keys, nil
}

// collection moves the children of a collection into keys of their own. Anything else stays.
func (k Keys) collection(m *member) error {
	name, ok := collectionName(m.key)
	if !ok || m.value[0] != '[' {
		return nil
	}
	var children []json.RawMessage
	if err := json.Unmarshal(m.value, &children); err != nil {
		return fmt.Errorf("properties.%s of the document: %w", m.key, err)
	}
	ids, taken := make([]string, len(children)), make(map[string]bool, len(children))
	for i, child := range children {
		id := childID(child, i)
		if taken[id] {
			id = unnamed(i)
		}
		ids[i], taken[id] = id, true
		if err := k.child(m.key, name, id, child); err != nil {
			return fmt.Errorf("properties.%s[%d] of the document: %w", m.key, i, err)
		}
	}
	order, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	k[orderKey+m.key] = order
	m.value = null
	return nil
}

// child writes a child, and its secrets apart from it.
func (k Keys) child(collection, canonical, id string, value json.RawMessage) error {
	at := collection + "/" + id
	k[childKey+at] = value
	hidden := secretNames[canonical]
	if len(hidden) == 0 || value[0] != '{' {
		return nil
	}
	own, err := object(value)
	if err != nil {
		return err
	}
	secrets := map[string]json.RawMessage{}
	own.hide("", hidden, secrets)
	if properties := own.find("properties"); properties != nil && properties.value[0] == '{' {
		inner, err := object(properties.value)
		if err != nil {
			return err
		}
		inner.hide("properties.", hidden, secrets)
		properties.value = inner.json()
	}
	if len(secrets) == 0 {
		return nil
	}
	k[childKey+at] = own.json()
	k[Secret+at], err = json.Marshal(secrets)
	return err
}

// childID is the part of a key that stands for a child: its name.
func childID(child json.RawMessage, index int) string {
	var named struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(child, &named) != nil || named.Name == "" {
		return unnamed(index)
	}
	return url.PathEscape(named.Name)
}

// unnamed is the id of a child that has no name, or the name of another. Escaped names hold no #.
func unnamed(index int) string { return "#" + strconv.Itoa(index) }

// Join puts a configuration together. The document comes back as document.Document.JSON writes it.
func Join(keys Keys) (Config, error) {
	c := Config{Shared: keys[sharedKey]}
	root, err := object(keys[gatewayKey])
	if err != nil {
		return c, fmt.Errorf("key %s: %w", gatewayKey, err)
	}
	properties := root.find("properties")
	if properties == nil {
		return c, fmt.Errorf("key %s holds no properties", gatewayKey)
	}
	props, err := object(properties.value)
	if err != nil {
		return c, fmt.Errorf("key %s: %w", gatewayKey, err)
	}
	for i := range props {
		if err := keys.gather(&props[i]); err != nil {
			return c, err
		}
	}
	properties.value = props.json()
	var b bytes.Buffer
	if err := json.Indent(&b, root.json(), "", "  "); err != nil {
		return c, fmt.Errorf("put the document together: %w", err)
	}
	b.WriteByte('\n')
	c.Document = b.Bytes()
	return c, nil
}

// gather puts the children of a collection into their place.
func (k Keys) gather(m *member) error {
	order, ok := k[orderKey+m.key]
	if !ok {
		return nil
	}
	var ids []string
	if err := json.Unmarshal(order, &ids); err != nil {
		return fmt.Errorf("key %s%s: %w", orderKey, m.key, err)
	}
	var b bytes.Buffer
	b.WriteByte('[')
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		child, err := k.whole(m.key + "/" + id)
		if err != nil {
			return err
		}
		b.Write(child)
	}
	b.WriteByte(']')
	m.value = b.Bytes()
	return nil
}

// whole is a child with its secrets.
func (k Keys) whole(at string) (json.RawMessage, error) {
	child, ok := k[childKey+at]
	if !ok {
		return nil, fmt.Errorf("key %s%s is missing", childKey, at)
	}
	sealed, ok := k[Secret+at]
	if !ok {
		return child, nil
	}
	var secrets map[string]json.RawMessage
	if err := json.Unmarshal(sealed, &secrets); err != nil {
		return nil, fmt.Errorf("key %s%s: %w", Secret, at, err)
	}
	own, err := object(child)
	if err != nil {
		return nil, fmt.Errorf("key %s%s: %w", childKey, at, err)
	}
	own.reveal("", secrets)
	if properties := own.find("properties"); properties != nil && properties.value[0] == '{' {
		inner, err := object(properties.value)
		if err != nil {
			return nil, fmt.Errorf("key %s%s: %w", childKey, at, err)
		}
		inner.reveal("properties.", secrets)
		properties.value = inner.json()
	}
	return own.json(), nil
}

// IsSecret reports whether a key is kept encrypted.
func IsSecret(key string) bool { return strings.HasPrefix(key, Secret) }

// collectionName is the canonical name of a collection whose children get keys of their own.
func collectionName(key string) (string, bool) {
	for name := range secretNames {
		if strings.EqualFold(name, key) {
			return name, true
		}
	}
	return "", false
}

// secretNames maps each collection of children to the members that hold secrets or certificates.
var secretNames = func() map[string][]string {
	out := map[string][]string{}
	for _, f := range schema.GatewayFields() {
		if f.Shape.Kind != schema.KindList || f.Shape.Elem.Noun == "" {
			continue
		}
		out[f.Name] = nil
		_, props := f.Shape.Elem.Field("properties")
		for _, p := range props.Fields {
			if p.Shape.Secret || p.Shape.Form == schema.DataForm || p.Name == "publicCertData" {
				out[f.Name] = append(out[f.Name], p.Name)
			}
		}
	}
	return out
}()
