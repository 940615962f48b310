package document

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
	"causeway/internal/template"
)

// ferry is a template of a whole gateway that nothing is wrong with. Replacements are pairs of what to replace, by what.
func ferry(t testing.TB, parameters string, replacements ...string) []byte {
	t.Helper()
	text := `{
		"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1},
		"gatewayIPConfigurations":[{"name":"ip","properties":{"subnet":{"id":"[resourceId('Microsoft.Network/virtualNetworks/subnets','quay','gw')]"}}}],
		"frontendIPConfigurations":[{"name":"pub","properties":{"publicIPAddress":{"id":"[resourceId('Microsoft.Network/publicIPAddresses','pip')]"}}}],
		"frontendPorts":[{"name":"p80","properties":{"port":80}},{"name":"p81","properties":{"port":81}}],
		"backendAddressPools":[{"name":"web","properties":{"backendAddresses":[{"ipAddress":"10.4.1.4"},{"fqdn":"b.example"}]}}],
		"probes":[{"name":"health","properties":{"protocol":"Http","host":"h.example","path":"/health","match":{"statusCodes":["200"]}}}],
		"backendHttpSettingsCollection":[{"name":"s","properties":{"port":8080,"protocol":"Http","requestTimeout":30,"path":"/app/","probe":{"id":"@probes/health"}}}],
		"httpListeners":[
			{"name":"l","properties":{"frontendIPConfiguration":{"id":"@frontendIPConfigurations/pub"},"frontendPort":{"id":"@frontendPorts/p80"},"protocol":"Http","hostNames":["a.example"]}},
			{"name":"m","properties":{"frontendIPConfiguration":{"id":"@frontendIPConfigurations/pub"},"frontendPort":{"id":"@frontendPorts/p81"},"protocol":"Http"}}],
		"redirectConfigurations":[{"name":"away","properties":{"redirectType":"Found","targetUrl":"https://elsewhere.example/"}}],
		"urlPathMaps":[{"name":"paths","properties":{"defaultBackendAddressPool":{"id":"@backendAddressPools/web"},"defaultBackendHttpSettings":{"id":"@backendHttpSettingsCollection/s"},
			"pathRules":[{"name":"one","properties":{"paths":["/one/*"],"redirectConfiguration":{"id":"@redirectConfigurations/away"}}}]}}],
		"requestRoutingRules":[
			{"name":"r","properties":{"ruleType":"Basic","priority":10,"httpListener":{"id":"@httpListeners/l"},"backendAddressPool":{"id":"@backendAddressPools/web"},"backendHttpSettings":{"id":"@backendHttpSettingsCollection/s"}}},
			{"name":"q","properties":{"ruleType":"PathBasedRouting","priority":20,"httpListener":{"id":"@httpListeners/m"},"urlPathMap":{"id":"@urlPathMaps/paths"}}}]}`
	for i := 0; i+1 < len(replacements); i += 2 {
		if !strings.Contains(text, replacements[i]) {
			t.Fatalf("the template has no %s", replacements[i])
		}
		text = strings.ReplaceAll(text, replacements[i], replacements[i+1])
	}
	text = regexp.MustCompile(`"@(\w+)/(\w+)"`).ReplaceAllString(text,
		`"[resourceId('Microsoft.Network/applicationGateways/$1','harbour','$2')]"`)
	return armTemplate(`"parameters":{`+parameters+`},`, `{"type":"Microsoft.Network/applicationGateways","name":"harbour","properties":`+
		text+`}`)
}

func errorsOf(problems []gateway.Problem) []string {
	return codes(slices.DeleteFunc(slices.Clone(problems), func(p gateway.Problem) bool { return p.Severity != gateway.Error }))
}

func warningsOf(problems []gateway.Problem) []string {
	return codes(slices.DeleteFunc(slices.Clone(problems), func(p gateway.Problem) bool { return p.Severity != gateway.Warning }))
}

