package arm

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"causeway/internal/access"
)

const (
	groupURL       = "/subscriptions/s/resourceGroups/rg"
	networkURL     = groupURL + "/providers/Microsoft.Network"
	deploymentsURL = groupURL + "/providers/Microsoft.Resources/deployments"

	// shop is a template in the manner of az network application-gateway create: a network, an address and a gateway, whose
	// properties have names in any case and numbers as text.
	shop = `{"$schema":"https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#","contentVersion":"1.0.0.0",
		"parameters":{"certPassword":{"type":"securestring","defaultValue":"correct horse"},"port":{"type":"int","defaultValue":8080}},
		"variables":{"gw":"[resourceId('Microsoft.Network/applicationGateways', 'gw1')]"},
		"resources":[
			{"type":"Microsoft.Network/applicationGateways","name":"gw1","location":"[resourceGroup().location]","apiVersion":"2022-01-01","zones":null,
				"dependsOn":["Microsoft.Network/virtualNetworks/net","Microsoft.Network/publicIpAddresses/ip"],"properties":{
				"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1},
				"sslCertificates":[{"name":"shop","properties":{"data":"cHJpdmF0ZSBrZXk=","password":"[parameters('certPassword')]"}}],
				"gatewayIPConfigurations":[{"name":"in","properties":{"subnet":{"id":"[resourceId('Microsoft.Network/virtualNetworks/subnets','net','one')]"}}}],
				"frontendIPConfigurations":[{"name":"out","properties":{"publicIPAddress":{"id":"[resourceId('Microsoft.Network/publicIPAddresses','ip')]"}}}],
				"frontendPorts":[{"name":"p","properties":{"Port":"[string(parameters('port'))]"}}],
				"backendAddressPools":[{"name":"web","properties":{"BackendAddresses":[{"ipAddress":"127.0.0.1"}]}}],
				"backendHttpSettingsCollection":[{"name":"http","properties":{"Port":"9000","Protocol":"Http","CookieBasedAffinity":"disabled"}}],
				"httpListeners":[{"name":"l","properties":{"FrontendIpConfiguration":{"Id":"[concat(variables('gw'),'/frontendIPConfigurations/out')]"},
					"FrontendPort":{"Id":"[concat(variables('gw'),'/frontendPorts/p')]"},"Protocol":"http","SslCertificate":null}}],
				"requestRoutingRules":[{"Name":"r","properties":{"RuleType":"Basic","priority":10,
					"httpListener":{"id":"[concat(variables('gw'),'/httpListeners/l')]"},"backendAddressPool":{"id":"[concat(variables('gw'),'/backendAddressPools/web')]"},
					"backendHttpSettings":{"id":"[concat(variables('gw'),'/backendHttpSettingsCollection/http')]"}}}]}},
			{"type":"Microsoft.Network/virtualNetworks","name":"net","location":"westeurope","apiVersion":"2015-06-15","properties":{
				"addressSpace":{"addressPrefixes":["10.1.0.0/16"]},"subnets":[{"name":"one","properties":{"addressPrefix":"10.1.0.0/24"}}]}},
			{"type":"Microsoft.Network/publicIPAddresses","name":"ip","location":"westeurope","apiVersion":"2022-01-01","sku":{"name":"Standard"},
				"properties":{"publicIPAllocationMethod":"Static"}}],
		"outputs":{"gateway":{"type":"object","value":"[reference('gw1')]"},"leak":{"type":"string","value":"[parameters('certPassword')]"},
			"where":{"type":"string","value":"[concat(deployment().name, ' in ', resourceGroup().name)]"}}}`
)

// deploying is an API with an empty group.
func deploying(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	if a := w.do("PUT", groupURL, `{"location":"westeurope"}`); a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.text)
	}
	return w
}

// body is what az sends: a template with its comments and its long lines, behind a key without quotes.
func body(template string) string {
	return `{"properties": {"parameters": {}, "mode": "incremental", template:` + strings.Replace(template, "{", "{ // from a file\n", 1) + `}}`
}

func (w *world) deployed() answer {
	w.t.Helper()
	a := w.do("PUT", deploymentsURL+"/first", body(shop))
	if a.status != http.StatusCreated {
		w.t.Fatalf("%d %s", a.status, a.text)
	}
	return a
}

