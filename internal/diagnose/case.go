package diagnose

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/cause"
)

// inquiry is what hypotheses look at. Each takes the events that its mechanism explains; what is taken is not offered
// to the next, so that a failure has one cause at most.
type inquiry struct {
	*tally

	findings    []*finding
	open        []suspicion
	savings     []saving          // that the what-if found
	causes      map[*event]string // of the events that were claimed; empty: left undetermined
	assumptions []string
	moves       map[poolKey]*move // of pools that were asked about; nil: its member did not move
	sized       *CapacityReport   // what the load comes to, once it was asked for
	ordered     []*interval       // the time line in order, once it was asked for
}

// finding is a cause at work, with the events behind it.
type finding struct {
	Finding
	events []*event
}

// suspicion is what an undetermined group of events might be.
type suspicion struct {
	events []*event
	rivals []string
	next   string
}

// minEvents is how many failures a statistical verdict needs. A mechanism that was itself seen needs only one.
const minEvents = 5

func newInquiry(t *tally) *inquiry {
	return &inquiry{tally: t, assumptions: slices.Clone(t.assumptions)}
}

// assume notes what was taken for granted without evidence.
func (q *inquiry) assume(text string) {
	if !slices.Contains(q.assumptions, text) {
		q.assumptions = append(q.assumptions, text)
	}
}

// unclaimed are the events that nobody has taken and that want keeps.
func (q *inquiry) unclaimed(want func(*event) bool) []*event {
	var out []*event
	for _, e := range q.events {
		if _, claimed := q.causes[e]; !claimed && want(e) {
			out = append(out, e)
		}
	}
	return out
}

// claim takes events for a cause.
func (q *inquiry) claim(id string, events []*event, scope Scope, confidence string) *finding {
	q.mark(events, id)
	f := newFinding(id, events, scope, confidence)
	f.Failures = countVisible(events)
	f.Recovered = len(events) - f.Failures
	q.findings = append(q.findings, f)
	return f
}

// remark names a cause that has a part in failures, or in none yet, which are counted under another.
func (q *inquiry) remark(id string, events []*event, scope Scope, confidence string) *finding {
	f := newFinding(id, events, scope, confidence)
	f.Also = len(events)
	q.findings = append(q.findings, f)
	return f
}

func newFinding(id string, events []*event, scope Scope, confidence string) *finding {
	c := cause.Find(id)
	f := &finding{events: events, Finding: Finding{
		Cause: id, Title: c.Title, Scope: scope, Confidence: confidence,
		Mechanism: c.Mechanism, Evidence: []Evidence{}, RuledOut: []RuledOut{}, Rivals: []Rival{}, Fixes: []Fix{}, Disproof: c.Disproof,
	}}
	for _, fix := range c.Fixes {
		f.Fixes = append(f.Fixes, Fix{
			Side: fix.Side, Change: fix.Change, Expected: Expected{Removes: [2]int{0, len(events)}, Basis: "unknown"},
			Commands: Commands{AzCLI: fix.AzCLI, PowerShell: fix.PowerShell, Portal: fix.Portal, Causeway: fix.Causeway},
		})
	}
	return f
}

// again is a finding of the same cause under the same settings: one cause is told once, whatever members it is at.
func (q *inquiry) again(id string, scope Scope) *finding {
	for _, f := range q.findings {
		if f.Cause == id && f.Scope.Settings == scope.Settings && f.Scope.Pool == scope.Pool {
			return f
		}
	}
	return nil
}

// mark takes events for a cause; for none, if they are left undetermined.
func (q *inquiry) mark(events []*event, id string) {
	if q.causes == nil {
		q.causes = map[*event]string{}
	}
	for _, e := range events {
		if id != "" || q.causes[e] == "" {
			q.causes[e] = id
		}
	}
}

// causeOf is the cause that claimed an event; empty if none did.
func (q *inquiry) causeOf(e *event) string { return q.causes[e] }

