package arm

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"causeway/internal/access"
	"causeway/internal/gateway"
)

const locksURL = "/providers/Microsoft.Authorization/locks/"

func TestLocksForbidWhatTheySay(t *testing.T) {
	for _, x := range []struct {
		scope, level       string
		method, path, body string
		locked             bool
	}{
		{scope: gatewayURL, level: "CanNotDelete", method: "DELETE", path: gatewayURL, locked: true},
		{scope: gatewayURL, level: "CanNotDelete", method: "DELETE", path: groupURL, locked: true},
		{scope: gatewayURL, level: "CanNotDelete", method: "PUT", path: gatewayURL, body: sloppy},
		{scope: gatewayURL, level: "CanNotDelete", method: "PUT", path: deploymentsURL + "/first", body: body(shop)},
		{scope: gatewayURL, level: "CanNotDelete", method: "DELETE", path: networkURL + "/publicIPAddresses/ip"},
		{scope: gatewayURL, level: "ReadOnly", method: "DELETE", path: strings.ToUpper(gatewayURL), locked: true},
		{scope: gatewayURL, level: "readonly", method: "PUT", path: gatewayURL, body: sloppy, locked: true},
		{scope: gatewayURL, level: "ReadOnly", method: "PATCH", path: gatewayURL, body: `{"tags":{}}`, locked: true},
		{scope: gatewayURL, level: "ReadOnly", method: "POST", path: gatewayURL + "/stop", locked: true},
		{scope: gatewayURL, level: "ReadOnly", method: "POST", path: gatewayURL + "/backendhealth"},
		{scope: gatewayURL, level: "ReadOnly", method: "GET", path: gatewayURL},
		{scope: gatewayURL, level: "ReadOnly", method: "PUT", path: networkURL + "/publicIPAddresses/ip", body: `{}`},
		{scope: groupURL, level: "CanNotDelete", method: "DELETE", path: gatewayURL, locked: true},
		{scope: groupURL, level: "CanNotDelete", method: "DELETE", path: networkURL + "/publicIPAddresses/ip", locked: true},
		{scope: groupURL, level: "ReadOnly", method: "PUT", path: groupURL, body: `{"location":"x"}`, locked: true},
		{scope: groupURL, level: "ReadOnly", method: "PUT", path: deploymentsURL + "/first", body: body(shop), locked: true},
		{scope: groupURL, level: "ReadOnly", method: "PUT", path: "/subscriptions/s/resourceGroups/rg2", body: `{"location":"x"}`},
	} {
		w := deploying(t)
		w.deployed()
		if a := w.do("PUT", x.scope+locksURL+"keep", `{"properties":{"level":"`+x.level+`","notes":"for now"}}`); a.status != http.StatusCreated {
			t.Fatalf("%d %s", a.status, a.text)
		}
		a := w.do(x.method, x.path, x.body)
		if got := a.status == http.StatusConflict && a.code() == "ScopeLocked"; got != x.locked || !x.locked && a.status >= 400 {
			t.Errorf("%s at %s, %s %s: %d %s", x.level, x.scope, x.method, x.path, a.status, a.text)
		}
		if a := w.do("DELETE", x.scope+locksURL+"keep", ""); a.status != http.StatusOK {
			t.Errorf("unlock: %d %s", a.status, a.text)
		}
		if a := w.do(x.method, x.path, x.body); a.status >= 400 {
			t.Errorf("unlocked, %s %s: %d %s", x.method, x.path, a.status, a.text)
		}
	}
}

// A template that would change what is locked is refused as a whole, also by validate.
func TestTemplatesRespectLocks(t *testing.T) {
	w := deploying(t)
	w.deployed()
	w.do("PUT", gatewayURL+locksURL+"keep", `{"properties":{"level":"ReadOnly"}}`)
	for _, request := range [][2]string{{"PUT", ""}, {"POST", "/validate"}, {"POST", "/whatIf"}} {
		a := w.do(request[0], deploymentsURL+"/first"+request[1], body(shop))
		if a.status != http.StatusBadRequest || a.at(t, "error", "details", "0", "code") != "ScopeLocked" {
			t.Errorf("%v: %d %s", request, a.status, a.text)
		}
	}
}

