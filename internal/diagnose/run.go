package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/internal/cause"
	"causeway/internal/evidence"
	"causeway/internal/fault"
)

// hypotheses in the order in which they may take events: what the record itself decides comes before what needs
// statistics, the client before the member, the whole member before the single connection.
var hypotheses = []hypothesis{
	proxyLoops,
	stalledGateway,
	scanners,
	shortUpload, slowUpload, headerLimit, bodyLimit, invalidRequest,
	cutDownloads,
	unsaidTimers, misfits,
	heavyRoutes,
	queuedClients,
	clientTimers,
	clientAbort,
	noListener,
	wrongPools,
	poolWithoutMembers,
	wrongPorts,
	flappingMembers, deepProbes,
	movedNames, reroutes,
	poolWithoutHealthyMembers,
	unresolvedName,
	gatewayEnded, outOfDescriptors, outOfPorts,
	shortDrains,
	staleNames,
	rollouts,
	restartedMember,
	goneMembers,
	expired, notYetValid, wrongName, missingIntermediate, untrusted, wrongKeyUsage,
	deadMemberInUse, vanishedMembers,
	tooSoonBack, notReady, backFromAbsence,
	deafMembers,
	refusedConnections,
	fullQueues,
	droppedConnections,
	noRouteToMember,
	notTLS,
	clientCertificate, sniRequired, tlsVersion, handshakeTimeout,
	plainToTLS, wrongProtocolVersion, foreignService,
	muteHeads, closesAtOnce,
	idleRaces, rebuiltRaces,
	resetConnections,
	useLimit,
	ageLimit,
	killedWorkers,
	connectionLimits,
	rejectedAddresses, crash,
	earlyResponses,
	cutLinks,
	forgottenConnections,
	coldStarts,
	slowInspection,
	sessionLimit,
	capacityAtMaximum, busyGateway, growingGateways,
	clockwork,
	doubledWaits,
	headsOfLine, noisyMembers, cells, badInstances,
	heldRequests, slowRoutes, queueing,
	maskedStatus, chainedProxies, shedding, innerTimers,
	platformFronts,
	cutAnswers,
	lostRequests,
	slowUploadRead, silentStreams, slowBody,
	badStatusLine, badInterim, interimLimit,
	bigHead, ambiguous, invalidHead, badChunk,
	cutBody,
	backends5xx,
	partialRotations, reusedAddresses,
	greenProbes, hiddenFailures,
	recentChanges,
}

// leftovers say what failures that no cause claims may be, and what would tell.
var leftovers = []func(*inquiry){membersAsClients, timeoutsLeft, alertsLeft, sessionsLeft, connectsLeft, closesLeft, bodiesLeft, clientsLeft, namelessLeft, unaskedLeft, interimLeft}

// Run diagnoses.
func Run(b *evidence.Bundle, o Options) (*Report, error) {
	t, err := tallied(b, o)
	if err != nil {
		return nil, err
	}
	return newInquiry(t).run(b), nil
}

// run asks all hypotheses and reports.
func (q *inquiry) run(b *evidence.Bundle) *Report {
	q.consider()
	for _, left := range leftovers {
		left(q)
	}
	q.healthNow()
	q.doubtTimes()
	q.doubtHealth()
	q.nameLoops(b.Machine)
	return q.report(b)
}

func (q *inquiry) report(b *evidence.Bundle) *Report {
	r := &Report{Schema: Schema, Requests: q.requests, Sessions: q.sessions, Failures: q.failures, Recovered: q.recovers + q.ejected.steered, Steered: q.ejected.steered, Findings: q.reported(), Missing: q.missing(b)}
	r.gateway, r.group = q.nameAndGroup()
	r.unsaid = len(filtered(q.events, func(e *event) bool { return e.unsaid && e.fault.Kind != fault.Status }))
	if !q.from.IsZero() {
		r.Window = Window{From: stamp(q.from), To: stamp(q.to)}
	}
	r.Undetermined = q.undetermined()
	if q.names.given > 0 {
		q.assume(fmt.Sprintf("%d records name no pool and no backend settings: theirs are those of the document to which only they can belong", q.names.given))
	}
	r.WhatIf = q.whatIf()
	q.left.say(q)
	q.scale(r)
	r.Assumptions = append([]string{}, append(b.Notes, q.assumptions...)...)
	for i := range r.Findings {
		r.Findings[i].Share = share(&r.Findings[i], r)
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Failures, a.Failures), cmp.Compare(b.Recovered, a.Recovered), cmp.Compare(a.Cause, b.Cause))
	})
	r.Verdict = verdict(r)
	r.Steps = q.steps(r)
	r.Read = q.reading(b)
	r.Notices = q.notices()
	r.Pictures = q.pictures()
	r.Metered = q.metered()
	return r
}

// reported are the findings as the report has them, each with the times at which its failures lie.
func (q *inquiry) reported() []Finding {
	out := make([]Finding, 0, len(q.findings))
	for _, f := range q.findings {
		f.When = q.when(f.events)
		out = append(out, f.Finding)
	}
	return out
}

// reading says how the reading of the evidence went.
func (q *inquiry) reading(b *evidence.Bundle) Read {
	out := Read{Repeated: b.Repeated, BadLines: b.Bad, Misdated: b.Misdated, Outside: q.left.outside, Unread: []string{}, Sampled: 1 << q.sample.shift}
	if q.left.outside > 0 {
		out.Lie = Window{stamp(q.left.from), stamp(q.left.to)}
	}
	for _, u := range b.Unread {
		out.Unread = append(out.Unread, u.String())
	}
	return out
}