func TestATemplateIsDeployed(t *testing.T) {
	w := deploying(t)
	a := w.deployed()
	for want, path := range map[string][]string{
		deploymentsURL + "/first":           {"id"},
		"Microsoft.Resources/deployments":   {"type"},
		"Incremental":                       {"properties", "mode"},
		"Succeeded":                         {"properties", "provisioningState"},
		"SecureString":                      {"properties", "parameters", "certPassword", "type"},
		"first in rg":                       {"properties", "outputs", "where", "value"},
		"Object":                            {"properties", "outputs", "gateway", "type"},
		"Running":                           {"properties", "outputs", "gateway", "value", "operationalState"},
		networkURL + "/virtualNetworks/net": {"properties", "outputResources", "0", "id"},
		gatewayURL:                          {"properties", "outputResources", "2", "id"},
		gatewayURL + "/frontendPorts/p":     {"properties", "outputs", "gateway", "value", "frontendPorts", "0", "id"},
	} {
		if got := a.at(t, path...); got != want {
			t.Errorf("%v: %v, want %s", path, got, want)
		}
	}
	if a := w.do("GET", gatewayURL, ""); a.at(t, "location") != "westeurope" || a.at(t, "properties", "frontendPorts", "0", "properties", "port") != 8080.0 {
		t.Errorf("the gateway: %d %s", a.status, a.text)
	}
	if a := w.do("GET", networkURL+"/virtualNetworks/net/subnets/one", ""); a.status != http.StatusOK {
		t.Errorf("a subnet: %d %s", a.status, a.text)
	}
	if !strings.Contains(string(w.gateway.config.Document), "correct horse") {
		t.Errorf("the password did not arrive: %s", w.gateway.config.Document)
	}
	if a := w.do("PUT", deploymentsURL+"/first", body(shop)); a.status != http.StatusOK {
		t.Errorf("once more: %d %s", a.status, a.text)
	}
}

func TestDeploymentsAreListedReadAndForgotten(t *testing.T) {
	w := deploying(t)
	at := deploymentsURL + "/first"
	if a := w.do("HEAD", at, ""); a.status != http.StatusNotFound {
		t.Errorf("before: %d", a.status)
	}
	if a := w.do("GET", at, ""); a.code() != "DeploymentNotFound" {
		t.Errorf("before: %d %s", a.status, a.text)
	}
	created := w.deployed()
	if a := w.do("HEAD", at, ""); a.status != http.StatusNoContent {
		t.Errorf("HEAD: %d", a.status)
	}
	if a := w.do("GET", at, ""); a.text != created.text {
		t.Errorf("GET: %s\nPUT: %s", a.text, created.text)
	}
	if a := w.do("GET", deploymentsURL+"/", ""); a.at(t, "value", "0", "name") != "first" {
		t.Errorf("list: %d %s", a.status, a.text)
	}
	operations := w.do("GET", at+"/operations", "")
	if operations.at(t, "value", "2", "properties", "targetResource", "id") != gatewayURL ||
		operations.at(t, "value", "2", "properties", "provisioningState") != "Succeeded" || operations.at(t, "value", "0", "properties", "statusCode") != "Created" {
		t.Errorf("operations: %s", operations.text)
	}
	if a := w.do("GET", groupURL+"/deployments/first/operations", ""); a.text != operations.text {
		t.Errorf("operations under the path that az uses: %s", a.text)
	}
	id, _ := operations.at(t, "value", "1", "operationId").(string)
	if a := w.do("GET", at+"/operations/"+id, ""); a.at(t, "properties", "targetResource", "resourceName") != "ip" {
		t.Errorf("operation %s: %s", id, a.text)
	}
	if a := w.do("POST", at+"/cancel", ""); a.status != http.StatusConflict || a.code() != "DeploymentCannotBeCanceled" {
		t.Errorf("cancel: %d %s", a.status, a.text)
	}
	if a := w.do("DELETE", at, ""); a.status != http.StatusNoContent || w.do("GET", at, "").status != http.StatusNotFound ||
		w.do("GET", gatewayURL, "").status != http.StatusOK {
		t.Errorf("DELETE: %d %s", a.status, a.text)
	}
}

