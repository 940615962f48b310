package gateway

import "strings"

// shape is what the resource model says about one value: its type, its range, its default. The whole model is one tree of
// shapes (see model.go); normalising, checking, defaults and rendering all read that tree.
type shape struct {
	kind     kind
	noun     string            // of a resource: how Azure's error codes call it
	fields   []field           // of an object, in the order of rendering
	folded   map[string]string // lower-case or former name → canonical name of a field
	elem     *shape            // of a list
	enum     []string          // canonical values
	min, max int               // of an integer
	target   string            // of a reference: the collection; empty when it leads out of the gateway
	fallback any               // in force when absent
	filled   bool              // an absent object counts as an empty one
	required bool
	dropped  bool // bookkeeping that the server makes itself: accepted and not kept
	secret   bool // write-only: never shown
	form     form // of a text: what it stands for, which decides what a placeholder must look like
	careful  any  // of a bool or an enum: what a placeholder stands for, where the default would protect less
	only     generation
}

type field struct {
	name  string
	shape *shape
}

type kind int

const (
	isAny kind = iota
	isString
	isInt
	isBool
	isEnum
	isRef
	isList
	isObject
)

// generation limits a property to some SKUs.
type generation int

const (
	everySKU generation = iota
	onlyV1
	onlyV2
	notBasic // v2 without the tier Basic
)

func text() *shape              { return &shape{kind: isString} }
func toggle() *shape            { return &shape{kind: isBool, fallback: false} }
func toggleOn() *shape          { return &shape{kind: isBool, fallback: true} }
func anything() *shape          { return &shape{kind: isAny} }
func number(lo, hi int) *shape  { return &shape{kind: isInt, min: lo, max: hi} }
func oneOf(v ...string) *shape  { return &shape{kind: isEnum, enum: v} }
func ref(target string) *shape  { return &shape{kind: isRef, target: target} }
func outside() *shape           { return &shape{kind: isRef} }
func list(elem *shape) *shape   { return &shape{kind: isList, elem: elem} }
func bookkeeping() *shape       { return &shape{kind: isAny, dropped: true} }
func (s *shape) need() *shape   { s.required = true; return s }
func (s *shape) hidden() *shape { s.secret = true; return s }
func (s *shape) fill() *shape   { s.filled = true; return s }

func (s *shape) as(f form) *shape               { s.form = f; return s }
func (s *shape) unknown(careful any) *shape     { s.careful = careful; return s }
func (s *shape) or(fallback any) *shape         { s.fallback = fallback; return s }
func (s *shape) on(g generation) *shape         { s.only = g; return s }
func (s *shape) also(former, now string) *shape { s.folded[strings.ToLower(former)] = now; return s }

func record(fields ...field) *shape {
	s := &shape{kind: isObject, fields: fields, folded: make(map[string]string, len(fields))}
	for _, f := range fields {
		s.folded[strings.ToLower(f.name)] = f.name
	}
	return s
}

// child is an element of a collection of the gateway: an envelope around its properties.
func child(noun string, fields ...field) *shape {
	s := record(
		field{"name", text().need()},
		field{"id", text()},
		field{"etag", bookkeeping()},
		field{"type", bookkeeping()},
		field{"resourceGroup", bookkeeping()},
		field{"properties", record(append(fields, field{"provisioningState", bookkeeping()})...).fill()},
	)
	s.noun = noun
	return s
}

// field returns the shape of the field that key names in any case, and its canonical name.
func (s *shape) field(key string) (string, *shape) {
	name, ok := s.folded[strings.ToLower(key)]
	if !ok {
		return key, nil
	}
	for _, f := range s.fields {
		if f.name == name {
			return name, f.shape
		}
	}
	return key, nil
}

// isResource reports whether the object has an envelope, so that its properties may come flattened.
func (s *shape) isResource() bool { return s.folded["properties"] != "" }
