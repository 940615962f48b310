package template

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// documented are examples of Microsoft's reference of template functions, with the results that the reference gives:
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions
var documented = []struct{ group, expression, want string }{
	{"array", `array(1)`, `[1]`},
	{"array", `array('efgh')`, `["efgh"]`},
	{"array", `array(json('{"a": "b", "c": "d"}'))`, `[{"a":"b","c":"d"}]`},
	{"array", `concat(createArray('1-1', '1-2', '1-3'), createArray('2-1', '2-2', '2-3'))`, `["1-1","1-2","1-3","2-1","2-2","2-3"]`},
	{"array", `contains('OneTwoThree', 'e')`, `true`},
	{"array", `contains('OneTwoThree', 'z')`, `false`},
	{"array", `contains(json('{"one": "a", "two": "b", "three": "c"}'), 'two')`, `true`},
	{"array", `contains(json('{"one": "a", "two": "b", "three": "c"}'), 'TWO')`, `true`},
	{"array", `contains(createArray('one', 'two', 'three'), 'three')`, `true`},
	{"array", `contains(createArray('one', 'two', 'three'), 'four')`, `false`},
	{"array", `createArray('a', 'b', 'c')`, `["a","b","c"]`},
	{"array", `createArray(1, 2, 3)`, `[1,2,3]`},
	{"array", `createArray(createArray('one', 'two', 'three'))`, `[["one","two","three"]]`},
	{"array", `empty(json('[]'))`, `true`},
	{"array", `empty(json('{}'))`, `true`},
	{"array", `empty('')`, `true`},
	{"array", `empty(createArray(1))`, `false`},
	{"array", `first(createArray('one', 'two', 'three'))`, `"one"`},
	{"array", `first('One Two Three')`, `"O"`},
	{"array", `last(createArray('one', 'two', 'three'))`, `"three"`},
	{"array", `last('One Two Three')`, `"e"`},
	{"array", `flatten(json('[["one", "two"], ["three"], ["four", "five"]]'))`, `["one","two","three","four","five"]`},
	{"array", `indexOf(createArray('one', 'two', 'three'), 'one')`, `0`},
	{"array", `lastIndexOf(createArray('one', 'two', 'three'), 'three')`, `2`},
	{"array", `intersection(createArray('one', 'two', 'three'), createArray('two', 'three'))`, `["two","three"]`},
	{"array", `length(createArray('one', 'two', 'three'))`, `3`},
	{"array", `length('One Two Three')`, `13`},
	{"array", `length(json('{"propA": "one", "propB": "two", "propC": "three", "propD": {"propD-1": "sub", "propD-2": "sub"}}'))`, `4`},
	{"array", `max(createArray(0, 3, 2, 5, 4))`, `5`},
	{"array", `max(0, 3, 2, 5, 4)`, `5`},
	{"array", `min(createArray(0, 3, 2, 5, 4))`, `0`},
	{"array", `min(0, 3, 2, 5, 4)`, `0`},
	{"array", `range(5, 3)`, `[5,6,7]`},
	{"array", `skip(createArray('one', 'two', 'three'), 2)`, `["three"]`},
	{"array", `skip('one two three', 4)`, `"two three"`},
	{"array", `skip(createArray('one'), 7)`, `[]`},
	{"array", `take(createArray('one', 'two', 'three'), 2)`, `["one","two"]`},
	{"array", `take('one two three', 2)`, `"on"`},
	{"array", `take(createArray('one'), 0)`, `[]`},
	{"array", `union(createArray('one', 'two', 'three'), createArray('three', 'four'))`, `["one","two","three","four"]`},

	{"cidr", `parseCidr('10.144.0.0/20')`, `{"network":"10.144.0.0","netmask":"255.255.240.0","broadcast":"10.144.15.255",` +
		`"firstUsable":"10.144.0.1","lastUsable":"10.144.15.254","cidr":20}`},
	{"cidr", `cidrSubnet('10.144.0.0/20', 24, 0)`, `"10.144.0.0/24"`},
	{"cidr", `cidrSubnet('10.144.0.0/20', 24, 4)`, `"10.144.4.0/24"`},
	{"cidr", `cidrSubnet('10.144.0.0/20', 28, 1)`, `"10.144.0.16/28"`},
	{"cidr", `cidrHost('10.144.3.0/24', 0)`, `"10.144.3.1"`},
	{"cidr", `cidrHost('10.144.3.0/24', 4)`, `"10.144.3.5"`},

	{"comparison", `coalesce(null(), null(), 'default')`, `"default"`},
	{"comparison", `coalesce(null(), 1)`, `1`},
	{"comparison", `coalesce(null(), json('{"first": "default"}'))`, `{"first":"default"}`},
	{"comparison", `coalesce(null(), null())`, `null`},
	{"comparison", `equals(1, 1)`, `true`},
	{"comparison", `equals('a', 'a')`, `true`},
	{"comparison", `equals('a', 'A')`, `false`},
	{"comparison", `equals(createArray('a', 'b'), createArray('a', 'b'))`, `true`},
	{"comparison", `equals(json('{"a": "b"}'), json('{"a": "b"}'))`, `true`},
	{"comparison", `equals(json('{"a": 1, "b": 2}'), json('{"b": 2, "a": 1}'))`, `true`},
	{"comparison", `greater(5, 3)`, `true`},
	{"comparison", `greater('A', 'a')`, `false`},
	{"comparison", `greaterOrEquals(5, 3)`, `true`},
	{"comparison", `greaterOrEquals('A', 'a')`, `false`},
	{"comparison", `less(5, 3)`, `false`},
	{"comparison", `less('A', 'a')`, `true`},
	{"comparison", `lessOrEquals(5, 3)`, `false`},
	{"comparison", `lessOrEquals('A', 'a')`, `true`},

	{"date", `dateTimeFromEpoch(1683040573)`, `"2023-05-02T15:16:13Z"`},
	{"date", `dateTimeToEpoch('2023-05-02T15:16:13Z')`, `1683040573`},

	{"lambda", `filter(createArray(0, 1, 2, 3, 4), lambda('i', equals(mod(lambdaVariables('i'), 2), 0)))`, `[0,2,4]`},
	{
		"lambda", `groupBy(createArray('foo', 'bar', 'baz'), lambda('x', substring(lambdaVariables('x'), 0, 1)))`,
		`{"f":["foo"],"b":["bar","baz"]}`,
	},
	{"lambda", `map(createArray('Evie', 'Casper'), lambda('dog', format('Hi {0}!', lambdaVariables('dog'))))`, `["Hi Evie!","Hi Casper!"]`},
	{"lambda", `mapValues(createObject('foo', 'foo'), lambda('val', toUpper(lambdaVariables('val'))))`, `{"foo":"FOO"}`},
	{"lambda", `reduce(createArray(5, 3, 2, 3), 0, lambda('cur', 'next', add(lambdaVariables('cur'), lambdaVariables('next'))))`, `13`},
	{"lambda", `sort(createArray(8, 3, 10, -13, 5), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))`, `[-13,3,5,8,10]`},

	{"logical", `and(bool('true'), bool('false'))`, `false`},
	{"logical", `or(bool('true'), bool('false'))`, `true`},
	{"logical", `not(bool('true'))`, `false`},
	{"logical", `not(equals(1, 2))`, `true`},
	{"logical", `bool('true')`, `true`},
	{"logical", `bool('false')`, `false`},
	{"logical", `bool(1)`, `true`},
	{"logical", `bool(0)`, `false`},
	{"logical", `if(equals('a', 'a'), 'yes', 'no')`, `"yes"`},
	{"logical", `if(equals('a', 'b'), 'yes', 'no')`, `"no"`},
	{"logical", `if(equals('a', 'a'), json('{"test": "value1"}'), json('null'))`, `{"test":"value1"}`},

	{"numeric", `add(5, 3)`, `8`},
	{"numeric", `div(8, 3)`, `2`},
	{"numeric", `int('4')`, `4`},
	{"numeric", `mod(7, 3)`, `1`},
	{"numeric", `mul(5, 3)`, `15`},
	{"numeric", `sub(7, 3)`, `4`},

	{
		"object",
		`createObject('intProp', 1, 'stringProp', 'abc', 'boolProp', true(), 'arrayProp', createArray('a', 'b', 'c'), 'objectProp', createObject('key1', 'value1'))`,
		`{"intProp":1,"stringProp":"abc","boolProp":true,"arrayProp":["a","b","c"],"objectProp":{"key1":"value1"}}`,
	},
	{
		"object", `intersection(json('{"one": "a", "two": "b", "three": "c"}'), json('{"one": "a", "two": "z", "three": "c"}'))`,
		`{"one":"a","three":"c"}`,
	},
	{
		"object", `items(json('{"item002": {"number": 200}, "item001": {"number": 300}}'))`,
		`[{"key":"item001","value":{"number":300}},{"key":"item002","value":{"number":200}}]`,
	},
	{"object", `json('{"a": 1}')`, `{"a":1}`},
	{"object", `json('null')`, `null`},
	{"object", `objectKeys(createObject('a', 1, 'b', 2))`, `["a","b"]`},
	{"object", `shallowMerge(json('[{"one": "a"}, {"two": "b"}, {"two": "c"}]'))`, `{"one":"a","two":"c"}`},
	{
		"object", `shallowMerge(json('[{"one": "a", "nested": {"a": 1, "nested": {"c": 3}}}, {"two": "b", "nested": {"b": 2}}]'))`,
		`{"one":"a","nested":{"b":2},"two":"b"}`,
	},
	{
		"object", `union(json('{"one": "a", "two": "b", "three": "c1"}'), json('{"three": "c2", "four": "d", "five": "e"}'))`,
		`{"one":"a","two":"b","three":"c2","four":"d","five":"e"}`,
	},
	{
		"object",
		`union(json('{"property": {"one": "a", "two": "b", "three": "c1"}, "nestedArray": [1, 2]}'), json('{"property": {"three": "c2", "four": "d", "five": "e"}, "nestedArray": [3, 4]}'))`,
		`{"property":{"one":"a","two":"b","three":"c2","four":"d","five":"e"},"nestedArray":[3,4]}`,
	},

	{
		"resource", `extensionResourceId('/subscriptions/s/resourceGroups/g/providers/A.B/c/n', 'Microsoft.Authorization/locks', 'lock')`,
		`"/subscriptions/s/resourceGroups/g/providers/A.B/c/n/providers/Microsoft.Authorization/locks/lock"`,
	},
	{
		"resource", `resourceId('s', 'g', 'Microsoft.Storage/storageAccounts', 'examplestorage')`,
		`"/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/examplestorage"`,
	},
	{
		"resource", `resourceId('s', 'g', 'Microsoft.SQL/servers/databases', 'serverName', 'databaseName')`,
		`"/subscriptions/s/resourceGroups/g/providers/Microsoft.SQL/servers/serverName/databases/databaseName"`,
	},
	{
		"resource", `subscriptionResourceId('s', 'Microsoft.Authorization/roleDefinitions', 'r')`,
		`"/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/r"`,
	},
	{
		"resource", `tenantResourceId('Microsoft.Authorization/policySetDefinitions', 'p')`,
		`"/providers/Microsoft.Authorization/policySetDefinitions/p"`,
	},

	{"string", `base64('one, two, three')`, `"b25lLCB0d28sIHRocmVl"`},
	{"string", `base64ToString('b25lLCB0d28sIHRocmVl')`, `"one, two, three"`},
	{"string", `base64ToJson(base64('{"one": "a", "two": "b"}'))`, `{"one":"a","two":"b"}`},
	{"string", `concat('prefix', '-', '5yj4yjf5mbg72')`, `"prefix-5yj4yjf5mbg72"`},
	{"string", `dataUri('Hello')`, `"data:text/plain;charset=utf8;base64,SGVsbG8="`},
	{"string", `dataUriToString('data:;base64,SGVsbG8sIFdvcmxkIQ==')`, `"Hello, World!"`},
	{"string", `endsWith('abcdef', 'ef')`, `true`},
	{"string", `endsWith('abcdef', 'F')`, `true`},
	{"string", `endsWith('abcdef', 'e')`, `false`},
	{"string", `format('{0}, {1}. Formatted number: {2}', 'Hello', 'User', 8175133)`, `"Hello, User. Formatted number: 8175133"`}, // {2:N0} in the reference, a style that is not known here
	{"string", `indexOf('test', 't')`, `0`},
	{"string", `indexOf('abcdef', 'CD')`, `2`},
	{"string", `indexOf('abcdef', 'z')`, `-1`},
	{"string", `lastIndexOf('test', 't')`, `3`},
	{"string", `lastIndexOf('abcdef', 'AB')`, `0`},
	{"string", `lastIndexOf('abcdef', 'z')`, `-1`},
	{"string", `join(createArray('one', 'two', 'three'), ',')`, `"one,two,three"`},
	{"string", `join(createArray('four', 'five'), ';')`, `"four;five"`},
	{"string", `padLeft('123', 10, '0')`, `"0000000123"`},
	{"string", `padLeft(123, 5)`, `"  123"`},
	{"string", `replace('123-123-1234', '-', '')`, `"1231231234"`},
	{"string", `replace('123-123-1234', '1234', 'xxxx')`, `"123-123-xxxx"`},
	{"string", `split('one,two,three', ',')`, `["one","two","three"]`},
	{"string", `split('one;two,three', createArray(',', ';'))`, `["one","two","three"]`},
	{"string", `startsWith('abcdef', 'ab')`, `true`},
	{"string", `startsWith('abcdef', 'A')`, `true`},
	{"string", `startsWith('abcdef', 'e')`, `false`},
	{"string", `string(json('{"valueA": 10, "valueB": "Example Text"}'))`, `"{\"valueA\":10,\"valueB\":\"Example Text\"}"`},
	{"string", `string(createArray('a', 'b', 'c'))`, `"[\"a\",\"b\",\"c\"]"`},
	{"string", `string(5)`, `"5"`},
	{"string", `substring('one two three', 4, 3)`, `"two"`},
	{"string", `substring('one two three', 4)`, `"two three"`},
	{"string", `toLower('One Two Three')`, `"one two three"`},
	{"string", `toUpper('One Two Three')`, `"ONE TWO THREE"`},
	{"string", `trim('    one two three   ')`, `"one two three"`},
	{"string", `uri('http://contoso.org/firstpath', 'myscript.sh')`, `"http://contoso.org/myscript.sh"`},
	{"string", `uri('http://contoso.org/firstpath/', 'myscript.sh')`, `"http://contoso.org/firstpath/myscript.sh"`},
	{"string", `uri('http://contoso.org/firstpath/azuredeploy.json', 'myscript.sh')`, `"http://contoso.org/firstpath/myscript.sh"`},
	{
		"string", `uriComponent('http://contoso.com/resources/nested/azuredeploy.json')`,
		`"http%3A%2F%2Fcontoso.com%2Fresources%2Fnested%2Fazuredeploy.json"`,
	},
	{
		"string", `uriComponentToString('http%3A%2F%2Fcontoso.com%2Fresources%2Fnested%2Fazuredeploy.json')`,
		`"http://contoso.com/resources/nested/azuredeploy.json"`,
	},
}

