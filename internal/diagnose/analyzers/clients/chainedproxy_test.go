package clients_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// An application passes on the answer of a supplier, error page and all. It is no proxy; the page is true all the same.
func TestPageThatAnApplicationHandsOn(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 10 {
		s.After(time.Second).Request(4, story.Path("/pay"), story.Status(502), pageOf("nginx"))
		s.Request(4)
	}
	r := s.Diagnose()
	story.Expect(t, r, "k-chained-proxy high 10")
	if text := fmt.Sprint(*story.Found(t, r, 0)); strings.Contains(text, "stands at the member's address") &&
		!strings.Contains(text, "or behind") {
		t.Errorf("where the proxy stands is not known: %s", text)
	}
}

// The front end of a platform answers for the application: by the Host that it is sent, or by the name in the document.
func TestFrontEndsOfPlatforms(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"quay.azurewebsites.net": "k-chained-proxy medium", "q.calm.westeurope.azurecontainerapps.io": "k-chained-proxy medium",
		"hub.azure-api.net":             "k-chained-proxy medium",
		"azurewebsites.net.example.com": "k-backend-5xx high", "shop.example.com": "k-backend-5xx high",
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			s := story.Lively(t, 10, story.Status(503), func(r *accesslog.Record, _ *accesslog.Attempt) { r.Host = []byte(host) })
			if r := s.Diagnose(); story.Causes(r) != want {
				t.Errorf("%s: found %q", host, story.Causes(r))
			}
		})
	}
	s := story.Lively(t, 10, story.Status(503))
	s.Doc = strings.Replace(s.Doc, `[{"ipAddress":"10.0.0.4"},{"ipAddress":"10.0.0.5"},{"ipAddress":"10.0.0.6"}]`,
		`[{"fqdn":"quay.azurewebsites.net"}]`, 1)
	if r := s.Diagnose(); story.Causes(r) != "k-chained-proxy medium" {
		t.Errorf("by the document: found %q", story.Causes(r))
	}
}
