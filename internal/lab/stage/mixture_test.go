package stage

import (
	"strings"
	"testing"

	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
)

// Every path of the second play leads to the pool that the play named for it: the document, where the first path rule that matches wins,
// and nginx, where the longest location wins, agree.
func TestPathsOfAMixture(t *testing.T) {
	member := []Member{{Name: "10.1.0.4", Dial: "127.0.0.1:1"}}
	m := &Mixture{halves: [2]*half{
		{site: Site{Name: "lab", Pools: []Pool{{Name: "web", Members: member}}}},
		{site: Site{Pools: []Pool{{Name: "web", Members: member}, {Name: "reports", Path: "/reports/*"}, {Name: "api", Path: "/api/*"}}}},
	}}
	parsed, _, problems, err := document.Source{Document: m.site().Document()}.Parse()
	if err != nil || gateway.HasErrors(problems) {
		t.Fatal(err, problems)
	}
	rules := parsed.Config.PathMaps[0].Rules
	for path, want := range map[string]string{
		"/second/reports/day": "second-reports", "/second/api/a": "second-api", "/second/": "second-web", "/second/other": "second-web",
	} {
		got := ""
		for i := len(rules) - 1; i >= 0; i-- {
			if begin, _ := strings.CutSuffix(rules[i].Paths[0], "*"); strings.HasPrefix(path, begin) {
				got = rules[i].Target.Pool
			}
		}
		if got != want {
			t.Errorf("%s leads to %s", path, got)
		}
	}
}
