package diagnose_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// The members are healthy now and were not then: whatever the reason was, this report does not have it.
func TestHealthyNowIsNotHealthyThen(t *testing.T) {
	s := story.NewAzure(t)
	for range 20 {
		s.After(time.Second).Request(4)
	}
	for range 10 {
		s.After(time.Second).Request(0, func(r *accesslog.Record, _ *accesslog.Attempt) { r.Status, r.ErrorInfo = 502, fault.UpstreamNoLive })
	}
	for range 20 {
		s.After(10 * time.Second).Request(4)
	}
	s.Files = map[string]string{"health.json": `{"backendAddressPools":[{"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettingsCollection":[{"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"},"servers":[
	 {"address":"10.0.0.4","health":"Healthy","healthProbeLog":"Success. Received 200 status code"},{"address":"10.0.0.5","health":"Unhealthy","healthProbeLog":"Received invalid status code: 503 in the backend server's HTTP response. As per the health probe configuration, 200-399 is the acceptable status code. Status code of the backend's HTTP response did not match the probe setting. Expected:200-399, Received:503."}]}]}]}`}
	r := s.Diagnose()
	for _, f := range r.Findings {
		if f.Confidence == report.High {
			t.Errorf("%s is named with high confidence", f.Cause)
		}
	}
}

// What a fix tells to do is what was found, by its name, in the form that the gateway's generation takes.
func TestFixesOfTheGateway(t *testing.T) {
	for _, c := range []struct{ sku, has, not string }{
		{`"sku":{"name":"Standard_Medium","tier":"Standard","capacity":2}`, "--capacity 4", "--min-capacity"},
		{`"sku":{"name":"Standard_v2","tier":"Standard_v2"},"autoscaleConfiguration":{"minCapacity":1,"maxCapacity":2}`, "--min-capacity", "Set-AzApplicationGatewaySku"},
	} {
		s := story.FullGateway(t, 10*time.Millisecond)
		s.Doc = strings.Replace(story.StoryDocument, `"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`, c.sku, 1)
		s.Files["metrics.json"] = strings.Replace(s.Files["metrics.json"], "CapacityUnits", map[bool]string{true: "CpuUtilization", false: "CapacityUnits"}[strings.Contains(c.sku, "Medium")], 1)
		s.Files["metrics.json"] = strings.ReplaceAll(s.Files["metrics.json"], `"average":20`, `"average":99`)
		fixes := fmt.Sprint(s.Diagnose().Findings[0].Fixes)
		if !strings.Contains(fixes, c.has) || strings.Contains(fixes, c.not) {
			t.Errorf("%s: %s", c.sku, fixes)
		}
	}
}
