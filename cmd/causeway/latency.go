package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
)

// timeouts are the request timeouts that a document gives; nil where there is none.
type timeouts struct {
	of   map[string]time.Duration // by name of the settings, in lower case
	only time.Duration            // of all settings, where they have one between them
}

// timeoutsIn reads those of a document, which may be nil.
func timeoutsIn(c *gateway.Config) *timeouts {
	if c == nil || len(c.Settings) == 0 {
		return nil
	}
	t := &timeouts{of: map[string]time.Duration{}}
	for i := range c.Settings {
		s := &c.Settings[i]
		d := time.Duration(s.RequestTimeout) * time.Second
		if t.of[strings.ToLower(s.Name)] = d; i == 0 {
			t.only = d
		} else if d != t.only {
			t.only = 0
		}
	}
	return t
}

// timeoutsOn reads those of the document that the gateway on a data directory serves, or last served.
func timeoutsOn(data string) *timeouts {
	b, err := evidence.Open([]string{filepath.Join(data, evidence.AppliedName)})
	if err != nil {
		return nil
	}
	defer b.Close()
	return timeoutsIn(b.Config)
}

// limit is the request timeout under which a request went to a member; 0: it is not known. Records need not name their settings.
func (t *timeouts) limit(r *accesslog.Record) time.Duration {
	switch {
	case t == nil:
		return 0
	case r.Settings == "":
		return t.only
	}
	return t.of[strings.ToLower(r.Settings)]
}

// latency is how long the last member took: serverResponseLatency, for which the first generation has no field; there
// Causeway's trace has its parts. ok is false if no member was tried, and if the record does not show it.
func latency(r *accesslog.Record) (d time.Duration, ok bool) {
	if len(r.Attempts) == 0 {
		return 0, false
	}
	a := &r.Attempts[len(r.Attempts)-1]
	if a.Total >= 0 {
		return a.Total, true
	}
	return max(a.Send, 0) + a.Wait + max(a.Receive, 0), a.Wait >= 0
}

// headIn is how long it took until the head of the answer had come; negative where that is not known, or none came.
func headIn(a *accesslog.Attempt) time.Duration {
	switch {
	case a.Status == 0:
		return accesslog.Unset
	case a.HeaderTime > 0:
		return a.HeaderTime
	case a.Wait >= 0:
		return max(a.Send, 0) + a.Wait
	}
	return accesslog.Unset
}

// over reports whether a member took as long as the request timeout, or longer. An answer whose head came in time may take as long as
// it likes: the timeout then runs between two of its parts.
func over(r *accesslog.Record, limit time.Duration) bool {
	d, ok := latency(r)
	if !ok || limit == 0 || d < limit {
		return false
	}
	head := headIn(&r.Attempts[len(r.Attempts)-1])
	return head < 0 || head >= limit || !r.Fault.None()
}

// latencyText is the latency beside the timeout, marked where it is above.
func latencyText(r *accesslog.Record, limit time.Duration) string {
	d, ok := latency(r)
	switch {
	case !ok:
		return "-"
	case limit == 0:
		return fmt.Sprintf("%.3f s", d.Seconds())
	case over(r, limit):
		return fmt.Sprintf("%.3f s of %g s TIMEOUT", d.Seconds(), limit.Seconds())
	}
	return fmt.Sprintf("%.3f s of %g s", d.Seconds(), limit.Seconds())
}

// slowness is what --slow asks for: members that took some time, or the request timeout.
type slowness struct {
	asked  bool
	least  time.Duration // 0: the request timeout
	limits *timeouts
}

// byTimeout is the value of --slow without one.
const byTimeout = "timeout"

// slowFrom reads --slow.
func slowFrom(s string) (slowness, error) {
	if s == "" || s == byTimeout {
		return slowness{asked: s != ""}, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return slowness{}, &exitError{
			code: exitUsage, err: fmt.Errorf("--slow=%s: it is not a duration", s),
			hint: "for example --slow=1.5s; --slow alone means the request timeout of the document",
		}
	}
	return slowness{asked: true, least: d}, nil
}

// known fails if --slow needs the request timeout and no document gives it: an empty list would read as "none was slow".
func (s *slowness) known() error {
	if !s.asked || s.least > 0 || s.limits != nil {
		return nil
	}
	return &exitError{
		code: exitUsage, err: errors.New("--slow: no gateway document says what the request timeout is"),
		hint: "give the document beside the log, or a time of your own, as in --slow=20s",
	}
}

// keeps reports whether a record is as slow as that.
func (s *slowness) keeps(r *accesslog.Record) bool {
	switch d, ok := latency(r); {
	case !s.asked:
		return true
	case s.least > 0:
		return ok && d >= s.least
	}
	return over(r, s.limits.limit(r))
}
