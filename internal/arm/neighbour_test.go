package arm

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"causeway/internal/gateway"
	"causeway/internal/store"
)

// refersTo makes the gateway refer to the policy of policyURL.
func (w *world) refersTo() {
	w.t.Helper()
	w.created()
	w.gateway.config.Allow = []string{gateway.ProtectionWAF}
	w.gateway.config.Document = []byte(strings.NewReplacer(
		"standard_v2", "WAF_v2", "Standard_v2", "WAF_v2", `"SslCertificate":null`, `"firewallPolicy":{"id":"`+strings.ToUpper(policyURL)+`"}`,
		`"Location"`, `"id":"`+gatewayURL+`","name":"gw1","Location"`,
	).Replace(sloppy))
	w.gateway.config.Revision++
}

// Of two clients that know the same state of a policy one alone changes it, also where both were checked before either wrote.
func TestAPolicyThatIsWrittenMeanwhile(t *testing.T) {
	other := strings.Replace(shield, `"customRules":[]`, `"customRules":[],"x":null`, 1)
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		w := deploying(t)
		tag, _ := w.do("PUT", policyURL, shield).at(t, "etag").(string)
		meanwhile := func() {
			if a := w.do("PATCH", policyURL, `{"tags":{"by":"rival"}}`); a.status != http.StatusOK {
				t.Errorf("the rival: %d %s", a.status, a.text)
			}
		}
		w.shelf.rival = meanwhile
		if method == "DELETE" {
			w.shelf.rival, w.shelf.deleteRival = nil, meanwhile
		}
		body := map[string]string{"PUT": other, "PATCH": `{"tags":{"by":"me"}}`}[method]
		if a := w.do(method, policyURL, body, "If-Match", tag); a.status != http.StatusPreconditionFailed {
			t.Errorf("%s: %d %s", method, a.status, a.text)
		}
		if a := w.do("GET", policyURL, ""); a.at(t, "tags", "by") != "rival" {
			t.Errorf("%s: %d %s", method, a.status, a.text)
		}
	}
	w := deploying(t)
	w.shelf.rival = func() { w.do("PUT", policyURL, shield) }
	if a := w.do("PUT", policyURL, shield, "If-None-Match", "*"); a.status != http.StatusPreconditionFailed {
		t.Errorf("two that create it: %d %s", a.status, a.text)
	}
}

// A PATCH changes the tags of what is there, and takes back no change of somebody else.
func TestAPatchKeepsWhatIsWrittenMeanwhile(t *testing.T) {
	w := deploying(t)
	w.do("PUT", policyURL, shield)
	w.shelf.rival = func() { w.do("PUT", policyURL, strings.Replace(shield, "prevention", "detection", 1)) }
	a := w.do("PATCH", policyURL, `{"tags":{"team":"edge"}}`)
	if a.at(t, "properties", "policySettings", "mode") != "Detection" || a.at(t, "tags", "team") != "edge" {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// A PATCH without tags leaves them alone.
func TestAPatchWithoutTags(t *testing.T) {
	w := deploying(t)
	w.created()
	w.do("PUT", policyURL, shield)
	for _, path := range []string{gatewayURL, policyURL} {
		w.do("PATCH", path, `{"tags":{"team":"edge"}}`)
		for _, body := range []string{`{}`, `null`, `{"tags":null}`} {
			if a := w.do("PATCH", path, body); a.status != http.StatusOK || a.at(t, "tags", "team") != "edge" {
				t.Errorf("%s %s: %d %s", path, body, a.status, a.text)
			}
		}
		if a := w.do("PATCH", path, `{}`, "If-Match", `W/"0"`); a.status != http.StatusPreconditionFailed {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
		if a := w.do("PATCH", path, `{"tags":{}}`); a.status != http.StatusOK || a.at(t, "tags", "team") != nil {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
}

func TestAPolicyHasALocationAndTextsAsTags(t *testing.T) {
	w := deploying(t)
	for text, want := range map[string]string{
		strings.Replace(shield, `"location":"westeurope",`, "", 1):                "LocationRequired",
		strings.Replace(shield, `"properties"`, `"tags":{"a":1},"properties"`, 1): "InvalidParameter",
		strings.Replace(shield, `"properties"`, `"tags":["a"],"properties"`, 1):   "InvalidParameter",
	} {
		if a := w.do("PUT", policyURL, text); a.status != http.StatusBadRequest || a.code() != want {
			t.Errorf("%s: %d %s", text, a.status, a.text)
		}
	}
}

// A policy that the gateway refers to stays, also when somebody deletes the group around it.
func TestAGroupWithAPolicyInUse(t *testing.T) {
	w := deploying(t)
	w.do("PUT", "/subscriptions/s/resourceGroups/policies", `{"location":"westeurope"}`)
	elsewhere := strings.Replace(policyURL, "/rg/", "/policies/", 1)
	w.do("PUT", elsewhere, shield)
	w.refersTo()
	w.gateway.config.Document = []byte(strings.Replace(string(w.gateway.config.Document), strings.ToUpper(policyURL), strings.ToUpper(elsewhere), 1))
	if a := w.do("DELETE", "/subscriptions/s/resourceGroups/policies", ""); a.status != http.StatusConflict || a.code() != "ResourceInUse" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", elsewhere, ""); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("DELETE", groupURL, ""); a.status != http.StatusOK { // with the gateway
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("DELETE", "/subscriptions/s/resourceGroups/policies", ""); a.status != http.StatusOK {
		t.Errorf("without it: %d %s", a.status, a.text)
	}
}

func TestAListOfPoliciesReadsTheGatewayOnce(t *testing.T) {
	w := deploying(t)
	w.refersTo()
	cost := func() int {
		before := w.gateway.reads
		if a := w.do("GET", policiesURL, ""); a.status != http.StatusOK {
			t.Errorf("%d %s", a.status, a.text)
		}
		return w.gateway.reads - before
	}
	w.do("PUT", policyURL, shield)
	one := cost()
	for i := range 5 {
		w.do("PUT", fmt.Sprint(policiesURL, "/p", i), shield)
	}
	if six := cost(); six != one {
		t.Errorf("the configuration is read %d times for one policy, %d times for six", one, six)
	}
}

// A network with one subnet too many leaves nothing behind.
func TestANetworkWithTooManySubnets(t *testing.T) {
	w := deploying(t)
	for i := range neighboursMax - 1 {
		name := fmt.Sprint("s/other/net/s", i)
		w.shelf.items["subnets "+name] = store.Item{Kind: "subnets", Name: name, Value: []byte(`{}`), Revision: 1}
	}
	network := networkURL + "/virtualNetworks/v"
	a := w.do("PUT", network, `{"properties":{"subnets":[{"name":"a"},{"name":"b"}]}}`)
	if a.status != http.StatusConflict || a.code() != "ResourceCountLimitExceeded" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", network, ""); a.status != http.StatusNotFound {
		t.Errorf("half of it: %d %s", a.status, a.text)
	}
	if a := w.do("PUT", network, `{"properties":{"subnets":[{"name":"a"}]}}`); a.status != http.StatusCreated {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("PUT", network, `{"properties":{"subnets":[{"name":"A"},{"name":"a"}]}}`); a.status != http.StatusOK {
		t.Errorf("once more: %d %s", a.status, a.text)
	}
}
