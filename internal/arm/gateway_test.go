package arm

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"causeway/internal/access"
	"causeway/internal/gateway"
	"causeway/internal/probe"
)

func TestAGatewayIsCreatedReadChangedAndDeleted(t *testing.T) {
	w := newWorld(t)
	if a := w.do("GET", gatewayURL, ""); a.status != http.StatusNotFound || a.code() != "ResourceNotFound" {
		t.Errorf("before: %d %s", a.status, a.text)
	}
	if a := w.do("GET", "/subscriptions/s/providers/Microsoft.Network/applicationGateways", ""); a.status != 200 || len(a.at(t, "value").([]any)) != 0 {
		t.Errorf("an empty list: %d %s", a.status, a.text)
	}
	a := w.created()
	for want, path := range map[string][]string{
		gatewayURL:                              {"id"},
		"gw1":                                   {"name"},
		"Microsoft.Network/applicationGateways": {"type"},
		"Standard_v2":                           {"properties", "sku", "name"},
		"Succeeded":                             {"properties", "provisioningState"},
		"Running":                               {"properties", "operationalState"},
		"Http":                                  {"properties", "httpListeners", "0", "properties", "protocol"},
		`W/"1"`:                                 {"properties", "httpListeners", "0", "etag"},
		gatewayURL + "/frontendPorts/p":         {"properties", "frontendPorts", "0", "id"},
		"Microsoft.Network/applicationGateways/frontendPorts": {"properties", "frontendPorts", "0", "type"},
	} {
		if got := a.at(t, path...); got != want {
			t.Errorf("%v: %v, want %s", path, got, want)
		}
	}
	if got := a.at(t, "properties", "frontendPorts", "0", "properties", "port"); got != 8080.0 {
		t.Errorf("a number that came as text: %v", got)
	}
	again := w.do("PUT", gatewayURL, a.text) // as az resource update does: with everything that the answer had
	if again.status != http.StatusOK {
		t.Errorf("PUT of what GET answered: %d %s", again.status, again.text)
	}
	if !strings.Contains(w.gateway.callers[0], "owner ") || !strings.Contains(w.gateway.callers[0], "from 192.0.2.7") {
		t.Errorf("the caller is %q", w.gateway.callers[0])
	}
	for _, list := range []string{
		"/subscriptions/s/providers/Microsoft.Network/applicationGateways",
		"/Subscriptions/S/resourcegroups/RG/providers/microsoft.network//applicationgateways/",
	} {
		if a := w.do("GET", list, ""); a.at(t, "value", "0", "id") != gatewayURL {
			t.Errorf("%s: %s", list, a.text)
		}
	}
	if a := w.do("GET", "/subscriptions/s/resourceGroups/other/providers/Microsoft.Network/applicationGateways", ""); len(a.at(t, "value").([]any)) != 0 {
		t.Errorf("of another group: %s", a.text)
	}
	if a := w.do("DELETE", gatewayURL, ""); a.status != http.StatusOK {
		t.Errorf("DELETE: %d %s", a.status, a.text)
	}
	if a := w.do("DELETE", gatewayURL, ""); a.status != http.StatusNoContent {
		t.Errorf("DELETE of nothing: %d %s", a.status, a.text)
	}
}

