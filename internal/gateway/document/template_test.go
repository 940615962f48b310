package document

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"causeway/internal/gateway"
)

func readTestFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parseTemplate(t *testing.T, data, parameters []byte) *Document {
	t.Helper()
	d, err := Source{Document: data, Parameters: parameters}.ParseDocument()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func codes(problems []gateway.Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.Code+" "+p.Path)
	}
	return out
}

func TestYAMLAndJSONAreOneDocument(t *testing.T) {
	for _, file := range []string{"az-show.json", "rest-v2.json"} {
		t.Run(file, func(t *testing.T) {
			data := readTestFile(t, file)
			asYAML, err := yaml.JSONToYAML(data)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{string(asYAML), "# exported\n---\n" + string(asYAML)} {
				want, got := parseFile(t, "testdata/"+file), parseTemplate(t, []byte(text), nil)
				if diff := cmp.Diff(want.Config, got.Config); diff != "" {
					t.Errorf("%s (-JSON +YAML):\n%s", file, diff)
				}
				if diff := cmp.Diff(codes(want.Problems()), codes(got.Problems())); diff != "" {
					t.Errorf("%s (-JSON +YAML):\n%s", file, diff)
				}
			}
		})
	}
}

func TestDocumentsMayHaveComments(t *testing.T) {
	d := parseTemplate(t,
		[]byte("// ours\n{\"name\": \"gw\", /* \"name\": \"no\", */\n\"sku\": {\"tier\": \"Standard_v2\", \"capacity\": 1}, // http://x\n\"tags\": {\"a\": \"http://x /* y */\"}}"), nil)
	if d.Config.Name != "gw" || d.Config.Tags["a"] != "http://x /* y */" {
		t.Errorf("%+v", d.Config)
	}
	_, err := Parse([]byte("{\"tags\": {\"a\": \"two\nlines\"},\n\"sku\": }"))
	if err == nil || !strings.Contains(err.Error(), "line 3, column 8") {
		t.Error(err)
	}
}

// What az network application-gateway create deploys is sloppy, and its password is a parameter.
func TestTemplateOfTheCommandLine(t *testing.T) {
	data := readTestFile(t, "az-create.template.json")
	d := parseTemplate(t, data, nil)
	if diff := cmp.Diff([]string{"TemplateSecretUnknown parameters.certPassword"}, codes(d.Problems())); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	c := d.Config
	if c.Name != "gw1" || c.Settings[0].Port != 8080 || c.Listeners[0].FrontendPort != "appGatewayFrontendPort" ||
		c.Rules[0].Target.Pool != "appGatewayBackendPool" {
		t.Errorf("%+v", c)
	}
	if cert := c.SSLCertificates[0]; cert.Password != "" || len(cert.Data) == 0 {
		t.Errorf("certificate %+v", cert)
	}
	for _, parameters := range []string{
		`{"parameters":{"certPassword":{"value":"s3cret"}}}`, `{"certPassword":"s3cret"}`,
		"certPassword:\n  value: s3cret\n",
	} {
		t.Run(parameters, func(t *testing.T) {
			d = parseTemplate(t, data, []byte(parameters))
			if len(d.Problems()) > 0 || d.Config.SSLCertificates[0].Password != "s3cret" || strings.Contains(string(d.Public()), "s3cret") {
				t.Errorf("%s: %+v\n%s", parameters, d.Config.SSLCertificates[0], problemText(d.Problems()))
			}
		})
	}
}

