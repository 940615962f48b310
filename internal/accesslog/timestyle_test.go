package accesslog

import (
	"testing"
	"time"
)

// Times are read as the tools that logs pass through write them, and what is none is refused.
func TestTimesAsToolsWriteThem(t *testing.T) {
	dayFirst := TimeStyle{DayFirst: true}
	for _, x := range []struct {
		style      TimeStyle
		text, want string // empty: it is none
	}{
		{TimeStyle{}, "2026-02-28T23:59:59Z", "2026-02-28T23:59:59Z"},
		{TimeStyle{}, "2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z"},
		{TimeStyle{}, "2026-02-30T10:00:00Z", ""},
		{TimeStyle{}, "2026-04-31T10:00:00.5+02:00", ""},
		{TimeStyle{}, "2026-04-31 10:00:00", ""},
		{TimeStyle{}, "29.02.2026 10:00", ""},
		{TimeStyle{}, "2026-11-20T08:07:05,25Z", "2026-11-20T08:07:05.25Z"},
		{TimeStyle{}, "2026-11-20 08:07:05.25 +0100", "2026-11-20T07:07:05.25Z"},
		{TimeStyle{}, "20.11.2026 08:07", "2026-11-20T08:07:00Z"},
		{TimeStyle{}, "11/20/2026 8:07", "2026-11-20T08:07:00Z"},
		{TimeStyle{}, "20/11/2026 8:07", ""},
		{dayFirst, "20/11/2026 8:07", "2026-11-20T08:07:00Z"},
		{dayFirst, "20-11-2026 08.07.05", "2026-11-20T08:07:05Z"},
		{TimeStyle{}, "11/20/2026 12:07:05 AM", "2026-11-20T00:07:05Z"},
		{TimeStyle{}, "11/20/2026 12:07:05 PM", "2026-11-20T12:07:05Z"},
		{TimeStyle{}, "2026. 11. 20. 오후 8:07:05", "2026-11-20T20:07:05Z"},
		{TimeStyle{}, "2026年11月20日 08:07:05", "2026-11-20T08:07:05Z"},
		{TimeStyle{}, "Freitag, 20. November 2026 um 08:07:05 Uhr", "2026-11-20T08:07:05Z"},
		{TimeStyle{}, "Friday, November 20, 2026 8:07:05 AM", "2026-11-20T08:07:05Z"},
		{TimeStyle{}, "/Date(1795161611000)/", "2026-11-20T08:00:11Z"},
		{TimeStyle{}, `\/Date(1795161611000+0100)\/`, "2026-11-20T08:00:11Z"},
		{TimeStyle{}, "1795161611", "2026-11-20T08:00:11Z"},
		{TimeStyle{}, "1795161611.25", "2026-11-20T08:00:11.25Z"},
		{TimeStyle{}, "1795161611250", "2026-11-20T08:00:11.25Z"},
		{TimeStyle{}, "1795161611250000", "2026-11-20T08:00:11.25Z"},
		{TimeStyle{}, "1795161611250000001", "2026-11-20T08:00:11.250000001Z"},
		{TimeStyle{}, "20261120080011", "2026-11-20T08:00:11Z"},
		{TimeStyle{}, "46346.33346064815", "2026-11-20T08:00:11Z"},
		{TimeStyle{}, "46346,33346064815", "2026-11-20T08:00:11Z"},
		{TimeStyle{}, "11/20/2026", ""},
		{TimeStyle{}, "17", ""},
		{TimeStyle{}, "25:00", ""},
		{TimeStyle{}, "2026-11-20T25:00:00Z", ""},
		{TimeStyle{}, "20.11.2026 08:07:05 am Abend", ""},
	} {
		t.Run(x.text, func(t *testing.T) {
			got, ok := x.style.Parse([]byte(x.text))
			if ok != (x.want != "") || ok && got.Format(time.RFC3339Nano) != x.want {
				t.Errorf("%q: got %v, %v, want %q", x.text, got, ok, x.want)
			}
		})
	}
}

// A decimal comma in a time of a member is not read as two times, of which the first is 0.
func TestDecimalCommaIsNoList(t *testing.T) {
	for text, want := range map[string]time.Duration{`"0,186"`: Unset, `"0.186"`: 186 * time.Millisecond, `"slow"`: Unset} {
		t.Run(text, func(t *testing.T) {
			line := []byte(`{"category":"ApplicationGatewayAccessLog","properties":{"httpStatus":200,"timeTaken":0.2,"serverRouted":"10.9.0.4:80","serverResponseLatency":` + text + `}}`)
			r, _, err := Decode(line)
			if err != nil || len(r.Attempts) != 1 || r.Attempts[0].Total != want {
				t.Errorf("%s: %+v, %v", text, r.Attempts, err)
			}
			var d Decoder
			row, err := d.Row(line)
			if err != nil {
				t.Fatal(err)
			}
			if name, whole := row.NoNumber(); whole || (name == "serverResponseLatency") != (want == Unset) {
				t.Errorf("%s: %q is no number", text, name)
			}
		})
	}
}
