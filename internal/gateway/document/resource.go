package document

import (
	"strings"

	"causeway/internal/gateway/schema"
)

// resourceType is what Azure calls a gateway.
const resourceType = "Microsoft.Network/applicationGateways"

// States are what a gateway's answers say of it beside its document.
type States struct {
	ETag         string // of the gateway and of all its children
	Provisioning string // Succeeded, Updating, Failed or Deleting
	Operational  string // Running, Stopped, Starting or Stopping
	GUID         string
}

// Resource is the document as Azure Resource Manager answers it: Effective, with the bookkeeping of the server in the gateway
// and in every child.
func (d *Document) Resource(s States) []byte {
	out := withoutSecrets(schema.Gateway, d.effective).(*schema.Object)
	d.nameChildren(out)
	out = d.canonicalReferences(schema.Gateway, out).(*schema.Object)
	s.record(schema.Gateway, out, d.Config.ResourceID(), resourceType)
	props := out.Props()
	props.Set("operationalState", s.Operational)
	props.Set("resourceGuid", s.GUID)
	props.Members = inModelOrder(properties(schema.Gateway), props.Members)
	return render(out)
}

// record adds the bookkeeping of one resource, and of the resources within it.
func (s States) record(shape *schema.Shape, o *schema.Object, id, kind string) {
	o.Set("id", id)
	o.Set("type", kind)
	o.Set("etag", s.ETag)
	if !o.Has("properties") {
		o.Set("properties", &schema.Object{})
	}
	props := o.Props()
	props.Set("provisioningState", s.Provisioning)
	within := properties(shape)
	for _, f := range within.Fields {
		if f.Shape.Kind != schema.KindList || !isResource(f.Shape.Elem) {
			continue
		}
		for _, item := range props.List(f.Name) {
			if child, ok := item.(*schema.Object); ok {
				s.record(f.Shape.Elem, child, id+"/"+f.Name+"/"+child.Text("name"), kind+"/"+f.Name)
			}
		}
	}
	props.Members = inModelOrder(within, props.Members)
	o.Members = inModelOrder(shape, o.Members)
}

// isResource reports whether objects of a shape have an id and properties.
func isResource(s *schema.Shape) bool {
	_, id := s.Field("id")
	return id != nil && properties(s) != nil
}

// properties is the shape of a resource's properties; nil where it has none.
func properties(s *schema.Shape) *schema.Shape {
	if s == nil || s.Kind != schema.KindObject {
		return nil
	}
	_, p := s.Field("properties")
	return p
}

// Replacing reads what somebody sends to replace a document, gives it the id of the resource, and takes the secrets that the
// sender could not read, and so did not send, from the document before. Before is nil where there is none.
func Replacing(before *Document, body []byte, id string) ([]byte, error) {
	next, err := Parse(body)
	if err != nil {
		return nil, err
	}
	next.tree.Set("id", id)
	next.tree.Set("name", schema.LastSegment(id))
	next.tree.Members = inModelOrder(schema.Gateway, next.tree.Members)
	if before != nil {
		keepSecrets(properties(schema.Gateway), next.tree.Props(), before.tree.Props())
	}
	return next.JSON(), nil
}

// keepSecrets completes the children of each collection by the secrets of their namesakes.
func keepSecrets(shape *schema.Shape, next, before *schema.Object) {
	for _, f := range shape.Fields {
		if f.Shape.Kind != schema.KindList || !isResource(f.Shape.Elem) {
			continue
		}
		namesakes := map[string]*schema.Object{}
		for _, item := range before.List(f.Name) {
			if o, ok := item.(*schema.Object); ok {
				namesakes[strings.ToLower(o.Text("name"))] = o
			}
		}
		for _, item := range next.List(f.Name) {
			if o, ok := item.(*schema.Object); ok {
				keepSecretsOf(properties(f.Shape.Elem), o, namesakes[strings.ToLower(o.Text("name"))])
			}
		}
	}
}

// keepSecretsOf takes the secrets of a child all together or not at all: one with a new certificate has a new password, or
// none; and one that moved to a key vault has neither.
func keepSecretsOf(shape *schema.Shape, next, before *schema.Object) {
	old := before.Props()
	if old == nil || next.Props().Has("keyVaultSecretId") {
		return
	}
	var kept []schema.Member
	for _, f := range shape.Fields {
		switch {
		case !f.Shape.Secret:
		case next.Props().Has(f.Name):
			return
		case old.Has(f.Name):
			kept = append(kept, schema.Member{Key: f.Name, Value: old.Value(f.Name)})
		}
	}
	if len(kept) == 0 {
		return
	}
	if next.Props() == nil {
		next.Set("properties", &schema.Object{})
	}
	props := next.Props()
	props.Members = inModelOrder(shape, append(props.Members, kept...))
}