// What only a deployment knows is a warning, and what stands for it fits its place.
func TestPlaceholdersFitTheirPlaces(t *testing.T) {
	if d := parseTemplate(t, ferry(t, ""), nil); len(d.Problems()) > 0 {
		t.Fatalf("problems:\n%s", problemText(d.Problems()))
	}
	const later = `"[reference(resourceId('A.B/c','x')).y]"`
	f := func(place, in string) {
		t.Helper()
		d := parseTemplate(t, ferry(t, "", place, in), nil)
		warnings := warningsOf(d.Problems())
		if gateway.HasErrors(d.Problems()) || len(warnings) != 1 || !strings.HasPrefix(warnings[0], "TemplateValueUnknown ") {
			t.Errorf("%s: problems:\n%s", in, problemText(d.Problems()))
		}
		if again, err := Parse(d.JSON()); err != nil || gateway.HasErrors(again.Problems()) {
			t.Errorf("%s: the document that comes out is wrong: %v\n%s", in, err, d.JSON())
		}
	}
	for _, place := range []string{
		`"10.4.1.4"`, `"b.example"`, `"h.example"`, `"/health"`, `"200"`, `"/app/"`, `"a.example"`, `"https://elsewhere.example/"`,
		`"/one/*"`,
		`["a.example"]`, `[{"ipAddress":"10.4.1.4"},{"fqdn":"b.example"}]`,
	} {
		f(place, later)
	}
	f(`"port":80}`, `"port":`+later+`}`)
	f(`"port":8080`, `"port":`+later)
	f(`"requestTimeout":30`, `"requestTimeout":`+later)
	f(`"priority":10`, `"priority":`+later)
	f(`"capacity":1`, `"capacity":`+later)
	f(`"redirectType":"Found"`, `"redirectType":`+later)
	f(`{"ipAddress":"10.4.1.4"},{"fqdn":"b.example"}`, later)
	f(`"statusCodes":["200"]`, `"statusCodes":`+later)
	f(`"hostNames":["a.example"]`, `"hostNames":["[concat(reference('x').y,'.example')]"]`)
	f(`"publicIPAddress":{"id":"[resourceId('Microsoft.Network/publicIPAddresses','pip')]"}`, `"publicIPAddress":`+later)
	f(`{"ipAddress":"10.4.1.4"}`, `{"ipAddress":"[if(equals(reference('x').y,'z'),'10.0.0.4','10.0.0.5')]"}`)
	f(`"path":"/health"`, `"path":"[concat('/', reference('x').y)]"`)
	f(`"frontendPorts":[`, `"enableHttp2":`+later+`,"frontendPorts":[`)
	f(`"frontendPorts":[`, `"trustedRootCertificates":[{"name":"root","properties":{"data":`+later+`}}],"frontendPorts":[`)
	f(`"frontendPorts":[`, `"customErrorConfigurations":[{"statusCode":"HttpStatus502","customErrorPageUrl":`+later+`}],"frontendPorts":[`)
	// A condition that asks whether a value is there at all takes it as there.
	f(`{"ipAddress":"10.4.1.4"}`, `"[if(empty(reference('x').y), null(), createObject('ipAddress', reference('x').y))]"`)
}

// A name that another deployment makes is the same wherever it stands: the ids that hold it lead to the gateway.
func TestNameThatOnlyADeploymentKnows(t *testing.T) {
	const name = "reference('naming').outputs.names.value.gateway"
	data := strings.NewReplacer(`"harbour"`, `"[`+name+`]"`, `'harbour'`, name,
		`"backendAddresses":[{"ipAddress":"10.4.1.4"},{"fqdn":"b.example"}]`,
		`"backendAddresses":"[if(not(empty(reference('app').outputs.fqdn.value)), createArray(createObject('fqdn', reference('app').outputs.fqdn.value)), null())]"`,
	).Replace(string(ferry(t, "")))
	d := parseTemplate(t, []byte(data), nil)
	if gateway.HasErrors(d.Problems()) ||
		slices.ContainsFunc(warningsOf(d.Problems()), func(w string) bool { return !strings.HasPrefix(w, "TemplateValueUnknown ") }) {
		t.Errorf("problems:\n%s", problemText(d.Problems()))
	}
	if m := d.Config.Pools[0].Members; len(m) != 1 || m[0].FQDN != openHost+".invalid" {
		t.Errorf("%+v", m)
	}
}

