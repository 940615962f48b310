package template

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// deployAt deploys a template into a group that holds one resource, and gives the bodies in the order in which they were made.
func deployAt(t *testing.T, data string) (order []string, bodies map[string]string, d *Deployment) {
	t.Helper()
	live := map[string][]byte{
		"/subscriptions/s/resourcegroups/rg/providers/a.b/old/o": []byte(`{"location":"west","properties":{"address":"192.0.2.1"}}`),
	}
	bodies = map[string]string{}
	d, err := Deploy([]byte(data), Place{
		Subscription: "s", Group: "rg", Location: "west", Deployment: "first", Tenant: "t", Now: time.Unix(0, 0),
		Tags:     map[string]string{"team": "edge"},
		Resource: func(id string) ([]byte, error) { return live[strings.ToLower(id)], nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Resources(func(r Resource) error {
		order = append(order, r.Name)
		bodies[r.Name] = string(r.Body)
		live[strings.ToLower(r.ID)] = r.Body
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return order, bodies, d
}

func templateOf(members string) string { return `{"$schema":"` + schema + `",` + members + `}` }

func resource(name, more string) string {
	return `{"type":"A.B/c","apiVersion":"2020-01-01","name":"` + name + `"` + more + `}`
}

func TestADeploymentKnowsItsPlace(t *testing.T) {
	f := func(expression, want string) {
		t.Helper()
		_, bodies, d := deployAt(t, templateOf(`"resources":[`+resource("n", `,"v":"[`+expression+`]"`)+`]`))
		if !strings.Contains(bodies["n"], `"v":`+want+`}`) || d.Failed() {
			t.Errorf("%s: got %s %+v, want %s", expression, bodies["n"], d.Problems(), want)
		}
	}
	f("resourceId('A.B/c', 'n')", `"/subscriptions/s/resourceGroups/rg/providers/A.B/c/n"`)
	f("resourceGroup().location", `"west"`)
	f("resourceGroup().tags.team", `"edge"`)
	f("subscription().subscriptionId", `"s"`)
	f("subscription().tenantId", `"t"`)
	f("deployment().name", `"first"`)
	f("utcNow('yyyy-MM-dd')", `"1970-01-01"`)
	f("length(newGuid())", `36`)
	f("reference(resourceId('A.B/old', 'o')).address", `"192.0.2.1"`)
	f("reference('/subscriptions/S/resourceGroups/RG/providers/A.B/old/o', '2020-01-01', 'Full').location", `"west"`)
}

func TestResourcesOfOtherResources(t *testing.T) {
	const on = "/subscriptions/s/resourceGroups/rg/providers/A.B/c/n"
	for more, want := range map[string]string{
		``:                                     "/subscriptions/s/resourceGroups/rg/providers/X.Y/locks/l",
		`,"scope":"A.B/c/n"`:                   on + "/providers/X.Y/locks/l",
		`,"scope":"[resourceId('A.B/c','n')]"`: on + "/providers/X.Y/locks/l",
		`,"scope":"/"`:                         "/providers/X.Y/locks/l",
		`,"scope":"[nowhere()]"`:               "",
	} {
		d, err := Deploy([]byte(templateOf(`"resources":[{"type":"X.Y/locks","apiVersion":"2020-01-01","name":"l"`+more+`}]`)), Place{Subscription: "s", Group: "rg"})
		if err != nil || d.steps[0].resource.ID != want || d.Failed() != (want == "") {
			t.Errorf("%s: %s %v, want %s", more, d.steps[0].resource.ID, err, want)
		}
	}
}

// dependsOn, reference() and the resource around one decide the order, whatever the template lists first.
func TestResourcesFollowWhatTheyDependOn(t *testing.T) {
	order, bodies, d := deployAt(t, templateOf(`"resources":[
		`+resource("last", `,"dependsOn":["A.B/C/looked"]`)+`,
		`+resource("looked", `,"properties":{"from":"[reference('first').x]"}`)+`,
		`+resource("around", `,"dependsOn":["many"],"resources":[{"type":"inner","apiVersion":"2020-01-01","name":"i"}]`)+`,
		`+resource("[concat('m', copyIndex())]", `,"copy":{"name":"many","count":2}`)+`,
		`+resource("first", `,"properties":{"x":"y"}`)+`,
		`+resource("off", `,"condition":false`)+`]`))
	want := []string{"first", "looked", "last", "m0", "m1", "around", "around/i"}
	if !slices.Equal(order, want) || d.Failed() || !strings.Contains(bodies["looked"], `"from":"y"`) {
		t.Errorf("%v, want %v: %+v", order, want, d.Problems())
	}
}

func TestOutputsAndParametersOfADeployment(t *testing.T) {
	_, _, d := deployAt(t, `{"properties":{"parameters":{"secret":{"value":"hunter2"},"size":{"value":3}},"template":`+templateOf(`
		"parameters":{"secret":{"type":"securestring"},"size":{"type":"int"},"name":{"type":"string","defaultValue":"[deployment().name]"}},
		"resources":[`+resource("n", `,"properties":{"x":"[parameters('size')]"}`)+`],
		"outputs":{"x":{"type":"object","value":"[reference('n')]"},"no":{"type":"string","condition":false,"value":"[nowhere()]"},
			"hidden":{"type":"secureString","value":"[parameters('secret')]"},
			"all":{"type":"array","copy":{"count":2,"input":"[copyIndex()]"}}}`)+`}}`)
	outputs, err := d.Outputs()
	if want := `{"x":{"type":"Object","value":{"x":3}},"hidden":{"type":"SecureString"},"all":{"type":"Array","value":[0,1]}}`; string(outputs) != want || err != nil {
		t.Errorf("outputs are %s, want %s: %v", outputs, want, err)
	}
	parameters, err := d.Parameters()
	if want := `{"secret":{"type":"SecureString"},"size":{"type":"Int","value":3},"name":{"type":"String","value":"first"}}`; string(parameters) != want || err != nil {
		t.Errorf("parameters are %s, want %s: %v", parameters, want, err)
	}
	if d.Failed() {
		t.Errorf("%+v", d.Problems())
	}
}

// A deployment inside a template is a part of the one around it. Its template sees its own parameters, and gives outputs.
func TestDeploymentsInsideTemplates(t *testing.T) {
	module := func(name, scope, parameters, members string) string {
		return `{"type":"Microsoft.Resources/deployments","apiVersion":"2022-09-01","name":"` + name + `","properties":{"mode":"Incremental",
			"expressionEvaluationOptions":{"scope":"` + scope + `"},"parameters":` + parameters + `,"template":` + templateOf(members) + `}}`
	}
	net := module("net", "inner", `{"range":{"value":"10.0.0.0"},"key":{"value":"hunter2"}}`, `"parameters":{"range":{"type":"string"},"key":{"type":"securestring"}},
		"resources":[`+resource("v", `,"properties":{"range":"[parameters('range')]","in":"[deployment().name]"}`)+`],
		"outputs":{"range":{"type":"string","value":"[reference('v').range]"}}`)
	use := module("use", "inner", `{"range":{"value":"[reference('net').outputs.range.value]"}}`, `"parameters":{"range":{"type":"string"}},
		"resources":[`+resource("[concat('g-', parameters('range'))]", "")+`]`)
	outer := module("outer", "outer", `{}`, `"resources":[`+resource("o", `,"v":"[variables('x')]","dependsOn":["p"]`)+`,`+resource("p", "")+`]`)
	order, bodies, d := deployAt(t, templateOf(`"variables":{"x":"seen"},"resources":[`+use+`,`+net+`,`+outer+`],
		"outputs":{"r":{"type":"string","value":"[reference('net').outputs.range.value]"}}`))
	if want := []string{"v", "g-10.0.0.0", "p", "o"}; !slices.Equal(order, want) || d.Failed() {
		t.Fatalf("%v, want %v: %+v", order, want, d.Problems())
	}
	if !strings.Contains(bodies["v"], `"in":"net"`) || !strings.Contains(bodies["o"], `"v":"seen"`) {
		t.Errorf("%v", bodies)
	}
	if outputs, err := d.Outputs(); err != nil || !strings.Contains(string(outputs), `"value":"10.0.0.0"`) {
		t.Errorf("%s %v", outputs, err)
	}
	if !slices.Contains(d.Secrets(), "hunter2") {
		t.Errorf("the secrets are %q", d.Secrets())
	}
	for template, message := range map[string]string{
		strings.Replace(net, `"name":"net"`, `"name":"net","resourceGroup":"other"`, 1):                   "leads to",
		`{"type":"Microsoft.Resources/deployments","apiVersion":"2022-09-01","name":"x","properties":{}}`: "no template in it",
		module("net", "inner", `{}`, `"parameters":{"p":{"type":"string"}},"resources":[]`):               "no value",
		module("net", "inner", `{}`, `"resources":[`+resource("a", `,"dependsOn":["b"]`)+`]`):             "not defined",
	} {
		order, _, d := deployAt(t, templateOf(`"resources":[`+template+`]`))
		if len(order) > 0 || !d.Failed() || !strings.Contains(d.Problems()[0].Message, message) {
			t.Errorf("%s: %v %+v, want %s", template, order, d.Problems(), message)
		}
	}
}

// What a file leaves open is an error of a deployment. No resource with an error is handed out.
func TestWhatADeploymentRefuses(t *testing.T) {
	f := func(members, path, message string) {
		t.Helper()
		order, _, d := deployAt(t, templateOf(members))
		found := slices.ContainsFunc(d.Problems(), func(p Problem) bool {
			return p.IsError && p.Path == path && strings.Contains(p.Message, message)
		})
		if !found || !d.Failed() || slices.Contains(order, "bad") {
			t.Errorf("%s: %v %+v, want %s: %s", members, order, d.Problems(), path, message)
		}
	}
	one := func(more string) string { return `"resources":[` + resource("bad", more) + `]` }
	f(one(`,"v":"[nowhere()]"`), "resources[0].v", "nowhere")
	f(one(`,"v":"[listKeys('x', '2020-01-01').key]"`), "resources[0].v", "listKeys")
	f(one(`,"v":"[reference('gone')]"`), "resources[0].v", "not defined in the template")
	f(one(`,"v":"[reference(resourceId('A.B/c', 'gone'))]"`), "resources[0].v", "was not found")
	f(one(`,"v":"[reference('bad')]"`), "resources[0].v", "depends on itself")
	f(one(`,"dependsOn":["gone"]`), "resources[0]", "is not defined")
	f(one(`,"condition":"[reference('x')]"`), "resources[0].condition", "has no value here")
	f(`"resources":[`+resource("bad", `,"dependsOn":["b"]`)+`,`+resource("b", `,"dependsOn":["bad"]`)+`]`, "resources[1]", "depends on itself")
	f(`"resources":[{"type":"A.B/c","name":"bad"}]`, "resources[0]", "no apiVersion")
	f(`"resources":[{"apiVersion":"2020-01-01","name":"bad"}]`, "resources[0]", "no type")
	f(`"resources":["bad"]`, "resources[0]", "a resource is")
	f(`"resources":[`+resource("a/b", "")+`]`, "resources[0].name", "a/b")
	f(`"resources":[`+resource("..", "")+`]`, "resources[0].name", "..")
	f(`"$schema":"https://x/subscriptionDeploymentTemplate.json#","resources":[]`, "$schema", "resource group")
	f(`"parameters":{"p":{"type":"string"}},"resources":[]`, "parameters.p", "no value")
	f(`"parameters":{"p":{"type":"securestring"}},"resources":[]`, "parameters.p", "not here")
}

func TestBodiesAsTheCommandLineSendsThem(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		got := BodyJSON([]byte(body))
		var a, b any
		if err := json.Unmarshal(got, &a); err != nil {
			t.Fatalf("%s: %v: %s", body, err, got)
		}
		_ = json.Unmarshal([]byte(want), &b)
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		if string(x) != string(y) {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
	f(`{"properties": {"mode": "Incremental", template:{ // pasted
		"$schema": "https://x", /* a, } */ "v": [1, -2.5e3, true, null,], "s": "a: b, }",
		"text": "[concat('a',
			'b')]", }}}`,
		`{"properties":{"mode":"Incremental","template":{"$schema":"https://x","v":[1,-2500,true,null],"s":"a: b, }","text":"[concat('a',\n\t\t\t'b')]"}}}`)
	f(`{"a":"\"b: ,]"}`, `{"a":"\"b: ,]"}`)
	for _, wrong := range []string{`{"a"`, `{,}}`, `"`, `{"a":}`, `x`, `{"\`} {
		if json.Valid(BodyJSON([]byte(wrong))) {
			t.Errorf("%s became valid: %s", wrong, BodyJSON([]byte(wrong)))
		}
	}
}
