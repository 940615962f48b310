package diagnose

import (
	"cmp"
	"slices"
	"time"

	"causeway/cause"
	"causeway/evidence"
)

// hypotheses in the order in which they may take events: what the record itself decides comes before what needs
// statistics, the client before the member, the whole member before the single connection.
var hypotheses = []hypothesis{
	scanners,
	shortUpload, slowUpload, headerLimit, bodyLimit, invalidRequest,
	clientTimers,
	clientAbort,
	noListener,
	wrongPools,
	poolWithoutMembers,
	poolWithoutHealthyMembers,
	unresolvedName,
	gatewayEnded, outOfDescriptors, outOfPorts,
	restartedMember,
	deadMemberInUse, vanishedMembers,
	refusedConnections,
	droppedConnections,
	noRouteToMember,
	expired, wrongName, untrusted, notTLS,
	idleRaces,
	useLimit,
	ageLimit,
	crash,
	forgottenConnections,
	slowInspection,
	capacityAtMaximum, busyGateway,
	clockwork,
	doubledWaits,
	noisyMembers, cells, badInstances,
	heldRequests, slowRoutes, queueing,
	maskedStatus, shedding, innerTimers,
	cutAnswers,
	lostRequests,
	bigHead, ambiguous, invalidHead, badChunk,
	cutBody,
	backends5xx,
	recentChanges,
}

// leftovers say what failures that no cause claims may be, and what would tell.
var leftovers = []func(*inquiry){timeoutsLeft, connectsLeft, closesLeft, bodiesLeft, clientsLeft}

// Run diagnoses.
func Run(b *evidence.Bundle, o Options) (*Report, error) {
	t := newTally(b.Config)
	if err := t.read(b, o); err != nil {
		return nil, err
	}
	q := newInquiry(b, t)
	q.consider()
	for _, left := range leftovers {
		left(q)
	}
	return q.report(b), nil
}

func (q *inquiry) report(b *evidence.Bundle) *Report {
	r := &Report{Schema: Schema, Requests: q.requests, Failures: q.failures, Recovered: q.recovers, Findings: q.findings, Missing: q.missing(b)}
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	if !q.from.IsZero() {
		r.Window = Window{From: stamp(q.from), To: stamp(q.to)}
	}
	r.Assumptions = append([]string{}, append(b.Notes, q.assumptions...)...)
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Share = share(f, r)
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Failures, a.Failures), cmp.Compare(b.Recovered, a.Recovered), cmp.Compare(a.Cause, b.Cause))
	})
	r.Undetermined = q.undetermined()
	r.Verdict = verdict(r)
	r.Steps = q.steps(r)
	r.Pictures = q.pictures()
	return r
}

// share is a finding's part of what users saw; only where they saw nothing, of what retries hid.
func share(f *Finding, r *Report) float64 {
	part, whole := f.Failures, r.Failures
	if r.Failures == 0 {
		part, whole = f.Recovered, r.Recovered
	}
	if whole == 0 {
		return 0
	}
	return float64(part*10000/whole) / 10000
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// smallestVerdict is the share of the failures that the verdict must explain.
const smallestVerdict = 0.2

// verdict is the finding to act on first: the largest one that is more than a suspicion, and as large as what is left
// undetermined. What only clients can mend comes behind the rest.
func verdict(r *Report) *Verdict {
	var best *Finding
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Confidence != Low && f.Share >= smallestVerdict && (best == nil || clients(best) && !clients(f)) {
			best = f
		}
	}
	if best == nil || best.Failures < r.Undetermined.Failures {
		return nil
	}
	v := &Verdict{Cause: best.Cause, Title: best.Title, Confidence: best.Confidence}
	for i := range r.Findings { // the same cause may be at several members
		if f := &r.Findings[i]; f.Cause == best.Cause {
			v.Share = min(1, v.Share+f.Share)
		}
	}
	return v
}

func clients(f *Finding) bool { return f.Cause[0] == 'j' || f.Cause == "i-no-listener-match" }

// undetermined is what is left, group by group, with everything that each might be.
func (q *inquiry) undetermined() Undetermined {
	rest := q.unclaimed(func(*event) bool { return true })
	if len(rest) > 0 {
		q.suspect(rest, "look at these rows with causeway logs, and at the members' own logs at those times", "k-empty-evidence")
	}
	u := Undetermined{Rivals: []string{}, Groups: []Open{}}
	slices.SortStableFunc(q.open, func(a, b suspicion) int { return cmp.Compare(countVisible(b.events), countVisible(a.events)) })
	for _, s := range q.open {
		u.Failures += countVisible(s.events)
		if len(s.events) > 0 && u.Next == "" {
			u.Next = s.next
		}
		for _, e := range s.events {
			if len(u.Rows) < maxRows {
				u.Rows = append(u.Rows, e.id)
			}
		}
		for _, id := range s.rivals {
			if !slices.Contains(u.Rivals, id) {
				u.Rivals = append(u.Rivals, id)
			}
		}
		u.Groups = append(u.Groups, s.group())
	}
	return u
}

// group is a suspicion as the report has it.
func (s *suspicion) group() Open {
	visible := countVisible(s.events)
	g := Open{Failures: visible, Recovered: len(s.events) - visible, Scope: scopeOf(s.events), Rivals: []Rival{}, Next: s.next, Rows: rows(s.events)}
	for _, id := range s.rivals {
		if c := cause.Find(id); c != nil {
			g.Rivals = append(g.Rivals, Rival{Cause: id, ToSeparate: c.Separate})
		}
	}
	return g
}

// missing lists the evidence that would have told more.
func (q *inquiry) missing(b *evidence.Bundle) []Missing {
	out := []Missing{}
	if b.Logs() == 0 {
		out = append(out, Missing{
			What: "access log", Why: "without it no failed request can be attributed",
			How: "give the data directory of the gateway, or the access-log files exported from Azure's storage account",
		})
	}
	if q.config == nil {
		out = append(out, Missing{
			What: "gateway document", Why: "without it request timeouts and pools are not known",
			How: "az network application-gateway show -g GROUP -n GATEWAY > gateway.json",
		})
	}
	if q.health == nil {
		out = append(out, Missing{
			What: "backend health", Why: "without it nothing can be said of probes",
			How: "az network application-gateway show-backend-health -g GROUP -n GATEWAY > health.json",
		})
	}
	if q.requests > 0 && q.own == 0 {
		out = append(out, Missing{
			What: "Causeway's trace", Why: "Azure's log does not say in which phase a connection failed, nor whether it was reused",
			How: "run the same configuration on Causeway, or add the members' own logs",
		})
	}
	return out
}