// Members, hosts, ports and priorities of which nothing is known are still different ones.
func TestPlaceholdersDiffer(t *testing.T) {
	const later = `"[reference('x').y]"`
	d := parseTemplate(t, ferry(t, "",
		`{"ipAddress":"10.4.1.4"},{"fqdn":"b.example"}`, `{"ipAddress":`+later+`},{"ipAddress":`+later+`},{"fqdn":`+later+`},{"fqdn":`+
			later+`}`,
		`"port":80}`, `"port":`+later+`}`, `"port":81}`, `"port":`+later+`}`, `"priority":10`, `"priority":`+later, `"priority":20`,
		`"priority":`+later), nil)
	if gateway.HasErrors(d.Problems()) ||
		slices.ContainsFunc(warningsOf(d.Problems()), func(w string) bool { return !strings.HasPrefix(w, "TemplateValueUnknown ") }) {
		t.Errorf("problems:\n%s", problemText(d.Problems()))
	}
	members := map[string]bool{}
	for _, m := range d.Config.Pools[0].Members {
		members[m.String()] = true
	}
	if len(members) != 4 || d.Config.FrontendPorts[0].Port == d.Config.FrontendPorts[1].Port {
		t.Errorf("%v %+v", members, d.Config.FrontendPorts)
	}
}

// What decides what the gateway is, or what it protects, cannot be made up.
func TestNothingStandsForWhatDecides(t *testing.T) {
	const later = `"[reference('x').y]"`
	f := func(place, in, want string) {
		t.Helper()
		d := parseTemplate(t, ferry(t, "", place, in), nil)
		if got := errorsOf(d.Problems()); !slices.Contains(got, want) {
			t.Errorf("%s: no %s among:\n%s", in, want, problemText(d.Problems()))
		}
	}
	f(`"httpListener":{"id":"@httpListeners/l"}`, `"httpListener":`+later,
		"TemplateValueNeeded properties.requestRoutingRules[0].properties.httpListener")
	f(`"id":"@httpListeners/l"`, `"id":`+later, "LinkedInvalidPropertyId properties.requestRoutingRules[0].properties.httpListener.id")
	f(`{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`, later, "TemplateValueNeeded properties.sku")
	f(`"frontendPorts":[`, `"webApplicationFirewallConfiguration":`+later+`,"frontendPorts":[`,
		"TemplateValueNeeded properties.webApplicationFirewallConfiguration")
	d := parseTemplate(t, ferry(t, "", `"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`,
		`"sku":{"name":"WAF_v2","tier":"WAF_v2","capacity":1},"webApplicationFirewallConfiguration":{"enabled":`+later+`,"firewallMode":`+
			later+`}`), nil)
	if u := d.Config.Unserved; len(u) != 1 || u[0].Protection != gateway.ProtectionWAF {
		t.Errorf("a firewall of which nothing is known counts as one that blocks: %+v", u)
	}
}

// A parameter without a value is one error, wherever it is used. What has nothing to do with it is still reported.
func TestAMissingParameterIsOneError(t *testing.T) {
	const missing = "TemplateParameterMissing parameters.p"
	f := func(kind, wrong string, replacements ...string) {
		t.Helper()
		want := []string{missing}
		if wrong != "" {
			want = append(want, wrong)
		}
		d := parseTemplate(t, ferry(t, `"p":{"type":"`+kind+`"}`, replacements...), nil)
		if got := codes(d.Problems()); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant %v", replacements, problemText(d.Problems()), want)
		}
	}
	const p = `"[parameters('p')]"`
	for _, place := range []string{
		`"10.4.1.4"`, `"b.example"`, `"h.example"`, `"/health"`, `"200"`, `"/app/"`, `"a.example"`, `"https://elsewhere.example/"`,
		`"/one/*"`, `"Http"`, `"Found"`, `"Basic"`, `"health"`, `"web"`,
		`"Standard_v2"`,
	} {
		f("string", "", place, p)
	}
	named := strings.NewReplacer(`"harbour"`, p, `'harbour'`, `parameters('p')`).Replace(string(ferry(t, `"p":{"type":"string"}`)))
	if got := codes(parseTemplate(t, []byte(named), nil).Problems()); !slices.Equal(got, []string{missing}) {
		t.Errorf("name: %v", got)
	}
	f("int", "", `"port":80}`, `"port":`+p+`}`, `"port":81}`, `"port":`+p+`}`, `"priority":10`, `"priority":`+p, `"requestTimeout":30`,
		`"requestTimeout":"[mul(parameters('p'),2)]"`)
	f("array", "", `[{"ipAddress":"10.4.1.4"},{"fqdn":"b.example"}]`, p)
	f("array", "", `["a.example"]`, p)
	f("bool", "", `"ruleType":"Basic"`, `"ruleType":"[if(parameters('p'),'Basic','PathBasedRouting')]"`)
	f("string", "", `"10.4.1.4"`, `"[concat('10.4.', parameters('p'))]"`, `"/health"`, `"[replace(parameters('p'),'a','b')]"`, `"200"`,
		`"[first(split(parameters('p'),','))]"`)
	f("object", "", `{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`, p)
	// Whole collections, of which others name elements.
	for _, collection := range []string{
		"frontendIPConfigurations", "frontendPorts", "backendAddressPools", "probes",
		"backendHttpSettingsCollection", "httpListeners", "urlPathMaps", "redirectConfigurations", "requestRoutingRules",
	} {
		if got := codes(parseTemplate(t, withCollection(t, collection), nil).Problems()); !slices.Equal(got, []string{missing}) {
			t.Errorf("%s: %v", collection, got)
		}
	}
	// The rest of the document is judged all the same.
	f("string", "ApplicationGatewayProbePathInvalid properties.probes[0].properties.path", `"10.4.1.4"`, p, `"/health"`, `"health"`)
	f("string", "ApplicationGatewayDuplicateFrontendPort properties.frontendPorts[1].properties.port", `"10.4.1.4"`, p, `"port":81`,
		`"port":80`)
	// Loops and conditions that the parameter decides.
	d := parseTemplate(t, armTemplate(`"parameters":{"p":{"type":"bool"},"n":{"type":"int"}},`,
		gatewayResource("gw", `"condition":"[parameters('p')]",`)), nil)
	if got := errorsOf(d.Problems()); !slices.Equal(got, []string{
		"TemplateParameterMissing parameters.p",
		"ApplicationGatewayHttpListenersCannotBeEmpty properties.httpListeners",
	}) {
		t.Errorf("condition: %v", got)
	}
	d = parseTemplate(t, ferry(t, `"n":{"type":"int"}`, `"backendAddresses":[{"ipAddress":"10.4.1.4"},{"fqdn":"b.example"}]`,
		`"copy":[{"name":"backendAddresses","count":"[parameters('n')]","input":{"ipAddress":"[concat('10.0.0.',copyIndex())]"}}]`), nil)
	if got := codes(d.Problems()); !slices.Equal(got, []string{"TemplateParameterMissing parameters.n"}) {
		t.Errorf("loop: %v", got)
	}
}

