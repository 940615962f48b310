package diagnose

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/evidence"
)

const idOfGateway = "/SUBSCRIPTIONS/S/RESOURCEGROUPS/SHOP/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/GW7"

func textOf(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Text(&b, 80); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Backend health alone: the first line is what is wrong, and no count of requests that are not there follows.
func TestHealthAlone(t *testing.T) {
	s := newStory(t)
	s.noDoc = true
	s.files = map[string]string{"health.json": `{"backendAddressPools":[{"backendAddressPool":{"id":"` + idOfGateway + `/backendAddressPools/app"},"backendHttpSettingsCollection":[{"backendHttpSettings":{"id":"` + idOfGateway + `/backendHttpSettingsCollection/web"},"servers":[` +
		`{"address":"10.0.0.4","health":"Unhealthy","healthProbeLog":"Received invalid status code: 503."},{"address":"10.0.0.5","health":"Healthy"}]}]}]}`}
	text := textOf(t, s.diagnose())
	first, _, _ := strings.Cut(text, "\n")
	if !strings.HasPrefix(first, "10.0.0.4 (web) is Down: Received invalid status code: 503. ") {
		t.Errorf("the first line is %q", first)
	}
	if strings.Contains(text, "0 requests, 0 failed") {
		t.Error("requests that are not there are counted")
	}
	if want := "  get it: az network application-gateway show -g SHOP -n GW7 > gateway.json\n"; !strings.Contains(text, want) {
		t.Errorf("%s\nlacks %q", text, want)
	}
}

// What a page says in words it does not set as a command, and a number has its name where the heading of its column is left out.
func TestPageTellsCommandsFromWords(t *testing.T) {
	s := newAzureStory(t)
	s.noDoc = true
	for range 10 {
		s.request(4, fails(closedFault, time.Millisecond))
	}
	page := htmlOf(t, s.diagnose())
	for _, bad := range []string{"<code>run the same configuration", `<td class="n">0</td></tr>`} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if !strings.Contains(page, "Get it: run the same configuration on Causeway") || !strings.Contains(page, "<code>az monitor activity-log list") {
		t.Error("the page does not say how to get what is missing")
	}
}

func TestFigures(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.034: "0.034", 0.5: "0.5", 61.34: "61.3", 320.4: "320", 44.4e6: "44.4 million"} {
		if got := figure(v); got != want {
			t.Errorf("%g is %q, want %q", v, got, want)
		}
	}
}

func TestDocumentAlone(t *testing.T) {
	s := newStory(t)
	s.doc = strings.Replace(storyDocument, `{"ipAddress":"10.0.0.5"},{"ipAddress":"10.0.0.6"}`, "", 1)
	s.doc = strings.Replace(s.doc, `"10.0.0.4"},`, `"10.0.0.4"}`, 1)
	if text := textOf(t, s.diagnose()); !strings.Contains(strings.SplitN(text, "\n", 2)[0], "worth knowing, below.") {
		t.Error(text)
	}
}

// Commands are to be copied: none is broken into lines.
func TestCommandsForWhatIsMissing(t *testing.T) {
	s := newAzureStory(t)
	s.noDoc = true
	for range 10 {
		s.request(4)
	}
	r := s.diagnose()
	for _, m := range r.Missing {
		if strings.HasPrefix(m.How, "az ") && !strings.Contains(textOf(t, r), "  get it: "+m.How+"\n") {
			t.Errorf("%s is broken into lines", m.How)
		}
	}
}

// What was asked for and is empty is not missing.
func TestEmptyIsNotMissing(t *testing.T) {
	s := newAzureStory(t)
	for range 10 {
		s.request(4)
	}
	is := func(what string) bool {
		return slices.ContainsFunc(s.diagnose().Missing, func(m Missing) bool { return m.What == what })
	}
	if !is("activity log") || !is("metrics of capacity") {
		t.Error("what was not given is not missing")
	}
	s.files = map[string]string{"activity.json": "[]", "a-metrics.json": `{"value":[]}`}
	if is("activity log") || is("metrics of capacity") {
		t.Error("what was given is missing")
	}
}

