package arm

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/activity"
)

func TestTheActivityLog(t *testing.T) {
	w := newWorld(t)
	begin := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	w.gateway.events = append(w.gateway.events, activity.Event{
		At: begin, Kind: activity.Death, Resource: gatewayURL, Instance: "appgw_0", Signal: "SIGKILL", ExitCode: -1,
	})
	for i := range 250 {
		w.gateway.events = append(w.gateway.events, activity.Event{
			At: begin.Add(time.Duration(i+1) * time.Second), Kind: activity.Configure, Resource: gatewayURL, Revision: int64(i + 1),
			Caller: "owner x", Failed: i%2 == 1,
		})
	}
	const path = "/subscriptions/s/providers/Microsoft.Insights/eventtypes/management/values"
	values := func(filter string) []any {
		t.Helper()
		a := w.do("GET", path+"?$filter="+url.QueryEscape(filter), "")
		if a.status != http.StatusOK {
			t.Fatalf("%s: %d %s", filter, a.status, a.text)
		}
		return a.at(t, "value").([]any)
	}
	first := w.do("GET", path, "")
	next, _ := first.at(t, "nextLink").(string)
	if n := len(first.at(t, "value").([]any)); n != eventsMax || first.at(t, "value", "0", "properties", "revision") != "250" {
		t.Errorf("%d events: %s", n, first.text[:300])
	}
	rest := w.do("GET", strings.TrimPrefix(next, "https://"+host), "")
	if n := len(rest.at(t, "value").([]any)); n != 51 || rest.at(t, "nextLink") != nil {
		t.Errorf("%d further events after %q", n, next)
	}
	last := rest.at(t, "value", "50").(map[string]any)
	if last["description"] != "Instance appgw_0: killed by SIGKILL" || last["level"] != "Error" {
		t.Errorf("%v", last)
	}
	at := func(after time.Duration) string { return begin.Add(after).Format(time.RFC3339) }
	for filter, want := range map[string]int{
		"eventTimestamp ge '" + at(0) + "' and eventTimestamp le '" + at(10*time.Second) + "' and resourceUri eq '" + strings.ToUpper(gatewayURL) + "'": 11,
		"eventTimestamp ge '" + at(0) + "' and status eq 'Failed' and eventTimestamp le '" + at(10*time.Second) + "'":                                   5,
		"resourceGroupName eq 'other'": 0,
		"eventTimestamp ge " + begin.Format("2006-01-02T15:04:05.000000") + " and eventTimestamp le " +
			begin.Add(10*time.Second).Format("2006-01-02T15:04:05.000000"): 11, // as az writes it
	} {
		if got := len(values(filter)); got != want {
			t.Errorf("%s: %d events, want %d", filter, got, want)
		}
	}
	for _, bad := range []string{
		"eventTimestamp ge 'yesterday'", "x eq 'y'", "status ne 'Failed'", "status eq", "status eq 'Failed' and status eq 'Succeeded'",
	} {
		if a := w.do("GET", path+"?$filter="+url.QueryEscape(bad), ""); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, a.status)
		}
	}
}

// Whatever a client changes beside the gateway is in the activity log, also what a lock forbids; what it reads is not.
func TestChangesBesideTheGatewayAreRecorded(t *testing.T) {
	w := newWorld(t)
	const group = "/subscriptions/s/resourceGroups/rg"
	for _, r := range []struct {
		method, path, body, event string // operation, status and resource of the event; empty: there is none
	}{
		{"PUT", group, `{"location":"local"}`, "Microsoft.Resources/subscriptions/resourceGroups/write Succeeded " + group},
		{"GET", group, "", ""},
		{
			"PUT", group + "/providers/microsoft.network/virtualNetworks/v/subnets/s", `{}`,
			"Microsoft.Network/virtualNetworks/subnets/write Failed " + group + "/providers/microsoft.network/virtualNetworks/v/subnets/s",
		},
		{
			"PUT", group + "/providers/Microsoft.Authorization/locks/l", `{"properties":{"level":"CanNotDelete"}}`,
			"Microsoft.Authorization/locks/write Succeeded " + group + "/providers/Microsoft.Authorization/locks/l",
		},
		{"DELETE", group, "", "Microsoft.Resources/subscriptions/resourceGroups/delete Failed " + group},
		{
			"POST", group + "/providers/Microsoft.Resources/deployments/d/validate", `{}`,
			"Microsoft.Resources/deployments/validate/action Failed " + group + "/providers/Microsoft.Resources/deployments/d",
		},
	} {
		before := len(w.gateway.events)
		w.do(r.method, r.path, r.body)
		got := ""
		for _, e := range w.gateway.events[before:] {
			v := asEvent(&e)
			got = v.Operation.Value + " " + v.Status.Value + " " + v.Resource
			if !strings.HasPrefix(e.Caller, "owner ") || v.Group != "rg" || v.Provider.Value == "" || strings.HasSuffix(v.Type.Value, "e") {
				t.Errorf("%+v", v)
			}
		}
		if got != r.event {
			t.Errorf("%s %s: %q, want %q", r.method, r.path, got, r.event)
		}
	}
}

