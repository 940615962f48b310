package schema

import "strings"

// Names holds the names of the children of every collection: lower case → as defined.
type Names map[string]map[string]string

// Spelled is the name at the end of a reference, as the child that it leads to spells it.
func (n Names) Spelled(collection, id string) string {
	name := LastSegment(id)
	if own, ok := n[collection][strings.ToLower(name)]; ok {
		return own
	}
	return name
}

// ChildNames are the names of all children, out of the properties of a gateway. Of names that differ in case only, the first counts.
func ChildNames(props *Object) Names {
	names := Names{}
	for _, f := range GatewayFields() {
		if f.Shape.Kind != KindList || f.Shape.Elem.Noun == "" {
			continue
		}
		in := map[string]string{}
		for _, item := range props.List(f.Name) {
			o, _ := item.(*Object)
			if name := o.Text("name"); in[strings.ToLower(name)] == "" {
				in[strings.ToLower(name)] = name
			}
		}
		names[f.Name] = in
	}
	return names
}

// GatewayFields are the properties of the gateway itself.
func GatewayFields() []Field {
	_, props := Gateway.Field("properties")
	return props.Fields
}
