package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/internal/diagnose/analyzers/capacity"
	"causeway/internal/diagnose/analyzers/connections"
	"causeway/internal/diagnose/analyzers/probes"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/report"
	"causeway/internal/units"
)

// heldBackNotice reports how often the gateway held members back, and what that saved.
func heldBackNotice(c *inference.Case) []report.Notice {
	times, passed := 0, 0
	var members []string
	for _, m := range units.SortedKeys(c.Traffic.Ejected.Held) {
		e := c.Traffic.Ejected.Held[m]
		times, passed = times+e.Times, passed+e.Passed
		members = append(members, fmt.Sprintf("%s %s", m, units.Count(e.Times, "time", "times")))
	}
	if times+passed == 0 {
		return nil
	}
	fact := fmt.Sprintf("members were held back %s after connections to them had failed several times in a row (%s); %s passed them over meanwhile, of which %d went well at another member at once",
		units.Count(times, "time", "times"), units.Some(members), units.Count(passed, "request", "requests"), c.Traffic.Ejected.Steered)
	if c.Traffic.Ejected.ID != "" {
		fact += " (" + c.Traffic.Ejected.ID + ")"
	}
	scope := report.Scope{}
	if len(members) == 1 {
		scope.Member, _, _ = strings.Cut(members[0], " ")
	}
	return []report.Notice{{
		Cause: "a-passive-ejection", Scope: scope, Fact: fact,
		Do: "fix the member, whose failures are in the findings or among what is left open; it fails less than it would. Azure holds no member back: there, these requests would have met it",
	}}
}

// refusedByFirewall reports the answers 403 that the firewall made, with the rules that scored.
func refusedByFirewall(c *inference.Case) (n report.Notice, ok bool) {
	refused, sums, alone, scored := 0, map[string]bool{}, map[string]int{}, map[string]int{}
	for id := range c.Traffic.FalseFriends.Forbidden {
		i := c.Traffic.Inspected.ByTransaction[id]
		if i == nil || i.BlockedBy == "" {
			continue
		}
		refused++
		if !traffic.OnlySums(i.BlockedBy) { // one such as a custom rule decides alone
			alone[i.BlockedBy]++
			continue
		}
		sums[i.BlockedBy] = true
		for _, rule := range i.Matched {
			scored[rule]++
		}
	}
	if refused == 0 {
		return n, false
	}
	n = report.Notice{
		Cause: "i-waf-block-misread",
		Fact: fmt.Sprintf("%s 403 %s the firewall's, not the backend's", units.Count(refused, "answer", "answers"),
			verb(refused, "is", "are")),
	}
	n.Do = "look these rules up in the firewall log, and exclude from them the fields that they should not look at"
	if len(alone) > 0 {
		n.Fact += "; ended by rule " + ruleCounts(alone)
	}
	if len(scored) > 0 {
		n.Fact += "; the rules that scored are " + ruleCounts(scored)
	}
	if len(sums) > 0 {
		n.Fact += fmt.Sprintf("; rule %s only adds their scores up and cannot be excluded", strings.Join(units.SortedKeys(sums), ", "))
	}
	if len(scored)+len(alone) == 0 {
		n.Do = "export the rows Matched of the firewall log for the same transactions: they name the rules that scored"
	}
	return n, true
}

// verb agrees with a number.
func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// ruleCounts names rules with how many requests each had a part in, the most first.
func ruleCounts(scored map[string]int) string {
	rules := units.SortedKeys(scored)
	slices.SortStableFunc(rules, func(a, b string) int { return cmp.Compare(scored[b], scored[a]) })
	var parts []string
	for _, r := range rules {
		parts = append(parts, fmt.Sprintf("%s (%d)", r, scored[r]))
	}
	return strings.Join(parts, ", ")
}

// notices reads the document, and looks at what the traffic shows beside failures.
func notices(c *inference.Case) []report.Notice {
	out := append([]report.Notice{}, asideNotices(c)...)
	out = append(out, probes.SkewNotices(c)...)
	out = append(out, capacity.DeathNotices(c)...)
	if c.Traffic.Config == nil {
		return out
	}
	n := &noticing{c: c.Traffic.Config, used: traffic.UsedTargets(c.Traffic.Config)}
	n.state(c.Traffic.State)
	n.pools()
	n.settings()
	n.probes()
	n.instances()
	n.idleBudget(c)
	return append(out, n.list...)
}

type noticing struct {
	c    *gateway.Config
	used []gateway.Target
	list []report.Notice
}

func (n *noticing) add(cause string, s report.Scope, do, fact string, args ...any) {
	n.list = append(n.list, report.Notice{Cause: cause, Scope: s, Fact: fmt.Sprintf(fact, args...), Do: do})
}

func (n *noticing) uses(settings string) bool {
	return slices.ContainsFunc(n.used, func(t gateway.Target) bool { return strings.EqualFold(t.Settings, settings) })
}

// state reports a gateway that is not running, by Azure's own state.
func (n *noticing) state(s evidence.State) {
	name, group := traffic.NameAndGroup(n.c)
	if s.Operational != "" && !strings.EqualFold(s.Operational, "Running") {
		n.add("h-state", report.Scope{}, "az network application-gateway start -g "+group+" -n "+name,
			"the gateway is %s: it serves no requests", s.Operational)
	}
	if s.Provisioning != "" && !strings.EqualFold(s.Provisioning, "Succeeded") {
		n.add("h-state", report.Scope{}, "look in the activity log for the change that failed, fix it, and apply any change again",
			"its last change is %s: the gateway may not serve what the document has", s.Provisioning)
	}
}