// Private keys and passwords stay in the gateway, whichever way they came.
func TestDeploymentsShowNoSecrets(t *testing.T) {
	w := deploying(t)
	w.deployed()
	for name, a := range map[string]answer{
		"deployment": w.do("GET", deploymentsURL+"/first", ""),
		"template":   w.do("POST", deploymentsURL+"/first/exportTemplate", ""),
		"validation": w.do("POST", deploymentsURL+"/first/validate", body(shop)),
		"what-if":    w.do("POST", deploymentsURL+"/first/whatIf", body(shop)),
		"group":      w.do("POST", groupURL+"/exportTemplate", `{"resources":["*"]}`),
	} {
		if a.status != http.StatusOK || strings.Contains(a.text, "cHJpdmF0ZSBrZXk=") || strings.Contains(a.text, "correct horse") {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
	for _, r := range w.shelf.items {
		if strings.Contains(string(r.Value), "correct horse") || strings.Contains(string(r.Value), "cHJpdmF0ZSBrZXk=") {
			t.Errorf("an item has a secret: %s", r.Value)
		}
	}
}

// A password may be a number, and a default that nobody used is one all the same.
func TestDeploymentsShowNoNumbersAndNoDefaults(t *testing.T) {
	w := deploying(t)
	template := strings.NewReplacer(
		`"[parameters('certPassword')]"}}]`, `12345678}}]`,
		`"parameters":{`, `"parameters":{"keys":{"type":"secureObject","defaultValue":{"pin":87654321,"old":"rusty nail"}},`,
		`"outputs":{`, `"outputs":{"pin":{"type":"int","value":"[parameters('keys').pin]"},`,
	).Replace(shop)
	given := `"parameters": {"certPassword":{"value":"battery staple"},"keys":{"value":{"pin":11223344}}}`
	a := w.do("PUT", deploymentsURL+"/first", strings.Replace(body(template), `"parameters": {}`, given, 1))
	if a.status != http.StatusCreated || !strings.Contains(string(w.gateway.config.Document), `"12345678"`) {
		t.Fatalf("%d %s", a.status, a.text)
	}
	kept := w.shelf.items[deploymentItems+" "+itemName("s", "rg", "first")]
	for _, secret := range []string{"12345678", "87654321", "11223344", "rusty nail", "correct horse", "battery staple"} {
		if strings.Contains(string(kept.Value), secret) {
			t.Errorf("%s is kept: %s", secret, kept.Value)
		}
	}
}

// A plain parameter, a variable or a literal that a password is made from is part of it.
func TestDeploymentsShowNoIngredientsOfSecrets(t *testing.T) {
	w := deploying(t)
	template := strings.NewReplacer(
		`"[parameters('certPassword')]"}}]`, `"[concat(parameters('plain'), variables('between'), 'it''s staple')]"}}]`,
		`"parameters":{`, `"parameters":{"plain":{"type":"string","defaultValue":"correct horse"},`,
		`"variables":{`, `"variables":{"between":" battery ",`,
		`"defaultValue":"correct horse"},"port"`, `"allowedValues":["rusty nail","iron gate"],"defaultValue":"iron gate"},"port"`,
	).Replace(shop)
	a := w.do("PUT", deploymentsURL+"/first", body(template))
	if a.status != http.StatusCreated || !strings.Contains(string(w.gateway.config.Document), "correct horse battery it's staple") {
		t.Fatalf("%d %s", a.status, a.text)
	}
	kept := w.shelf.items[deploymentItems+" "+itemName("s", "rg", "first")]
	for _, secret := range []string{"correct horse", "battery", "staple", "rusty nail", "iron gate"} {
		if strings.Contains(string(kept.Value), secret) {
			t.Errorf("%s is kept: %s", secret, kept.Value)
		}
	}
	if !strings.Contains(string(kept.Value), "resourceGroup().location") {
		t.Errorf("too little is kept: %s", kept.Value)
	}
}

// A template that is wrong anywhere changes nothing: validate says the same as the deployment.
func TestAWrongTemplateChangesNothing(t *testing.T) {
	w := deploying(t)
	edit := func(old, now string) string { return strings.Replace(shop, old, now, 1) }
	for name, x := range map[string]struct {
		body, code, target, message string
	}{
		"no JSON":          {`{"properties":`, "InvalidRequestContent", "", ""},
		"no template":      {`{"properties":{"mode":"Incremental"}}`, "InvalidRequestContent", "", "properties.template"},
		"a link":           {`{"properties":{"mode":"Incremental","templateLink":{"uri":"https://x"}}}`, "InvalidContentLink", "", ""},
		"no mode":          {`{"properties":{"template":` + shop + `}}`, "InvalidRequestContent", "", "mode"},
		"not a template":   {body(`{"a":1}`), "InvalidTemplate", "", "not an ARM template"},
		"a function":       {body(edit(`"[reference('gw1')]"`, `"[nowhere()]"`)), "InvalidTemplate", "outputs.gateway.value", "nowhere"},
		"a type":           {body(edit("Microsoft.Network/publicIPAddresses\",\"name", "Microsoft.Web/sites\",\"name")), "InvalidTemplate", "resources[2]", "Microsoft.Web/sites"},
		"a circle":         {body(edit(`"name":"net","location"`, `"name":"net","dependsOn":["gw1"],"location"`)), "InvalidTemplate", "", "depends on itself"},
		"a parameter":      {strings.Replace(body(shop), `"parameters": {}`, `"parameters": {"prot":{"value":1}}`, 1), "InvalidTemplate", "parameters", "prot"},
		"a reference":      {body(edit("/backendAddressPools/web'", "/backendAddressPools/gone'")), "InvalidTemplateDeployment", "resources[0].properties.requestRoutingRules[0].properties.backendAddressPool.id", "gone"},
		"a priority":       {body(edit(`"priority":10`, `"priority":0`)), "InvalidTemplateDeployment", "resources[0].properties.requestRoutingRules[0].properties.priority", ""},
		"a certificate":    {body(strings.NewReplacer(`"Protocol":"http","SslCertificate":null`, `"Protocol":"https","SslCertificate":{"id":"[concat(variables('gw'),'/sslCertificates/shop')]"}`).Replace(shop)), "InvalidTemplateDeployment", "", "sslCertificates"},
		"a resource twice": {body(edit(`"name":"ip","location"`, `"name":"net","location"`)), "InvalidTemplate", "", ""},
		"a subnet of none": {body(edit(`{"type":"Microsoft.Network/publicIPAddresses"`, `{"type":"Microsoft.Network/virtualNetworks/subnets","apiVersion":"2020-01-01","name":"gone/s"},{"type":"Microsoft.Network/publicIPAddresses"`)), "InvalidTemplateDeployment", "resources[2]", "gone"},
	} {
		validated := w.do("POST", deploymentsURL+"/bad/validate", x.body)
		a := w.do("PUT", deploymentsURL+"/bad", x.body)
		target, _ := a.at(t, "error", "target").(string)
		if a.status != http.StatusBadRequest || a.code() != x.code || target != x.target && x.target != "" || !strings.Contains(a.text, x.message) {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
		if validated.status != a.status || validated.text != a.text {
			t.Errorf("%s: validate answers %d %s\nPUT answers %s", name, validated.status, validated.text, a.text)
		}
	}
	if w.gateway.Config().Document != nil || len(w.shelf.items) != 1+len(access.Roles()) {
		t.Errorf("something is left: %+v", w.shelf.items)
	}
}

func TestAnotherGatewayIsRefusedInTemplates(t *testing.T) {
	w := deploying(t)
	w.deployed()
	a := w.do("POST", deploymentsURL+"/other/validate", body(strings.ReplaceAll(shop, "gw1", "gw2")))
	if a.status != http.StatusBadRequest || a.at(t, "error", "details", "0", "code") != "GatewayExists" {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// The modules of Bicep are deployments inside a template.
func TestATemplateWithModules(t *testing.T) {
	w := deploying(t)
	module := `{"$schema":"https://x/deploymentTemplate.json#","resources":[{"type":"Microsoft.Resources/deployments","apiVersion":"2022-09-01","name":"shop",
		"properties":{"mode":"Incremental","expressionEvaluationOptions":{"scope":"inner"},"parameters":{"certPassword":{"value":"battery staple"}},"template":` + shop + `}}],
		"outputs":{"g":{"type":"string","value":"[reference('shop').outputs.gateway.value.operationalState]"}}}`
	a := w.do("PUT", deploymentsURL+"/outer", body(module))
	if a.status != http.StatusCreated || a.at(t, "properties", "outputs", "g", "value") != "Running" || a.at(t, "properties", "outputResources", "2", "id") != gatewayURL {
		t.Errorf("%d %s", a.status, a.text)
	}
	if !strings.Contains(string(w.gateway.config.Document), "battery staple") {
		t.Error("the parameter of the module did not arrive")
	}
	if a := w.do("POST", deploymentsURL+"/outer/exportTemplate", ""); strings.Contains(a.text, "battery staple") || strings.Contains(a.text, "cHJpdmF0ZSBrZXk=") {
		t.Errorf("a secret of the module: %s", a.text)
	}
	wrong := strings.Replace(module, `"priority":10`, `"priority":0`, 1)
	if a := w.do("POST", deploymentsURL+"/outer/validate", body(wrong)); a.at(t, "error", "target") != "resources[0].properties.template.resources[0].properties.requestRoutingRules[0].properties.priority" {
		t.Errorf("a problem inside a module: %d %s", a.status, a.text)
	}
}

// A deployment that fails keeps its item: which resource it was, and why.
func TestAFailedDeployment(t *testing.T) {
	w := deploying(t)
	w.gateway.broken = errors.New("open port 8080: address in use")
	a := w.do("PUT", deploymentsURL+"/first", body(shop))
	if a.status != http.StatusConflict || a.code() != "DeploymentFailed" || !strings.Contains(a.text, "address in use") {
		t.Errorf("%d %s", a.status, a.text)
	}
	a = w.do("GET", deploymentsURL+"/first", "")
	if a.at(t, "properties", "provisioningState") != "Failed" || a.at(t, "properties", "error", "code") != "DeploymentFailed" {
		t.Errorf("%d %s", a.status, a.text)
	}
	a = w.do("GET", deploymentsURL+"/first/operations", "")
	if a.at(t, "value", "1", "properties", "provisioningState") != "NotStarted" || a.at(t, "value", "2", "properties", "provisioningState") != "Failed" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", networkURL+"/virtualNetworks/net", ""); a.status != http.StatusNotFound {
		t.Errorf("a network of a deployment that failed: %d %s", a.status, a.text)
	}
}

func TestASlowDeploymentIsAnOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := deploying(t)
		w.gateway.slow = make(chan struct{})
		late := strings.Replace(shop, `"outputs":{`, `"outputs":{"net":{"type":"object","value":"[reference('net')]"},`, 1)
		a := w.do("PUT", deploymentsURL+"/first", body(late))
		poll := strings.TrimPrefix(a.header.Get("Azure-AsyncOperation"), "https://"+host)
		if a.status != http.StatusCreated || a.at(t, "properties", "provisioningState") != "Running" || poll == "" {
			t.Fatalf("%d %v %s", a.status, a.header, a.text)
		}
		if a := w.do("PUT", deploymentsURL+"/first", body(shop)); a.status != http.StatusConflict || a.code() != "DeploymentActive" {
			t.Errorf("meanwhile: %d %s", a.status, a.text)
		}
		close(w.gateway.slow)
		synctest.Wait()
		if a := w.do("GET", poll, ""); a.at(t, "status") != "Succeeded" {
			t.Errorf("after it: %s", a.text)
		}
		if a := w.do("GET", deploymentsURL+"/first", ""); a.at(t, "properties", "provisioningState") != "Succeeded" {
			t.Errorf("its item: %s", a.text)
		}
	})
}

// A node that dies leaves an item behind that nobody ends.
// Of two deployments of one name that come at the same time one is refused, and one that runs is not forgotten.
func TestOneDeploymentOfAName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := deploying(t)
		w.gateway.slow = make(chan struct{})
		w.shelf.rival = func() { w.deployed() }
		if a := w.do("PUT", deploymentsURL+"/first", body(shop)); a.status != http.StatusConflict || a.code() != "DeploymentActive" {
			t.Errorf("%d %s", a.status, a.text)
		}
		if a := w.do("DELETE", deploymentsURL+"/first", ""); a.status != http.StatusConflict || a.code() != "DeploymentActive" {
			t.Errorf("DELETE: %d %s", a.status, a.text)
		}
		close(w.gateway.slow)
		synctest.Wait()
		if a := w.do("GET", deploymentsURL+"/first", ""); a.at(t, "properties", "provisioningState") != "Succeeded" {
			t.Errorf("%d %s", a.status, a.text)
		}
		if a := w.do("DELETE", deploymentsURL+"/first", ""); a.status != http.StatusNoContent {
			t.Errorf("DELETE: %d %s", a.status, a.text)
		}
	})
}

