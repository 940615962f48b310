package document

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

// Restates reports whether a document says the same as one before, once defaults are filled in. Secrets that it leaves out are those of
// the document before: whoever read that could not read them.
func (d *Document) Restates(before *Document) bool {
	if gateway.HasErrors(d.problems) {
		return false
	}
	text, err := Replacing(before, d.JSON(), before.Config.ResourceID())
	if err != nil {
		return false
	}
	next, err := Parse(text)
	return err == nil && d.Config.ResourceID() == before.Config.ResourceID() && reflect.DeepEqual(next.said(), before.said()) &&
		slices.EqualFunc(next.Config.Unserved, before.Config.Unserved, asksAlike)
}

// asksAlike compares protections that are asked for. A firewall that does not say whether it is on counts as on, and its default is off:
// with that written out it says the same and asks for nothing.
func asksAlike(a, b gateway.Unserved) bool {
	return a.Protection == b.Protection && a.Object == b.Object
}

// said is what the document says in all: Effective with its secrets, without the order of its properties.
func (d *Document) said() (v any) {
	out := schema.Clone(d.effective).(*schema.Object)
	d.nameChildren(out)
	decoder := json.NewDecoder(bytes.NewReader(render(d.canonicalReferences(schema.Gateway, out))))
	decoder.UseNumber()
	if decoder.Decode(&v) != nil {
		return nil
	}
	return v
}
