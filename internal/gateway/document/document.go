package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
	"causeway/internal/gateway/validate"
)

// Document is a gateway as its author described it: the normalised tree, which keeps what Causeway does not know, and the
// Config that is filled from it. It is read-only.
type Document struct {
	Config *gateway.Config

	tree      *schema.Object // canonical form of what was given
	effective *schema.Object // tree with the defaults in place
	names     schema.Names
	open      map[string]bool // collections of which a template leaves names open
	flat      bool            // came without the properties level
	problems  []gateway.Problem
}

// document makes the canonical tree of a gateway, and the Config that is filled from it.
func (n *normaliser) document(root *schema.Object) *Document {
	d := &Document{flat: isFlat(root), open: openCollections(n.opens)}
	d.tree = n.object(schema.Gateway, root, "")
	d.effective = withDefaults(schema.Gateway, schema.Clone(d.tree)).(*schema.Object)
	defaultRuleTypes(d.effective)
	d.names = schema.ChildNames(d.effective.Props())
	d.Config = fillConfig(d.tree, d.effective)
	return d
}

// check gathers the problems of the document: first those of the template that it came from, with paths in that template.
func (d *Document) check(n *normaliser) {
	found := withoutConsequences(validate.Document(d.Config, d.tree, d.names, d.open), n.opens)
	d.problems = append(gateway.SortProblems(n.evaluated), d.finish(append(n.Problems, found...))...)
}

// Problems are all problems of the document, by path. With an Error among them the document must not be applied. The
// slice is the document's own.
func (d *Document) Problems() []gateway.Problem { return d.problems }

// ProblemsWith are all problems of the document together with causeway.yaml, which may lift Azure's limits; the paths have
// the form of the document.
func (d *Document) ProblemsWith(local gateway.Local) []gateway.Problem {
	own := d.problems
	if local.Limits == "none" {
		own = validate.LiftLimits(own)
	}
	return slices.Concat(own, d.ProblemsBeside(local))
}

// ProblemsBeside are those problems that the document has only because of causeway.yaml.
func (d *Document) ProblemsBeside(local gateway.Local) []gateway.Problem {
	return d.finish(validate.Local(local, d.Config))
}

// InPlace gives the paths of problems that other packages found the form that the document has.
func (d *Document) InPlace(problems []gateway.Problem) []gateway.Problem { return d.finish(problems) }

// JSON is the document in canonical REST form, indented, secrets included: canonical names and enum values, references as
// given, unknown properties kept.
func (d *Document) JSON() []byte { return render(d.tree) }

// Public is JSON without the properties that Azure never returns: private keys and their passwords.
func (d *Document) Public() []byte { return render(withoutSecrets(schema.Gateway, d.tree)) }

// Effective is the document in force: defaults filled in, every child with its id, references in canonical
// spelling, secrets left out.
func (d *Document) Effective() []byte {
	out := withoutSecrets(schema.Gateway, d.effective).(*schema.Object)
	d.nameChildren(out)
	return render(d.canonicalReferences(schema.Gateway, out))
}

// finish gives the paths the form that the document has, and sorts.
func (d *Document) finish(problems []gateway.Problem) []gateway.Problem {
	if d.flat {
		for i := range problems {
			problems[i].Path = strings.TrimSuffix(strings.ReplaceAll(problems[i].Path+".", "properties.", ""), ".")
		}
	}
	return gateway.SortProblems(problems)
}

// nameChildren gives every child of every collection its id.
func (d *Document) nameChildren(tree *schema.Object) {
	tree.Set("id", d.Config.ResourceID())
	for _, f := range schema.GatewayFields() {
		if f.Shape.Kind != schema.KindList || f.Shape.Elem.Noun == "" {
			continue
		}
		for _, item := range tree.List("properties", f.Name) {
			if o, ok := item.(*schema.Object); ok {
				o.Set("id", d.Config.ChildID(f.Name, o.Text("name")))
				o.Members = inModelOrder(f.Shape.Elem, o.Members)
			}
		}
	}
	tree.Members = inModelOrder(schema.Gateway, tree.Members)
}

