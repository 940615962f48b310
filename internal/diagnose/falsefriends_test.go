package diagnose_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// A client that is sent to where it comes from, until it gives up.
func TestRedirectsInACircle(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for range 20 {
		s.After(time.Second).Request(4, story.Path("/login"), story.Status(302))
	}
	for range 20 {
		s.After(time.Minute).Request(4, story.Path("/logout"), story.Status(302))
	}
	if got := story.Noticed(s.Diagnose()); got != "i-redirect-loop" {
		t.Error(got)
	}
}

// The firewall's 403 is not the backend's.
func TestFirewallBlocks(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	var log string
	for i := range 3 {
		s.After(time.Second).Request(0, func(r *accesslog.Record, _ *accesslog.Attempt) { r.Status = 403 })
		log += fmt.Sprintf(`{"timeStamp":"2026-11-23T09:00:0%dZ","category":"ApplicationGatewayFirewallLog","properties":{"ruleId":"949110","action":"Blocked","transactionId":"%032x"}}`+"\n", i, []byte{0, 0, byte(i + 1), 15: 0})
	}
	s.Files = map[string]string{"waf.json": log}
	r := s.Diagnose()
	if got := story.Noticed(r); got != "i-waf-block-misread" || r.Failures != 0 {
		t.Errorf("%s, %d failures", got, r.Failures)
	}
}

// Of a refused request the rules that scored are named, by how many requests they had a part in; the one that only adds up is not
// what to exclude. A rule that ends a request on its own is reported on its own.
func TestRulesThatScored(t *testing.T) {
	t.Parallel()
	row := func(request int, rule, action string) string {
		return fmt.Sprintf(`{"timeStamp":"2026-11-23T09:00:00Z","category":"ApplicationGatewayFirewallLog","properties":{"ruleId":%q,"action":%q,"transactionId":"%032x"}}`+"\n", rule, action, []byte{0, 0, byte(request), 15: 0})
	}
	for log, want := range map[string][2]string{
		row(1, "942100", "Matched") + row(1, "942430", "Matched") + row(1, "949110", "Blocked") + row(2, "942430", "Matched") + row(2,
			"949110", "Blocked"): {"the rules that scored are 942430 (2), 942100 (1); rule 949110 only adds their scores up", "exclude"},
		row(1, "949110", "Blocked"):                                 {"1 answer 403 is the firewall's, not the backend's; rule 949110 only adds", "export the rows Matched"},
		row(1, "930100", "Matched") + row(1, "GeoBlock", "Blocked"): {"ended by rule GeoBlock (1)", "look these rules up"},
		row(1, "942430", "Detected") + row(1, "949110", "Detected"): {"", ""},
	} {
		t.Run(log, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for range 2 {
				s.After(time.Second).Request(0, func(r *accesslog.Record, _ *accesslog.Attempt) { r.Status = 403 })
			}
			s.Files = map[string]string{"waf.json": log}
			r := s.Diagnose()
			if want[0] == "" {
				if len(r.Notices) > 0 || r.Headline() != "No request failed." {
					t.Errorf("%+v", r.Notices)
				}
				return
			}
			if len(r.Notices) != 1 || !strings.Contains(r.Notices[0].Fact, want[0]) || !strings.Contains(r.Notices[0].Do, want[1]) ||
				!strings.Contains(r.Headline(), "the firewall refused some") {
				t.Errorf("%q, %+v", r.Headline(), r.Notices)
			}
		})
	}
}

// Settings that put a prefix in front, and members that know nothing of it.
func TestPathOverride(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":2,"path":"/v2/"`, 1)
	for range 10 {
		s.After(time.Second).Request(4, story.Path("/a"), story.Status(404))
	}
	if got := story.Noticed(s.Diagnose()); got != "i-path-override" {
		t.Error(got)
	}
}

// One time that cannot be true does not stretch the window over years, and the report mentions it.
func TestOneTimeThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, when := range []time.Time{
		time.Unix(0, 0), time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		s := story.NewAzure(t)
		for i := range 40 {
			s.After(time.Second).Request(4 + i%3)
		}
		s.Counts = &story.Counts{Requests: 80}
		was := s.At
		s.At = when
		s.Request(4, story.Answers(502))
		s.At = was
		for i := range 40 {
			s.After(time.Second).Request(4 + i%3)
		}
		r := s.Diagnose()
		said := strings.Join(r.Assumptions, "\n")
		if r.Window.From != "2026-11-23T09:00:01.000Z" || r.Window.To > "2026-11-23T09:02" || r.Requests != 80 || r.Failures != 0 ||
			r.Read.Misdated != 1 {
			t.Errorf("%s: window %+v, %d requests, %d failures, %d set aside", when, r.Window, r.Requests, r.Failures, r.Read.Misdated)
		}
		if !strings.Contains(said, "set aside and count nowhere: 1, as ") ||
			!strings.Contains(said, when.UTC().Format(time.RFC3339)+" (POST /a, status 502)") {
			t.Errorf("%s: %q", when, said)
		}
	}
}
