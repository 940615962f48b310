package template

import (
	"encoding/json"
	"strings"
	"testing"
)

// evaluateOne evaluates an expression in a template with some parameters and variables.
func evaluateOne(t testing.TB, expression string) (string, []Problem, error) {
	t.Helper()
	text, err := json.Marshal(expression)
	if err != nil {
		t.Fatal(err)
	}
	result, err := Evaluate([]byte(`{
		"parameters":{
			"text":{"type":"string","defaultValue":"Hello"}, "number":{"type":"int","defaultValue":7},
			"list":{"type":"array","defaultValue":["a","b","c"]}, "given":{"type":"string"}, "none":{"type":"string","nullable":true},
			"secret":{"type":"secureString"}, "exported":{"type":"SecureString","defaultValue":null}, "blank":{"type":"SecureString","defaultValue":""}, "missing":{"type":"string"}},
		"variables":{"object":{"Name":"gw","inner":{"list":[1,2,3],"null":null}},"greeting":"[concat(parameters('TEXT'), '!')]"},
		"resources":[{"type":"T","name":"n","value":`+string(text)+`}]}`),
		[]byte(`{"parameters":{"given":{"value":"here"}}}`), func(string) bool { return true })
	if err != nil {
		return "", nil, err
	}
	var body struct{ Value json.RawMessage }
	if err := json.Unmarshal(result.Resources[0].Body, &body); err != nil {
		t.Fatal(err)
	}
	return string(body.Value), result.Problems, nil
}

