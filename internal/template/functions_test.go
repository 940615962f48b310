package template

import (
	"strings"
	"testing"
)

// Bicep compiles its own syntax to functions that nobody writes by hand.
func TestFunctionsThatBicepCompilesTo(t *testing.T) {
	f := func(expression, want string) {
		t.Helper()
		got, problems, err := evaluateOne(t, expression)
		if err != nil || got != want || len(problems) > 0 {
			t.Errorf("%s: got %s %v %v, want %s", expression, got, problems, err, want)
		}
	}
	// Lambdas, one inside another too.
	f("[reduce(createArray(1, 2, 3), 10, lambda('sum', 'n', add(lambdaVariables('sum'), lambdaVariables('n'))))]", `16`)
	f("[reduce(parameters('list'), '', lambda('text', 'item', 'i', concat(lambdaVariables('text'), lambdaVariables('item'), lambdaVariables('i'))))]", `"a0b1c2"`)
	f("[reduce(createArray(), createObject(), lambda('a', 'b', union(lambdaVariables('a'), lambdaVariables('b'))))]", `{}`)
	f("[reduce(map(createArray('x', 'y'), lambda('id', createObject(format('{0}', lambdaVariables('id')), createObject()))), createObject(), lambda('cur', 'next', union(lambdaVariables('cur'), lambdaVariables('next'))))]", `{"x":{},"y":{}}`)
	f("[sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))]", `[1,2,3]`)
	f("[sort(createArray(3, 1, 2), lambda('a', 'b', greaterOrEquals(lambdaVariables('a'), lambdaVariables('b'))))]", `[3,2,1]`)
	f("[toObject(createArray('b', 'a'), lambda('x', concat('key-', lambdaVariables('x'))))]", `{"key-b":"b","key-a":"a"}`)
	f("[toObject(range(1, 2), lambda('n', string(lambdaVariables('n'))), lambda('n', mul(lambdaVariables('n'), 10)))]", `{"1":10,"2":20}`)
	f("[groupBy(createArray('ab', 'ba', 'ac'), lambda('x', substring(lambdaVariables('x'), 0, 1)))]", `{"a":["ab","ac"],"b":["ba"]}`)
	f("[mapValues(createObject('a', 1, 'b', 2), lambda('v', add(lambdaVariables('v'), 1)))]", `{"a":2,"b":3}`)
	f("[filter(parameters('list'), lambda('x', 'i', equals(lambdaVariables('i'), 1)))]", `["b"]`)
	f("[map(range(0, 2), lambda('x', map(range(0, 2), lambda('y', add(mul(lambdaVariables('x'), 2), lambdaVariables('y'))))))]",
		`[[0,1],[2,3]]`)

	// Elements from the end, and what may be missing.
	f("[indexFromEnd(parameters('list'), 1)]", `"c"`)
	f("[tryIndexFromEnd(parameters('list'), 4)]", `null`)
	f("[tryIndexFromEnd(null(), 1)]", `null`)
	f("[indexOf(createArray('a', 'b', 'a'), 'a')]", `0`)
	f("[lastIndexOf(createArray('a', 'b', 'a'), 'a')]", `2`)
	f("[indexOf(createArray(1), '1')]", `-1`)
	f("[tryGet(createObject('a', null()), 'a', 'b')]", `null`)
	f("[objectKeys(createObject('b', 1, 'a', 2))]", `["a","b"]`)
	f("[intersection(createObject('a', 1, 'b', 2), createObject('b', 2, 'a', 3))]", `{"b":2}`)

	// Networks.
	f("[parseCidr('10.7.3.9/20')]",
		`{"network":"10.7.0.0","netmask":"255.255.240.0","broadcast":"10.7.15.255","firstUsable":"10.7.0.1","lastUsable":"10.7.15.254","cidr":20}`)
	f("[parseCidr('10.7.0.4/31').lastUsable]", `"10.7.0.5"`)
	f("[parseCidr('2001:db8::/64').firstUsable]", `"2001:db8::1"`)
	f("[cidrSubnet('10.7.0.0/16', 24, 255)]", `"10.7.255.0/24"`)
	f("[cidrSubnet('10.7.0.0/24', 24, 0)]", `"10.7.0.0/24"`)
	f("[cidrSubnet('2001:db8::/48', 64, 65535)]", `"2001:db8:0:ffff::/64"`)
	f("[cidrHost('10.7.3.0/24', 4)]", `"10.7.3.5"`)
	f("[cidrHost('10.7.3.0/24', 253)]", `"10.7.3.254"`)
	f("[cidrHost('2001:db8::/64', 0)]", `"2001:db8::1"`)

	// Addresses of the web.
	f("[uri('https://harbour.example/a/main.json', 'nested/b.json')]", `"https://harbour.example/a/nested/b.json"`)
	f("[uri('https://harbour.example/a/', '/b')]", `"https://harbour.example/a/b"`)
	f("[uri('https://harbour.example', 'b')]", `"https://harbour.example/b"`)
	f("[uriComponentToString(uriComponent('a b/ü'))]", `"a b/ü"`)
	f("[dataUri('Hello')]", `"data:text/plain;charset=utf8;base64,SGVsbG8="`)
	f("[dataUriToString(dataUri('ü'))]", `"ü"`)
	f("[dataUriToString('data:text/plain,a%20b')]", `"a b"`)
	f("[dataUriToJson(dataUri('{\"a\":[1]}')).a[0]]", `1`)

	// Dates.
	f("[dateTimeFromEpoch(1772366400)]", `"2026-03-01T12:00:00Z"`)
	f("[dateTimeToEpoch('2026-03-01T12:00:00Z')]", `1772366400`)
	f("[dateTimeToEpoch(dateTimeFromEpoch(0))]", `0`)
	f("[dateTimeAdd('2026-03-01T12:00:00Z', 'P1Y2M3DT4H5M6S')]", `"2027-05-04T16:05:06Z"`)
	f("[dateTimeAdd('2026-03-01 12:00:00Z', '-P9D')]", `"2026-02-20 12:00:00Z"`)
	f("[dateTimeAdd('2026-03-01T12:00:00Z', 'PT1H', 'yyyy-MM-dd HH:mm')]", `"2026-03-01 13:00"`)

	// Scopes.
	f("[managementGroupResourceId('A.B/c', 'n')]", `"/providers/Microsoft.Management/managementGroups/management-group/providers/A.B/c/n"`)
	f("[tenantResourceId('A.B/c', 'n')]", `"/providers/A.B/c/n"`)
	f("[managementGroup().name]", `"management-group"`)
	f("[deployer().objectId]", `"00000000-0000-0000-0000-000000000000"`)
	f("[deployment().properties.template.contentVersion]", `""`)
	f("[tryGet(deployment(), 'location')]", `null`)
}