// eventsOf are the events that causes have claimed.
func (q *inquiry) eventsOf(ids ...string) []*event {
	var out []*event
	for _, e := range q.events {
		if slices.Contains(ids, q.causes[e]) {
			out = append(out, e)
		}
	}
	return out
}

// claimMore takes events for a cause that may have been found already.
func (q *inquiry) claimMore(id string, events []*event, scope Scope, confidence string) *finding {
	f := q.again(id, scope)
	if f == nil {
		return q.claim(id, events, scope, confidence)
	}
	q.mark(events, id)
	visible := countVisible(events)
	f.events = append(slices.Clip(f.events), events...)
	f.Failures, f.Recovered = f.Failures+visible, f.Recovered+len(events)-visible
	if f.Scope.Member, f.Scope.Path = keep(f.Scope.Member, scope.Member), keep(f.Scope.Path, scope.Path); f.Scope.Member == "" {
		f.forget()
	}
	for i := range f.Fixes {
		if x := &f.Fixes[i].Expected; x.Basis == "unknown" {
			x.Removes[1] += len(events)
		} else if x.Removes[0] == x.Removes[1] {
			x.Removes = [2]int{x.Removes[0] + len(events), x.Removes[1] + len(events)}
		} else {
			x.Removes[1] += len(events)
		}
	}
	return f
}

// forget takes the advice back that was filled in for one member: it is of several now.
func (f *finding) forget() {
	for i, fix := range cause.Find(f.Cause).Fixes {
		f.Fixes[i].Change = fix.Change
		f.Fixes[i].Commands = Commands{AzCLI: fix.AzCLI, PowerShell: fix.PowerShell, Portal: fix.Portal, Causeway: fix.Causeway}
	}
}

// suspect leaves events undetermined, with what they might be and what would tell.
func (q *inquiry) suspect(events []*event, next string, rivals ...string) {
	q.open = append(q.open, suspicion{events: events, rivals: unique(rivals), next: next})
	q.mark(events, "")
}