func (d *Document) canonicalReferences(s *schema.Shape, v any) any {
	switch v := v.(type) {
	case *schema.Object:
		if s.Kind == schema.KindRef {
			if s.Target != "" && v.Text("id") != "" {
				v.Set("id", d.Config.ChildID(s.Target, d.names.Spelled(s.Target, v.Text("id"))))
			}
			return v
		}
		for i, m := range v.Members {
			if _, fs := s.Field(m.Key); fs != nil {
				v.Members[i].Value = d.canonicalReferences(fs, m.Value)
			}
		}
	case []any:
		if s.Kind == schema.KindList {
			for i := range v {
				v[i] = d.canonicalReferences(s.Elem, v[i])
			}
		}
	}
	return v
}

// withDefaults fills in, in place, what is in force where the document is silent.
func withDefaults(s *schema.Shape, v any) any {
	switch v := v.(type) {
	case *schema.Object:
		if s.Kind != schema.KindObject {
			return v
		}
		for _, f := range s.Fields {
			inner := v.Value(f.Name)
			switch {
			case inner == nil && f.Shape.Filled:
				inner = &schema.Object{}
			case inner == nil && f.Shape.Fallback != nil:
				inner = schema.Clone(f.Shape.Fallback)
			case inner == nil:
				continue
			}
			v.Set(f.Name, withDefaults(f.Shape, inner))
		}
		v.Members = inModelOrder(s, v.Members)
	case []any:
		if s.Kind == schema.KindList {
			for i := range v {
				v[i] = withDefaults(s.Elem, v[i])
			}
		}
	}
	return v
}

// defaultRuleTypes fills in, in place, the type of rules that name none: Azure takes a rule with a path map as path-based.
func defaultRuleTypes(effective *schema.Object) {
	_, props := schema.Rule().Field("properties")
	for _, item := range effective.Props().List("requestRoutingRules") {
		o, _ := item.(*schema.Object)
		p := o.Props()
		if p == nil || p.Has("ruleType") {
			continue
		}
		kind := "Basic"
		if p.Has("urlPathMap") {
			kind = "PathBasedRouting"
		}
		p.Set("ruleType", kind)
		p.Members = inModelOrder(props, p.Members)
	}
}

// withoutSecrets copies v without the write-only properties.
func withoutSecrets(s *schema.Shape, v any) any {
	switch v := v.(type) {
	case *schema.Object:
		out := &schema.Object{}
		for _, m := range v.Members {
			_, fs := s.Field(m.Key)
			switch {
			case fs == nil:
				out.Members = append(out.Members, schema.Member{Key: m.Key, Value: schema.Clone(m.Value)})
			case !fs.Secret:
				out.Members = append(out.Members, schema.Member{Key: m.Key, Value: withoutSecrets(fs, m.Value)})
			}
		}
		return out
	case []any:
		if s.Kind == schema.KindList {
			out := make([]any, len(v))
			for i := range v {
				out[i] = withoutSecrets(s.Elem, v[i])
			}
			return out
		}
	}
	return schema.Clone(v)
}

func inModelOrder(s *schema.Shape, members []schema.Member) []schema.Member {
	out := make([]schema.Member, 0, len(members))
	byKey := make(map[string]any, len(members))
	for _, m := range members {
		byKey[m.Key] = m.Value
	}
	for _, f := range s.Fields {
		if v, ok := byKey[f.Name]; ok {
			out = append(out, schema.Member{Key: f.Name, Value: v})
			delete(byKey, f.Name)
		}
	}
	for _, m := range members {
		if _, left := byKey[m.Key]; left {
			out = append(out, m)
		}
	}
	return out
}

func render(v any) []byte {
	plain, err := schema.Marshal(v)
	if err != nil { // the tree holds nothing but what was read from JSON
		panic(fmt.Sprintf("render a gateway document: %v", err))
	}
	var b bytes.Buffer
	if err := json.Indent(&b, plain, "", "  "); err != nil {
		panic(fmt.Sprintf("indent a gateway document: %v", err))
	}
	b.WriteByte('\n')
	return b.Bytes()
}
