package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/internal/evidence"
	"causeway/internal/fault"
)

// RunChecked diagnoses as Run does, and holds the report against its own evidence. What it returns beside the report is where that
// contradicts itself, a sentence each; there should never be any. Tests and the lab run it over every report that they make.
func RunChecked(b *evidence.Bundle, o Options) (*Report, []string, error) {
	t, err := tallied(b, o)
	if err != nil {
		return nil, nil, err
	}
	q := newInquiry(t)
	r := q.run(b)
	return r, q.contradictions(r), nil
}

// contradictions are all places where a report stands against the numbers that it was made of.
func (q *inquiry) contradictions(r *Report) []string {
	c := &contradictor{q: q, r: r}
	c.findings()
	c.steps()
	c.savings()
	c.instances()
	return c.found
}

type contradictor struct {
	q     *inquiry
	r     *Report
	found []string
}

func (c *contradictor) says(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

// refutations tell, of causes whose disproof the evidence can meet, whether it does; the text is empty where it does not.
var refutations = map[string]func(*inquiry, *finding) string{
	"d-worker-timeout-kill":       atGatewayTimer,
	"d-inner-timeout":             atGatewayTimer,
	"d-hung":                      answersBelowTimer,
	"d-timeout-below-latency":     waitedLess,
	"d-slow-route":                waitedLess,
	"d-longpoll-equals-timer":     waitedLess,
	"k-backend-5xx":               notOfMembers,
	"k-chained-proxy":             notOfMembers,
	"k-masked":                    sameStatus,
	"i-empty-pool":                poolAnswered,
	"a-all-unhealthy-fail-closed": someWereUp,
	"c-endpoint-lag":              answeredAfterwards,
	"i-recent-change":             beganBefore,
}

// findings holds each finding against the evidence for it.
func (c *contradictor) findings() {
	for _, f := range c.q.findings {
		if refuted := refutations[f.Cause]; refuted != nil && len(f.events) > 0 {
			if text := refuted(c.q, f); text != "" {
				c.says("%s: %s", f.Cause, text)
			}
		}
		for _, x := range f.RuledOut {
			if f.hasRival(x.Cause) {
				c.says("%s rules %s out and leaves it open", f.Cause, x.Cause)
			}
		}
		if len(f.events) > 0 && f.When == "" {
			c.says("%s does not say when its failures lie", f.Cause)
		}
	}
}

func atGatewayTimer(q *inquiry, f *finding) string {
	for _, e := range f.events {
		if limit := q.timeouts[e.settings]; limit > 0 && lasted(e) >= limit-timerBand(limit) {
			return fmt.Sprintf("a failure lies at %s, where the gateway's own timer is (%s)", seconds(lasted(e)), seconds(limit))
		}
	}
	return ""
}

// answersBelowTimer: with requests that are lost there are no answers just below the timer, and the wait was as long as it is.
func answersBelowTimer(q *inquiry, f *finding) string {
	if f.Scope.Path == "" {
		return waitedLess(q, f)
	}
	for _, e := range f.events {
		r, limit := q.route(e.route()), q.timeouts[e.settings]
		if n := r.lastThird(limit); limit > 0 && n > 0 {
			return fmt.Sprintf("%d answers to %s came in the last third before the timeout", n, e.path)
		}
	}
	return waitedLess(q, f)
}

// waitedLess: who waited for the whole request timeout waited as long as that is.
func waitedLess(q *inquiry, f *finding) string {
	for _, e := range f.events {
		if limit := q.timeouts[e.settings]; isTimeout(e) && limit > 0 && lasted(e) < limit-timerBand(limit) {
			return fmt.Sprintf("a request waited %s, and the request timeout is %s", seconds(lasted(e)), seconds(limit))
		}
	}
	return ""
}

// notOfMembers: an answer of a member's is proven, or nothing but its being one fits; and then it is at no high confidence.
func notOfMembers(_ *inquiry, f *finding) string {
	for _, e := range f.events {
		switch {
		case e.attempt.Status == 0 && e.fault.Kind == fault.Status:
			return "a failure counts as an answer, and no member gave one"
		case e.unsaid && f.Confidence == High:
			return "it is certain of a status that the gateway may have written itself"
		case !e.own && !e.quietInfo() && e.attempt.Status >= 500:
			return "error_info names a failure of the gateway's: " + e.info
		}
	}
	return ""
}

func sameStatus(_ *inquiry, f *finding) string {
	for _, e := range f.events {
		if e.status == e.attempt.Status {
			return "client and gateway had the same status"
		}
	}
	return ""
}

func poolAnswered(q *inquiry, f *finding) string {
	for _, e := range f.events {
		if q.answeredAfter(e) {
			return "the pool answered later"
		}
	}
	return ""
}

// someWereUp: where no member is healthy, the history of health has none that was up. An instance acts on its own probes a moment before
// or after the report has them.
func someWereUp(q *inquiry, f *finding) string {
	if hasty := filtered(f.events, (*event).byHaste); len(hasty) > 0 && 3*q.turns(hasty) > len(hasty) && q.turns(hasty) > 1 {
		return fmt.Sprintf("the pool answered %d times among %d failures, which nothing but their haste calls that", q.turns(hasty)-1, len(hasty))
	}
	n := 0
	for _, e := range f.events {
		if e.fault.Kind == fault.NoHealthy && slices.ContainsFunc(q.trailsUnder(e.pool, e.settings), func(t *trail) bool { return t.upAround(e.start, time.Second/2) }) {
			n++
		}
	}
	if 2*n > len(f.events) {
		return fmt.Sprintf("by the history of health a member was up at %d of %d failures", n, len(f.events))
	}
	return ""
}

// upAround reports whether a member was up at a time, and for as long before and after it.
func (t *trail) upAround(at time.Time, around time.Duration) bool {
	for _, x := range []time.Time{at.Add(-around), at, at.Add(around)} {
		if c, known := t.at(x); !known || !c.up {
			return false
		}
	}
	return true
}

func answeredAfterwards(q *inquiry, f *finding) string {
	_, groups := groupBy(f.events, (*event).key)
	for k, events := range groups {
		if q.member(k).answers.between(lastStart(events).Add(time.Second+events[0].resolution()), q.to) > 0 {
			return k.member + " answered again"
		}
	}
	return ""
}

func beganBefore(q *inquiry, f *finding) string {
	for _, m := range q.members {
		if strings.EqualFold(m.pool, f.Scope.Pool) && f.Scope.Pool != "" && m.answers.between(q.from, f.events[0].start) > 0 {
			return "the pool that the rule was led to had answered before"
		}
	}
	return ""
}

// steps holds what passes against what failed, and what they say of answers against the answers.
func (c *contradictor) steps() {
	for _, s := range c.r.Steps {
		if c.q.nameless.n > 0 && strings.Contains(s.Detail, "no member answered") {
			c.says("step %s says that no member answered, and %d answers of members are in the log", s.Step, c.q.nameless.n)
		}
		if s.Result != pass {
			continue
		}
		against := map[string]func(*event) bool{
			"request-timeout":     func(e *event) bool { return isTimeout(e) || silenceInBody(e) },
			"backend-connections": func(e *event) bool { return connectFailed(e) || brokeUnderRequest(e) || closedSomehow(e) },
			"backend-performance": func(e *event) bool { return isTimeout(e) || e.fault.Kind == fault.Status },
		}[s.Step]
		if against != nil && slices.ContainsFunc(c.q.events, against) {
			c.says("step %s passes, and a request failed for want of it: %s", s.Step, s.Detail)
		}
		if name, most := c.q.outlasted(); s.Step == "request-timeout" && name != "" {
			c.says("step request-timeout passes, and an answer under %s took %s", name, seconds(most))
		}
	}
}

// savings holds what changes would have done against what there is to change.
func (c *contradictor) savings() {
	for _, s := range c.r.WhatIf.Savings {
		if s.Removes[1] > c.r.Failures+c.r.Recovered || s.Removes[0] > s.Removes[1] {
			c.says("the change of %s would save %d to %d of %d failures", s.Setting, s.Removes[0], s.Removes[1], c.r.Failures+c.r.Recovered)
		}
	}
	for _, s := range c.q.savings {
		switch s.Setting {
		case "member":
			for k := range c.q.members {
				if k.member == s.Scope.Member && k.settings == s.Scope.Settings && slices.Contains(keysOf(s.maybe), k) && len(c.q.standingBeside(k)) == 0 {
					c.says("%s would be taken out, and never stood beside another member", k.member)
				}
			}
		case "requestTimeout":
			for _, e := range s.maybe {
				if !c.q.ranOut(e) {
					c.says("a longer request timeout would save a request that had waited %s of %s", seconds(lasted(e)), seconds(c.q.timeouts[e.settings]))
					break
				}
			}
		}
	}
}

func keysOf(events []*event) []memberKey {
	keys, _ := groupBy(events, (*event).key)
	return keys
}

// instances holds advice on instances against what capacity says of the same evidence.
func (c *contradictor) instances() {
	size := c.q.capacity()
	for i := range c.r.Findings {
		for _, x := range c.r.Findings[i].Fixes {
			for flag, n := range map[string]int{" --capacity ": size.need, "--min-capacity ": size.least, "--max-capacity ": size.most} {
				_, value, there := strings.Cut(x.Commands.AzCLI, flag)
				value, _, _ = strings.Cut(value, " ")
				if there && n > 0 && value != fmt.Sprint(n) {
					c.says("%s advises %s%s, and capacity %d", c.r.Findings[i].Cause, strings.TrimSpace(flag)+" ", value, n)
				}
			}
		}
	}
}
