package evidence

import (
	"fmt"
	"strings"
	"testing"

	"causeway/internal/accesslog"
	"causeway/internal/evidence/evidencetest"
)

// Times of the portal are read as whoever exported them meant them: in the zone of the heading, and day first if a date of the
// file can only be read so. The report says what had to be assumed.
func TestTimesOfThePortal(t *testing.T) {
	for _, x := range []struct{ heading, times, want, note string }{
		{"TimeGenerated [UTC]", "10/12/2026, 9:00:01.500 AM", "10-12 09:00:01.5", "month or the day"},
		{"TimeGenerated [UTC-08:00]", "10/13/2026, 9:00:01 AM", "10-13 17:00:01", ""},
		{"TimeGenerated [utc+05:30]", "13/10/2026, 09:00:01", "10-13 03:30:01", ""},
		{"TimeGenerated [UTC-08:00]", "2026-10-12T09:00:01.250Z", "10-12 09:00:01.25", ""}, // a time that names its own
		{
			"TimeGenerated [Local Time]", "10/13/2026, 9:00:01 AM", "10-13 09:00:01",
			"p.csv: TimeGenerated [Local Time] does not say of which zone its times are: they are taken as UTC",
		},
		{
			"TimeGenerated [UTC]", "12/10/2026, 10:00:04|12/10/2026, 10:00:05", "12-10 10:00:04|12-10 10:00:05",
			"reading them month first, as in 12/10/2026",
		},
		{"TimeGenerated [UTC]", "12/10/2026, 10:00:04|13/10/2026, 10:00:04", "10-12 10:00:04|10-13 10:00:04", ""},
		{
			"TimeGenerated [UTC]", "12/10/2026, 10:00:04 am||13/10/2026, 10:00:04 pm", "10-12 10:00:04|10-13 22:00:04",
			"1 line could not be read",
		},
		{"TimeGenerated [UTC]", "10/12/2026, 10:00:04|10/13/2026, 10:00:04", "10-12 10:00:04|10-13 10:00:04", ""},
		{"TimeGenerated [UTC]", "11/11/2026, 10:00:04\u202fAM", "11-11 10:00:04", ""}, // either way the same
	} {
		t.Run(x.heading, func(t *testing.T) {
			var text strings.Builder
			fmt.Fprintf(&text, "%s,HttpStatus,TimeTaken,ClientIp\n", x.heading)
			for _, at := range strings.Split(x.times, "|") {
				fmt.Fprintf(&text, "\"%s\",502,0.1,203.0.113.9\n", at)
			}
			b := open(t, evidencetest.Write(t, t.TempDir(), "p.csv", text.String()))
			var got []string
			if err := b.Each(func(r *accesslog.Record, _ bool) { got = append(got, r.Start.Format("01-02 15:04:05.999")) }); err != nil {
				t.Fatal(err)
			}
			notes := strings.Join(b.Notes, "\n")
			if strings.Join(got, "|") != x.want || !strings.Contains(notes, x.note) || x.note == "" && notes != "" {
				t.Errorf("%s, %s: %v, want %s; notes %q", x.heading, x.times, got, x.want, notes)
			}
		})
	}
}

// The date that decides may stand far behind others, also in a chart.
func TestDayFirstOfAChart(t *testing.T) {
	text := "Time,\"CPU Utilization (Avg), gw1\"\n" + strings.Repeat("\"12/10/2026, 10:00:04\",91.5\n", 9000) +
		"\"13/10/2026, 10:00:04\",92.5\n"
	b := open(t, evidencetest.Write(t, t.TempDir(), "chart.csv", text))
	count(t, b)
	if len(b.Metrics) != 1 || b.Metrics[0].Points[0].At.Month() != 10 || len(b.Metrics[0].Points) < 2 || len(b.Notes) > 0 {
		t.Errorf("metrics %d, notes %q", len(b.Metrics), b.Notes)
	}
}