// withCollection is ferry with a collection that is a parameter without a value.
func withCollection(t *testing.T, collection string) []byte {
	t.Helper()
	v, err := readJSON(ferry(t, `"p":{"type":"array"}`))
	if err != nil {
		t.Fatal(err)
	}
	resource := v.(*schema.Object).List("resources")[0].(*schema.Object)
	resource.Props().Set(collection, "[parameters('p')]")
	return render(v)
}

func TestPlaceholdersOfSecrets(t *testing.T) {
	d := parseTemplate(t, ferry(t, `"p":{"type":"securestring"}`, `"b.example"`, `"[parameters('p')]"`,
		`"frontendPorts":[`,
		`"sslCertificates":[{"name":"c","properties":{"data":"[parameters('p')]","password":"[concat(parameters('p'),'!')]"}}],"frontendPorts":[`), nil)
	if got := codes(d.Problems()); !slices.Equal(got, []string{"TemplateSecretUnknown parameters.p"}) {
		t.Errorf("problems:\n%s", problemText(d.Problems()))
	}
	if c := d.Config.SSLCertificates[0]; len(c.Data) > 0 || c.Password != "" {
		t.Errorf("%+v", c)
	}
}

// The paths by which open values are found leave out nulls, as the reader of the document does.
func TestPathsOfOpenValues(t *testing.T) {
	got := fmt.Sprint(openCollections([]open{
		{"properties.probes", true},
		{"properties.httpListeners[0].name", true},
		{"properties.frontendPorts[1].properties.port", true},
		{"properties.urlPathMaps", false},
	}))
	if want := "map[httpListeners:true probes:true]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for path, want := range map[string]string{
		"properties.probes[3].properties.port": "properties.probes[3]", "properties.sku.tier": "properties.sku",
		"properties.enableHttp2": "properties.enableHttp2", "name": "name",
	} {
		t.Run(path, func(t *testing.T) {
			if got := home(path); got != want {
				t.Errorf("home of %s: got %s, want %s", path, got, want)
			}
		})
	}
	v, err := readJSON([]byte(`{"a":[null,"x","y"]}`))
	if err != nil {
		t.Fatal(err)
	}
	marked := markPlaceholders(v, "", map[string]template.Unknown{"a[1]": {}}).(*schema.Object)
	if _, is := marked.List("a")[1].(*placeholder); !is {
		t.Errorf("%+v", marked)
	}
}