func TestFunctionsUsedWrongly(t *testing.T) {
	f := func(expression, want string) {
		t.Helper()
		got, problems, err := evaluateOne(t, expression)
		if err != nil || len(problems) != 1 || !strings.Contains(problems[0].Message, want) || problems[0].Hint == "" {
			t.Errorf("%s: got %s %+v %v, want one problem: %s", expression, got, problems, err, want)
		}
	}
	// It is the function that nobody knows, not the argument of its lambda.
	f("[sieve(createArray(1), lambda('x', lambdaVariables('x')))]", `the function "sieve" is not known here`)
	f("[reduce(createArray(1), 0, lambda('x', 1))]", "reduce() takes a lambda with 2 or 3 arguments")
	f("[map(createArray(1), 1)]", "map() takes a lambda")
	f("[map('a', lambda('x', 1))]", "map() takes a list")
	f("[lambda('x', 1)]", "a lambda stands where")
	f("[sort(createArray(1, 2), lambda('a', 'b', 'maybe'))]", "the lambda of sort() gives a string")
	f("[filter(createArray(1), lambda('a', 1))]", "the lambda of filter() gives a number")
	f("[toObject(createArray(1), lambda('n', lambdaVariables('n')))]", "as a name")
	f("[indexFromEnd(createArray(1), 2)]", "none at 2 from its end")
	f("[cidrSubnet('10.7.0.0/16', 24, 256)]", "256 networks")
	f("[cidrSubnet('10.7.0.0/16', 8, 0)]", "no such part")
	f("[cidrHost('10.7.3.0/30', 2)]", "no address with the index 2")
	f("[cidrHost('10.7.3.0/24', -1)]", "no address")
	f("[parseCidr('10.7.3.0')]", "is not a network")
	f("[dateTimeAdd('today', 'P1D')]", "is not a time")
	f("[dateTimeAdd('2026-03-01', 'P')]", "is not a duration")
	f("[dateTimeFromEpoch(999999999999999)]", "not a number of seconds")
	f("[dataUriToString('Hello')]", "is not a data URI")
	f("[fail('no zones in this region')]", `the template refuses: "no zones in this region"`)
	f("[deployment().properties.templateLink.uri]", "known only once the template is deployed")
	f("[pickZones('Microsoft.Network', 'publicIPAddresses', 'westeurope', 2)]", "2 of a region with three")
}

// What is unknown stays unknown: a placeholder is never compared as if it were the value.
func TestNothingIsDecidedByAPlaceholder(t *testing.T) {
	f := func(expression, want string) {
		t.Helper()
		if got, _, err := evaluateOne(t, expression); err != nil || got != want {
			t.Errorf("%s: got %s %v, want %s", expression, got, err, want)
		}
	}
	const open = `"x.known-only-after-deployment.invalid"`
	host := "concat('x.', reference('r').host)"
	f("[if(equals("+host+", 'x.y'), 'yes', 'no')]", open)
	f("[if(contains(createArray("+host+"), 'x.y'), 'yes', 'no')]", open)
	f("[if(contains(createArray("+host+", 'x.y'), 'x.y'), 'yes', 'no')]", `"yes"`)
	f("[filter(createArray("+host+"), lambda('h', equals(lambdaVariables('h'), 'x.y')))]", open)
	f("[toUpper(format('{0}', "+host+"))]", open)
	f("[last(split(resourceId('A.B/c', "+host+"), '/'))]",
		`"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/resource-group/providers/A.B/c/x.known-only-after-deployment.invalid"`)
	f("[if(empty("+host+"), 'none', 'some')]", `"some"`) // what a deployment gives is there
}
