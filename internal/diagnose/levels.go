package diagnose

import (
	"slices"

	"causeway/internal/cause"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
)

// A failure belongs to a finding or to an open group, and each says where its failures lie and what kind they are. The report says the
// same of all that are worth acting on.

// level is the part of the failures that a finding or an open group holds.
type level struct {
	cause      string // empty: open
	confidence string
	events     []*traffic.Event
	hidden     []*traffic.Event // of the same, which retries hid, beside those that clients saw
	kinds      []inference.KindCount
}

// background are causes of failures that every gateway has: clients that leave, and requests that are none.
var background = []string{"j-client-abort", "j-invalid-request", "j-scanner", "j-client-rst-mid-download"}

// alwaysThere reports whether failures are of the sort that every gateway has: those of a few clients, and single errors of members.
func alwaysThere(cause string, failures int) bool {
	return slices.Contains(background, cause) || cause == "k-backend-5xx" && failures < stats.MinEvents
}

// partsOf are the findings and open groups with their failures that a client saw; where retries hid all, with those.
func partsOf(c *inference.Case) (out []level) {
	_, none := hiddenAlone(c)
	add := func(cause, confidence string, events []*traffic.Event) {
		events, hidden := traffic.Partition(events, func(e *traffic.Event) bool { return e.Visible || none })
		if len(events) > 0 {
			out = append(out, level{cause, confidence, events, hidden, c.FailureKinds(cause, events)})
		}
	}
	for _, f := range c.Findings {
		if f.Contributing == 0 {
			add(f.Cause, f.Confidence, f.Events)
		}
	}
	for _, s := range c.Open {
		add("", report.High, s.Events)
	}
	return out
}

// hiddenAlone reports whether clients saw nothing but what is always there, and retries hid more than that: n failures.
func hiddenAlone(c *inference.Case) (n int, alone bool) {
	usual := 0
	for _, e := range c.Traffic.Events {
		switch {
		case !e.Visible:
			n++
		case !slices.Contains(background, c.CauseOf(e)):
			return 0, false
		default:
			usual++
		}
	}
	return n, n > usual
}

// usualShare is the part of the requests of any gateway that what is always there may fail: over a long time that adds up to more than a
// short outage.
const usualShare = 0.01

// eclipsed reports whether failures are of the sort that every gateway has, and another cause, or what is open, explains more; or enough
// for a verdict while these are no more than usual.
func eclipsed(cause string, failures, others, requests int) bool {
	usual := float64(failures) < usualShare*float64(requests)
	return alwaysThere(cause, failures) && (failures < others || usual && others >= stats.MinEvents)
}

// worthActing leaves out what something else eclipses.
func worthActing(parts []level, requests int) []level {
	others, by := 0, map[string]int{}
	for _, p := range parts {
		if !alwaysThere(p.cause, len(p.events)) {
			by[p.cause] += len(p.events)
			others = max(others, by[p.cause])
		}
	}
	return slices.DeleteFunc(slices.Clone(parts), func(p level) bool {
		return eclipsed(p.cause, len(p.events), others, requests)
	})
}

// wholeLevels says where the failures worth acting on lie, and of what kind they are.
func wholeLevels(c *inference.Case, r *report.Report) {
	parts, confidence := worthActing(partsOf(c), c.Traffic.Requests), report.High
	var events []*traffic.Event
	var kinds []inference.KindCount
	for _, p := range parts {
		events, kinds = append(events, p.events...), inference.AddKinds(kinds, p.kinds)
	}
	if len(events) == 0 {
		return
	}
	for _, p := range parts {
		if 2*len(p.events) > len(events) {
			confidence = kindConfidence(p.cause, p.confidence)
		}
	}
	traffic.SortByTime(events)
	if inference.CountVisible(events) == 0 { // retries hid them all
		r.Where = c.Where(events, events)
	} else if r.Where = c.Where(events, seen(c.Traffic.Events)); r.Where == nil {
		r.Where = whereHidden(c, parts)
	}
	r.FailureKind = inference.KindLevel(kinds, confidence)
	r.FailureKind.Failures, r.FailureKind.Of = c.Extrapolate(r.FailureKind.Failures), c.Extrapolate(r.FailureKind.Of)
}

// whereHidden is the place of all failures, those that retries hid among them, if nearly all that clients saw lie there too.
func whereHidden(c *inference.Case, parts []level) *report.Where {
	var events []*traffic.Event
	for _, p := range parts {
		events = append(events, p.hidden...)
		events = append(events, p.events...)
	}
	traffic.SortByTime(events)
	w := c.Where(events, seen(c.Traffic.Events))
	if w != nil && 10*w.Failures < 9*w.Of {
		return nil
	}
	return w
}

// levelsOf are the place and the kind of the failures of one cause, or of an open group.
func levelsOf(c *inference.Case, id, confidence string, events []*traffic.Event) (*report.Where, *report.FailureKind) {
	if len(events) == 0 {
		return nil, nil
	}
	kind := inference.KindLevel(c.FailureKinds(id, events), kindConfidence(id, confidence))
	kind.Failures, kind.Of = c.Extrapolate(kind.Failures), c.Extrapolate(kind.Of)
	return c.Where(events, events), kind
}

// kindConfidence is how sure the kind of failures is: as sure as their cause where that says it, and else as the record itself.
func kindConfidence(id, confidence string) string {
	if cause.SaysKind(id) {
		return confidence
	}
	return report.High
}

// rivalsOf gives the rivals of a finding their reasons and their order, and says what tells it from the first.
func rivalsOf(c *inference.Case, f *inference.Finding) {
	f.Rivals, f.AlsoPossible = c.Rank(f.Rivals, f.Events, f.Where)
	if len(f.Rivals) > 0 {
		f.Separate = cause.Between(f.Cause, f.Rivals[0].Cause)
	}
}

// seen are the events that a client saw; where retries hid all, all of them.
func seen(events []*traffic.Event) []*traffic.Event {
	if out := traffic.Filter(events, func(e *traffic.Event) bool { return e.Visible }); len(out) > 0 {
		return out
	}
	return events
}

// stepOf is the step that failures of a kind belong to.
var stepOf = map[string]string{
	cause.GatewayTimer: "request-timeout",
	cause.Refused:      "backend-connections",
	cause.Unreachable:  "backend-connections",
	cause.TLS:          "backend-connections",
	cause.LostIdle:     "backend-connections",
	cause.LostAtOnce:   "backend-connections",
}

// placeSteps adds the place of the failures to the failed step that they belong to, if all of their kinds belong to one.
func placeSteps(r *report.Report) {
	if r.Where == nil || r.FailureKind == nil || r.Where.Confidence != report.High {
		return
	}
	for i := range r.Steps {
		s := &r.Steps[i]
		if s.Result == report.Fail && !slices.ContainsFunc(r.FailureKind.Kinds, func(k string) bool { return stepOf[k] != s.Step }) {
			s.Detail += "; " + r.Where.Fact
		}
	}
}