func TestOneCausewayIsOneGateway(t *testing.T) {
	w := newWorld(t)
	w.created()
	a := w.do("PUT", strings.Replace(gatewayURL, "gw1", "gw2", 1), sloppy)
	if a.status != http.StatusConflict || a.code() != "GatewayExists" || !strings.Contains(a.text, gatewayURL) {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("PUT", strings.ToUpper(gatewayURL), sloppy); a.status != http.StatusOK || a.at(t, "id") != gatewayURL {
		t.Errorf("the same one in other case: %d %s", a.status, a.text)
	}
}

// Of two first gateways that come at the same time one is refused.
func TestTwoFirstGateways(t *testing.T) {
	w := newWorld(t)
	w.gateway.rival = func() {
		if a := w.do("PUT", strings.Replace(gatewayURL, "gw1", "gw2", 1), strings.ReplaceAll(sloppy, "gw1", "gw2")); a.status != http.StatusCreated {
			t.Errorf("the first one: %d %s", a.status, a.text)
		}
	}
	if a := w.do("PUT", gatewayURL, sloppy); a.status != http.StatusConflict || a.code() != "GatewayExists" {
		t.Errorf("%d %s", a.status, a.text)
	}
}

func TestAnInvalidGatewayChangesNothing(t *testing.T) {
	w := newWorld(t)
	before := w.created()
	bad := strings.Replace(strings.Replace(sloppy, `"priority":10`, `"priority":0`, 1), "/backendAddressPools/web", "/backendAddressPools/gone", 1)
	a := w.do("PUT", gatewayURL, bad)
	details, _ := a.at(t, "error", "details").([]any)
	if a.status != http.StatusBadRequest || len(details) < 2 || a.at(t, "error", "details", "0", "target") == "" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if after := w.do("GET", gatewayURL, ""); after.text != before.text {
		t.Errorf("it changed:\n%s", after.text)
	}
	for _, body := range []string{"", "[]", "{", `{"properties":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}", "null"} {
		if a := w.do("PUT", gatewayURL, body); a.status != http.StatusBadRequest || a.code() == "" {
			t.Errorf("%.20s: %d %s", body, a.status, a.text)
		}
	}
	if a := w.do("PUT", gatewayURL, `{"x":"`+strings.Repeat("x", bodyMax)+`"}`); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body: %d %s", a.status, a.text)
	}
}

func TestETags(t *testing.T) {
	w := newWorld(t)
	if a := w.do("PUT", gatewayURL, sloppy, "If-Match", `W/"1"`); a.status != http.StatusPreconditionFailed {
		t.Errorf("of what does not exist: %d", a.status)
	}
	first := w.created().header.Get("ETag")
	changed := strings.Replace(sloppy, "9000", "9001", 1)
	second := w.do("PUT", gatewayURL, changed, "If-Match", first)
	if second.status != http.StatusOK || second.header.Get("ETag") == first {
		t.Errorf("%d %s", second.status, second.header.Get("ETag"))
	}
	if a := w.do("PUT", gatewayURL, sloppy, "If-Match", first); a.status != http.StatusPreconditionFailed || a.code() != "PreconditionFailed" {
		t.Errorf("of an older one: %d %s", a.status, a.text)
	}
	if a := w.do("PUT", gatewayURL, sloppy, "If-None-Match", "*"); a.status != http.StatusPreconditionFailed {
		t.Errorf("once more: %d %s", a.status, a.text)
	}
	if a := w.do("DELETE", gatewayURL, "", "If-Match", first); a.status != http.StatusPreconditionFailed {
		t.Errorf("DELETE of an older one: %d %s", a.status, a.text)
	}
}

// A certificate's data and password never leave, and stay when a client, which cannot know them, leaves them out.
func TestSecretsAreKeptAndNeverShown(t *testing.T) {
	w := newWorld(t)
	with := func(properties string) string {
		return strings.Replace(sloppy, `"frontendPorts"`, `"sslCertificates":[{"name":"Shop"`+properties+`}],"frontendPorts"`, 1)
	}
	stored := func(what string) bool { return strings.Contains(string(w.gateway.config.Document), what) }
	const secret = "c2VjcmV0"
	if a := w.do("PUT", gatewayURL, with(`,"properties":{"data":"`+secret+`","password":"hunter2"}`)); a.status != 201 || strings.Contains(a.text, secret) ||
		strings.Contains(a.text, "hunter2") {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("PUT", gatewayURL, with("")); a.status != 200 || !stored(secret) || !stored("hunter2") {
		t.Errorf("by name alone: %d %s\n%s", a.status, a.text, w.gateway.config.Document)
	}
	if a := w.do("PUT", gatewayURL, with(`,"properties":{"data":"bmV3ZXI="}`)); a.status != 200 || stored(secret) || stored("hunter2") {
		t.Errorf("another certificate, without a password: %d\n%s", a.status, w.gateway.config.Document)
	}
	a := w.do("PATCH", gatewayURL, `{"tags":{"team":"edge"}}`)
	if a.status != 200 || a.at(t, "tags", "team") != "edge" || !stored("bmV3ZXI=") {
		t.Errorf("PATCH: %d %s", a.status, a.text)
	}
}

func TestStartStopAndHealth(t *testing.T) {
	w := newWorld(t)
	w.created()
	if a := w.do("POST", gatewayURL+"/stop", ""); a.status != 200 || w.do("GET", gatewayURL, "").at(t, "properties", "operationalState") != "Stopped" {
		t.Errorf("stop: %d %s", a.status, a.text)
	}
	a := w.do("POST", gatewayURL+"/backendhealth", "") // no fault of the gateway's: nobody has to look at its log
	if a.status != 409 || a.at(t, "error", "code") != "ApplicationGatewayIsStopped" || !strings.Contains(a.text, "causeway start") {
		t.Errorf("health of a stopped gateway: %d %s", a.status, a.text)
	}
	if a := w.do("POST", gatewayURL+"/start", ""); a.status != 200 || w.do("GET", gatewayURL, "").at(t, "properties", "operationalState") != "Running" {
		t.Errorf("start: %d %s", a.status, a.text)
	}
	a = w.do("POST", gatewayURL+"/backendhealth", "")
	if a.at(t, "backendAddressPools", "0", "backendHttpSettingsCollection", "0", "servers", "0", "health") != "Up" {
		t.Errorf("health: %d %s", a.status, a.text)
	}
	a = w.do("POST", gatewayURL+"/backendhealth?$expand=BackendAddressPool/BackendHttpSettingsCollection", "")
	if a.at(t, "backendAddressPools", "0", "backendHttpSettingsCollection", "0", "backendHttpSettings", "properties", "port") != 9000.0 {
		t.Errorf("expanded: %d %s", a.status, a.text)
	}
}

// A change that takes long goes on as an operation, also when the client leaves.
func TestASlowChangeIsAnOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.gateway.slow = make(chan struct{})
		a := w.do("PUT", gatewayURL, sloppy)
		poll := strings.TrimPrefix(a.header.Get("Azure-AsyncOperation"), "https://"+host)
		if a.status != http.StatusAccepted || poll == "" || a.header.Get("Retry-After") != "1" {
			t.Fatalf("%d %v %s", a.status, a.header, a.text)
		}
		if a := w.do("GET", poll, ""); a.at(t, "status") != "InProgress" {
			t.Errorf("meanwhile: %s", a.text)
		}
		close(w.gateway.slow)
		synctest.Wait()
		if a := w.do("GET", poll, ""); a.at(t, "status") != "Succeeded" {
			t.Errorf("after it: %s", a.text)
		}
		result := strings.TrimPrefix(a.header.Get("Location"), "https://"+host)
		if a := w.do("GET", result, ""); a.status != http.StatusCreated || a.at(t, "id") != gatewayURL {
			t.Errorf("its result: %d %s", a.status, a.text)
		}
		w.gateway.slow = make(chan struct{})
		a = w.do("PUT", gatewayURL, strings.Replace(sloppy, `"Http`, `"X`, 1))
		if a.status != http.StatusOK || a.at(t, "properties", "provisioningState") != "Updating" {
			t.Errorf("a change: %d %s", a.status, a.text)
		}
		close(w.gateway.slow)
		time.Sleep(time.Second)
	})
}

func TestAFailedChangeIsShown(t *testing.T) {
	w := newWorld(t)
	w.created()
	w.gateway.broken = errors.New("open port 8080: address in use")
	if a := w.do("PUT", gatewayURL, sloppy); a.status != http.StatusInternalServerError || !strings.Contains(a.text, "address in use") {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", gatewayURL, ""); a.at(t, "properties", "provisioningState") != "Failed" {
		t.Errorf("after it: %s", a.text)
	}
	w.gateway.broken = nil
	if a := w.do("PUT", gatewayURL, sloppy); a.at(t, "properties", "provisioningState") != "Succeeded" {
		t.Errorf("after a change that works: %s", a.text)
	}
}

// The configuration in force is still the one that a change failed to replace, however many others are refused.
func TestARefusedChangeIsNoSuccess(t *testing.T) {
	w := newWorld(t)
	w.created()
	w.gateway.broken = errors.New("open port 8080: address in use")
	w.do("PUT", gatewayURL, sloppy)
	if a := w.do("PUT", gatewayURL, strings.Replace(sloppy, `"priority":10`, `"priority":0`, 1)); a.status != http.StatusBadRequest {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("GET", gatewayURL, ""); a.at(t, "properties", "provisioningState") != "Failed" {
		t.Errorf("after it: %s", a.text)
	}
}

func TestTheLastOperationsAreKept(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	w.server.now = func() time.Time { now = now.Add(time.Millisecond); return now }
	var ids []string
	start := func() {
		op := w.server.start(t.Context(), "put", func(context.Context) error { return nil }, nil)
		<-op.done
		ids = append(ids, op.id)
	}
	for range operationsMax + 1 {
		start()
	}
	state := func(i int) int {
		return w.do("GET", "/subscriptions/s/providers/Microsoft.Network/locations/causeway/operations/"+ids[i], "").status
	}
	for i, want := range map[int]int{0: 404, 1: 200, operationsMax / 2: 200, operationsMax: 200} {
		if got := state(i); got != want {
			t.Errorf("operation %d of %d: %d, want %d", i, len(ids), got, want)
		}
	}
	now = now.Add(operationLife + time.Second)
	start()
	if got := state(operationsMax); got != http.StatusNotFound {
		t.Errorf("after an hour: %d", got)
	}
}

func TestRolesAreHeld(t *testing.T) {
	w := newWorld(t)
	w.created()
	for _, x := range []struct {
		role         access.Role
		method, path string
		want         int
	}{
		{access.Reader, "GET", gatewayURL, 200},
		{access.Reader, "POST", gatewayURL + "/backendhealth", 200},
		{access.Reader, "PUT", gatewayURL, 403},
		{access.Reader, "POST", gatewayURL + "/stop", 403},
		{access.Operator, "PUT", gatewayURL, 200},
		{access.Operator, "DELETE", gatewayURL, 403},
		{access.Owner, "DELETE", gatewayURL, 200},
	} {
		if a := w.do(x.method, x.path, sloppy, w.as(x.role)...); a.status != x.want {
			t.Errorf("%s %s as %s: %d %s", x.method, x.path, x.role, a.status, a.text)
		}
	}
}

func TestHealthOnDemand(t *testing.T) {
	w := newWorld(t)
	w.created()
	body := func(more string) string {
		return `{"backendAddressPool":{"id":"` + gatewayURL + `/backendaddresspools/WEB"},"backendHttpSettings":{"id":"` + gatewayURL +
			`/backendHttpSettingsCollection/http"}` + more + `}`
	}
	a := w.do("POST", gatewayURL+"/getBackendHealthOnDemand",
		body(`,"protocol":"HTTP","path":"/deep","host":"a","timeout":7,"match":{"body":"ok","statusCodes":["200","300-399"]}`))
	if a.at(t, "backendHealthHttpSettings", "servers", "0", "health") != "Up" {
		t.Errorf("%d %s", a.status, a.text)
	}
	want := probe.OnDemand{Pool: "WEB", Settings: "http", Probe: gateway.Probe{
		Protocol: "Http", Path: "/deep", Host: "a", Timeout: 7,
		Match: gateway.Match{Body: "ok", StatusCodes: []gateway.StatusRange{{From: 200, To: 200}, {From: 300, To: 399}}},
	}}
	if diff := cmp.Diff(want, w.gateway.onDemand); diff != "" {
		t.Error(diff)
	}
	a = w.do("POST", gatewayURL+"/getBackendHealthOnDemand?$expand=BackendAddressPool", body(""))
	if a.at(t, "backendAddressPool", "properties", "backendAddresses") == nil {
		t.Errorf("expanded: %d %s", a.status, a.text)
	}
	for _, bad := range []string{
		"{", "{}", body(`,"timeout":90000`), body(`,"protocol":"Tcp"`), body(`,"match":{"statusCodes":["2xx"]}`),
		strings.Replace(body(""), "/WEB", "/gone", 1),
		body(`,"match":{"statusCodes":["700-200"]}`),
	} {
		if a := w.do("POST", gatewayURL+"/getBackendHealthOnDemand", bad); a.status != http.StatusBadRequest || a.code() == "" {
			t.Errorf("%s: %d %s", bad, a.status, a.text)
		}
	}
}

// A probe's host and path go to members as they are, so they must not be able to add to its request.
func TestHostAndPathOfProbesAreChecked(t *testing.T) {
	w := newWorld(t)
	w.created()
	for property, texts := range map[string][]string{"path": {"/a b", "/a\\nb", "/a\\u007fb", "a"}, "host": {"a b", "a\\nb"}} {
		for _, text := range texts {
			body := `{"backendAddressPool":{"id":"` + gatewayURL + `/backendAddressPools/web"},"backendHttpSettings":{"id":"` + gatewayURL +
				`/backendHttpSettingsCollection/http"},"` + property + `":"` + text + `"}`
			a := w.do("POST", gatewayURL+"/getBackendHealthOnDemand", body)
			if a.status != http.StatusBadRequest || a.at(t, "error", "target") != property {
				t.Errorf("%s %s on demand: %d %s", property, text, a.status, a.text)
			}
			probe := strings.Replace(`"probes":[{"name":"p","properties":{"protocol":"Http","host":"a","path":"/","interval":30,"timeout":30,`+
				`"unhealthyThreshold":3,"`+property+`":"`+text+`"}}],"frontendPorts"`, `"`+property+`":"`+map[string]string{"host": "a", "path": "/"}[property]+`",`, "", 1)
			a = w.do("PUT", gatewayURL, strings.Replace(sloppy, `"frontendPorts"`, probe, 1))
			if target, _ := a.at(t, "error", "target").(string); a.status != http.StatusBadRequest || !strings.HasSuffix(target, property) {
				t.Errorf("%s %s in a document: %d %s", property, text, a.status, a.text)
			}
		}
	}
}

func TestAReaderProbesNothing(t *testing.T) {
	w := newWorld(t)
	w.created()
	if a := w.do("POST", gatewayURL+"/getBackendHealthOnDemand", "{}", w.as(access.Reader)...); a.status != http.StatusForbidden {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.do("POST", gatewayURL+"/getBackendHealthOnDemand", "{}", w.as(access.Operator)...); a.status != http.StatusBadRequest {
		t.Errorf("as an operator: %d %s", a.status, a.text)
	}
}