func (n *noticing) pools() {
	for i := range n.c.Pools {
		p := &n.c.Pools[i]
		led := slices.ContainsFunc(n.used, func(t gateway.Target) bool { return strings.EqualFold(t.Pool, p.Name) })
		switch {
		case led && len(p.Members) == 0:
			n.add("i-empty-pool", report.Scope{Pool: p.Name}, "add its servers, or point the rule at another pool",
				"rules lead to pool %s, which has no members: every such request fails", p.Name)
		case led && len(p.Members) == 1:
			n.add("a-all-unhealthy-fail-closed", report.Scope{Pool: p.Name}, "add a second server",
				"pool %s has one member: when its probe fails, or it restarts, no member is left, and no request can be retried elsewhere", p.Name)
		}
	}
}

func (n *noticing) settings() {
	for i := range n.c.Settings {
		s := &n.c.Settings[i]
		p := n.c.Probe(s.Probe)
		scope := report.Scope{Settings: s.Name}
		if !n.uses(s.Name) {
			n.add("a-sticky-unhealthy-config", scope, "attach it to a rule, or remove it",
				"no rule uses backend settings %s, so their probe does not run and their health means nothing", s.Name)
			continue
		}
		if p != nil && !strings.EqualFold(p.Protocol, s.Protocol) {
			n.add("a-probe-protocol", scope, "give both the same protocol", "the probe %s speaks %s, and requests to the same members %s",
				p.Name, p.Protocol, s.Protocol)
		}
		if p != nil && p.Port > 0 && p.Port != s.Port {
			n.add("a-probe-port", scope, "probe the port that serves",
				"the probe %s tries port %d, and requests go to port %d: one may be up while the other is down", p.Name, p.Port, s.Port)
		}
		if s.HTTPS() && s.HostName == "" && !s.PickHostFromAddress && (p == nil || probes.Loopback(p.Host)) {
			n.add("f-name-mismatch", scope, "set a host name, or pick it from the member",
				"backend settings %s speak HTTPS and name no host: the probe uses 127.0.0.1, which is in no certificate", s.Name)
		}
		if p != nil && p.Timeout > s.RequestTimeout {
			n.add("a-green-probe-red-traffic", scope, "let the probe give up no later than requests do",
				"the probe %s waits %d s and requests %d s: members pass that are too slow to serve", p.Name, p.Timeout, s.RequestTimeout)
		}
		if !s.RequestTimeoutGiven {
			n.add("d-timeout-below-latency", scope, "set it on purpose",
				"requestTimeout of backend settings %s is not set: it is Azure's default of %d s", s.Name, s.RequestTimeout)
		}
	}
}

func (n *noticing) probes() {
	for i := range n.c.Probes {
		p := &n.c.Probes[i]
		if slow := time.Duration(p.Interval*p.UnhealthyThreshold) * time.Second; slow > 2*time.Minute {
			n.add("a-slow-eviction", report.Scope{}, "a shorter interval, or a lower threshold",
				"with probe %s a dead member keeps getting requests for about %s", p.Name, units.Seconds(slow))
		}
	}
}

func (n *noticing) instances() {
	switch a := n.c.Autoscale; {
	case n.c.V1() && n.c.SKU.Capacity == 1:
		n.add("h-maintenance", report.Scope{}, "two instances at least",
			"the gateway has one instance: updates of the platform interrupt it")
	case a != nil && a.Max > 0 && a.Max == a.Min && a.Max < 10:
		n.add("h-capacity-max", report.Scope{}, "raise the maximum: it costs nothing until it is needed",
			"autoscaling may not go beyond %d instances, which is also the least", a.Max)
	}
}

// idleBudget compares how long members and gateway keep idle connections, where members announce it.
func (n *noticing) idleBudget(c *inference.Case) {
	idle := connections.GatewayIdle(c)
	for i := range c.Traffic.Histories {
		t := &c.Traffic.Histories[i]
		if x := t.Now.Causeway; x != nil && x.IdleHint > 0 && time.Duration(x.IdleHint*float64(time.Second)) <= idle {
			n.add("c-idle-race", report.Scope{Settings: t.Settings, Member: t.Member},
				"keepAliveHint: honour is enough where the announced limit is true; better is a limit above the gateway's",
				"%s announces that it ends idle connections after %g s, and the gateway keeps them for %s", t.Member, x.IdleHint,
				units.Seconds(idle))
		}
	}
}

// queuedNotice reports clients that waited where that is no finding.
func queuedNotice(c *inference.Case) []report.Notice {
	found := slices.ContainsFunc(c.Findings, func(f *inference.Finding) bool { return f.Cause == "h-conn-limit" })
	if c.Traffic.Waits.N == 0 || found {
		return nil
	}
	return []report.Notice{{
		Cause: "h-conn-limit", Fact: c.Traffic.Waits.Text(),
		Do: "raise the limit of open files (LimitNOFILE), answer faster, or spread the clients over more gateways; causeway_client_connections_evicted_total and causeway_client_connections_refused_total count what gave way meanwhile",
	}}
}
