package evidence

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"

	"causeway/accesslog"
)

// timeColumns are how a table writes its times, by the number of the column. Only whoever exported it knows its zone and
// whether the day or the month comes first, so the heading is asked, and then the dates: where one has 13 or more in a
// place, that place is the day's. They are gone through before any row is read, lest those before that one are lost.
type timeColumns map[int]accesslog.TimeStyle

// timeColumns looks through a table up to the date that decides, and notes what has to be assumed.
func (b *Bundle) timeColumns(name string, in io.Reader) timeColumns {
	c := csv.NewReader(in)
	c.FieldsPerRecord, c.LazyQuotes, c.ReuseRecord = -1, true, true
	heading, err := c.Read()
	if err != nil {
		return nil // which is told when the rows are read
	}
	times := b.timeHeadings(name, heading)
	if doubtful := times.decide(c); doubtful != "" {
		b.note(fmt.Sprintf("%s: no date in it says whether the month or the day comes first: they are read month first, as in %s", name, doubtful))
	}
	return times
}

// timeHeadings are the columns that hold times, each in the zone that its heading names.
func (b *Bundle) timeHeadings(name string, heading []string) timeColumns {
	times := timeColumns{}
	for i, text := range heading {
		switch field := accesslog.FieldOf(text); {
		case field == accesslog.Time, field == accesslog.Generated, i == 0 && isMetricHeading(heading):
			zone, known := accesslog.ZoneOf(text)
			if !known {
				b.note(fmt.Sprintf("%s: %s does not say of which zone its times are: they are taken as UTC. If they are not, set the portal to UTC and export it again", name, text))
			}
			times[i] = accesslog.TimeStyle{Zone: zone}
		}
	}
	return times
}

// decide sets which comes first, the day or the month. It returns a date that may be read both ways if none decides.
func (t timeColumns) decide(c *csv.Reader) (doubtful string) {
	for {
		cells, err := c.Read()
		if bad := (*csv.ParseError)(nil); err != nil && !errors.As(err, &bad) {
			return doubtful
		}
		date, first, second := t.date(cells)
		switch {
		case date == "" && doubtful == "" && len(cells) > 0: // they are written otherwise
			return doubtful
		case first > 12:
			t.dayFirst()
			return ""
		case second > 12:
			return ""
		case first != second:
			doubtful = date
		}
	}
}

var slashes = regexp.MustCompile(`^\s*((\d{1,2})/(\d{1,2})/\d{4})`)

// date is the first date with slashes in a row, and the two numbers of which either may be the day.
func (t timeColumns) date(cells []string) (date string, first, second int) {
	for i, cell := range cells {
		if _, holds := t[i]; !holds {
			continue
		}
		if m := slashes.FindStringSubmatch(cell); m != nil {
			first, _ = strconv.Atoi(m[2])
			second, _ = strconv.Atoi(m[3])
			return m[1], first, second
		}
	}
	return "", 0, 0
}

func (t timeColumns) dayFirst() {
	for i, style := range t {
		style.DayFirst = true
		t[i] = style
	}
}

// plain is the text of a time as all other logs have it; what cannot be read, or stands in no such column, stays as it is.
func (t timeColumns) plain(column int, text string) string {
	style, ok := t[column]
	if !ok {
		return text
	}
	at, ok := style.Parse([]byte(text))
	if !ok {
		return text
	}
	return at.Format(time.RFC3339Nano)
}
