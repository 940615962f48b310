package diagnose

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Stories of TCP and TLS listeners: a row for each session, with serverStatus and without a request.

// sessionsLog writes n sessions a second apart; each asks what its status, server and time are.
func sessionsLog(n int, of func(i int) (status int, server, took string)) string {
	var b strings.Builder
	for i := range n {
		status, server, took := of(i)
		fmt.Fprintf(&b, `{"timeStamp":%q,"resourceId":"/SUBSCRIPTIONS/S","listenerName":"sql","ruleName":"r2","backendPoolName":"db","backendSettingName":"tcp","operationName":"ApplicationGatewayAccess","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"appgw_0","clientIP":"203.0.113.%d","receivedBytes":100,"sentBytes":200,"protocol":"TCP","sessionTime":%s,"upstreamSentBytes":100,"upstreamReceivedBytes":200,"upstreamSessionTime":%s,"serverRouted":%q,"serverStatus":%d}}`+"\n",
			time.Date(2026, 11, 23, 9, 0, i, 0, time.UTC).Format("2006-01-02T15:04:05+00:00"), i%50, took, took, server, status)
	}
	return b.String()
}

func diagnoseSessions(t *testing.T, log string) *Report {
	t.Helper()
	s := newAzureStory(t)
	s.files = map[string]string{"sessions.json": log}
	return s.diagnose()
}

// One of two members cannot be reached by some sessions. Why is not in the log, and nothing that takes a request is among
// what it may be; sessions of an hour are no slow answers.
func TestSessionsThatReachNobody(t *testing.T) {
	r := diagnoseSessions(t, sessionsLog(200, func(i int) (int, string, string) {
		if i%20 == 3 {
			return 502, "10.0.0.4:1433", "0.004"
		}
		return 200, fmt.Sprintf("10.0.0.%d:1433", 4+i%2), "3600"
	}))
	if r.Requests != 200 || r.Sessions != 200 || r.Failures != 10 || len(r.Findings) > 0 || len(r.Undetermined.Groups) != 1 {
		t.Fatalf("%d requests, %d sessions, %d failures, findings %+v, groups %+v", r.Requests, r.Sessions, r.Failures, r.Findings, r.Undetermined.Groups)
	}
	g := r.Undetermined.Groups[0]
	if g.Scope.Member != "10.0.0.4" || !strings.Contains(g.Next, "10.0.0.4:1433") || g.Rivals[0].Cause != "b-refused" {
		t.Errorf("%+v", g)
	}
	for _, x := range g.Rivals {
		if strings.ContainsAny(x.Cause[:1], "de") {
			t.Errorf("%s takes a request", x.Cause)
		}
	}
	if step := r.Steps[2]; step.Step != "backend-connections" || step.Result != "fail" || !strings.HasPrefix(step.Detail, "10 attempts to connect failed") {
		t.Errorf("%+v", step)
	}
}

func TestSessionsBeyondTheLimit(t *testing.T) {
	r := diagnoseSessions(t, sessionsLog(100, func(i int) (int, string, string) {
		if i >= 80 {
			return 503, "", "0.001"
		}
		return 200, "10.0.0.4:1433", "10"
	}))
	expect(t, r, "h-conn-limit medium 20")
}

// Capacity allows 25,000 connections and there were 40: then it is another limit.
func TestSessionsBelowTheLimit(t *testing.T) {
	s := newAzureStory(t)
	s.files = map[string]string{
		"sessions.json": sessionsLog(100, func(i int) (int, string, string) { return 503 * (i / 90), "", "0.001" }),
		"metrics.json":  `{"value":[{"name":{"value":"CurrentConnections"},"unit":"Count","timeseries":[{"metadatavalues":[],"data":[{"timeStamp":"2026-11-23T09:01:00Z","total":40}]}]}]}`,
	}
	r := s.diagnose()
	if len(r.Findings) > 0 || r.Undetermined.Failures != 10 || r.Undetermined.Rivals[0] != "h-conn-limit" {
		t.Errorf("findings %+v, %+v", r.Findings, r.Undetermined)
	}
}

// Clients that do not speak the listener's protocol, and sessions that the gateway gave no reason for.
func TestSessionsOfOtherEnds(t *testing.T) {
	r := diagnoseSessions(t, sessionsLog(100, func(i int) (int, string, string) {
		return map[bool]int{true: 400, false: 500}[i < 60], "", "0.2"
	}))
	if len(r.Findings) > 0 || r.Undetermined.Failures != 100 || len(r.Undetermined.Groups) != 2 || r.Undetermined.Groups[0].Rivals[0].Cause != "j-scanner" || r.Undetermined.Groups[1].Rivals[0].Cause != "h-instance-fault" {
		t.Errorf("findings %+v, %+v", r.Findings, r.Undetermined)
	}
}
