package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/internal/diagnose/analyzers/configuration"
	"causeway/internal/diagnose/analyzers/timing"
	"causeway/internal/diagnose/health"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/units"
)

// RunChecked diagnoses as Run does, and holds the report against its own evidence. What it returns beside the report is where that
// contradicts itself, a sentence each; there should never be any. Tests and the lab run it over every report that they make.
func RunChecked(b *evidence.Bundle, o traffic.Options) (*report.Report, []string, error) {
	t, err := traffic.Summarise(b, o)
	if err != nil {
		return nil, nil, err
	}
	c := inference.NewCase(t)
	r := Conclude(c, b)
	return r, Contradictions(c, r), nil
}

// Contradictions lists every place where a report contradicts the numbers that it was made of.
func Contradictions(c *inference.Case, r *report.Report) []string {
	check := &contradictor{q: c, r: r}
	check.findings()
	check.steps()
	check.savings()
	check.instances()
	check.levels()
	return check.found
}

type contradictor struct {
	q     *inference.Case
	r     *report.Report
	found []string
}

func (c *contradictor) says(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

// refutations check whether the evidence meets the disproof of a cause; the text is empty where it does not.
var refutations = map[string]func(*inference.Case, *inference.Finding) string{
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
	for _, f := range c.q.Findings {
		if refuted := refutations[f.Cause]; refuted != nil && len(f.Events) > 0 {
			if text := refuted(c.q, f); text != "" {
				c.says("%s: %s", f.Cause, text)
			}
		}
		for _, x := range f.RuledOut {
			if f.HasRival(x.Cause) {
				c.says("%s rules %s out and leaves it open", f.Cause, x.Cause)
			}
		}
		if len(f.Events) > 0 && f.When == "" {
			c.says("%s does not say when its failures lie", f.Cause)
		}
	}
}

func atGatewayTimer(c *inference.Case, f *inference.Finding) string {
	for _, e := range f.Events {
		if limit := c.Traffic.Timeouts[e.Settings]; limit > 0 && traffic.Lasted(e) >= limit-traffic.TimerBand(limit) {
			return fmt.Sprintf("a failure lies at %s, where the gateway's own timer is (%s)", units.Seconds(traffic.Lasted(e)),
				units.Seconds(limit))
		}
	}
	return ""
}

// answersBelowTimer: with requests that are lost there are no answers just below the timer, and the wait was as long as it is.
func answersBelowTimer(c *inference.Case, f *inference.Finding) string {
	if f.Scope.Path == "" {
		return waitedLess(c, f)
	}
	for _, e := range f.Events {
		r, limit := c.Traffic.Route(e.Route()), c.Traffic.Timeouts[e.Settings]
		if n := r.LastThird(limit); limit > 0 && n > 0 {
			return fmt.Sprintf("%d answers to %s came in the last third before the timeout", n, e.Path)
		}
	}
	return waitedLess(c, f)
}

// waitedLess: who waited for the whole request timeout waited as long as that is.
func waitedLess(c *inference.Case, f *inference.Finding) string {
	for _, e := range f.Events {
		if limit := c.Traffic.Timeouts[e.Settings]; traffic.IsTimeout(e) && limit > 0 &&
			traffic.Lasted(e) < limit-traffic.TimerBand(limit) {
			return fmt.Sprintf("a request waited %s, and the request timeout is %s", units.Seconds(traffic.Lasted(e)), units.Seconds(limit))
		}
	}
	return ""
}

// notOfMembers: an answer of a member's is proven, or nothing but its being one fits; and then it is at no high confidence.
func notOfMembers(_ *inference.Case, f *inference.Finding) string {
	for _, e := range f.Events {
		switch {
		case e.Attempt.Status == 0 && e.Fault.Kind == fault.Status:
			return "a failure counts as an answer, and no member gave one"
		case e.Ambiguous && f.Confidence == report.High:
			return "it is certain of a status that the gateway may have written itself"
		case !e.Own && !e.QuietInfo() && e.Attempt.Status >= 500:
			return "error_info names a failure of the gateway's: " + e.Info
		}
	}
	return ""
}

func sameStatus(_ *inference.Case, f *inference.Finding) string {
	for _, e := range f.Events {
		if e.Status == e.Attempt.Status {
			return "client and gateway had the same status"
		}
	}
	return ""
}

func poolAnswered(c *inference.Case, f *inference.Finding) string {
	for _, e := range f.Events {
		if configuration.AnsweredAfter(c, e) {
			return "the pool answered later"
		}
	}
	return ""
}

// someWereUp: where no member is healthy, the history of health has none that was up. An instance acts on its own probes a moment before
// or after the report has them.
func someWereUp(c *inference.Case, f *inference.Finding) string {
	if hasty := traffic.Filter(f.Events, (*traffic.Event).TooQuick); len(hasty) > 0 && 3*c.Traffic.Turns(hasty) > len(hasty) &&
		c.Traffic.Turns(hasty) > 1 {
		return fmt.Sprintf("the pool answered %d times among %d failures, which nothing but their haste calls that",
			c.Traffic.Turns(hasty)-1, len(hasty))
	}
	n := 0
	for _, e := range f.Events {
		if e.Fault.Kind == fault.NoHealthy && slices.ContainsFunc(c.Traffic.HistoriesUnder(e.Pool, e.Settings),
			func(t *health.History) bool { return upAround(t, e.Start, time.Second/2) }) {
			n++
		}
	}
	if 2*n > len(f.Events) {
		return fmt.Sprintf("by the history of health a member was up at %d of %d failures", n, len(f.Events))
	}
	return ""
}

// upAround reports whether a member was up at a time, and for as long before and after it.
func upAround(t *health.History, at time.Time, around time.Duration) bool {
	for _, x := range []time.Time{at.Add(-around), at, at.Add(around)} {
		if c, known := t.At(x); !known || !c.Up {
			return false
		}
	}
	return true
}

func answeredAfterwards(c *inference.Case, f *inference.Finding) string {
	_, groups := traffic.GroupBy(f.Events, (*traffic.Event).Key)
	for k, events := range groups {
		if c.Traffic.Member(k).Answers.Between(inference.LastStart(events).Add(time.Second+events[0].Resolution()), c.Traffic.To) > 0 {
			return k.Member + " answered again"
		}
	}
	return ""
}

func beganBefore(c *inference.Case, f *inference.Finding) string {
	for _, m := range c.Traffic.Members {
		if strings.EqualFold(m.Pool, f.Scope.Pool) && f.Scope.Pool != "" && m.Answers.Between(c.Traffic.From, f.Events[0].Start) > 0 {
			return "the pool that the rule was led to had answered before"
		}
	}
	return ""
}

// steps holds what passes against what failed, and what they say of answers against the answers.
func (c *contradictor) steps() {
	for _, s := range c.r.Steps {
		if c.q.Traffic.Nameless.N > 0 && strings.Contains(s.Detail, "no member answered") {
			c.says("step %s says that no member answered, and %d answers of members are in the log", s.Step, c.q.Traffic.Nameless.N)
		}
		if s.Result != report.Pass {
			continue
		}
		against := map[string]func(*traffic.Event) bool{
			"request-timeout": func(e *traffic.Event) bool { return traffic.IsTimeout(e) || timing.SilenceInBody(e) },
			"backend-connections": func(e *traffic.Event) bool {
				return inference.ConnectFailed(e) || inference.BrokeUnderRequest(e) || traffic.ClosedSomehow(e)
			},
			"backend-performance": func(e *traffic.Event) bool { return traffic.IsTimeout(e) || e.Fault.Kind == fault.Status },
		}[s.Step]
		if against != nil && slices.ContainsFunc(c.q.Traffic.Events, against) {
			c.says("step %s passes, and a request failed for lack of it: %s", s.Step, s.Detail)
		}
		if name, most := outlasted(c.q); s.Step == "request-timeout" && name != "" {
			c.says("step request-timeout passes, and an answer under %s took %s", name, units.Seconds(most))
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
	for _, s := range c.q.Savings {
		switch s.Setting {
		case "member":
			for k := range c.q.Traffic.Members {
				if k.Member == s.Scope.Member && k.Settings == s.Scope.Settings && slices.Contains(keysOf(s.Maybe), k) &&
					len(standingBeside(c.q, k)) == 0 {
					c.says("%s would be taken out, and never stood beside another member", k.Member)
				}
			}
		case "requestTimeout":
			for _, e := range s.Maybe {
				if !c.q.RanOut(e) {
					c.says("a longer request timeout would save a request that had waited %s of %s", units.Seconds(traffic.Lasted(e)),
						units.Seconds(c.q.Traffic.Timeouts[e.Settings]))
					break
				}
			}
		}
	}
}

func keysOf(events []*traffic.Event) []traffic.MemberKey {
	keys, _ := traffic.GroupBy(events, (*traffic.Event).Key)
	return keys
}

// instances holds advice on instances against what capacity says of the same evidence.
func (c *contradictor) instances() {
	size := c.q.Capacity()
	for i := range c.r.Findings {
		for _, x := range c.r.Findings[i].Fixes {
			for flag, n := range map[string]int{" --capacity ": size.Need, "--min-capacity ": size.Least, "--max-capacity ": size.Most} {
				_, value, there := strings.Cut(x.Commands.AzCLI, flag)
				value, _, _ = strings.Cut(value, " ")
				if there && n > 0 && value != fmt.Sprint(n) {
					c.says("%s advises %s%s, and capacity %d", c.r.Findings[i].Cause, strings.TrimSpace(flag)+" ", value, n)
				}
			}
		}
	}
}
