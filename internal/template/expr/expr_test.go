package expr

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// anyJSON is a JSON value as encoding/json has it, a few levels deep.
func anyJSON(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kind := rapid.IntRange(0, 5).Draw(t, "kind")
		if depth == 0 && kind > 3 {
			kind = 0
		}
		switch kind {
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return float64(rapid.Int32().Draw(t, "number"))
		case 3:
			return rapid.String().Draw(t, "text")
		case 4:
			return rapid.SliceOfN(anyJSON(depth-1), 0, 3).Draw(t, "list")
		case 5:
			return rapid.MapOfN(rapid.StringMatching(`[a-z]{1,5}`), anyJSON(depth-1), 0, 3).Draw(t, "object")
		}
		return nil
	})
}

// Values are read and written as encoding/json does it.
func TestValuesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, err := json.Marshal(anyJSON(3).Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		v, err := ReadJSON(data)
		if err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		again, err := Render(v)
		if err != nil {
			t.Fatal(err)
		}
		var want, got any
		if json.Unmarshal(data, &want) != nil || json.Unmarshal(again, &got) != nil {
			t.Fatalf("%s became %s", data, again)
		}
		a, _ := json.Marshal(want)
		b, _ := json.Marshal(got)
		if !bytes.Equal(a, b) {
			t.Fatalf("%s became %s", a, b)
		}
	})
}

func TestJSONThatIsNone(t *testing.T) {
	for name, in := range map[string]string{
		"nothing": "", "half": `{"a":`, "two values": "1 2", "a comma too many": "[1,]",
		"too deep": strings.Repeat("[", MaxDepth+2) + strings.Repeat("]", MaxDepth+2),
	} {
		t.Run(name, func(t *testing.T) {
			if v, err := ReadJSON([]byte(in)); err == nil {
				t.Errorf("read as %v", v)
			}
		})
	}
}

func TestParse(t *testing.T) {
	for _, x := range []struct {
		in   string
		want string // of the error; empty: none
	}{
		{"concat('a', parameters('b'))", ""},
		{"variables('a').b[0].?c", ""},
		{"'it''s'", ""},
		{"-1", ""},
		{"", "ends too early"},
		{"concat('a'", "closing parenthesis"},
		{"concat('a',)", "neither a function nor a text nor a number"},
		{"'open", "no closing quote"},
		{"a b", "arguments in parentheses"},
		{"f() g()", "the expression ends before"},
		{"f().", "name is missing"},
		{strings.Repeat("f(", 2*MaxDepth) + strings.Repeat(")", 2*MaxDepth), "deep"},
		{strings.Repeat("a", maxExpression+1), "at most 24576"},
	} {
		t.Run(x.in[:min(len(x.in), 30)], func(t *testing.T) {
			_, err := Parse(x.in)
			switch {
			case err == nil && x.want != "":
				t.Errorf("no error, want: %s", x.want)
			case err != nil && (x.want == "" || !strings.Contains(err.Error(), x.want)):
				t.Errorf("%v, want: %q", err, x.want)
			}
		})
	}
}

// A value that is open stays open in every text that holds it, and an error goes before what only a deployment knows.
func TestOpenValuesInTexts(t *testing.T) {
	late, failed := &Unknown{Placeholder: "x"}, &Unknown{Placeholder: "y", Failed: true}
	if got := WithParts("ab", []any{"a", "b"}); got != "ab" {
		t.Errorf("a text of known parts became %v", got)
	}
	for name, x := range map[string]struct {
		parts  []any
		failed bool
	}{
		"a late part": {[]any{"a", late}, false}, "a failed part": {[]any{failed}, true}, "both": {[]any{late, failed}, true},
	} {
		t.Run(name, func(t *testing.T) {
			u, ok := WithParts("text", x.parts).(*Unknown)
			if !ok || u.Placeholder != "text" || u.Failed != x.failed || !IsUnknown(u) {
				t.Errorf("%+v", u)
			}
		})
	}
}

func TestObjectsFindNamesInAnyCase(t *testing.T) {
	o := NewObject("Name", "a", "inner", NewObject("x", Number(1)))
	o.Set("NAME", "b")
	if o.Text("name") != "b" || len(o.Members) != 2 || o.Members[0].Key != "Name" {
		t.Errorf("%+v", o)
	}
	if n, ok := AsInteger(o.Object("INNER").Value("X")); !ok || n != 1 {
		t.Errorf("%d %v", n, ok)
	}
	var none *Object
	if _, ok := none.Get("a"); ok || none.Object("a") != nil || none.Text("a") != "" {
		t.Error("a missing object has members")
	}
}
