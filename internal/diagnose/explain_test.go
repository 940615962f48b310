package diagnose

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// unnumbered has no transaction, as rows of the first generation.
func unnumbered(r *accesslog.Record, _ *accesslog.Attempt) { r.Transaction = [16]byte{} }

// momentsStory has requests without a transaction: one that fails at the first second, three at the second, two of them at
// the same time, and many that go well.
func momentsStory(t *testing.T) *story {
	s := newStory(t)
	for second := range 60 {
		s.at = time.Date(2026, 11, 23, 9, 0, second, 0, time.UTC)
		s.request(4, unnumbered)
		switch second {
		case 1:
			s.after(250*time.Millisecond).request(4, path("/alone"), unnumbered, answers(500))
		case 2:
			s.after(100*time.Millisecond).request(5, path("/first"), unnumbered, answers(500))
			s.after(100*time.Millisecond).request(5, path("/second"), unnumbered, answers(500))
			s.request(6, path("/third"), unnumbered, answers(503))
		}
	}
	return s
}

func explained(t *testing.T, s *story, what string) (*Explanation, error) {
	t.Helper()
	b := s.bundle()
	defer b.Close()
	return Explain(b, what)
}

// A request without an id is found by its time, as a report prints it, and as exactly as one likes to say it.
func TestExplainATime(t *testing.T) {
	s := momentsStory(t)
	for what, want := range map[string]string{
		"2026-11-23T09:00:01Z":       "/alone",
		"2026-11-23T09:00:01":        "/alone",
		"2026-11-23T10:00:01+01:00":  "/alone",
		"2026-11-23T09:00:01.2Z":     "/alone",
		"2026-11-23T09:00:01.250Z":   "/alone",
		"2026-11-23T09:00:02.1Z":     "/first",
		"2026-11-23T09:00:02.200Z#1": "/second",
		"2026-11-23T09:00:02.200Z#2": "/third",
		"2026-11-23T09:00:02.2Z#2":   "/third",
	} {
		x, err := explained(t, s, what)
		if err != nil || !strings.Contains(x.Request, want) || x.Cause != "k-backend-5xx" && x.Next == "" {
			t.Errorf("%s: %v, %+v", what, err, x)
		}
	}
}

// Where several failed, all are listed, each with what names it and no other.
func TestExplainASecondOfSeveral(t *testing.T) {
	s := momentsStory(t)
	_, err := explained(t, s, "2026-11-23T09:00:02Z")
	var several *Several
	if !errors.As(err, &several) {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := several.Text(&out, 100); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3 requests that failed began then", "2026-11-23T09:00:02.100Z\n", "2026-11-23T09:00:02.200Z#1\n", "2026-11-23T09:00:02.200Z#2\n", "POST /third HTTP/1.1 from 127.0.1.9:40000: status 503, member 10.0.0.6"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
	for i, c := range several.Requests {
		x, err := explained(t, s, c.Pick)
		if err != nil || !strings.Contains(x.Request, []string{"/first", "/second", "/third"}[i]) {
			t.Errorf("%s: %v, %+v", c.Pick, err, x)
		}
	}
}

// Whatever a report names a request by, explain finds it by that.
func TestExplainWhatTheReportNames(t *testing.T) {
	s := momentsStory(t)
	r := s.diagnose()
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
		if _, err := explained(t, s, row); err != nil && !errors.As(err, new(*Several)) {
			t.Errorf("%s: %v", row, err)
		}
	}
}

