package traffic

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/report"
)

// RequestText is a request in a line: method, host, path and version; "a session" for one of a TCP or TLS listener.
func RequestText(r *accesslog.Record) string {
	if r.Session {
		return "a session"
	}
	uri := r.OriginalURI
	if len(uri) == 0 {
		uri = r.URI
	}
	return fmt.Sprintf("%s %s%s %s", r.Method, r.OriginalHost, uri, r.Version)
}

// Query is the request that is to be explained: by its transaction, or, where the log has none, by the time at which it
// began. Of the requests of a time only those that failed are meant.
type Query struct {
	transaction [16]byte
	from, to    time.Time // zero: by transaction
	number      int       // which of several of that time, from 1; 0: not given
	found       []Match
	more        int // that were not kept
	well        int // requests of that time that went well
}

// Match is a record that may be meant.
type Match struct {
	Record accesslog.Record
	Own    bool
	Event  *Event // nil: it did not fail
}

// maxMatches bounds those that are kept.
const maxMatches = 100

// ErrNotARequest is returned for what is neither a transaction nor a time.
var ErrNotARequest = errors.New("it is neither a transaction id, which has 32 hexadecimal digits, nor a time such as 2026-11-23T09:00:01.250Z")

// ParseQuery reads a transaction id, dashes allowed, or a time as a report prints it, perhaps with a number behind it.
func ParseQuery(s string) (w Query, err error) {
	if id, err := hex.DecodeString(strings.ReplaceAll(s, "-", "")); err == nil && len(id) == len(w.transaction) {
		copy(w.transaction[:], id)
		return w, nil
	}
	text, number, several := strings.Cut(s, "#")
	if w.from, err = parseMoment(text); err != nil {
		return w, ErrNotARequest
	}
	if several {
		if w.number, err = strconv.Atoi(number); err != nil || w.number < 1 {
			return w, ErrNotARequest
		}
	}
	w.to = w.from.Add(exactness(text))
	return w, nil
}

func parseMoment(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	return time.Parse("2006-01-02T15:04:05", s)
}

// exactness is how long the moment is that a time names: a second, or less by as many digits as it has.
func exactness(text string) time.Duration {
	d := time.Second
	_, fraction, _ := strings.Cut(text, ".")
	for i := 0; i < len(fraction) && fraction[i] >= '0' && fraction[i] <= '9' && d > 1; i++ {
		d /= 10
	}
	return d
}

func (w *Query) byTime() bool { return !w.from.IsZero() }

// any reports whether a request is looked for at all.
func (w *Query) any() bool { return w.byTime() || w.transaction != [16]byte{} }

func (w *Query) means(r *accesslog.Record) bool {
	if w.byTime() {
		at := Stamp(r)
		return !at.Before(w.from) && at.Before(w.to)
	}
	return r.Transaction != [16]byte{} && r.Transaction == w.transaction
}

// see keeps a record that is meant, with its failure if it has one: that one stays, whatever sample is taken.
func (w *Query) see(r *accesslog.Record, own bool, e *Event) {
	switch {
	case !w.means(r):
	case w.byTime() && e == nil:
		w.well++
	case len(w.found) == maxMatches:
		w.more++
	default:
		if e != nil {
			e.explained = true
		}
		w.found = append(w.found, Match{r.Clone(), own, e})
	}
}

// Errors of what is looked for and not there.
var (
	ErrNoSuchRequest = errors.New("no record has this transaction")
	ErrNothingThen   = errors.New("no request that failed began then")
)

// One is the request that is meant.
func (w *Query) One() (*Match, error) {
	n := len(w.found)
	switch {
	case n == 0 && w.well > 0:
		return nil, fmt.Errorf("%w; %d that went well did", ErrNothingThen, w.well)
	case n == 0 && w.byTime():
		return nil, ErrNothingThen
	case n == 0:
		return nil, ErrNoSuchRequest
	case !w.byTime():
		return &w.found[n-1], nil
	case w.number > n:
		return nil, fmt.Errorf("%w as number %d: there are %d", ErrNothingThen, w.number, n+w.more)
	case w.number > 0:
		return &w.found[w.number-1], nil
	case n > 1:
		return nil, w.several()
	}
	return &w.found[0], nil
}

// several lists what there is to choose from.
func (w *Query) several() *report.Several {
	s := &report.Several{Schema: report.ChoiceSchema, More: w.more}
	picks := w.picks()
	for i := range w.found {
		r := &w.found[i].Record
		c := report.Choice{Pick: picks[i], Client: r.Client.String(), Request: RequestText(r), Status: r.Status}
		if n := len(r.Attempts); n > 0 {
			c.Member = MemberOf(&r.Attempts[n-1])
		}
		s.Requests = append(s.Requests, c)
	}
	return s
}

// picks name each of the candidates and no other: by transaction, by more digits of the time, or by a number where the log
// has no more digits.
func (w *Query) picks() []string {
	layout := "2006-01-02T15:04:05.000Z"
	for i := range w.found {
		if Stamp(&w.found[i].Record).Nanosecond()%int(time.Millisecond) != 0 {
			layout = "2006-01-02T15:04:05.000000000Z"
		}
	}
	at := func(c *Match) string { return Stamp(&c.Record).UTC().Format(layout) }
	times, met := map[string]int{}, map[string]int{}
	for i := range w.found {
		times[at(&w.found[i])]++
	}
	var out []string
	for i := range w.found {
		c := &w.found[i]
		pick := at(c)
		met[pick]++
		switch {
		case c.Record.Transaction != [16]byte{}:
			out = append(out, IDOf(&c.Record))
		case times[pick] > 1:
			out = append(out, fmt.Sprintf("%s#%d", pick, met[pick]))
		default:
			out = append(out, pick)
		}
	}
	return out
}