func TestAnInterruptedDeploymentHasFailed(t *testing.T) {
	w := deploying(t)
	w.deployed()
	key := deploymentItems + " " + itemName("s", "rg", "first")
	r, d := w.shelf.items[key], deployment{}
	if err := json.Unmarshal(r.Value, &d); err != nil {
		t.Fatal(err)
	}
	d.State, d.At = stateRunning, time.Now().Add(-2*operationTime)
	r.Value, _ = json.Marshal(d)
	w.shelf.items[key] = r
	if a := w.do("GET", deploymentsURL+"/first", ""); a.at(t, "properties", "provisioningState") != "Failed" ||
		a.at(t, "properties", "error", "code") != "DeploymentInterrupted" {
		t.Errorf("%s", a.text)
	}
	if a := w.do("PUT", deploymentsURL+"/first", body(shop)); a.status != http.StatusOK {
		t.Errorf("once more: %d %s", a.status, a.text)
	}
}

func TestTheLastDeploymentsAreKept(t *testing.T) {
	w := deploying(t)
	empty := body(`{"$schema":"https://x/deploymentTemplate.json#","resources":[]}`)
	began := time.Now()
	for i := range deploymentsMax + 3 {
		w.server.now = func() time.Time { return began.Add(time.Duration(i) * time.Minute) }
		if a := w.do("PUT", fmt.Sprintf("%s/d%d", deploymentsURL, i), empty); a.status != http.StatusCreated {
			t.Fatalf("%d %s", a.status, a.text)
		}
	}
	all, _ := w.do("GET", deploymentsURL, "").at(t, "value").([]any)
	if len(all) != deploymentsMax || w.do("GET", deploymentsURL+"/d2", "").status != http.StatusNotFound ||
		w.do("GET", deploymentsURL+"/d3", "").status != http.StatusOK {
		t.Errorf("%d deployments are kept", len(all))
	}
}

