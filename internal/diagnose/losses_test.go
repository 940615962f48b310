package diagnose_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose"
	"causeway/internal/diagnose/story"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
)

func lostLine(gateway string, n int, from, until time.Time) string {
	return fmt.Sprintf(`{"time":%q,"resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/%s","operationName":"ApplicationGatewayAccess","category":"CausewayLostRecords","properties":{"lostRecords":%d,"from":%q,"until":%q}}`+"\n",
		until.Format(time.RFC3339), gateway, n, from.Format(time.RFC3339Nano), until.Format(time.RFC3339Nano))
}

// lossOf is what a report says of lost records; empty if nothing.
func lossOf(r *report.Report) string {
	for _, m := range r.Missing {
		if m.What == "lost records of the access log" {
			return m.Why
		}
	}
	return ""
}

// A log that lacks records says so in the report of its files, wherever the mark stands and however often it is given.
func TestLostRecords(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 0, 10, 0, time.UTC)
	for name, x := range map[string]struct {
		files map[string]string
		since time.Time
		want  string
	}{
		"none": {nil, time.Time{}, ""},
		"one gap": {
			map[string]string{"a.json": lostLine("GW1", 12, at, at.Add(time.Second))},
			time.Time{},
			"12 records were lost between 2026-11-23T09:00:10.000Z and 2026-11-23T09:00:11.000Z",
		},
		"one, twice": {map[string]string{
			"a.json": lostLine("GW1", 1, at, at.Add(time.Second)),
			"b.json": lostLine("GW1", 1, at, at.Add(time.Second)),
		}, time.Time{}, "1 record was lost between"},
		"two gaps": {
			map[string]string{"a.json": lostLine("GW1", 12, at, at.Add(time.Second)) + lostLine("GW1", 3, at.Add(time.Minute),
				at.Add(2*time.Minute))},
			time.Time{},
			"15 records were lost in 2 gaps between 2026-11-23T09:00:10.000Z and 2026-11-23T09:02:10.000Z",
		},
		"of another": {map[string]string{"a.json": lostLine("OTHER", 12, at, at.Add(time.Second))}, time.Time{}, ""},
		"before window": {
			map[string]string{"a.json": lostLine("GW1", 12, at.Add(-time.Hour), at.Add(-time.Minute))},
			at.Add(-time.Second), "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for range 30 {
				s.After(time.Second).Request(4)
			}
			s.Files = x.files
			r := s.DiagnoseSince(x.since)
			if got := lossOf(r); (got == "") != (x.want == "") || !strings.HasPrefix(got, x.want) {
				t.Errorf("%s: %q", name, got)
			}
			if len(r.Read.Unread) > 0 || r.Read.BadLines > 0 {
				t.Errorf("%s: not read: %+v", name, r.Read)
			}
		})
	}
}

// What a running gateway counts itself is the least: it writes the mark only once it can write again.
func TestLostRecordsOfRunningGateway(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.Request(4)
	b := s.Bundle()
	b.Lost = 7
	r, err := diagnose.Run(b, traffic.Options{})
	if err != nil || !strings.HasPrefix(lossOf(r), "7 records were lost by the gateway since it started") {
		t.Errorf("%v, %q", err, lossOf(r))
	}
}