// unique are the values of a list, each where it is first.
func unique(list []string) (out []string) {
	for _, x := range list {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

func countVisible(events []*event) int {
	n := 0
	for _, e := range events {
		if e.visible {
			n++
		}
	}
	return n
}

// says adds a fact.
func (f *finding) says(source, fact string, events ...*event) {
	f.Evidence = append(f.Evidence, Evidence{Source: source, Fact: fact, Rows: rows(events)})
}

func (f *finding) excludes(id, because string) {
	f.RuledOut = append(f.RuledOut, RuledOut{Cause: id, Because: because})
}

// leaves names the rivals of the catalogue that were not excluded.
func (f *finding) leaves(ids ...string) {
	for _, id := range ids {
		if !f.hasRival(id) {
			f.Rivals = append(f.Rivals, Rival{Cause: id, ToSeparate: cause.ToSeparate(f.Cause, id)})
		}
	}
}

func (f *finding) hasRival(id string) bool {
	return slices.ContainsFunc(f.Rivals, func(r Rival) bool { return r.Cause == id })
}

// may names causes that the finding leaves open, each with the test of its own.
func (f *finding) may(ids ...string) {
	for _, id := range ids {
		if c := cause.Find(id); c != nil && id != f.Cause && !f.hasRival(id) {
			f.Rivals = append(f.Rivals, Rival{Cause: id, ToSeparate: c.Separate})
		}
	}
}

// expect says what the fixes of one side would have saved.
func (f *finding) expect(side string, low, high int, basis, note string) {
	for i := range f.Fixes {
		if f.Fixes[i].Side == side {
			f.Fixes[i].Expected = Expected{Removes: [2]int{low, high}, Basis: basis, Note: note}
		}
	}
}

// maxRows is how many transaction ids stand behind a fact.
const maxRows = 5

func rows(events []*event) []string {
	var out []string
	for _, e := range events[:min(len(events), maxRows)] {
		out = append(out, e.id)
	}
	return out
}

// fill puts the names of this gateway into the texts of every finding.
func (q *inquiry) fill(values map[string]string, f *finding) {
	values["gateway"], values["group"] = q.nameAndGroup()
	values["pool"], values["settings"], values["member"] = f.Scope.Pool, f.Scope.Settings, f.Scope.Member
	q.fillProbe(values, f)
	q.ofGeneration(f)
	q.fillInstances(values, f)
	var pairs []string
	for k, v := range values {
		if v != "" {
			pairs = append(pairs, "{"+k+"}", v)
		}
	}
	if values["member"] == "" {
		pairs = append(pairs, "{member}", "each of the members")
	}
	for _, k := range []string{"gateway", "group", "pool", "settings", "probe", "address", "port", "instances", "least", "most", "size", "tier"} {
		if values[k] == "" {
			pairs = append(pairs, "{"+k+"}", strings.ToUpper(k))
		}
	}
	r := strings.NewReplacer(pairs...)
	f.Mechanism, f.Disproof = r.Replace(f.Mechanism), r.Replace(f.Disproof)
	for i := range f.Fixes {
		x := &f.Fixes[i]
		x.Change = r.Replace(x.Change)
		x.Commands = Commands{AzCLI: r.Replace(x.Commands.AzCLI), PowerShell: r.Replace(x.Commands.PowerShell), Portal: r.Replace(x.Commands.Portal), Causeway: r.Replace(x.Commands.Causeway)}
	}
}

// partAfter is the part of a resource id that follows a word.
func partAfter(id, word string) string {
	parts := strings.Split(id, "/")
	for i, p := range parts {
		if strings.EqualFold(p, word) && i+1 < len(parts) {
			return parts[i+1]
		}
	}
	return ""
}

// scopeOf is the narrowest scope that all events share.
func scopeOf(events []*event) Scope {
	s := Scope{Pool: events[0].pool, Settings: events[0].settings, Member: events[0].member, Path: events[0].path}
	for _, e := range events[1:] {
		s.Pool = keep(s.Pool, e.pool)
		s.Settings = keep(s.Settings, e.settings)
		s.Member = keep(s.Member, e.member)
		s.Path = keep(s.Path, e.path)
	}
	return s
}

func keep(a, b string) string {
	if a != b {
		return ""
	}
	return a
}

// address is where the members of a group of events were reached.
func address(events []*event) string {
	var all []string
	for _, e := range events {
		if at := e.server.String(); e.server.IsValid() && !slices.Contains(all, at) && len(all) < 4 {
			all = append(all, at)
		}
	}
	return strings.Join(all, " and ")
}

// seconds writes a duration as people say it: three digits at most, in seconds or milliseconds.
func seconds(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return trimmed(d.Seconds(), 1) + " s"
	case d >= time.Second:
		return trimmed(d.Seconds(), 2) + " s"
	}
	return trimmed(float64(d.Microseconds())/1000, 1) + " ms"
}

// fromTo writes the least and the most of sorted durations; one, if they read the same.
func fromTo(sorted []time.Duration) string {
	least, most := seconds(sorted[0]), seconds(sorted[len(sorted)-1])
	if least == most {
		return least
	}
	return least + " to " + most
}

func trimmed(x float64, digits int) string {
	s := strconv.FormatFloat(x, 'f', digits, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// count writes a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func percent(part, whole int) string {
	if whole == 0 || part == 0 {
		return "0 %"
	}
	p := 100 * float64(part) / float64(whole)
	switch {
	case p >= 10:
		return fmt.Sprintf("%.0f %%", p)
	case p >= 0.1:
		return fmt.Sprintf("%.1f %%", p)
	}
	return fmt.Sprintf("%.3f %%", p)
}

// quantile of sorted values.
func quantile[T cmp.Ordered](sorted []T, p float64) T {
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

func sortedDurations(events []*event, f func(*event) time.Duration) []time.Duration {
	var out []time.Duration
	for _, e := range events {
		out = append(out, f(e))
	}
	slices.Sort(out)
	return out
}

// sortedKeys are the keys of a map, in order: what a report says must not depend on chance.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
