package diagnose_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/report"
	"causeway/internal/units"
)

// Backend health alone: the first line is what is wrong, and no count of requests that are not there follows.
func TestHealthAlone(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.NoDoc = true
	s.Files = map[string]string{"health.json": `{"backendAddressPools":[{"backendAddressPool":{"id":"` + story.GatewayID +
		`/backendAddressPools/app"},"backendHttpSettingsCollection":[{"backendHttpSettings":{"id":"` + story.GatewayID +
		`/backendHttpSettingsCollection/web"},"servers":[` +
		`{"address":"10.0.0.4","health":"Unhealthy","healthProbeLog":"Received invalid status code: 503."},{"address":"10.0.0.5","health":"Healthy"}]}]}]}`}
	text := story.TextOf(t, s.Diagnose())
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
	t.Parallel()
	s := story.NewAzure(t)
	s.NoDoc = true
	for range 10 {
		s.Request(4, story.Fails(story.RaceFault, time.Millisecond))
	}
	page := story.HTMLOf(t, s.Diagnose())
	for _, bad := range []string{"<code>run the same configuration", `<td class="n">0</td></tr>`} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if !strings.Contains(page, "Get it: run the same configuration on Causeway") ||
		!strings.Contains(page, "<code>az monitor activity-log list") {
		t.Error("the page does not say how to get what is missing")
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0", 0.034: "0.034", 0.5: "0.5", 61.34: "61.3", 320.4: "320", 44.4e6: "44.4 million"} {
		if got := units.Figure(v); got != want {
			t.Errorf("%g is %q, want %q", v, got, want)
		}
	}
}

func TestDocumentAlone(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.Doc = strings.Replace(story.Document, `{"ipAddress":"10.0.0.5"},{"ipAddress":"10.0.0.6"}`, "", 1)
	s.Doc = strings.Replace(s.Doc, `"10.0.0.4"},`, `"10.0.0.4"}`, 1)
	if text := story.TextOf(t, s.Diagnose()); !strings.Contains(strings.SplitN(text, "\n", 2)[0], "worth knowing, below.") {
		t.Error(text)
	}
}

// Commands are to be copied: none is broken into lines.
func TestCommandsForWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.NoDoc = true
	for range 10 {
		s.Request(4)
	}
	r := s.Diagnose()
	for _, m := range r.Missing {
		if strings.HasPrefix(m.How, "az ") && !strings.Contains(story.TextOf(t, r), "  get it: "+m.How+"\n") {
			t.Errorf("%s is broken into lines", m.How)
		}
	}
}

// Evidence that was requested and is empty is not missing.
func TestEmptyIsNotMissing(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for range 10 {
		s.Request(4)
	}
	is := func(what string) bool {
		return slices.ContainsFunc(s.Diagnose().Missing, func(m report.Missing) bool { return m.What == what })
	}
	if !is("activity log") || !is("metrics of capacity") {
		t.Error("what was not given is not missing")
	}
	s.Files = map[string]string{"activity.json": "[]", "a-metrics.json": `{"value":[]}`}
	if is("activity log") || is("metrics of capacity") {
		t.Error("what was given is missing")
	}
}

// First-generation logs do not have how long members took: then the report does not split the time.
func TestTimeOfMembersNotKnown(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.NoDoc, s.Counts = true, &story.Counts{Requests: 10}
	s.Files = map[string]string{"v1.json": strings.Repeat(`{"resourceId":"`+story.GatewayID+
		`","operationName":"ApplicationGatewayAccess","time":"2026-11-23T09:00:00Z","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"ApplicationGatewayRole_IN_0","clientIP":"203.0.113.5","clientPort":-,"httpMethod":"GET","requestUri":"/","requestQuery":"X-AzureApplicationGateway-CACHE-HIT=0&SERVER-ROUTED=10.0.0.4&SERVER-STATUS=200","httpStatus":200,"httpVersion":"HTTP/1.1","timeTaken":205}}`+"\n", 10)}
	r := s.Diagnose()
	i := slices.IndexFunc(r.Steps, func(s report.Step) bool { return s.Step == "gateway-performance" })
	if got := r.Steps[i].Detail; r.Requests == 0 || strings.Contains(got, "account for") {
		t.Errorf("of %d requests: %s", r.Requests, got)
	}
}

func TestNothingExplained(t *testing.T) {
	t.Parallel()
	r := &report.Report{Requests: 9, Failures: 1, Undetermined: report.Undetermined{Failures: 1}}
	if got := r.Headline(); !strings.HasPrefix(got, "1 request failed, and the evidence does not tell the cause.") {
		t.Error(got)
	}
}

// A table without the column of members: nothing is known of routes or members, and the report says which column brings that.
func TestLogThatNamesNoMember(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 40 {
		if s.After(time.Second).Request(0, story.Status(200)); i%4 == 0 {
			s.Request(0, story.Fails(story.TimeoutFault, 2*time.Second))
		}
	}
	s.Counts = &story.Counts{Requests: 50, Failures: 10}
	r := s.Diagnose()
	if !slices.ContainsFunc(r.Missing, func(m report.Missing) bool { return strings.Contains(m.How, "serverRouted") }) {
		t.Error("the missing column is not named")
	}
	if g := story.Group(t, r, 0); strings.Contains(g.Next, "ever answered") || !strings.Contains(g.Next, "names no member") {
		t.Error(g.Next)
	}
}

// The log of one node has no failure, and the gateway counted some: the report says that it lacks them. A log with the failures
// lacks nothing.
func TestFailuresThatTheLogLacks(t *testing.T) {
	t.Parallel()
	for _, logged := range []bool{false, true} {
		s := story.New(t)
		for i := range 600 {
			s.After(time.Second)
			if logged && i%60 == 0 {
				s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
			} else {
				s.Request(4)
			}
		}
		s.Files = map[string]string{"metrics.json": `{"value":[` + story.MetricSeries("ResponseStatus", "httpstatusgroup=5xx", "total", 9, story.Constant(1)) + `]}`}
		r := s.Diagnose()
		lacks := slices.ContainsFunc(r.Missing, func(m report.Missing) bool { return strings.Contains(m.Why, "the log has no failure") })
		if lacks == logged {
			t.Errorf("with the failures in the log %t: %+v", logged, r.Missing)
		}
		if got := r.Headline(); !logged && got != "The access log has no failed request, but the gateway counted 8 answers with a 5xx in its time: the log lacks them." {
			t.Error(got)
		}
	}
}
