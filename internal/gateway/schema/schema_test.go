package schema

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The model holds together: fields are found in any case, defaults fit their own limits, references lead to collections.
func TestTheModelIsSound(t *testing.T) {
	seen := 0
	var walk func(t *testing.T, path string, s *Shape)
	walk = func(t *testing.T, path string, s *Shape) {
		seen++
		switch s.Kind {
		case KindInt:
			if n, ok := s.Fallback.(json.Number); ok {
				if i, err := n.Int64(); err != nil || int(i) < s.Min || int(i) > s.Max {
					t.Errorf("%s: the default %s is not from %d to %d", path, n, s.Min, s.Max)
				}
			}
		case KindEnum:
			if text, ok := s.Fallback.(string); ok && !contains(s.Enum, text) {
				t.Errorf("%s: the default %s is none of %v", path, text, s.Enum)
			}
			if text, ok := s.Standing().(string); !ok || !contains(s.Enum, text) {
				t.Errorf("%s: %v stands for it, none of %v", path, s.Standing(), s.Enum)
			}
		case KindRef:
			if target := gatewayPart(s.Target); s.Target != "" && (target == nil || target.Kind != KindList) {
				t.Errorf("%s: leads to %s, which is no collection", path, s.Target)
			}
		case KindList:
			walk(t, path+"[]", s.Elem)
		}
		for _, f := range s.Fields {
			if name, shape := s.Field(strings.ToUpper(f.Name)); name != f.Name || shape != f.Shape {
				t.Errorf("%s: %s is not found in upper case", path, f.Name)
			}
			walk(t, JoinPath(path, f.Name), f.Shape)
		}
	}
	walk(t, "", Gateway)
	if seen < 300 {
		t.Errorf("walked over %d shapes only", seen)
	}
}

// gatewayPart is a property of the gateway by its canonical name; nil if there is none.
func gatewayPart(name string) *Shape {
	for _, f := range GatewayFields() {
		if f.Name == name {
			return f.Shape
		}
	}
	return nil
}

func contains(list []string, s string) bool {
	return strings.Contains("\x00"+strings.Join(list, "\x00")+"\x00", "\x00"+s+"\x00")
}

func TestForms(t *testing.T) {
	for _, x := range []struct {
		name string
		form Form
		fits string
		not  string
	}{
		{"address", AddressForm, "2001:db8::1", "web.internal"},
		{"host", HostForm, "web_1.internal.", "-web"},
		{"path", PathForm, "/a", "a"},
		{"URL", URLForm, "https://a.example/b", "ftp://a.example"},
		{"token", TokenForm, "X-Header", "X Header"},
		{"variable", VariableForm, "var_host", "host"},
		{"id", IDForm, "anything", ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			if !x.form.Fits(x.fits) {
				t.Errorf("%q does not fit", x.fits)
			}
			if x.not != "" && x.form.Fits(x.not) {
				t.Errorf("%q fits", x.not)
			}
		})
	}
}

func TestHostNames(t *testing.T) {
	label := strings.Repeat("a", 63)
	for name, want := range map[string]bool{
		"a": true, "a.b": true, "a.b.": true, "a_b.c-d": true, label + ".b": true, label + "a.b": false, "": false, ".": false,
		"a..b": false,
		"a-.b": false, "ä.b": false, strings.Repeat(label+".", 4): false,
	} {
		t.Run(name, func(t *testing.T) {
			if got := IsHostName(name); got != want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// A misspelling of one letter leads back to the name, and never to a name of another length than it can have.
func TestClosestFindsMisspellings(t *testing.T) {
	var names []string
	for _, f := range GatewayFields() {
		names = append(names, f.Name)
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "name")
		at := rapid.IntRange(0, len(name)-1).Draw(t, "at")
		misspelt := name[:at] + "#" + name[at+1:]
		if got := Closest(misspelt, names); len(got) != len(name) {
			t.Fatalf("%s leads to %q", misspelt, got)
		}
	})
	if got := Closest(strings.Repeat("a", 101), names); got != "" {
		t.Errorf("a text that long leads to %s", got)
	}
}

func TestWordsOfMessages(t *testing.T) {
	for _, x := range []struct{ name, got, want string }{
		{"short", Quote("a\"b"), `"a\"b"`},
		{"long", Quote(strings.Repeat("ä", 61)), `"` + strings.Repeat("ä", 60) + `…"`},
		{"nine names", ShortList(strings.Split("abcdefghi", "")), "a, b, c, d, e, f, g, h, i"},
		{"more names", ShortList(strings.Split("abcdefghijk", "")), "a, b, c, d, e, f, g, h, i and 2 more"},
		{"one", Plural(1, "root"), "1 root"},
		{"none", Plural(0, "root"), "0 roots"},
		{"last of an id", LastSegment("/subscriptions/s/probes/p/"), "p"},
		{"a bare name", LastSegment("p"), "p"},
	} {
		t.Run(x.name, func(t *testing.T) {
			if x.got != x.want {
				t.Errorf("got %s, want %s", x.got, x.want)
			}
		})
	}
}

// A copy may be changed, and a missing object is an empty one to whoever reads.
func TestObjects(t *testing.T) {
	o := &Object{Members: []Member{{"b", "x"}, {"a", []any{json.Number("1"), &Object{Members: []Member{{"c", true}}}}}}}
	twin := Clone(o).(*Object)
	twin.Set("b", "changed")
	twin.List("a")[1].(*Object).Set("c", false)
	text, err := Marshal(o)
	if err != nil || string(text) != `{"b":"x","a":[1,{"c":true}]}` {
		t.Errorf("%s, %v", text, err)
	}
	var none *Object
	if none.Has("a") || none.Text("a") != "" || none.Int("a", "b") != 0 || none.Props() != nil || none.List("a") != nil ||
		none.Bytes("a") != nil {
		t.Error("a missing object has something")
	}
	data := &Object{Members: []Member{{"padded", "aGk="}, {"bare", "aGk"}, {"broken", "aG\nk="}, {"none", "!"}}}
	for key, want := range map[string]string{"padded": "hi", "bare": "hi", "broken": "hi", "none": ""} {
		t.Run(key, func(t *testing.T) {
			if got := string(data.Bytes(key)); got != want {
				t.Errorf("%s: got %q, want %q", key, got, want)
			}
		})
	}
}