func TestExpressions(t *testing.T) {
	f := func(expression, want string) {
		t.Helper()
		got, problems, err := evaluateOne(t, expression)
		if err != nil || got != want || len(problems) > 0 {
			t.Errorf("%s: got %s %v %v, want %s", expression, got, problems, err, want)
		}
	}
	// What is an expression at all.
	f("plain", `"plain"`)
	f("[[plain]", `"[plain]"`)
	f("[plain] more", `"[plain] more"`)
	f("['it''s']", `"it's"`)
	f("[ concat ( 'a' , 'b' ) ]", `"ab"`)
	f("[1]", `1`)
	f("[-1]", `-1`)

	// Values by name, in any case, and what is in them.
	f("[parameters('text')]", `"Hello"`)
	f("[PARAMETERS('Given')]", `"here"`)
	f("[parameters('none')]", `null`)
	f("[parameters('blank')]", `""`)
	f("[variables('greeting')]", `"Hello!"`)
	f("[variables('object').name]", `"gw"`)
	f("[variables('object')['inner'].LIST[1]]", `2`)
	f("[variables('object').?nothing]", `null`)
	f("[variables('object').inner.list[?9]]", `null`)
	f("[parameters('list')[sub(length(parameters('list')), 1)]]", `"c"`)

	// Logic; the branch not taken may be wrong.
	f("[if(equals(1, 1), 'yes', variables('nowhere'))]", `"yes"`)
	f("[if(equals('a', 'A'), fail(), 'no')]", `"no"`)
	f("[and(true(), not(false()))]", `true`)
	f("[or(true(), variables('nowhere'))]", `true`)
	f("[equals(variables('object').inner.list, range(1, 3))]", `true`)
	f("[greater(2, 1)]", `true`)
	f("[greaterOrEquals('b', 'b')]", `true`)
	f("[less('a', 'b')]", `true`)
	f("[lessOrEquals(2, 1)]", `false`)
	f("[bool('True')]", `true`)
	f("[bool(0)]", `false`)
	f("[coalesce(null(), parameters('none'), 'x')]", `"x"`)

	// Numbers.
	f("[add(mul(2, 3), div(7, 2))]", `9`)
	f("[mod(sub(1, 8), 3)]", `-1`)
	f("[min(3, 1, 2)]", `1`)
	f("[max(createArray(3, 1, 2))]", `3`)
	f("[int(' 42 ')]", `42`)
	f("[range(3, 2)]", `[3,4]`)

	// Texts.
	f("[concat(parameters('text'), ' ', 1, true())]", `"Hello 1True"`)
	f("[format('{0}-{1:D3}-{{x}}{2,4}|{3,-3}|', 'a', 7, 'b', 'c')]", `"a-007-{x}   b|c  |"`)
	f("[toUpper(trim(' ab '))]", `"AB"`)
	f("[replace('a-b-c', '-', '')]", `"abc"`)
	f("[split('a,b;c', createArray(',', ';'))]", `["a","b","c"]`)
	f("[split('a,', ',')]", `["a",""]`)
	f("[join(createArray('a', 'b', 1), ', ')]", `"a, b, 1"`)
	f("[indexOf('Hello', 'L')]", `2`)
	f("[lastIndexOf('Hello', 'l')]", `3`)
	f("[startsWith('Hello', 'hE')]", `true`)
	f("[endsWith('Hello', 'x')]", `false`)
	f("[substring('Hello', 1, 3)]", `"ell"`)
	f("[take('Hello', 2)]", `"He"`)
	f("[skip('Hello', 9)]", `""`)
	f("[padLeft(7, 3, '0')]", `"007"`)
	f("[base64('gw')]", `"Z3c="`)
	f("[base64ToString(base64('ü'))]", `"ü"`)
	f("[string(createObject('a', createArray(1, null())))]", `"{\"a\":[1,null]}"`)
	f("[json('{\"a\": 1.50}').a]", `1.50`)

	// Lists and objects.
	f("[length(variables('object'))]", `2`)
	f("[length('äöü')]", `3`)
	f("[empty(createArray())]", `true`)
	f("[empty(null())]", `true`)
	f("[contains(parameters('list'), 'b')]", `true`)
	f("[contains(variables('object'), 'NAME')]", `true`)
	f("[contains('Hello', 'hell')]", `false`)
	f("[first(parameters('list'))]", `"a"`)
	f("[last('Hello')]", `"o"`)
	f("[skip(parameters('list'), 2)]", `["c"]`)
	f("[concat(parameters('list'), createArray(1))]", `["a","b","c",1]`)
	f("[union(parameters('list'), createArray('c', 'd'))]", `["a","b","c","d"]`)
	f("[union(createObject('a', createObject('x', 1)), createObject('A', createObject('y', 2)))]", `{"a":{"x":1,"y":2}}`)
	f("[shallowMerge(createArray(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2))))]", `{"a":{"y":2}}`)
	f("[intersection(parameters('list'), createArray('c'))]", `["c"]`)
	f("[array('a')]", `["a"]`)
	f("[items(createObject('b', 1, 'a', 2))[0]]", `{"key":"a","value":2}`)
	f("[flatten(createArray(createArray(1), createArray(2, 3)))]", `[1,2,3]`)
	f("[tryGet(variables('object'), 'inner', 'list', 9)]", `null`)
	f("[map(parameters('list'), lambda('x', 'i', concat(lambdaVariables('x'), lambdaVariables('i'))))]", `["a0","b1","c2"]`)
	f("[filter(range(0, 5), lambda('n', greater(lambdaVariables('n'), 2)))]", `[3,4]`)

	// Ids.
	f("[resourceId('Microsoft.Network/applicationGateways/probes', 'gw', 'p')]",
		`"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/resource-group/providers/Microsoft.Network/applicationGateways/gw/probes/p"`)
	f("[resourceId('s', 'g', 'A.B/c', 'n')]", `"/subscriptions/s/resourceGroups/g/providers/A.B/c/n"`)
	f("[subscriptionResourceId('A.B/c', 'n')]", `"/subscriptions/00000000-0000-0000-0000-000000000000/providers/A.B/c/n"`)
	f("[resourceGroup().name]", `"resource-group"`)
	f("[last(split(subscription().id, '/'))]", `"00000000-0000-0000-0000-000000000000"`)
	f("[deployment().name]", `"deployment"`)
	f("[environment().suffixes.storage]", `"core.windows.net"`)
}

