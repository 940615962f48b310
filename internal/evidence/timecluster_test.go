package evidence

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/evidence/evidencetest"
)

// at is a row of a time.
func at(when time.Time) string {
	return fmt.Sprintf(`{"timeStamp":"%s","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"appgw_0","clientIP":"203.0.113.9","httpMethod":"GET","requestUri":"/a","httpStatus":502,"timeTaken":0.034}}`, when.UTC().Format(time.RFC3339)) + "\n"
}

// every is a row now and then.
func every(step time.Duration, from time.Time, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(at(from.Add(time.Duration(i) * step)))
	}
	return b.String()
}

var day = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func year(n int) time.Time { return time.Date(n, 3, 1, 12, 0, 0, 0, time.UTC) }

// A row whose time is a slip is set aside and told of; whatever may be honest is not.
func TestTimesThatCannotBe(t *testing.T) {
	for name, x := range map[string]struct {
		files    []string
		rows     int
		misdated int
		example  string
	}{
		"1970 at the beginning": {
			[]string{at(time.Unix(0, 0)) + every(time.Second, day, 300)},
			300, 1,
			"0.json: 1970-01-01T00:00:00Z (GET /a, status 502)",
		},
		"1970 in a short log": {
			[]string{every(time.Second, day, 2) + at(time.Unix(0, 0)) + every(time.Second, day, 2)},
			4, 1,
			"1970-01-01",
		},
		"1970 beside one row": {[]string{at(time.Unix(0, 0)) + at(day)}, 1, 1, "1970-01-01"},
		"a run of 1970": {[]string{every(time.Second, day, 10) + every(time.Second, time.Unix(0, 0),
			300) + every(time.Second, day, 500)}, 510, 300, "1970-01-01"},
		"1970 before a run": {
			[]string{every(time.Second, time.Unix(0, 0), 90) + every(time.Second, day, 500)},
			500, 90,
			"1970-01-01",
		},
		"year 1": {[]string{every(time.Second, day, 300) + at(year(1))}, 300, 1, "0001-03-01"},
		"2090 in the middle": {
			[]string{every(time.Second, day, 300) + at(year(2090)) + every(time.Second, day, 300)},
			600, 1,
			"2090-03-01",
		},
		"2090 at the end": {[]string{every(time.Second, day, 10) + at(year(2090))}, 10, 1, "2090-03-01"},
		"some years ago": {
			[]string{every(time.Second, day, 30) + at(year(2019)) + every(time.Second, day, 30)},
			60, 1,
			"2019-03-01",
		},
		"three of some years ago": {[]string{every(time.Second, day, 300) + every(time.Hour, year(2019), 3) + every(time.Second,
			day, 300)}, 600, 3, "2019-03-01"},
		"each another": {[]string{at(year(1)) + at(year(1970)) + every(time.Second, day,
			300) + at(year(2090)) + at(year(2200))}, 300, 4, "0001-03-01"},
		"more years than are kept": {
			[]string{everyYear(100) + every(time.Second, day, 500) + everyYear(100)},
			500, 50,
			"1000-03-01",
		},
		"a file of its own beside": {
			[]string{every(time.Second, day, 300), every(time.Second, day, 300) + at(year(1970))},
			600, 1,
			"1.json: 1970-03-01",
		},
		"1970 in a file of its own": {
			[]string{every(time.Second, day, 300), every(time.Second, time.Unix(0, 0), 200)},
			300, 200,
			"1.json: 1970-01-01",
		},
		"the future in a file of its own": {[]string{every(time.Second, day, 300), every(time.Second, year(2030), 200)}, 500, 0, ""},
		"a month with quiet nights":       {[]string{every(9*time.Hour, day.Add(-30*24*time.Hour), 80)}, 80, 0, ""},
		"two days of one file": {
			[]string{every(time.Second, day.Add(-400*24*time.Hour), 3) + every(time.Second, day, 1000)},
			1003, 0, "",
		},
		"two days, years apart":         {[]string{every(time.Second, year(2021), 30) + every(time.Second, day, 200)}, 230, 0, ""},
		"a busy day and one years back": {[]string{every(time.Second, year(2021), 150) + every(time.Second, day, 9000)}, 9150, 0, ""},
		"files, years apart":            {[]string{every(time.Second, year(2021), 1), every(time.Second, day, 2000)}, 2001, 0, ""},
		"one row a year":                {[]string{at(year(2024)) + at(year(2025)) + at(year(2026))}, 3, 0, ""},
		"two rows, years apart":         {[]string{at(year(2021)) + at(day)}, 2, 0, ""},
		"nothing but 1970":              {[]string{every(time.Second, time.Unix(0, 0), 300)}, 300, 0, ""},
		"nothing but the future":        {[]string{every(time.Second, year(2090), 30)}, 30, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for i, text := range x.files {
				evidencetest.Write(t, dir, fmt.Sprint(i, ".json"), text)
			}
			b := open(t, dir)
			first, last := time.Time{}, time.Time{}
			rows := 0
			if err := b.Each(func(r *accesslog.Record, _ bool) {
				if rows++; first.IsZero() || r.Start.Before(first) {
					first = r.Start
				}
				if r.Start.After(last) {
					last = r.Start
				}
			}); err != nil {
				t.Fatal(err)
			}
			notes := strings.Join(b.Notes, "\n")
			if rows+b.Repeated != x.rows || b.Misdated != x.misdated || !strings.Contains(notes, x.example) ||
				x.misdated == 0 && notes != "" {
				t.Errorf("%d rows (%d repeated), want %d; %d set aside, want %d; notes %q", rows, b.Repeated, x.rows, b.Misdated,
					x.misdated, notes)
			}
			if x.misdated > 0 && last.Sub(first) > time.Hour {
				t.Errorf("from %s to %s", first, last)
			}
		})
	}
}

// everyYear is a row in each fourth year of some time.
func everyYear(years int) string {
	var b strings.Builder
	for n := range years / 4 {
		b.WriteString(at(year(1000 + 4*n)))
	}
	return b.String()
}

// Rows that wait for a judgement are handed on as they are, and in their order.
func TestRowsThatWait(t *testing.T) {
	dir := t.TempDir()
	evidencetest.Write(t, dir, "PT1H.json", evidencetest.ManyRows())
	three(t, open(t, dir), "a short log")
}

// What waits does not grow with the log.
func TestFewRowsWait(t *testing.T) {
	r := &reading{b: &Bundle{}, clusters: timeClusters{now: day}}
	row := accesslog.Record{Method: []byte("GET"), URI: []byte("/a")}
	for n := range 100_000 {
		row.Start = year(1 + n%3000)
		r.cluster(&source{}, &row, false)
	}
	waiting := 0
	for _, i := range r.clusters.list {
		waiting += len(i.pending)
	}
	if len(r.clusters.list) > maxClusters || waiting > maxClusters*largeCluster {
		t.Errorf("%d clusters, %d rows wait", len(r.clusters.list), waiting)
	}
}
