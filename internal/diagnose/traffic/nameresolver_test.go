package traffic_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// What the probes met is known by pool and settings, which the log does not name.
func TestNobodyHealthyWithoutNames(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for _, a := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
		s.Server(a, "Down", "status_mismatch", "Expected:200-399 Received:404")
	}
	for range 20 {
		s.After(time.Second).Request(0, story.Nameless, story.Fails(story.NoHealthy, time.Millisecond))
	}
	r := s.Diagnose()
	if len(r.Findings) != 1 || story.Found(t, r, 0).Scope.Pool != "web" || len(story.Found(t, r, 0).Evidence) < 2 {
		t.Errorf("%+v", r.Findings)
	}
	if !strings.Contains(strings.Join(r.Assumptions, "\n"), "20 records name no pool") {
		t.Errorf("assumptions %q", r.Assumptions)
	}
}

// Members tell the pool where only one lists them.
func TestNamesByMember(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":20`, 1)
	for i := range 400 {
		s.After(time.Second).Request(4+i%3, story.Nameless)
		if i%20 == 0 {
			s.Request(4, story.Nameless, story.Path("/x"), story.Fails(story.TimeoutFault, 20*time.Second))
		}
	}
	for _, a := range s.Diagnose().Assumptions {
		if strings.Contains(a, "there is no gateway document") {
			t.Error(a)
		}
	}
}

// A first-generation log has neither pool nor rule. Where members do not tell the pool, for none was asked, the path does, by the first
// pattern that it matches; without a star a pattern is the whole path.
func TestNamesByPath(t *testing.T) {
	t.Parallel()
	doc := strings.NewReplacer(`"requestRoutingRules":[`, `"urlPathMaps":[{"name":"m","properties":{`+
		`"defaultBackendAddressPool":{"id":"/x/backendAddressPools/web"},"defaultBackendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"},`+
		`"pathRules":[{"name":"a","properties":{"paths":["/API/*","/only"],"backendAddressPool":{"id":"/x/backendAddressPools/none"},`+
		`"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"}}}]}}],"requestRoutingRules":[`,
		`"ruleType":"Basic","priority":100`, `"ruleType":"PathBasedRouting","priority":100,"urlPathMap":{"id":"/x/urlPathMaps/m"}`).Replace(story.Document)
	for path, pool := range map[string]string{"/api/users": "none", "/only": "none", "/other": "web", "/": "web"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			s.Doc = doc
			for range 20 {
				s.After(time.Second).Request(4, story.FirstGeneration)
				s.Request(0, story.Path(path), story.BadGateway)
			}
			r := s.Diagnose()
			want := map[string]string{"none": "i-empty-pool", "web": "a-all-unhealthy-fail-closed"}[pool]
			if len(r.Findings)+len(r.Undetermined.Groups) == 0 || len(r.Findings) > 0 && (r.Findings[0].Cause != want || r.Findings[0].Scope.Pool != pool) {
				t.Errorf("%+v", r.Findings)
			}
			if pool == "none" && len(r.Findings) != 1 {
				t.Errorf("%d findings", len(r.Findings))
			}
		})
	}
}