func TestLocksAreListedAndForOwners(t *testing.T) {
	w := deploying(t)
	w.created()
	const lock = `{"properties":{"level":"CanNotDelete"}}`
	if a := w.do("PUT", gatewayURL+locksURL+"a", lock, w.as(access.Operator)...); a.status != http.StatusForbidden {
		t.Errorf("as an operator: %d %s", a.status, a.text)
	}
	if a := w.do("PUT", gatewayURL+locksURL+"a", `{"properties":{"level":"None"}}`); a.code() != "InvalidLockLevel" {
		t.Errorf("a level that is none: %d %s", a.status, a.text)
	}
	if a := w.do("PUT", strings.Replace(gatewayURL, "gw1", "gw2", 1)+locksURL+"a", lock); a.status != http.StatusNotFound {
		t.Errorf("of nothing: %d %s", a.status, a.text)
	}
	w.do("PUT", gatewayURL+locksURL+"a", lock)
	w.do("PUT", groupURL+locksURL+"b", lock)
	for path, want := range map[string]int{gatewayURL + locksURL: 1, groupURL + locksURL: 2, "/subscriptions/s" + locksURL: 2} {
		if all, _ := w.do("GET", path, "", w.as(access.Reader)...).at(t, "value").([]any); len(all) != want {
			t.Errorf("%s: %v", path, all)
		}
	}
	a := w.do("GET", gatewayURL+locksURL+"A", "")
	if a.at(t, "id") != gatewayURL+locksURL+"a" || a.at(t, "type") != "Microsoft.Authorization/locks" || a.at(t, "properties", "level") != "CanNotDelete" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("PUT", gatewayURL+locksURL+"a", lock); a.status != http.StatusOK {
		t.Errorf("once more: %d %s", a.status, a.text)
	}
	if a := w.do("DELETE", gatewayURL+locksURL+"none", ""); a.status != http.StatusNoContent {
		t.Errorf("delete nothing: %d %s", a.status, a.text)
	}
}

func TestDiagnosticSettingsAreKept(t *testing.T) {
	w := deploying(t)
	w.created()
	const at = gatewayURL + "/providers/Microsoft.Insights/diagnosticSettings"
	const setting = `{"properties":{"workspaceId":"/subscriptions/s/x","logs":[{"category":"ApplicationGatewayAccessLog","enabled":true}]}}`
	if a := w.do("PUT", at+"/logs", `{"properties":{"logs":[]}}`); a.status != http.StatusBadRequest {
		t.Errorf("without a destination: %d %s", a.status, a.text)
	}
	if a := w.do("PUT", at+"/logs", setting, w.as(access.Operator)...); a.status != http.StatusOK ||
		a.at(t, "properties", "logs", "0", "category") != "ApplicationGatewayAccessLog" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", at, ""); a.at(t, "value", "0", "id") != at+"/logs" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", at+"Categories", ""); a.at(t, "value", "0", "name") != "ApplicationGatewayAccessLog" {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.do("DELETE", gatewayURL, "")
	if all, _ := w.shelf.Items(t.Context(), diagnosticSettings.collection); len(all) > 0 {
		t.Errorf("the setting outlives its gateway: %+v", all)
	}
}

func TestTags(t *testing.T) {
	w := deploying(t)
	w.created()
	for _, scope := range []string{groupURL, gatewayURL} {
		at := scope + "/providers/Microsoft.Resources/tags/default"
		for _, x := range []struct{ method, body, want string }{
			{"GET", "", `{}`},
			{"PUT", `{"properties":{"tags":{"team":"edge","env":"dev"}}}`, `{"env":"dev","team":"edge"}`},
			{"PATCH", `{"operation":"Merge","properties":{"tags":{"env":"prod"}}}`, `{"env":"prod","team":"edge"}`},
			{"PATCH", `{"operation":"delete","properties":{"tags":{"env":"prod","team":"other"}}}`, `{"team":"edge"}`},
			{"PATCH", `{"operation":"Replace","properties":{"tags":{"a":"b"}}}`, `{"a":"b"}`},
		} {
			a := w.do(x.method, at, x.body)
			if a.status != http.StatusOK || !strings.Contains(a.text, `"tags":`+x.want) || a.at(t, "id") != at {
				t.Errorf("%s %s: %d %s, want %s", x.method, x.body, a.status, a.text, x.want)
			}
		}
		if a := w.do("GET", scope, ""); a.at(t, "tags", "a") != "b" {
			t.Errorf("the resource itself: %s", a.text)
		}
		if a := w.do("PATCH", at, `{"operation":"Keep"}`); a.status != http.StatusBadRequest {
			t.Errorf("another operation: %d %s", a.status, a.text)
		}
		if a := w.do("PUT", at, `[]`); a.status != http.StatusBadRequest {
			t.Errorf("a bad body: %d %s", a.status, a.text)
		}
		if a := w.do("DELETE", at, ""); a.status != http.StatusOK || w.do("GET", scope, "").at(t, "tags", "a") != nil {
			t.Errorf("delete: %d %s", a.status, a.text)
		}
	}
}