func TestExplainWhatIsNotThere(t *testing.T) {
	s := momentsStory(t)
	for what, want := range map[string]struct {
		err  error
		text string
	}{
		"2026-11-23T09:00:05Z":     {ErrNothingThen, "no request that failed began then; 1 that went well did"},
		"2026-11-24T09:00:05Z":     {ErrNothingThen, "no request that failed began then"},
		"2026-11-23T09:00:02.2Z#3": {ErrNothingThen, "as number 3: there are 2"},
		"2026-11-23T09:00:02Z#0":   {ErrNotARequest, "2026-11-23T09:00:01.250Z"},
		"yesterday":                {ErrNotARequest, "2026-11-23T09:00:01.250Z"},
		strings.Repeat("ab", 16):   {ErrNoSuchRequest, "no record has this transaction"},
	} {
		if _, err := explained(t, s, what); !errors.Is(err, want.err) || !strings.Contains(fmt.Sprint(err), want.text) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Azure's own log tells whole seconds: where that is not enough there are numbers.
func TestExplainASecondOfAzures(t *testing.T) {
	s := momentsStory(t)
	s.azure = true
	for what, want := range map[string]string{"2026-11-23T09:00:01.000Z": "/alone", "2026-11-23T09:00:02.000Z#2": "/second", "2026-11-23T09:00:02Z#3": "/third"} {
		if x, err := explained(t, s, what); err != nil || !strings.Contains(x.Request, want) {
			t.Errorf("%s: %v, %+v", what, err, x)
		}
	}
	if _, err := explained(t, s, "2026-11-23T09:00:02Z"); !errors.As(err, new(*Several)) {
		t.Error(err)
	}
}

// A session, whose log has no transactions at all, is found as a request is.
func TestExplainASession(t *testing.T) {
	s := newAzureStory(t)
	s.files = map[string]string{"sessions.json": `{"category":"ApplicationGatewayAccessLog","timeStamp":"2026-11-23T09:00:00Z","properties":{"instanceId":"appgw_0","clientIP":"203.0.113.9","protocol":"TCP","sessionTime":3,"serverRouted":"10.0.0.4:1433","serverStatus":502}}` + "\n"}
	x, err := explained(t, s, "2026-11-23T09:00:00Z")
	if err != nil || !strings.HasPrefix(x.Request, "a session") || x.Fault == "" || x.Next == "" {
		t.Errorf("%v: %+v", err, x)
	}
}

// The one that is asked for is looked at, also where only a sample of the failures is.
func TestExplainOneOfManyFailures(t *testing.T) {
	s := &sampler{most: 16}
	asked := &event{id: "this one", asked: true}
	s.add(asked)
	for i := range 1000 {
		s.add(&event{id: fmt.Sprint(i)})
	}
	if s.shift == 0 || s.events[0] != asked {
		t.Errorf("one in %d is kept, and not the one that was asked for", 1<<s.shift)
	}
}

// How the member was then is not told by a report of health of long before.
func TestExplainWithOldHealth(t *testing.T) {
	s := momentsStory(t)
	s.server("10.0.0.4", "Up", "", "", "2026-11-20T08:00:00Z Up")
	for probed, want := range map[time.Time]string{
		s.at: "was up then, by its probes",
		time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC): "was up in a report of health of 2026-11-21T09:00:00.000Z, 2 days before this request",
	} {
		s.probed(probed)
		x, err := explained(t, s, "2026-11-23T09:00:01Z")
		if err != nil || x.Attempts[0].Health != want {
			t.Errorf("%v: %+v", err, x)
		}
	}
}

// Beside the attempts stands what the record alone knows of a request.
func TestExplainWhatTheRecordNotes(t *testing.T) {
	s := momentsStory(t)
	s.after(time.Second).request(5, path("/noted"), unnumbered, answers(500), func(r *accesslog.Record, a *accesslog.Attempt) {
		r.HeldBack, r.Cut, r.Dropped, r.BodyRead, r.Queued = "10.0.0.4", accesslog.CutPaused, 7, 90, 3*time.Second
		a.Interim = 2
	})
	x, err := explained(t, s, s.at.Format(time.RFC3339Nano))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(x.Noted, "\n")
	for _, want := range []string{"waited for 3 s", "the turn of 10.0.0.4", "2 interim responses", "after 90 bytes (7 of them dropped)"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}
