package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Document is a gateway as somebody described it: the normalised tree, which keeps what Causeway does not know, and the
// Config that is filled from it. It is read-only.
type Document struct {
	Config *Config

	tree      *object // canonical form of what was given
	effective *object // tree with the defaults in place
	names     nameIndex
	open      map[string]bool // collections of which a template leaves names open
	flat      bool            // came without the properties level
	problems  []Problem
}

// Parse reads the document of one gateway: the body of the REST API, what `az network application-gateway show` prints,
// either of them as YAML, or an ARM template with one gateway. Property names and enum values may have any case, numbers
// may be strings, null counts as absent, JSON may have comments.
//
// The error is a *FormatError when the input is something else or cannot be read. What is wrong inside a gateway document
// is never an error here but a Problem; Config is then filled as far as it can be.
func Parse(data []byte) (*Document, error) { return ParseWith(data, nil) }

// ParseWith is Parse with the values for the parameters of a template: a parameters file as Azure takes it, JSON or YAML.
// Nil leaves every parameter at its default.
func ParseWith(data, parameters []byte) (*Document, error) {
	data, err := toJSON(data)
	if err != nil {
		return nil, err
	}
	v, err := readJSON(data)
	if err != nil {
		return nil, err
	}
	if what := terraform(v); what != "" {
		return nil, unlike("this is "+what+", which has the provider's names and not Azure's", "export the gateway that it made: az network application-gateway show -g GROUP -n NAME > gateway.json")
	}
	var n normaliser
	if isTemplate(v) {
		v, err = n.evaluate(data, parameters)
	} else if len(parameters) > 0 {
		n.warn("document", "ParametersIgnored", "leave --parameters out", "the document is no template, so that the parameters have no effect")
	}
	if err != nil {
		return nil, err
	}
	root, err := recogniseValue(v)
	if err != nil {
		return nil, err
	}
	d := &Document{flat: isFlat(root)}
	d.tree = n.object(resourceModel, root, "")
	d.effective = withDefaults(resourceModel, clone(d.tree)).(*object)
	defaultRuleTypes(d.effective)
	d.names = childNames(d.effective.props())
	d.Config = fillConfig(d.tree, d.effective)
	d.open = openCollections(n.opens)
	evaluated := sortProblems(n.evaluated)
	found := append(n.problems, withoutConsequences(validate(d), n.opens)...)
	d.problems = append(evaluated, d.finish(found)...)
	return d, nil
}

// Problems are all problems of the document, by path. With an Error among them the document must not be applied. The
// slice is the document's own.
func (d *Document) Problems() []Problem { return d.problems }

// ProblemsWith are the problems that the document has together with causeway.yaml, as ValidateLocal finds them; the paths
// have the form of the document.
func (d *Document) ProblemsWith(local Local) []Problem {
	return d.finish(ValidateLocal(local, d.Config))
}

// InPlace gives the paths of problems that other packages found the form that the document has.
func (d *Document) InPlace(problems []Problem) []Problem { return d.finish(problems) }

// JSON is the document in canonical REST form, indented, secrets included: canonical names and enum values, references as
// given, unknown properties kept.
func (d *Document) JSON() []byte { return render(d.tree) }

// Public is JSON without the properties that Azure never returns: private keys and their passwords.
func (d *Document) Public() []byte { return render(withoutSecrets(resourceModel, d.tree)) }

// Effective is the document as it is in force: defaults filled in, every child with its id, references in canonical
// spelling, secrets left out.
func (d *Document) Effective() []byte {
	out := withoutSecrets(resourceModel, d.effective).(*object)
	d.nameChildren(out)
	return render(d.canonicalReferences(resourceModel, out))
}

// finish gives the paths the form that the document has, and sorts.
func (d *Document) finish(problems []Problem) []Problem {
	if d.flat {
		for i := range problems {
			problems[i].Path = strings.TrimSuffix(strings.ReplaceAll(problems[i].Path+".", "properties.", ""), ".")
		}
	}
	return sortProblems(problems)
}