// A parameters file may point into a key vault, where nobody can look.
func TestSecretsOfAVaultStayOut(t *testing.T) {
	d := parseTemplate(t, readTestFile(t, "az-create.template.json"),
		[]byte(`{"parameters":{"certPassword":{"reference":{"keyVault":{"id":"/x"},"secretName":"pw"}}}}`))
	if diff := cmp.Diff([]string{"TemplateSecretUnknown parameters.certPassword"}, codes(d.Problems())); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestTemplateOfThePortal(t *testing.T) {
	d := parseTemplate(t, readTestFile(t, "portal-export.template.json"), nil)
	if len(d.Problems()) > 0 {
		t.Errorf("problems:\n%s", problemText(d.Problems()))
	}
	c := d.Config
	if c.Name != "gw1" || c.Listeners[0].SSLCertificate != "site" || c.Rules[0].Target.Settings != "http" || len(c.Pools[0].Members) != 2 {
		t.Errorf("%+v", c)
	}
	const want = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/resource-group/providers/Microsoft.Network/applicationGateways/gw1/httpListeners/site"
	if got := c.ChildID("httpListeners", "site"); !strings.HasSuffix(got, "/applicationGateways/gw1/httpListeners/site") ||
		!strings.Contains(string(d.JSON()), want) {
		t.Errorf("id %s", got)
	}
	again, err := Parse(d.JSON())
	if err != nil || !cmp.Equal(c, again.Config) {
		t.Errorf("the canonical form says something else: %v", err)
	}
	renamed := parseTemplate(t, readTestFile(t, "portal-export.template.json"), []byte(`{"applicationGateways_gw1_name":"gw2"}`))
	if renamed.Config.Name != "gw2" || gateway.HasErrors(renamed.Problems()) {
		t.Errorf("name %s\n%s", renamed.Config.Name, problemText(renamed.Problems()))
	}
}

func TestTemplateWithLoopsAndParameters(t *testing.T) {
	template, parameters := readTestFile(t, "sites.template.json"), readTestFile(t, "sites.parameters.json")
	f := func(name string, data, parameters []byte) {
		t.Helper()
		d := parseTemplate(t, data, parameters)
		c := d.Config
		if len(d.Problems()) > 0 {
			t.Errorf("%s: problems:\n%s", name, problemText(d.Problems()))
		}
		wantPool := gateway.Pool{Name: "web", Members: []gateway.Address{{IP: "10.0.0.4"}, {IP: "10.0.0.5"}, {IP: "10.0.0.6"}}}
		if diff := cmp.Diff(wantPool, c.Pools[0]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if c.Name != "gw-prod" || c.Settings[0].RequestTimeout != 60 || c.Settings[0].Port != 8080 ||
			c.Tags["note"] != "[not an expression]" || c.Tags["text"] != "two\nlines" {
			t.Errorf("%s: %+v", name, c)
		}
		if len(c.Listeners) != 2 || c.Listeners[1].HostNames[0] != "blog.contoso.com" || c.Rules[1].Listener != "blog" ||
			c.Rules[1].Priority != 20 {
			t.Errorf("%s: %+v %+v", name, c.Listeners, c.Rules)
		}
	}
	f("parameters file", template, parameters)
	// The body of a deployment holds both; a parameters file goes before it.
	strict, err := toJSON(template)
	if err != nil {
		t.Fatal(err)
	}
	f("deployment body", fmt.Appendf(nil,
		`{"properties":{"mode":"Incremental","template":%s,"parameters":{"environment":{"value":"Prod"},"members":{"value":3}}}}`,
		strict), nil)
	f("deployment body and file", fmt.Appendf(nil, `{"template":%s,"parameters":{"environment":{"value":"Test"}}}`, strict), parameters)
	asYAML, err := yaml.JSONToYAML(strict)
	if err != nil {
		t.Fatal(err)
	}
	f("YAML", asYAML, parameters)
}

func TestParametersThatDoNotFit(t *testing.T) {
	f := func(parameters string, want ...string) {
		t.Helper()
		d := parseTemplate(t, readTestFile(t, "sites.template.json"), []byte(parameters))
		for _, w := range want {
			if !slices.Contains(codes(d.Problems()), w) {
				t.Errorf("%s: no %s among\n%s", parameters, w, problemText(d.Problems()))
			}
		}
	}
	f(``, "TemplateParameterMissing parameters.environment")
	f(`{"environment":"Stage"}`, "TemplateParameterNotAllowed parameters.environment")
	f(`{"environment":"Prod","enviroment":"Prod"}`, "TemplateParameterUnknown parameters")
	if _, err := (Source{
		Document:   readTestFile(t, "sites.template.json"),
		Parameters: []byte("[1"),
	}).ParseDocument(); err == nil || !strings.Contains(err.Error(), "parameters cannot be read") {
		t.Error(err)
	}
	if _, err := (Source{
		Document:   readTestFile(t, "sites.template.json"),
		Parameters: []byte("using './main.bicep'\n\nparam environment = 'Prod'\n"),
	}).ParseDocument(); err == nil || !strings.Contains(err.Error(), "parameters file of Bicep") {
		t.Error(err)
	}
	d := parseTemplate(t, readTestFile(t, "az-show.json"), []byte(`{"a":1}`))
	if !hasProblem(d.Problems(), "ParametersIgnored", "document") {
		t.Error(problemText(d.Problems()))
	}
}

// armTemplate is a template around resources.
func armTemplate(more, resources string) []byte {
	return []byte(`{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",` + more + `"resources":[` +
		resources + `]}`)
}

func gatewayResource(name, more string) string {
	return `{"type":"Microsoft.Network/applicationGateways","apiVersion":"2023-11-01","name":"` + name + `",` + more +
		`"properties":{"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}}}`
}

func TestExactlyOneGateway(t *testing.T) {
	f := func(data []byte, want string) {
		t.Helper()
		d, err := Parse(data)
		var format *FormatError
		switch {
		case want == "" && (err != nil || d.Config.Name != "gw"):
			t.Errorf("%s: %v", data, err)
		case want != "" && (!errors.As(err, &format) || !strings.Contains(err.Error(), want) || format.Hint == ""):
			t.Errorf("%s: got %v, want %s and a hint", data, err, want)
		}
	}
	one := gatewayResource("gw", "")
	f(armTemplate("", one), "")
	f(armTemplate("", one+`,{"type":"Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies","name":"p"}`), "")
	f(armTemplate("", one+","+gatewayResource("other", "")), `2 application gateways: "gw", "other"`)
	f(armTemplate("", one+","+gatewayResource("other", `"condition":false,`)), "")
	f(armTemplate("", gatewayResource("[concat('gw', copyIndex())]", `"copy":{"name":"many","count":3},`)),
		`3 application gateways: "gw0", "gw1", "gw2"`)
	f(armTemplate("", gatewayResource("gw", `"copy":{"name":"many","count":1},`)), "")
	f(armTemplate("", `{"type":"Microsoft.Web/sites","name":"a"}`), "without an application gateway; it deploys Microsoft.Web/sites")
	f(armTemplate(`"parameters":{"edge":{"type":"string","defaultValue":"none"},"zones":{"type":"int","defaultValue":2}},`,
		gatewayResource("gw", `"condition":"[and(equals(parameters('edge'),'gateway'),greater(parameters('zones'),1))]",`)+
			`,{"type":"Microsoft.Web/sites","name":"a"}`),
		"gw\" is not deployed: its condition [and(equals(parameters('edge'),'gateway'),greater(parameters('zones'),1))] is false with these parameters (edge = none, zones = 2)")
	f(armTemplate("", gatewayResource("gw", `"copy":{"name":"many","count":0},`)), "is not deployed: its loop has no turns: its count is 0")
	f(armTemplate(`"parameters":{"edge":{"type":"bool","defaultValue":false}},`,
		`{"type":"Microsoft.Resources/deployments","name":"inner","condition":"[parameters('edge')]","properties":{"template":`+
			string(armTemplate("", one))+`}}`),
		`the gateway inside "inner" ("Microsoft.Resources/deployments") is not deployed: its condition [parameters('edge')] is false with these parameters (edge = False)`)
	nested := func(properties string) string {
		return `{"type":"Microsoft.Resources/deployments","name":"inner","properties":{` + properties + `}}`
	}
	inner := string(armTemplate(`"parameters":{"n":{"type":"string"}},`, gatewayResource("[parameters('n')]", "")))
	f(armTemplate("", nested(`"expressionEvaluationOptions":{"scope":"Inner"},"parameters":{"n":{"value":"[concat('g','w')]"}},"template":`+
		inner)), "")
	f(armTemplate(`"parameters":{"n":{"defaultValue":"gw"}},`, nested(`"template":`+inner)), "")
	f([]byte(`{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#","parameters":{}}`),
		"parameters of a template")
}

// Symbolic names, as Bicep makes them, and children that are resources of their own.
func TestChildrenOfTheirOwn(t *testing.T) {
	d := parseTemplate(t, []byte(`{"languageVersion":"2.0","$schema":"https://x/deploymentTemplate.json#","resources":{
		"net":{"existing":true,"type":"Microsoft.Network/virtualNetworks","name":"v"},
		"gw":{"type":"Microsoft.Network/applicationGateways","name":"gw","properties":{"sku":{"tier":"Standard_v2","capacity":1},"backendAddressPools":[{"name":"a"}]},
			"resources":[{"type":"backendAddressPools","name":"b","properties":{"backendAddresses":[{"ipAddress":"10.0.0.4"}]}}]},
		"p":{"type":"Microsoft.Network/applicationGateways/probes","name":"[format('{0}/{1}', 'gw', 'health')]","properties":{"protocol":"Http","host":"h","path":"/"}},
		"d":{"type":"Microsoft.Network/applicationGateways/providers/diagnosticSettings","name":"gw/Microsoft.Insights/d","properties":{}}}}`), nil)
	if len(d.Config.Pools) != 2 || d.Config.Pools[1].Name != "b" || len(d.Config.Pools[1].Members) != 1 || d.Config.Probe("health") == nil {
		t.Errorf("%+v", d.Config)
	}
	if !hasProblem(d.Problems(), "TemplateResourceIgnored", "resources.d") {
		t.Errorf("problems:\n%s", problemText(d.Problems()))
	}
}

func TestWhatOnlyADeploymentKnows(t *testing.T) {
	d := parseTemplate(t, armTemplate("", `{"type":"Microsoft.Network/applicationGateways","name":"gw","properties":{
		"sku":{"tier":"Standard_v2","capacity":1},
		"backendAddressPools":[{"name":"web","properties":{"backendAddresses":[{"fqdn":"[reference(resourceId('Microsoft.Web/sites','s')).defaultHostName]"}]}}],
		"sslCertificates":[{"name":"c","properties":{"data":"[listSecrets('x','1').pfx]","password":"[concat('',parameters('pw'))]"}}],
		"probes":[{"name":"[nothing()]","properties":{"protocol":"Http","host":"[variables('gone')]"}}]}}`), nil)
	for _, want := range []string{
		"TemplateValueUnknown resources[0].properties.backendAddressPools[0].properties.backendAddresses[0].fqdn",
		"TemplateSecretUnknown resources[0].properties.sslCertificates[0].properties.data",
		"TemplateExpressionInvalid resources[0].properties.sslCertificates[0].properties.password",
		"TemplateExpressionInvalid resources[0].properties.probes[0].name",
		"TemplateExpressionInvalid resources[0].properties.probes[0].properties.host",
	} {
		if !slices.Contains(codes(d.Problems()), want) {
			t.Errorf("no %s among\n%s", want, problemText(d.Problems()))
		}
	}
	if got := d.Config.Pools[0].Members[0].FQDN; got != "known-only-after-deployment.invalid" {
		t.Errorf("member %s", got)
	}
	if c := d.Config.SSLCertificates[0]; c.Data != nil || c.Password != "" {
		t.Errorf("certificate %+v", c)
	}
	for _, p := range d.Problems() {
		if p.Hint == "" {
			t.Errorf("no hint: %s", p)
		}
	}
}

// A template may come from anybody; none may take the gateway's memory or time.
func TestHostileTemplatesEndInAnError(t *testing.T) {
	f := func(name, more, value string) {
		t.Helper()
		start := time.Now()
		_, err := Parse(armTemplate(more, gatewayResource("gw", `"tags":{"a":`+value+`},`)))
		var format *FormatError
		if !errors.As(err, &format) || format.Hint == "" {
			t.Errorf("%s: got %v, want an error of the format", name, err)
		}
		if took := time.Since(start); took > 20*time.Second { // a second, but for the race detector on a busy machine
			t.Errorf("%s: took %v", name, took)
		}
	}
	doubling := func(list bool) string {
		vars := map[string]string{"v0": "xxxxxxxxxxxxxxxx"}
		for i := range 40 {
			vars[fmt.Sprint("v", i+1)] = fmt.Sprintf("[concat(variables('v%d'), variables('v%d'))]", i, i)
			if list {
				vars[fmt.Sprint("v", i+1)] = fmt.Sprintf("[createArray(variables('v%d'), variables('v%d'))]", i, i)
			}
		}
		text, _ := json.Marshal(vars)
		return `"variables":` + string(text) + ","
	}
	f("doubling text", doubling(false), `"[variables('v40')]"`)
	f("doubling lists", doubling(true), `"[variables('v40')]"`)
	f("doubling lists compared", doubling(true), `"[equals(variables('v40'), createArray(variables('v39'), variables('v39')))]"`)
	f("long loop", "", `{"copy":[{"name":"x","count":1000000,"input":1}]}`)
	f("loops in loops", "",
		`{"copy":[{"name":"x","count":800,"input":{"copy":[{"name":"y","count":800,"input":{"copy":[{"name":"z","count":800,"input":1}]}}]}}]}`)
	f("range", "", `"[range(0, 2000000000)]"`)
	many := func(format string) string {
		var b strings.Builder
		for i := range 100000 {
			fmt.Fprintf(&b, format, i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	f("many names", `"variables":{`+many(`"v%d":1,`)+"},", "["+many(`"[variables('v%d')]",`)+"]")
	f("many loops", "", `{"copy":[`+many(`{"name":"n%d","count":0,"input":1},`)+`]}`)
	f("replace", doubling(false), `"[replace(variables('v15'), 'x', variables('v15'))]"`)
}

func TestCirclesAndDepthAreReported(t *testing.T) {
	f := func(more, value string) {
		t.Helper()
		d, err := Parse(armTemplate(more, gatewayResource("gw", `"tags":{"a":"`+value+`"},`)))
		if err != nil || !gateway.HasErrors(d.Problems()) {
			t.Errorf("%.60s: %v", value, err)
		}
	}
	f(`"variables":{"a":"[variables('b')]","b":"[variables('a')]"},`, "[variables('a')]")
	f(`"parameters":{"a":{"defaultValue":"[parameters('a')]"}},`, "[parameters('a')]")
	f("", "["+strings.Repeat("not(", 100)+"true()"+strings.Repeat(")", 100)+"]")
	f("", "["+strings.Repeat("string(", 3000)+"1"+strings.Repeat(")", 3000)+"]")
}

// FuzzTemplate holds for every template that nothing panics, that it ends, and that what comes out is a document.
func FuzzTemplate(f *testing.F) {
	for _, name := range []string{"az-create.template.json", "portal-export.template.json", "sites.template.json", "module.template.json"} {
		f.Add(readTestFile(f, name), []byte(`{"environment":"Prod"}`))
	}
	f.Add(armTemplate(`"variables":{"a":[1,"[variables('a')]"]},`,
		gatewayResource("[variables('a')[1]]", `"copy":{"name":"x","count":"[length('ab')]"},`)), []byte("a: 1"))
	f.Fuzz(func(t *testing.T, data, parameters []byte) {
		d, err := Source{Document: data, Parameters: parameters}.ParseDocument()
		if err != nil {
			return
		}
		if _, err := Parse(d.JSON()); err != nil {
			t.Fatalf("cannot read the canonical form: %v\n%s", err, d.JSON())
		}
	})
}

// Bicep builds templates with symbolic names, functions of its own and lambdas.
func TestTemplateThatBicepBuilt(t *testing.T) {
	d := parseTemplate(t, readTestFile(t, "bicep.template.json"), []byte(`{"probePath":{"value":"/ready"}}`))
	if len(d.Problems()) > 0 {
		t.Errorf("problems:\n%s", problemText(d.Problems()))
	}
	c := d.Config
	if c.Name != "gw" || c.Listeners[1].HostNames[0] != "b.contoso.com" || c.Rules[1].Listener != "b" || c.Rules[1].Priority != 11 ||
		c.Probes[0].Path != "/ready" || c.Pools[0].Members[0].IP != "10.0.0.4" {
		t.Errorf("%+v", c)
	}
}
