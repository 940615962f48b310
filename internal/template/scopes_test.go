package template

import (
	"strings"
	"testing"
)

// deploy evaluates the resources of type T of a template and gives their bodies.
func deploy(t testing.TB, data string) ([]string, *Result) {
	t.Helper()
	result, err := Evaluate([]byte(data), nil, func(kind string) bool { return kind == "T" })
	if err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for _, r := range result.Resources {
		bodies = append(bodies, string(r.Body))
	}
	return bodies, result
}

const schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"

// A nested template deploys to where the deployment around it says.
func TestScopesOfNestedDeployments(t *testing.T) {
	inner := func(properties, parameters, value string) string {
		return `{"$schema":"https://x/subscriptionDeploymentTemplate.json#","parameters":{"group":{"defaultValue":"rg-port"}},"resources":[
			{"type":"Microsoft.Resources/deployments","name":"[concat('in-', parameters('group'))]",` + properties + `"properties":{"expressionEvaluationOptions":{"scope":"inner"},` + parameters + `
			"template":{"$schema":"` + schema + `","parameters":{"a":{"type":"array","nullable":true}},"resources":[{"type":"T","name":"n","v":"[` + value + `]"}]}}}]}`
	}
	f := func(properties, parameters, value, want string) {
		t.Helper()
		bodies, result := deploy(t, inner(properties, parameters, value))
		if len(bodies) != 1 || !strings.Contains(bodies[0], `"v":`+want+`}`) || len(result.Problems) > 0 {
			t.Errorf("%s: got %s %+v, want %s", value, bodies, result.Problems, want)
		}
	}
	group := `"subscriptionId":"sub-1","resourceGroup":"[parameters('group')]",`
	f(group, "", "resourceGroup().name", `"rg-port"`)
	f(group, "", "resourceId('A.B/c', 'n')", `"/subscriptions/sub-1/resourceGroups/rg-port/providers/A.B/c/n"`)
	f(group, "", "subscription().subscriptionId", `"sub-1"`)
	f(group, "", "subscriptionResourceId('A.B/c', 'n')", `"/subscriptions/sub-1/providers/A.B/c/n"`)
	f(group, "", "deployment().name", `"in-rg-port"`)
	f("", "", "resourceGroup().name", `"resource-group"`)

	// The deployment may make the envelope of a parameter by an expression, and leave it null.
	f(group, `"parameters":{"a":"[if(true(), createObject('value', createArray(1)), createObject('value', null()))]"},`,
		"parameters('a')", `[1]`)
	f(group, `"parameters":{"a":"[if(false(), createObject('value', createArray(1)), createObject('value', null()))]"},`,
		"parameters('a')", `null`)
	// What the template inside never asks for is never evaluated.
	f(group, `"parameters":{"b":{"value":"[nowhere()]"}},`, "'x'", `"x"`)

	bodies,
		_ := deploy(t,
		`{"$schema":"https://x/subscriptionDeploymentTemplate.json#","resources":[{"type":"T","name":"n","v":"[concat(deployment().location, resourceId('A.B/c', 'n'))]"}]}`)
	if want := `"v":"unknown/subscriptions/00000000-0000-0000-0000-000000000000/providers/A.B/c/n"`; len(bodies) != 1 ||
		!strings.Contains(bodies[0], want) {
		t.Errorf("got %s, want %s", bodies, want)
	}
}

// Nothing of a resource that does not lead to a wanted one is evaluated, however broken it is.
func TestSiblingsAreNotEvaluated(t *testing.T) {
	wanted := `{"type":"T","name":"n"}`
	f := func(sibling string, warnings int) {
		t.Helper()
		bodies, result := deploy(t, `{"$schema":"`+schema+`","resources":[`+sibling+`,`+wanted+`]}`)
		if len(bodies) != 1 || len(result.Problems) != warnings || warnings > 0 && result.Problems[0].IsError {
			t.Errorf("%s: got %s %+v, want %d warnings", sibling, bodies, result.Problems, warnings)
		}
	}
	deployment := func(more, properties string) string {
		return `{"type":"Microsoft.Resources/deployments","name":"[nowhere()]",` + more +
			`"properties":{"expressionEvaluationOptions":{"scope":"inner"},` + properties + `}}`
	}
	template := `"template":{"$schema":"` + schema +
		`","parameters":{"a":{"type":"string"}},"variables":{"v":"[nowhere()]"},"resources":[{"type":"Microsoft.Web/sites","name":"[variables('v')]","condition":"[nowhere()]"}]}`
	f(deployment("", template), 0)
	f(deployment("", `"parameters":{"a":{"value":"[nowhere()]"}},`+template), 0)
	f(deployment(`"condition":"[equals(reference('x').y, 1)]",`, template), 0)
	f(deployment(`"copy":{"name":"c","count":"[nowhere()]"},`, template), 0)
	f(deployment(`"copy":{"name":"c","count":100000},`, template), 0)
	f(deployment(`"condition":"[nowhere()]",`, `"templateLink":{"uri":"[nowhere()]"}`), 1)
	f(`{"type":"Microsoft.Network/virtualNetworks","name":"[nowhere()]","condition":"[nowhere()]","resources":[{"type":"subnets","name":"[nowhere()]"}]}`, 0)
	f(`{"type":"T","existing":true,"name":"[nowhere()]"}`, 0)
	f(deployment("", `"template":{"$schema":"`+schema+`","resources":[{"type":"T","existing":true,"name":"[nowhere()]"}]}`), 0)
}

// Functions that the template defines see their own arguments, not the loops and lambdas around the call.
func TestFunctionsOfTheTemplatesOwn(t *testing.T) {
	f := func(output, call, want string) {
		t.Helper()
		bodies, result := deploy(t, `{"$schema":"`+schema+`","functions":[{"namespace":"__bicep","members":{
			"double":{"parameters":[{"name":"n","type":"int"}],"output":{"type":"int","value":"[mul(parameters('n'), 2)]"}},
			"f":{"parameters":[{"name":"list","type":"array"}],"output":{"value":"`+output+`"}}}}],
			"resources":[{"type":"T","name":"n","v":"[`+call+`]"}]}`)
		if len(bodies) != 1 || want != "" && (!strings.Contains(bodies[0], `"v":`+want+`}`) || len(result.Problems) > 0) ||
			want == "" && len(result.Problems) != 1 {
			t.Errorf("%s: got %s %+v, want %s", output, bodies, result.Problems, want)
		}
	}
	f("[map(parameters('list'), lambda('x', __bicep.double(lambdaVariables('x'))))]", "__bicep.f(createArray(1, 2))", `[2,4]`)
	f("[reduce(parameters('list'), 0, lambda('a', 'b', add(lambdaVariables('a'), lambdaVariables('b'))))]",
		"map(createArray(createArray(1, 2)), lambda('l', __bicep.f(lambdaVariables('l'))))", `[3]`)
	f("[lambdaVariables('l')]", "map(createArray(createArray(1)), lambda('l', __bicep.f(lambdaVariables('l'))))", "")
}