func TestExpressionsThatCannotBeEvaluated(t *testing.T) {
	f := func(expression, want string) {
		t.Helper()
		got, problems, err := evaluateOne(t, expression)
		if err != nil || len(problems) != 1 || !strings.Contains(problems[0].Message, want) || problems[0].Hint == "" {
			t.Errorf("%s: got %s %+v %v, want one problem: %s", expression, got, problems, err, want)
		}
	}
	f("[concat('a']", "comma or a closing parenthesis")
	f("[]", "ends too early")
	f("['a]", "no closing quote")
	f("[concat('a',)]", "neither a function")
	f("[a]", "not followed by its arguments")
	f("[concat('a') 'b']", "ends before")
	f("[fail()]", "not known here")
	f("[my.fail()]", "defines no function")
	f("[parameters('nowhere')]", "no parameter")
	f("[parameters('missing')]", "no value and no default")
	f("[parameters(1)]", "the name is a number")
	f("[variables('nowhere')]", "no variable")
	f("[variables('object').nothing]", "has no \"nothing\"")
	f("[parameters('list')[3]]", "3 elements and none at 3")
	f("[parameters('list').a]", "positions, not names")
	f("[copyIndex()]", "in no loop")
	f("[div(1, 0)]", "no whole number")
	f("[add(9223372036854775807, 1)]", "no whole number")
	f("[div(sub(-9223372036854775807, 1), -1)]", "no whole number")
	f("[int('1.5')]", "not a whole number")
	f("[if('maybe', 1, 2)]", "condition of if()")
	f("[substring('abc', 2, 5)]", "no such part")
	f("[json('{')]", "not JSON")
	f("[format('{1}', 'a')]", "leads to no argument")
	f("[not(true(), false())]", "does not take 2 arguments")
	f("[resourceId('A.B/c/d', 'n')]", "2 parts and there are 1 names")

	// Placeholders stand for what is not there, also inside texts.
	f("[concat('https://', reference('x').fqdn)]", "known only once the template is deployed")
	f("[parameters('secret')]", "\"secret\" is not here")
	f("[parameters('exported')]", "\"exported\" is not here")
	f("[listKeys('x', '1').keys[0].value]", "\"listKeys()\" is not here")
	f("[uniqueString('a')]", "does not publish")
	f("[guid('a')]", "does not publish")
}

func TestPlaceholders(t *testing.T) {
	f := func(expression, want string) {
		t.Helper()
		if got, _, err := evaluateOne(t, expression); err != nil || got != want {
			t.Errorf("%s: got %s %v, want %s", expression, got, err, want)
		}
	}
	f("[concat('a.', reference('x').fqdn)]", `"a.known-only-after-deployment.invalid"`)
	f("[format('{0}', parameters('secret'))]", `"(secret secret)"`)
	f("[toUpper(parameters('missing'))]", `"(parameter missing)"`)
	f("[if(equals(reference('x'), 1), 'a', 'b')]", `"known-only-after-deployment.invalid"`)
	f("[uniqueString('a')]", `"b223rvxydpdhp"`)
	f("[equals(guid('a'), guid('a'))]", `true`)
	f("[equals(uniqueString('a'), uniqueString('b'))]", `false`)
}

func TestStrictJSON(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := string(StrictJSON([]byte(in))); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	f(`{"a": 1}`, `{"a": 1}`)
	f("{\n\"a\": \"x\\\"//y\"\n}", "{\n\"a\": \"x\\\"//y\"\n}")
	f("1 // one\n", "1       \n")
	f("/* a\n b */1", "    \n     1")
	f("\"a\r\nb\" 1", "\"a\\nb\"\n 1")
	f("/* open", "       ")
	f("\"open\n", "\"open\\n\n")
	f("a / b", "a / b")
}

// FuzzExpression holds for every expression that nothing panics and that the value is JSON.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		"[concat('a', parameters('text'), variables('greeting'))]",
		"[if(and(true(), false()), range(1, 3), first(skip(parameters('list'), 1)))]",
		"[format('{0,-5:D3}', padLeft(mod(-7, 3), 9, 'x'))]", "[union(variables('object'), json('{\"a\":[]}')).inner.?list[?0]]",
		"[map(split('a,b', ','), lambda('x', substring(lambdaVariables('x'), 0, 1)))]",
		"[replace(base64ToString('YWI='), 'a', string(items(variables('object'))))]",
		"[resourceId('a', 'A.B/c/d', uniqueString('x'), reference('y').z[0])]", "[tryGet(createObject('a', createArray(null())), 'a', 0)]",
		"[reduce(sort(range(0, 5), lambda('a', 'b', less(lambdaVariables('b'), lambdaVariables('a')))), '', lambda('t', 'n', concat(lambdaVariables('t'), lambdaVariables('n'))))]",
		"[mapValues(groupBy(createArray('ab'), lambda('x', first(lambdaVariables('x')))), lambda('v', length(lambdaVariables('v'))))]",
		"[cidrHost(cidrSubnet('2001:db8::/32', 64, 9223372036854775807), 1)]", "[dateTimeAdd('2026-03-01', 'P9999Y', 'yyyy')]",
		"[toObject(items(deployment()), lambda('i', lambdaVariables('i').key))]",
		"[[x]", "['''']", "[min(1, 2.5)]", "[div(-9223372036854775808, -1)]",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		value, _, err := evaluateOne(t, expression)
		if err == nil && !json.Valid([]byte(value)) {
			t.Fatalf("%q gives %s", expression, value)
		}
	})
}
