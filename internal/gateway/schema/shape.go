package schema

import "strings"

// Shape is what the resource model says about one value: its type, its range, its default. The whole model is one tree of
// shapes (see model.go); normalising, checking, defaults and rendering all read that tree.
type Shape struct {
	Kind     Kind
	Noun     string            // of a resource: how Azure's error codes call it
	Fields   []Field           // of an object, in the order of rendering
	folded   map[string]string // lower-case or former name → canonical name of a field
	Elem     *Shape            // of a list
	Enum     []string          // canonical values
	Min, Max int               // of an integer
	Target   string            // of a reference: the collection; empty when it leads out of the gateway
	Fallback any               // in force when absent
	Filled   bool              // an absent object counts as an empty one
	Required bool
	Dropped  bool // bookkeeping that the server makes itself: accepted and not kept
	Secret   bool // write-only: never shown
	Form     Form // of a text: what it stands for, which decides what a placeholder must look like
	careful  any  // of a bool or an enum: what a placeholder stands for, where the default would protect less
	Only     Generation
}

// Field is a property of an object.
type Field struct {
	Name  string // canonical
	Shape *Shape
}

// Kind is the type of a value.
type Kind int

// The kinds.
const (
	KindAny    Kind = iota // whatever JSON holds: the model does not look inside
	KindString             // a text
	KindInt                // a whole number
	KindBool               // true or false
	KindEnum               // one of a few texts
	KindRef                // an object with the id of another
	KindList               // values of one shape
	KindObject             // named values
)

// Generation limits a property to some SKUs.
type Generation int

// The generations.
const (
	EverySKU Generation = iota // no limit
	OnlyV1                     // Standard and WAF
	OnlyV2                     // Standard_v2, WAF_v2 and Basic
	NotBasic                   // v2 without the tier Basic
)

func text() *Shape              { return &Shape{Kind: KindString} }
func toggle() *Shape            { return &Shape{Kind: KindBool, Fallback: false} }
func toggleOn() *Shape          { return &Shape{Kind: KindBool, Fallback: true} }
func number(lo, hi int) *Shape  { return &Shape{Kind: KindInt, Min: lo, Max: hi} }
func oneOf(v ...string) *Shape  { return &Shape{Kind: KindEnum, Enum: v} }
func ref(target string) *Shape  { return &Shape{Kind: KindRef, Target: target} }
func outside() *Shape           { return &Shape{Kind: KindRef} }
func list(elem *Shape) *Shape   { return &Shape{Kind: KindList, Elem: elem} }
func bookkeeping() *Shape       { return &Shape{Kind: KindAny, Dropped: true} }
func (s *Shape) need() *Shape   { s.Required = true; return s }
func (s *Shape) hidden() *Shape { s.Secret = true; return s }
func (s *Shape) fill() *Shape   { s.Filled = true; return s }

func (s *Shape) as(f Form) *Shape               { s.Form = f; return s }
func (s *Shape) unknown(careful any) *Shape     { s.careful = careful; return s }
func (s *Shape) or(fallback any) *Shape         { s.Fallback = fallback; return s }
func (s *Shape) on(g Generation) *Shape         { s.Only = g; return s }
func (s *Shape) also(former, now string) *Shape { s.folded[strings.ToLower(former)] = now; return s }

// Anything is the shape of what the model does not know.
func Anything() *Shape { return &Shape{Kind: KindAny} }

func record(fields ...Field) *Shape {
	s := &Shape{Kind: KindObject, Fields: fields, folded: make(map[string]string, len(fields))}
	for _, f := range fields {
		s.folded[strings.ToLower(f.Name)] = f.Name
	}
	return s
}

// child is an element of a collection of the gateway: an envelope around its properties.
func child(noun string, fields ...Field) *Shape {
	s := record(
		Field{"name", text().need()},
		Field{"id", text()},
		Field{"etag", bookkeeping()},
		Field{"type", bookkeeping()},
		Field{"resourceGroup", bookkeeping()},
		Field{"properties", record(append(fields, Field{"provisioningState", bookkeeping()})...).fill()},
	)
	s.Noun = noun
	return s
}

// Field returns the shape of the field that key names in any case, and its canonical name.
func (s *Shape) Field(key string) (string, *Shape) {
	name, ok := s.folded[strings.ToLower(key)]
	if !ok {
		return key, nil
	}
	for _, f := range s.Fields {
		if f.Name == name {
			return name, f.Shape
		}
	}
	return key, nil
}

// IsResource reports whether the object has an envelope, so that its properties may come flattened.
func (s *Shape) IsResource() bool { return s.folded["properties"] != "" }

// Describe is what belongs in the place, for a message: a whole number.
func (s *Shape) Describe() string {
	switch s.Kind {
	case KindString:
		return "a string"
	case KindInt:
		return "a whole number"
	case KindBool:
		return "true or false"
	case KindEnum:
		return "one of " + ShortList(s.Enum)
	case KindRef:
		return `a reference {"id": "…"}`
	case KindList:
		return "a list"
	}
	return "an object"
}

// Decides reports whether the value decides what the gateway does and protects, so that nothing can stand for it.
func (s *Shape) Decides() bool {
	return s.Kind == KindObject || s.Kind == KindRef || s.Kind == KindList && s.Elem.Kind != KindString && s.Elem.Kind != KindEnum
}

// Standing is the value of a bool or an enum that stands for one that is not known: the careful one, if the model names it.
func (s *Shape) Standing() any {
	switch {
	case s.careful != nil:
		return s.careful
	case s.Fallback != nil:
		return s.Fallback
	case s.Kind == KindEnum:
		return s.Enum[0]
	}
	return nil
}