// Each resource of a template is recorded under the correlation id of its deployment.
func TestResourcesOfATemplateAreRecorded(t *testing.T) {
	w := deploying(t)
	before := len(w.gateway.events)
	w.deployed()
	var got []string
	for _, e := range w.gateway.events[before:] {
		got = append(got, e.Operation())
		if e.Correlation == "" || e.Correlation != w.gateway.events[before].Correlation {
			t.Errorf("%s has the correlation id %q", e.Operation(), e.Correlation)
		}
	}
	slices.Sort(got)
	want := []string{
		"Microsoft.Network/publicIPAddresses/write", "Microsoft.Network/virtualNetworks/write", "Microsoft.Resources/deployments/write",
	}
	if !slices.Equal(got, want) { // the gateway of this test records nothing
		t.Errorf("got %q, want %q", got, want)
	}
}

// The error of a template quotes what its expressions make of a secure parameter. A reader of the activity log sees none of that.
func TestTheActivityLogHasNoSecureParameters(t *testing.T) {
	w := deploying(t)
	const parameter = `"parameters":{"pw":{"type":"securestring","defaultValue":"hunter2-Secret!"}},"resources"`
	for _, expression := range []string{
		"int(parameters('pw'))", "json(parameters('pw'))", "bool(parameters('pw'))", "base64ToString(parameters('pw'))",
		"parseCidr(parameters('pw'))", "dateTimeAdd(parameters('pw'), 'P1D')", "fail(parameters('pw'))",
	} {
		template := `{"$schema":"https://x/deploymentTemplate.json#",` + parameter + `:[],"outputs":{"o":{"type":"string","value":"[` + expression + `]"}}}`
		if a := w.do("PUT", deploymentsURL+"/first", body(template)); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", expression, a.status, a.text)
		}
		last := w.gateway.events[len(w.gateway.events)-1]
		if strings.Contains(last.Why, "hunter2") || !strings.Contains(last.Why, "InvalidTemplate") || !strings.Contains(last.Why, "outputs.o") {
			t.Errorf("%s: %s", expression, last.Why)
		}
	}
	policy := withPolicy(`{"policySettings":{"mode":"[parameters('pw')]"},"managedRules":{"managedRuleSets":[{"ruleSetType":"OWASP","ruleSetVersion":"3.2"}]}}`)
	w.do("POST", deploymentsURL+"/first/validate", body(strings.Replace(policy, `"resources"`, parameter, 1)))
	log := w.do("GET", "/subscriptions/s/providers/Microsoft.Insights/eventtypes/management/values", "")
	if strings.Contains(log.text, "hunter2") || !strings.Contains(log.text, "ModeInvalid") {
		t.Error(log.text)
	}
}

// A change of the gateway that is refused before the gateway learns of it is recorded once, without what the document says. The gateway
// records the others.
func TestRefusedChangesOfTheGatewayAreRecorded(t *testing.T) {
	w := newWorld(t)
	w.created()
	const write, remove = "Microsoft.Network/applicationGateways/write", "Microsoft.Network/applicationGateways/delete"
	other := strings.Replace(gatewayURL, "gw1", "gw2", 1)
	lock := func() {
		w.do("PUT", gatewayURL+"/providers/Microsoft.Authorization/locks/l", `{"properties":{"level":"CanNotDelete"}}`)
	}
	broken := func() { w.gateway.broken = errors.New("address in use") }
	for _, x := range []struct {
		method, path, body, operation, why string // empty operation: there is no event
		before                             func()
	}{
		{"PUT", gatewayURL, `{"password":"hunter2"`, write, "InvalidRequestContent", nil},
		{"PATCH", gatewayURL, `{"tags":"hunter2"}`, write, "InvalidRequestContent", nil},
		{"PUT", other, sloppy, write, "GatewayExists", nil},
		{"POST", other + "/start", "", "Microsoft.Network/applicationGateways/start/action", "ResourceNotFound", nil},
		{"POST", gatewayURL + "/getBackendHealthOnDemand", "{", "", "", nil},
		{"POST", gatewayURL + "/stop", "", "", "", nil},
		{"DELETE", gatewayURL, "", remove, "ScopeLocked", lock},
		{"PUT", gatewayURL, sloppy, "", "", broken},
		{"PATCH", gatewayURL, `{"tags":{"a":"b"}}`, "", "", nil},
	} {
		if x.before != nil {
			x.before()
		}
		before := len(w.gateway.events)
		a := w.do(x.method, x.path, x.body)
		events := w.gateway.events[before:]
		if x.operation == "" && len(events) == 0 {
			continue
		}
		if len(events) != 1 || events[0].Operation() != x.operation || !strings.HasPrefix(events[0].Why, x.why) || !events[0].Failed ||
			!strings.EqualFold(events[0].Resource, strings.TrimSuffix(x.path, "/start")) || strings.Contains(events[0].Why, "hunter2") {
			t.Errorf("%s %s: %d: %+v", x.method, x.path, a.status, events)
		}
	}
}

// The link to the next page leads to the same path, also where that needs escapes.
func TestTheNextPageOfAnOddSubscription(t *testing.T) {
	w := newWorld(t)
	for i := range eventsMax + 1 {
		w.gateway.events = append(w.gateway.events, activity.Event{
			At: time.Now().Add(-time.Duration(i+1) * time.Minute), Kind: activity.Configure, Resource: gatewayURL, Revision: int64(i + 1),
		})
	}
	first := w.do("GET", "/subscriptions/a%20%3Fb/providers/Microsoft.Insights/eventtypes/management/values", "")
	link, _ := first.at(t, "nextLink").(string)
	next := w.do("GET", strings.TrimPrefix(link, "https://"+host), "")
	if events, _ := next.at(t, "value").([]any); next.status != http.StatusOK || len(events) != 1 {
		t.Errorf("%s: %d %s", link, next.status, next.text)
	}
}