func TestDocumentedResults(t *testing.T) {
	for _, x := range documented {
		t.Run(x.group+"/"+x.expression, func(t *testing.T) {
			got, problems, err := evaluateOne(t, "["+x.expression+"]")
			if err != nil || len(problems) > 0 {
				t.Fatalf("problems %v, error %v", problems, err)
			}
			if got != x.want {
				t.Errorf("got  %s\nwant %s", got, x.want)
			}
		})
	}
}

// The reference promises these of functions that hash; it gives no values.
func TestHashesOfTheReference(t *testing.T) {
	value := func(t *testing.T, expression string) string {
		t.Helper()
		got, problems, err := evaluateOne(t, "["+expression+"]")
		if err != nil || len(problems) != 1 || problems[0].Code != "TemplateHashDiffers" || problems[0].IsError {
			t.Fatalf("%s: problems %v, error %v, want a warning that Azure's value is another", expression, problems, err)
		}
		return strings.Trim(got, `"`)
	}
	t.Run("uniqueString has 13 characters and depends on every argument", func(t *testing.T) {
		one, same, other := value(t, `uniqueString('a', 'b')`), value(t, `uniqueString('a', 'b')`), value(t, `uniqueString('a', 'c')`)
		if len(one) != 13 || one != same || one == other || strings.Trim(one, "abcdefghijklmnopqrstuvwxyz234567") != "" {
			t.Errorf("%s, again %s, of others %s", one, same, other)
		}
	})
	t.Run("guid has the form of one and depends on every argument", func(t *testing.T) {
		one, same, other := value(t, `guid('a', 'b')`), value(t, `guid('a', 'b')`), value(t, `guid('b', 'a')`)
		if len(one) != 36 || strings.Count(one, "-") != 4 || one != same || one == other {
			t.Errorf("%s, again %s, of others %s", one, same, other)
		}
	})
}