// tagsURLs are the two ways to change the tags of the gateway, with a body that sets one tag.
var tagsURLs = map[string]string{
	gatewayURL: `{"tags":{"team":"edge"}}`,
	gatewayURL + "/providers/Microsoft.Resources/tags/default": `{"operation":"Merge","properties":{"tags":{"team":"edge"}}}`,
}

// Somebody who deploys at the same time loses nothing, and neither do the tags.
func TestTagsBesideAnotherChange(t *testing.T) {
	for at, body := range tagsURLs {
		w := newWorld(t)
		etag := w.created().header.Get("ETag")
		another := func() {
			w.do("PUT", gatewayURL, strings.Replace(sloppy, `"Port":9000`, `"Port":9001`, 1))
		}
		w.gateway.rival = another
		a := w.do("PATCH", at, body)
		is := w.do("GET", gatewayURL, "")
		if a.status != http.StatusOK || is.at(t, "tags", "team") != "edge" || !strings.Contains(is.text, `"port":9001`) {
			t.Errorf("%s: %d %s\n%s", at, a.status, a.text, is.text)
		}
		w.gateway.rival = another
		if a := w.do("PATCH", at, body, "If-Match", w.do("GET", gatewayURL, "").header.Get("ETag")); a.status != http.StatusPreconditionFailed {
			t.Errorf("%s with If-Match: %d %s", at, a.status, a.text)
		}
		if a := w.do("PATCH", at, body, "If-Match", etag); a.status != http.StatusPreconditionFailed {
			t.Errorf("%s with the ETag of an older one: %d %s", at, a.status, a.text)
		}
	}
}

