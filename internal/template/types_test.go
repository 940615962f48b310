package template

import (
	"fmt"
	"strings"
	"testing"
)

// evaluateParameter evaluates a template whose only resource holds the parameter p, declared as it is given.
func evaluateParameter(t testing.TB, declared, definitions, value string) (string, []Problem) {
	t.Helper()
	var given []byte
	if value != "" {
		given = fmt.Appendf(nil, `{"parameters":{"p":{"value":%s}}}`, value)
	}
	result, err := Evaluate(fmt.Appendf(nil, `{"languageVersion":"2.0","definitions":{%s},"parameters":{"p":%s},
		"resources":{"r":{"type":"T","name":"n","value":"[parameters('p')]"}}}`, definitions, declared), given, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	body := string(result.Resources[0].Body)
	return strings.TrimSuffix(body[strings.Index(body, `"value":`)+8:], "}"), result.Problems
}

func TestTypesOfParameters(t *testing.T) {
	const definitions = `
		"mode":{"type":"string","allowedValues":["open","closed"]}, "modeOrNull":{"$ref":"#/definitions/mode","nullable":true},
		"a/b":{"type":"int"}, "labels":{"type":"object","nullable":true,"additionalProperties":{"type":"string","maxLength":3}},
		"berth":{"type":"object","properties":{"name":{"type":"string"},"depth":{"$ref":"#/definitions/depth"},"modes":{"type":"array","items":{"$ref":"#/definitions/mode"}}},"additionalProperties":false},
		"depth":{"type":"int","nullable":true,"minValue":2,"maxValue":20},
		"ship":{"type":"object","discriminator":{"propertyName":"kind","mapping":{"ferry":{"$ref":"#/definitions/ferry"},"barge":{"type":"object","properties":{"kind":{"type":"string"}}}}}},
		"ferry":{"type":"object","properties":{"kind":{"type":"string"},"seats":{"type":"int"}}},
		"pair":{"type":"array","prefixItems":[{"type":"string"},{"type":"int"}]},
		"tree":{"type":"object","properties":{"left":{"$ref":"#/definitions/tree","nullable":true}}},
		"round":{"$ref":"#/definitions/trip"}, "trip":{"$ref":"#/definitions/round"}`
	fits := func(declared, value, want string) {
		t.Helper()
		if got, problems := evaluateParameter(t, declared, definitions, value); got != want || len(problems) > 0 {
			t.Errorf("%s = %s: got %s %+v, want %s", declared, value, got, problems, want)
		}
	}
	refused := func(declared, value, path, want string) {
		t.Helper()
		_, problems := evaluateParameter(t, declared, definitions, value)
		if len(problems) != 1 || !problems[0].IsError || problems[0].Path != path || !strings.Contains(problems[0].Message, want) ||
			problems[0].Hint == "" {
			t.Errorf("%s = %s: got %+v, want one error at %s: %s", declared, value, problems, path, want)
		}
	}
	ref := func(name string) string { return `{"$ref":"#/definitions/` + name + `"}` }

	// Allowed values of a list are those of its elements.
	const zones = `{"type":"array","allowedValues":[1,2,3],"defaultValue":[1,3]}`
	fits(zones, "", `[1,3]`)
	fits(zones, "[3]", `[3]`)
	fits(zones, "[]", `[]`)
	refused(zones, "[1,9]", "parameters.p[1]", `"9" is not among the allowed values of the parameter "p[1]"`)
	refused(zones, "4", "parameters.p", "wants a list")
	fits(`{"type":"array","allowedValues":[["a"],["a","b"]]}`, `["a","b"]`, `["a","b"]`)
	fits(`{"type":"object","allowedValues":[{"a":1}]}`, `{"a":1}`, `{"a":1}`)
	refused(`{"type":"array","allowedValues":["a"],"defaultValue":["b"]}`, "", "parameters.p[0]", "allowed values")

	fits(`{"type":"string","allowedValues":["WestEurope"]}`, `"westeurope"`, `"westeurope"`)
	fits(`{"type":"array","allowedValues":["A","B"]}`, `["b"]`, `["b"]`)

	// Facts behind a reference, also at the end of a chain; what stands nearer counts.
	fits(ref("modeOrNull"), "", `null`)
	fits(ref("modeOrNull"), `"open"`, `"open"`)
	fits(ref("depth"), "null", `null`)
	fits(`{"$ref":"#/definitions/mode","nullable":true}`, "", `null`)
	fits(`{"$ref":"#/definitions/mode","defaultValue":"open"}`, "", `"open"`)
	fits(`{"$ref":"#/definitions/mode","defaultValue":"open"}`, "null", `"open"`)
	fits(ref("a~1b"), "7", `7`)
	fits(ref("berth/properties/depth"), "7", `7`)
	refused(`{"$ref":"#/definitions/depth","nullable":false}`, "", "parameters.p", "no value and no default")
	refused(ref("mode"), "", "parameters.p", "no value and no default")
	refused(ref("modeOrNull"), `"ajar"`, "parameters.p", "not among the allowed values")
	refused(ref("depth"), "30", "parameters.p", "30 is too large")
	refused(ref("nowhere"), "1", "resources.r.value", `no type "#/definitions/nowhere"`)
	refused(ref("round"), "1", "resources.r.value", "the type refers to itself")

	// Elements and members.
	fits(ref("berth"), `{"name":"b","modes":["open"]}`, `{"name":"b","modes":["open"]}`)
	refused(ref("berth"), `{"name":"b","modes":["open","ajar"]}`, "parameters.p.modes[1]", `the parameter "p.modes[1]"`)
	refused(ref("berth"), `{"name":"b","depth":1,"modes":[]}`, "parameters.p.depth", "1 is too small")
	refused(ref("berth"), `{"modes":[]}`, "parameters.p.name", "a value is missing")
	refused(ref("berth"), `{"name":"b","modes":[],"crane":true}`, "parameters.p.crane", "no such member")
	fits(ref("labels"), `{"a":"abc"}`, `{"a":"abc"}`)
	refused(ref("labels"), `{"a":"abcd"}`, "parameters.p.a", "4 characters is too large")
	fits(ref("ship"), `{"kind":"ferry","seats":3}`, `{"kind":"ferry","seats":3}`)
	refused(ref("ship"), `{"kind":"ferry"}`, "parameters.p.seats", "a value is missing")
	refused(ref("ship"), `{"kind":"canoe"}`, "parameters.p.kind", "allowed values")
	fits(ref("pair"), `["a",1]`, `["a",1]`)
	refused(ref("pair"), `["a","b"]`, "parameters.p[1]", "wants a whole number")
	fits(ref("tree"), `{"left":{"left":{}}}`, `{"left":{"left":{}}}`)

	// Types themselves.
	refused(`{"type":"string"}`, "1", "parameters.p", `"1" stands where the template wants a string, in the parameter "p"`)
	refused(`{"type":"bool"}`, `"yes"`, "parameters.p", "true or false")
	refused(`{"type":"int"}`, `1.5`, "parameters.p", "a whole number")
	refused(`{"type":"object"}`, `[]`, "parameters.p", "an object")
	fits(`{"type":"int","minValue":0,"maxValue":10}`, "10", `10`)
	refused(`{"type":"int","minValue":1}`, "0", "parameters.p", "too small")
	refused(`{"type":"array","maxLength":1}`, "[1,2]", "parameters.p", "2 elements is too large")
}