// share is a finding's part of what users saw; only where they saw nothing, of what retries hid.
func share(f *Finding, r *Report) float64 {
	part, whole := f.Failures, r.Failures
	if r.Failures == 0 {
		part, whole = f.Recovered, r.Recovered-r.Steered
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
	all := Finding{}
	for i := range r.Findings { // the same cause may be at several members
		if f := &r.Findings[i]; f.Cause == best.Cause {
			all.Failures, all.Recovered = all.Failures+f.Failures, all.Recovered+f.Recovered
		}
	}
	return &Verdict{Cause: best.Cause, Title: best.Title, Confidence: best.Confidence, Share: share(&all, r)}
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
		g := s.group(q.against(s.events))
		g.When = q.when(s.events)
		u.Groups = append(u.Groups, g)
	}
	return u
}

// group is a suspicion as the report has it. What the evidence speaks against comes last.
func (s *suspicion) group(against func(string) string) Open {
	visible := countVisible(s.events)
	g := Open{Failures: visible, Recovered: len(s.events) - visible, Scope: scopeOf(s.events), Rivals: []Rival{}, Next: s.next, Rows: rows(s.events)}
	for _, id := range s.rivals {
		if c := cause.Find(id); c != nil {
			g.Rivals = append(g.Rivals, Rival{Cause: id, ToSeparate: c.Separate, Against: against(id)})
		}
	}
	slices.SortStableFunc(g.Rivals, func(a, b Rival) int { return cmp.Compare(min(len(a.Against), 1), min(len(b.Against), 1)) })
	return g
}

// missing lists the evidence that would have told more, and how to get it.
func (q *inquiry) missing(b *evidence.Bundle) []Missing {
	out := []Missing{}
	name, group := q.nameAndGroup()
	if b.Logs() == 0 && !b.AnsweredEmpty("access") {
		out = append(out, Missing{
			What: "access log", Why: "without it no failed request can be attributed",
			How: "give the data directory of the gateway, or the access-log files exported from Azure's storage account; causeway collect writes a script that gets all of it",
		})
	}
	if q.config == nil {
		out = append(out, q.missingDocument("without it request timeouts and pools are not known"))
	}
	if q.health == nil {
		out = append(out, Missing{
			What: "backend health", Why: "without it nothing can be said of probes",
			How: fmt.Sprintf("az network application-gateway show-backend-health -g %s -n %s -o json > health.json", group, name),
		})
	}
	if m, lacking := q.rowsMissing(); lacking {
		out = append(out, m)
	}
	if m, lacking := q.lost.missing(b.Lost); lacking {
		out = append(out, m)
	}
	if q.requests == 0 || q.own > 0 {
		return out
	}
	if len(q.metrics) == 0 && !b.AnsweredEmpty("metric") {
		out = append(out, q.missingMetrics()...)
	}
	if len(q.activity) == 0 && !b.AnsweredEmpty("activity") {
		out = append(out, Missing{
			What: "activity log", Why: "without it failures cannot be held against changes",
			How: fmt.Sprintf("az monitor activity-log list -g %s --start-time %s --end-time %s --max-events 5000 -o json > activity.json", group, stamp(q.from.Add(-24*time.Hour)), stamp(q.to)),
		})
	}
	out = append(out, Missing{
		What: "Causeway's trace", Why: "Azure's log does not say in which phase a connection failed, nor whether it was reused",
		How: "run the same configuration on Causeway, or add the members' own logs",
	})
	return out
}

// missingMetrics says what each kind of metrics would tell, of those that the gateway's generation has.
func (q *inquiry) missingMetrics() []Missing {
	of := func(metrics, filter, file string) string {
		return "az monitor metrics list --resource " + orWord(q.resourceID(), "GATEWAY_ID") + " --metrics " + metrics + filter + " --interval PT1M --aggregation Average Maximum Total --start-time " + stamp(q.from) + " --end-time " + stamp(q.to) + " -o json > " + file
	}
	capacity := "CapacityUnits ComputeUnits CurrentConnections"
	if q.firstGeneration() {
		capacity = "CpuUtilization CurrentConnections Throughput"
	}
	return []Missing{
		{What: "metrics of capacity", Why: "without them it is not known whether the gateway was short of capacity", How: of(capacity, "", "metrics-capacity.json")},
		{What: "metrics of members", Why: "without them it is not known when members were unhealthy", How: of("HealthyHostCount UnhealthyHostCount", ` --filter "BackendSettingsPool eq '*'"`, "metrics-members.json")},
		{What: "metrics of answers", Why: "without them it is not known whether the log has all requests", How: of("ResponseStatus", ` --filter "HttpStatusGroup eq '*'"`, "metrics-answers.json")},
	}
}

// firstGeneration reports whether the gateway is a v1, by its document or else by its log.
func (t *tally) firstGeneration() bool {
	if t.config != nil {
		return t.config.V1()
	}
	return 2*t.v1 > t.requests
}

// resourceID is the gateway's, from the document, or else from a log or from a report of health.
func (t *tally) resourceID() string {
	if t.config != nil && t.config.ID != "" {
		return t.config.ID
	}
	for _, id := range sortedKeys(t.gateways) {
		return id
	}
	if t.health != nil && len(t.health.Pools) > 0 {
		id, _, _ := strings.Cut(t.health.Pools[0].Pool.ID, "/backendAddressPools/")
		return id
	}
	return ""
}

// IsCommand reports whether the way to get it is a command to copy, and not words.
func (m Missing) IsCommand() bool { return strings.HasPrefix(m.How, "az ") }

func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}

func (t *tally) missingDocument(why string) Missing {
	name, group := t.nameAndGroup()
	return Missing{What: "gateway document", Why: why, How: fmt.Sprintf("az network application-gateway show -g %s -n %s > gateway.json", group, name)}
}