func TestTagsOfAGroupBesideAnotherChange(t *testing.T) {
	w := deploying(t)
	at := groupURL + "/providers/Microsoft.Resources/tags/default"
	merge := func(tag string) answer {
		return w.do("PATCH", at, `{"operation":"Merge","properties":{"tags":{`+tag+`}}}`)
	}
	w.shelf.rival = func() { merge(`"env":"prod"`) }
	if a := merge(`"team":"edge"`); a.status != http.StatusOK || a.at(t, "properties", "tags", "env") != "prod" {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// A gateway that is served without a protection gets its tags all the same, and one that is no longer valid says why not.
func TestTagsOfAGatewayWithProblems(t *testing.T) {
	for at, body := range tagsURLs {
		w := newWorld(t)
		w.created()
		w.gateway.config.Allow = []string{gateway.ProtectionWAF}
		w.gateway.config.Document = []byte(strings.NewReplacer("standard_v2", "WAF_v2", "Standard_v2", "WAF_v2", `"frontendPorts"`,
			`"webApplicationFirewallConfiguration":{"enabled":true,"firewallMode":"Prevention","ruleSetType":"OWASP","ruleSetVersion":"3.2"},`+
				`"frontendPorts"`, `"Location"`, `"id":"`+gatewayURL+`","name":"gw1","Location"`).Replace(sloppy))
		if a := w.do("PATCH", at, body); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", at, a.status, a.text)
		}
		w.gateway.config.Allow = nil
		if a := w.do("PATCH", at, body); a.status != http.StatusBadRequest || a.code() != "ProtectionNotServed" {
			t.Errorf("%s: %d %s", at, a.status, a.text)
		}
	}
}

// Modules of Bicep deploy locks and diagnostic settings beside the gateway.
func TestTemplatesDeployExtensions(t *testing.T) {
	w := deploying(t)
	with := func(level string) string {
		return strings.Replace(shop, `"resources":[`, `"resources":[
			{"type":"Microsoft.Authorization/locks","apiVersion":"2020-05-01","name":"keep","scope":"Microsoft.Network/applicationGateways/gw1","dependsOn":["gw1"],
				"properties":{"level":"`+level+`"}},
			{"type":"Microsoft.Network/applicationGateways/providers/diagnosticSettings","apiVersion":"2021-05-01-preview","name":"gw1/Microsoft.Insights/logs","dependsOn":["gw1"],
				"properties":{"workspaceId":"/x"}},`, 1)
	}
	if a := w.do("PUT", deploymentsURL+"/first", body(with("CanNotDelete")), w.as(access.Operator)...); a.at(t, "error", "details", "0", "code") != "AuthorizationFailed" {
		t.Errorf("a lock by an operator: %d %s", a.status, a.text)
	}
	if a := w.do("POST", deploymentsURL+"/first/validate", body(with("None"))); a.at(t, "error", "details", "0", "code") != "InvalidLockLevel" {
		t.Errorf("a level that is none: %d %s", a.status, a.text)
	}
	alone := `{"$schema":"https://x/deploymentTemplate.json#","resources":[{"type":"Microsoft.Authorization/locks","apiVersion":"2020-05-01","name":"keep",
		"scope":"Microsoft.Network/applicationGateways/gw1","properties":{"level":"ReadOnly"}}]}`
	if a := w.do("POST", deploymentsURL+"/first/validate", body(alone)); a.at(t, "error", "details", "0", "code") != "ParentResourceNotFound" {
		t.Errorf("without a gateway: %d %s", a.status, a.text)
	}
	a := w.do("PUT", deploymentsURL+"/first", body(with("CanNotDelete")))
	if a.status != http.StatusCreated || a.at(t, "properties", "providers", "0", "namespace") != "Microsoft.Authorization" {
		t.Fatalf("%d %s", a.status, a.text)
	}
	if a := w.do("DELETE", gatewayURL, ""); a.code() != "ScopeLocked" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", gatewayURL+"/providers/Microsoft.Insights/diagnosticSettings/logs", ""); a.at(t, "properties", "workspaceId") != "/x" {
		t.Errorf("%d %s", a.status, a.text)
	}
	for name, c := range changesOf(t, w.do("POST", deploymentsURL+"/first/whatIf", body(with("cannotdelete")))) {
		if c.Kind != "NoChange" {
			t.Errorf("%s: %+v", name, c)
		}
	}
	diagnostics := `{"$schema":"https://x/deploymentTemplate.json#","resources":[{"type":"Microsoft.Insights/diagnosticSettings","apiVersion":"2021-05-01-preview","name":"logs",
		"scope":"[resourceId('Microsoft.Network/applicationGateways','gw1')]","properties":{"storageAccountId":"/y"}}]}`
	if a := w.do("PUT", deploymentsURL+"/second", body(diagnostics), w.as(access.Operator)...); a.status != http.StatusCreated {
		t.Errorf("diagnostic settings alone: %d %s", a.status, a.text)
	}
	if c := changesOf(t, w.do("POST", deploymentsURL+"/first/whatIf", body(alone)))["keep"]; c.Kind != "Modify" || c.Delta[0].Path != "properties.level" {
		t.Errorf("another level: %+v", c)
	}
	w.do("PUT", deploymentsURL+"/third", body(alone))
	if a := w.do("PUT", deploymentsURL+"/second", body(diagnostics)); a.at(t, "error", "details", "0", "code") != "ScopeLocked" {
		t.Errorf("of a gateway that is locked: %d %s", a.status, a.text)
	}
}

// Only what does not exist is deleted already. A store without a quorum knows nothing about that.
func TestDeletingWithoutTheStoreFails(t *testing.T) {
	w := deploying(t)
	w.created()
	for kind, path := range map[string]string{
		locks.collection:              gatewayURL + locksURL + "a", // locks are not locked, so this asks for no others
		diagnosticSettings.collection: gatewayURL + "/providers/" + diagnosticSettings.kind + "/a",
		"publicIPAddresses":           networkURL + "/publicIPAddresses/ip",
	} {
		w.shelf.down = map[string]error{kind: context.DeadlineExceeded}
		if a := w.do("DELETE", path, ""); a.status != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
}