// nameChildren gives every child of every collection its id.
func (d *Document) nameChildren(tree *object) {
	tree.set("id", d.Config.ResourceID())
	for _, f := range gatewayFields() {
		if f.shape.kind != isList || f.shape.elem.noun == "" {
			continue
		}
		for _, item := range tree.list("properties", f.name) {
			if o, ok := item.(*object); ok {
				o.set("id", d.Config.ChildID(f.name, o.str("name")))
				o.members = inModelOrder(f.shape.elem, o.members)
			}
		}
	}
	tree.members = inModelOrder(resourceModel, tree.members)
}

func (d *Document) canonicalReferences(s *shape, v any) any {
	switch v := v.(type) {
	case *object:
		if s.kind == isRef {
			if s.target != "" && v.str("id") != "" {
				v.set("id", d.Config.ChildID(s.target, d.names.spelled(s.target, v.str("id"))))
			}
			return v
		}
		for i, m := range v.members {
			if _, fs := s.field(m.key); fs != nil {
				v.members[i].value = d.canonicalReferences(fs, m.value)
			}
		}
	case []any:
		if s.kind == isList {
			for i := range v {
				v[i] = d.canonicalReferences(s.elem, v[i])
			}
		}
	}
	return v
}

// gatewayFields are the properties of the gateway itself.
func gatewayFields() []field {
	_, props := resourceModel.field("properties")
	return props.fields
}

// withDefaults fills in, in place, what is in force where the document is silent.
func withDefaults(s *shape, v any) any {
	switch v := v.(type) {
	case *object:
		if s.kind != isObject {
			return v
		}
		for _, f := range s.fields {
			inner := v.value(f.name)
			switch {
			case inner == nil && f.shape.filled:
				inner = &object{}
			case inner == nil && f.shape.fallback != nil:
				inner = clone(f.shape.fallback)
			case inner == nil:
				continue
			}
			v.set(f.name, withDefaults(f.shape, inner))
		}
		v.members = inModelOrder(s, v.members)
	case []any:
		if s.kind == isList {
			for i := range v {
				v[i] = withDefaults(s.elem, v[i])
			}
		}
	}
	return v
}

// defaultRuleTypes fills in, in place, the type of rules that name none: Azure takes a rule with a path map as path-based.
func defaultRuleTypes(effective *object) {
	_, props := ruleModel().field("properties")
	for _, item := range effective.props().list("requestRoutingRules") {
		o, _ := item.(*object)
		p := o.props()
		if p == nil || p.has("ruleType") {
			continue
		}
		kind := "Basic"
		if p.has("urlPathMap") {
			kind = "PathBasedRouting"
		}
		p.set("ruleType", kind)
		p.members = inModelOrder(props, p.members)
	}
}

// withoutSecrets copies v without the write-only properties.
func withoutSecrets(s *shape, v any) any {
	switch v := v.(type) {
	case *object:
		out := &object{}
		for _, m := range v.members {
			_, fs := s.field(m.key)
			switch {
			case fs == nil:
				out.members = append(out.members, member{m.key, clone(m.value)})
			case !fs.secret:
				out.members = append(out.members, member{m.key, withoutSecrets(fs, m.value)})
			}
		}
		return out
	case []any:
		if s.kind == isList {
			out := make([]any, len(v))
			for i := range v {
				out[i] = withoutSecrets(s.elem, v[i])
			}
			return out
		}
	}
	return clone(v)
}

func inModelOrder(s *shape, members []member) []member {
	out := make([]member, 0, len(members))
	byKey := make(map[string]any, len(members))
	for _, m := range members {
		byKey[m.key] = m.value
	}
	for _, f := range s.fields {
		if v, ok := byKey[f.name]; ok {
			out = append(out, member{f.name, v})
			delete(byKey, f.name)
		}
	}
	for _, m := range members {
		if _, left := byKey[m.key]; left {
			out = append(out, m)
		}
	}
	return out
}

func render(v any) []byte {
	plain, err := marshal(v)
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