// First-generation logs do not say how long members took: then nothing is said of whose time it was.
func TestTimeOfMembersNotKnown(t *testing.T) {
	s := newAzureStory(t)
	s.noDoc = true
	s.files = map[string]string{"v1.json": strings.Repeat(`{"resourceId":"`+idOfGateway+`","operationName":"ApplicationGatewayAccess","time":"2026-11-23T09:00:00Z","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"ApplicationGatewayRole_IN_0","clientIP":"203.0.113.5","clientPort":-,"httpMethod":"GET","requestUri":"/","requestQuery":"X-AzureApplicationGateway-CACHE-HIT=0&SERVER-ROUTED=10.0.0.4&SERVER-STATUS=200","httpStatus":200,"httpVersion":"HTTP/1.1","timeTaken":205}}`+"\n", 10)}
	r := s.diagnose()
	i := slices.IndexFunc(r.Steps, func(s Step) bool { return s.Step == "gateway-performance" })
	if got := r.Steps[i].Detail; r.Requests == 0 || strings.Contains(got, "account for") {
		t.Errorf("of %d requests: %s", r.Requests, got)
	}
}

// Metrics alone do not say how many instances there are: that the load is above what one can bear is no finding.
func TestCapacityByMetricsAlone(t *testing.T) {
	s := newStory(t)
	dir := t.TempDir()
	s.write(dir, "metrics.json", []byte(`{"interval":"PT1M","namespace":"Microsoft.Network/applicationGateways","value":[{"id":"`+idOfGateway+`/providers/Microsoft.Insights/metrics/CapacityUnits","name":{"value":"CapacityUnits"},"unit":"Count","timeseries":[{"data":[{"timeStamp":"2026-11-23T09:00:00Z","average":25},{"timeStamp":"2026-11-23T10:00:00Z","average":20}]}]}]}`))
	b, err := evidence.Open([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c, err := Capacity(b)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.Text(&out, 80); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{"cannot tell how much is left", "number of instances not known; 1 hour of evidence"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s\nlacks %q", text, want)
		}
	}
	if strings.Contains(text, "write into the log") || strings.Contains(text, "too small") {
		t.Error(text)
	}
}

func TestNothingExplained(t *testing.T) {
	r := &Report{Requests: 9, Failures: 1, Undetermined: Undetermined{Failures: 1}}
	if got := r.headline(); !strings.HasPrefix(got, "1 request failed, and the evidence does not tell the cause.") {
		t.Error(got)
	}
}

// A report of health alone says what is wrong with members now; the catalogue says what to do. A reason that it does not give is
// not made up, and one member that is out is not all of them.
func TestHealthAloneNamesWhatIsWrongNow(t *testing.T) {
	for _, c := range []struct{ detail, want string }{
		{expiredText, "f-expired high 0"},
		{"Status code of the backend's HTTP response did not match the probe setting. Expected:200-399, Received:503.", "a-probe-status-mismatch high 0"},
		{"Time taken by the backend to respond to application gateway's health probe is more than the timeout threshold in the probe setting.", "a-probe-timeout-short medium 0"},
		{"Cannot connect to backend. Check whether any NSG/UDR/Firewall is blocking access to the server.", ""},
		{"Something new.", ""},
	} {
		s := newStory(t)
		s.files = map[string]string{"health.json": `{"backendAddressPools":[{"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettingsCollection":[{"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"},"servers":[` +
			`{"address":"10.0.0.4","health":"Healthy"},{"address":"10.0.0.5","health":"Unhealthy","healthProbeLog":"` + c.detail + `"}]}]}]}`}
		r := s.diagnose()
		got := ""
		for _, f := range r.Findings {
			got += fmt.Sprintf("%s %s %d", f.Cause, f.Confidence, f.Failures)
		}
		if got != c.want || r.Verdict != nil {
			t.Errorf("%s: found %q, want %q", c.detail, got, c.want)
		}
		if c.want != "" && (r.Findings[0].Scope.Member != "10.0.0.5" || len(r.Findings[0].Fixes) == 0) {
			t.Errorf("%+v", r.Findings[0])
		}
	}
}
