package diagnose_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
)

// Where several failed, all are listed, each with what names it and no other.
func TestExplainASecondOfSeveral(t *testing.T) {
	t.Parallel()
	s := story.Moments(t)
	_, err := story.Explained(t, s, "2026-11-23T09:00:02Z")
	var several *report.Several
	if !errors.As(err, &several) {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := several.Text(&out, 100); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"3 requests that failed began then", "2026-11-23T09:00:02.100Z\n", "2026-11-23T09:00:02.200Z#1\n",
		"2026-11-23T09:00:02.200Z#2\n", "POST /third HTTP/1.1 from 127.0.1.9:40000: status 503, member 10.0.0.6",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
	for i, c := range several.Requests {
		x, err := story.Explained(t, s, c.Pick)
		if err != nil || !strings.Contains(x.Request, []string{"/first", "/second", "/third"}[i]) {
			t.Errorf("%s: %v, %+v", c.Pick, err, x)
		}
	}
}

// Whatever a report names a request by, explain finds it by that.
func TestExplainWhatTheReportNames(t *testing.T) {
	t.Parallel()
	s := story.Moments(t)
	r := s.Diagnose()
	var rows []string
	for _, g := range r.Undetermined.Groups {
		rows = append(rows, g.Rows...)
	}
	for _, f := range r.Findings {
		for _, e := range f.Evidence {
			rows = append(rows, e.Rows...)
		}
	}
	if len(rows) < 4 {
		t.Fatalf("rows %q", rows)
	}
	for _, row := range rows {
		if _, err := story.Explained(t, s, row); err != nil && !errors.As(err, new(*report.Several)) {
			t.Errorf("%s: %v", row, err)
		}
	}
}

func TestExplainWhatIsNotThere(t *testing.T) {
	t.Parallel()
	s := story.Moments(t)
	for what, want := range map[string]struct {
		err  error
		text string
	}{
		"2026-11-23T09:00:05Z":     {traffic.ErrNothingThen, "no request that failed began then; 1 that went well did"},
		"2026-11-24T09:00:05Z":     {traffic.ErrNothingThen, "no request that failed began then"},
		"2026-11-23T09:00:02.2Z#3": {traffic.ErrNothingThen, "as number 3: there are 2"},
		"2026-11-23T09:00:02Z#0":   {traffic.ErrNotARequest, "2026-11-23T09:00:01.250Z"},
		"yesterday":                {traffic.ErrNotARequest, "2026-11-23T09:00:01.250Z"},
		strings.Repeat("ab", 16):   {traffic.ErrNoSuchRequest, "no record has this transaction"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			if _, err := story.Explained(t, s, what); !errors.Is(err, want.err) || !strings.Contains(fmt.Sprint(err), want.text) {
				t.Errorf("%s: %v", what, err)
			}
		})
	}
}

// Azure's own log tells whole seconds: where that is not enough there are numbers.
func TestExplainASecondOfAzures(t *testing.T) {
	t.Parallel()
	s := story.Moments(t)
	s.Azure = true
	for what, want := range map[string]string{
		"2026-11-23T09:00:01.000Z": "/alone", "2026-11-23T09:00:02.000Z#2": "/second",
		"2026-11-23T09:00:02Z#3": "/third",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			if x, err := story.Explained(t, s, what); err != nil || !strings.Contains(x.Request, want) {
				t.Errorf("%s: %v, %+v", what, err, x)
			}
		})
	}
	if _, err := story.Explained(t, s, "2026-11-23T09:00:02Z"); !errors.As(err, new(*report.Several)) {
		t.Error(err)
	}
}

// A session, whose log has no transactions at all, is found as a request is.
func TestExplainASession(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Files = map[string]string{"sessions.json": `{"category":"ApplicationGatewayAccessLog","timeStamp":"2026-11-23T09:00:00Z","properties":{"instanceId":"appgw_0","clientIP":"203.0.113.9","protocol":"TCP","sessionTime":3,"serverRouted":"10.0.0.4:1433","serverStatus":502}}` + "\n"}
	x, err := story.Explained(t, s, "2026-11-23T09:00:00Z")
	if err != nil || !strings.HasPrefix(x.Request, "a session") || x.Fault == "" || x.Next == "" {
		t.Errorf("%v: %+v", err, x)
	}
}

// A report of health of long before does not show how the member was then.
func TestExplainWithOldHealth(t *testing.T) {
	t.Parallel()
	s := story.Moments(t)
	s.Server("10.0.0.4", "Up", "", "", "2026-11-20T08:00:00Z Up")
	for probed, want := range map[time.Time]string{
		s.At: "was up then, by its probes",
		time.Date(2026, 11, 21, 9, 0, 0, 0,
			time.UTC): "was up in a report of health of 2026-11-21T09:00:00.000Z, 2 days before this request",
	} {
		s.Probed(probed)
		x, err := story.Explained(t, s, "2026-11-23T09:00:01Z")
		if err != nil || x.Attempts[0].Health != want {
			t.Errorf("%v: %+v", err, x)
		}
	}
}

// Beside the attempts stands what the record alone knows of a request.
func TestExplainWhatTheRecordNotes(t *testing.T) {
	t.Parallel()
	s := story.Moments(t)
	s.After(time.Second).Request(5, story.Path("/noted"), story.Unnumbered, story.Answers(500),
		func(r *accesslog.Record, a *accesslog.Attempt) {
			r.HeldBack, r.Cut, r.Dropped, r.BodyRead, r.Queued = "10.0.0.4", accesslog.CutPaused, 7, 90, 3*time.Second
			a.Interim = 2
		})
	x, err := story.Explained(t, s, s.At.Format(time.RFC3339Nano))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(x.Noted, "\n")
	for _, want := range []string{
		"waited for 3 s", "10.0.0.4 was next in turn", "2 interim responses",
		"after 90 bytes (7 of them dropped)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}