func TestTheModeCompleteDeletesNothing(t *testing.T) {
	w := deploying(t)
	complete := strings.Replace(body(shop), "incremental", "complete", 1)
	if a := w.do("PUT", deploymentsURL+"/first", complete); a.status != http.StatusCreated || a.at(t, "properties", "mode") != "Complete" {
		t.Errorf("into an empty group: %d %s", a.status, a.text)
	}
	if a := w.do("PUT", deploymentsURL+"/first", complete); a.status != http.StatusOK {
		t.Errorf("once more: %d %s", a.status, a.text)
	}
	w.do("PUT", networkURL+"/networkSecurityGroups/other", `{"location":"westeurope"}`)
	if a := w.do("PUT", deploymentsURL+"/first", complete); a.status != http.StatusBadRequest || a.code() != "DeploymentModeNotSupported" ||
		!strings.Contains(a.text, "networkSecurityGroups/other") {
		t.Errorf("beside another resource: %d %s", a.status, a.text)
	}
}

func TestWhoMayDeploy(t *testing.T) {
	w := deploying(t)
	for _, x := range []struct {
		role         access.Role
		method, path string
		want         int
	}{
		{access.Reader, "PUT", "/first", 403},
		{access.Reader, "POST", "/first/validate", 403},
		{access.Operator, "PUT", "/first", 201},
		{access.Reader, "GET", "/first", 200},
		{access.Reader, "POST", "/first/exportTemplate", 200},
		{access.Operator, "DELETE", "/first", 403},
	} {
		if a := w.do(x.method, deploymentsURL+x.path, body(shop), w.as(x.role)...); a.status != x.want {
			t.Errorf("%s %s as %s: %d %s", x.method, x.path, x.role, a.status, a.text)
		}
	}
	if caller := w.gateway.callers[0]; !strings.HasPrefix(caller, "operator ") {
		t.Errorf("the caller is %q", caller)
	}
	if a := w.do("PUT", "/subscriptions/s/resourceGroups/gone/providers/Microsoft.Resources/deployments/d", body(shop)); a.code() != "ResourceGroupNotFound" {
		t.Errorf("into no group: %d %s", a.status, a.text)
	}
	if a := w.do("PUT", deploymentsURL+"/a%20b", body(shop)); a.code() != "InvalidDeploymentName" {
		t.Errorf("under a bad name: %d %s", a.status, a.text)
	}
}

func TestAGroupGoesWithItsDeployments(t *testing.T) {
	w := deploying(t)
	w.deployed()
	w.do("DELETE", groupURL, "")
	if all, _ := w.shelf.Items(t.Context(), deploymentItems); len(all) > 0 {
		t.Errorf("items are left: %+v", all)
	}
}
