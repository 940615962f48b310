package configuration_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The log has no names; the document has one pool that rules lead to, and it is empty.
func TestEmptyPoolWithoutNames(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `{"ipAddress":"10.0.0.4"},{"ipAddress":"10.0.0.5"},{"ipAddress":"10.0.0.6"}`, "", 1)
	for range 20 {
		s.After(time.Second).Request(0, story.Nameless, story.Fails(story.NoHealthy, time.Millisecond))
	}
	story.Expect(t, s.Diagnose(), "i-empty-pool high 20")
}

func TestEmptyPool(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 3 {
		s.After(time.Second).Request(0, func(r *accesslog.Record, _ *accesslog.Attempt) {
			f := fault.Fault{Side: fault.Gateway, Phase: fault.Pick, Kind: fault.NoMember}
			r.Pool, r.Fault, r.Status, r.ErrorInfo = "none", f, f.Status(false), f.ErrorInfo()
		})
	}
	story.Expect(t, s.Diagnose(), "i-empty-pool high 3")
}

// The document alone tells what will fail.
func TestNotices(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.Doc = strings.NewReplacer(
		`"properties":{`+"\n"+` "sku"`, `"properties":{"operationalState":"Stopped","provisioningState":"Succeeded",`+"\n"+` "sku"`,
		`"backendAddressPool":{"id":"/x/backendAddressPools/web"}`, `"backendAddressPool":{"id":"/x/backendAddressPools/none"}`,
		`"backendHttpSettingsCollection":[`,
		`"backendHttpSettingsCollection":[{"name":"unused","properties":{"port":81,"protocol":"Http","requestTimeout":2}},`,
	).Replace(story.Document)
	var got []string
	for _, n := range s.Diagnose().Notices {
		got = append(got, n.Cause)
	}
	if text := strings.Join(got, " "); text != "h-state i-empty-pool a-sticky-unhealthy-config" {
		t.Error(text)
	}
}