// Lenient JSON becomes strict without a change of what it says, and every line keeps its number.
func TestLenientJSONBecomesStrict(t *testing.T) {
	for name, x := range map[string]struct{ in, want string }{
		"line comment":      {"{ // why\n\"a\": 1 }", `{"a":1}`},
		"block comment":     {"{ /* why\nso */ \"a\": 1 }", `{"a":1}`},
		"before the value":  {"// first\n[1]", `[1]`},
		"slashes in a text": {"{\"a\":\"http://b/*c*/\"}\n", `{"a":"http://b/*c*/"}`},
		"escaped quote":     {"{\"a\":\"\\\"//\\\"\"}\n", `{"a":"\"//\""}`},
		"text over lines":   {"{\"a\":\"one\r\ntwo\n\tthree\"}", `{"a":"one\ntwo\n\tthree"}`},
		"no end of comment": {"[1] /* open", `[1]`},
	} {
		t.Run(name, func(t *testing.T) {
			out := StrictJSON([]byte(x.in))
			var compact bytes.Buffer
			if err := json.Compact(&compact, out); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			if compact.String() != x.want {
				t.Errorf("got %s, want %s", compact.String(), x.want)
			}
			if got, want := bytes.Count(out, []byte("\n")), strings.Count(x.in, "\n"); got != want {
				t.Errorf("%d ends of lines, want %d: %q", got, want, out)
			}
		})
	}
	for name, in := range map[string]string{"comma at the end": "{\"a\": 1,\n}", "half a text": "{\"a\": \"b\n"} {
		t.Run(name+" stays wrong", func(t *testing.T) {
			if out := StrictJSON([]byte(in)); json.Valid(out) {
				t.Errorf("%s became %s", in, out)
			}
		})
	}
}
