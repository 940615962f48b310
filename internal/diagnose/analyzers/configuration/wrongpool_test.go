package configuration_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// /api is led to its pool and /api/orders is not: the pattern has no wildcard.
func TestWrongPool(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document,
		`"requestRoutingRules":[{"name":"r1","properties":{"ruleType":"Basic","priority":100,"httpListener":{"id":"/x/httpListeners/l80"},"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"}}}]`,
		`"urlPathMaps":[{"name":"m","properties":{"defaultBackendAddressPool":{"id":"/x/backendAddressPools/none"},"defaultBackendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"},"pathRules":[{"name":"api","properties":{"paths":["/api"],"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"}}}]}}],
		 "requestRoutingRules":[{"name":"r1","properties":{"ruleType":"PathBasedRouting","priority":100,"httpListener":{"id":"/x/httpListeners/l80"},"urlPathMap":{"id":"/x/urlPathMaps/m"}}}]`, 1)
	for range 8 {
		s.After(time.Second).Request(4, story.Path("/api"))
		s.Request(0, story.Path("/api/orders"), func(r *accesslog.Record, _ *accesslog.Attempt) {
			r.Status, r.ErrorInfo, r.Pool = 502, fault.UpstreamNoLive, "none"
		})
	}
	r := s.Diagnose()
	story.Expect(t, r, "i-wrong-pool high 8")
	if az := story.Found(t, r, 0).Fixes[0].Commands.AzCLI; !strings.Contains(az,
		"--path-map-name m -n api --paths '/api' '/api/*' --address-pool web --http-settings http") {
		t.Errorf("%s", az)
	}
}
