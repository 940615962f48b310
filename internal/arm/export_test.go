package arm

import (
	"net/http"
	"strings"
	"testing"
)

// The template of a group, deployed again, changes nothing; deployed into another group, it makes the same.
func TestAnExportedGroupDeploysAgain(t *testing.T) {
	w := deploying(t)
	w.deployed()
	a := w.do("POST", groupURL+"/exportTemplate", `{"resources":["*"],"options":"IncludeParameterDefaultValue"}`)
	template := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(a.text), `{"template":`), "}")
	if a.status != http.StatusOK || strings.Contains(a.text, groupURL) || !strings.Contains(a.text, "[resourceId('Microsoft.Network/virtualNetworks', 'net')]") {
		t.Fatalf("%d %s", a.status, a.text)
	}
	for name, c := range changesOf(t, w.do("POST", deploymentsURL+"/again/whatIf", body(template))) {
		if c.Kind != "NoChange" {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if a := w.do("PUT", deploymentsURL+"/again", body(template)); a.status != http.StatusCreated {
		t.Errorf("%d %s", a.status, a.text)
	}
	if !strings.Contains(string(w.gateway.config.Document), "correct horse") {
		t.Error("the password is lost")
	}
	w.do("DELETE", groupURL, "")
	w.do("PUT", "/subscriptions/s/resourceGroups/new", `{"location":"westeurope"}`)
	bare := strings.Replace(template, `"sslCertificates":[{"name":"shop"}],`, "", 1) // without the key there is no certificate
	if a := w.do("PUT", strings.Replace(deploymentsURL, "/rg/", "/new/", 1)+"/moved", body(bare)); a.status != http.StatusCreated ||
		a.at(t, "properties", "outputResources", "2", "id") != strings.Replace(gatewayURL, "/rg/", "/new/", 1) {
		t.Errorf("into another group: %d %s", a.status, a.text)
	}
}

func TestPartOfAGroupIsExported(t *testing.T) {
	w := deploying(t)
	w.deployed()
	a := w.do("POST", groupURL+"/exportTemplate", `{"resources":["`+gatewayURL+`"]}`)
	if resources, _ := a.at(t, "template", "resources").([]any); len(resources) != 1 || a.at(t, "template", "resources", "0", "dependsOn") != nil {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", groupURL+"/exportTemplate", ""); a.status != http.StatusOK {
		t.Errorf("GET: %d %s", a.status, a.text)
	}
	if a := w.do("POST", groupURL+"/exportTemplate", "{"); a.status != http.StatusBadRequest {
		t.Errorf("a bad body: %d %s", a.status, a.text)
	}
	w.do("PUT", networkURL+"/publicIPAddresses/odd", `{"location":"westeurope","properties":{"x":"[not an expression"}}`)
	if a := w.do("POST", groupURL+"/exportTemplate", `{"resources":["*"]}`); !strings.Contains(a.text, `"[[not an expression"`) {
		t.Errorf("a text like an expression: %s", a.text)
	}
}
