package story

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/report"
)

// SessionsLog writes n sessions a second apart; of gives the status, server and time in seconds of each.
func SessionsLog(n int, of func(i int) (status int, server, took string)) string {
	var b strings.Builder
	for i := range n {
		status, server, took := of(i)
		fmt.Fprintf(&b,
			`{"timeStamp":%q,"resourceId":"/SUBSCRIPTIONS/S","listenerName":"sql","ruleName":"r2","backendPoolName":"db","backendSettingName":"tcp","operationName":"ApplicationGatewayAccess","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"appgw_0","clientIP":"203.0.113.%d","receivedBytes":100,"sentBytes":200,"protocol":"TCP","sessionTime":%s,"upstreamSentBytes":100,"upstreamReceivedBytes":200,"upstreamSessionTime":%s,"serverRouted":%q,"serverStatus":%d}}`+"\n",
			time.Date(2026, 11, 23, 9, 0, i, 0, time.UTC).Format("2006-01-02T15:04:05+00:00"), i%50, took, took, server, status)
	}
	return b.String()
}

// DiagnoseSessions diagnoses a log of sessions, of which some failed.
func DiagnoseSessions(t *testing.T, log string, failures int) *report.Report {
	t.Helper()
	s := NewAzure(t)
	s.Counts = &Counts{Requests: strings.Count(log, "\n"), Failures: failures}
	s.Files = map[string]string{"sessions.json": log}
	return s.Diagnose()
}
