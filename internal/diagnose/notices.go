package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/internal/evidence"
	"causeway/internal/gateway"
)

// Notice is something in the document or in the state of the gateway that will fail requests, or may, whether or not it
// has done so yet.
type Notice struct {
	Cause string `json:"cause"`
	Scope Scope  `json:"scope"`
	Fact  string `json:"fact"`
	Do    string `json:"do"`
}

// notices reads the document, and looks at what the traffic shows beside failures.
func (q *inquiry) notices() []Notice {
	out := append([]Notice{}, q.asideNotices()...)
	if q.config == nil {
		return out
	}
	n := &noticing{c: q.config, used: usedTargets(q.config)}
	n.state(q.state)
	n.pools()
	n.settings()
	n.probes()
	n.instances()
	n.idleBudget(q)
	return append(out, n.list...)
}

type noticing struct {
	c    *gateway.Config
	used []gateway.Target
	list []Notice
}

func (n *noticing) add(cause string, s Scope, do, fact string, args ...any) {
	n.list = append(n.list, Notice{Cause: cause, Scope: s, Fact: fmt.Sprintf(fact, args...), Do: do})
}

// usedTargets are all that rules lead to.
func usedTargets(c *gateway.Config) []gateway.Target {
	var out []gateway.Target
	for i := range c.Rules {
		if c.Rules[i].PathMap == "" {
			out = append(out, c.Rules[i].Target)
		}
		for j := range c.PathMaps {
			if m := &c.PathMaps[j]; strings.EqualFold(m.Name, c.Rules[i].PathMap) {
				out = append(out, m.Default)
				for k := range m.Rules {
					out = append(out, m.Rules[k].Target)
				}
			}
		}
	}
	return out
}

func (n *noticing) uses(settings string) bool {
	return slices.ContainsFunc(n.used, func(t gateway.Target) bool { return strings.EqualFold(t.Settings, settings) })
}

// state tells a gateway that Azure itself says is not at work.
func (n *noticing) state(s evidence.State) {
	name, group := nameAndGroup(n.c)
	if s.Operational != "" && !strings.EqualFold(s.Operational, "Running") {
		n.add("h-state", Scope{}, "az network application-gateway start -g "+group+" -n "+name, "the gateway is %s: it serves nobody", s.Operational)
	}
	if s.Provisioning != "" && !strings.EqualFold(s.Provisioning, "Succeeded") {
		n.add("h-state", Scope{}, "look in the activity log for the change that failed, mend it, and apply any change again", "its last change is %s: what the document says may not be what is served", s.Provisioning)
	}
}

func (n *noticing) pools() {
	for i := range n.c.Pools {
		p := &n.c.Pools[i]
		led := slices.ContainsFunc(n.used, func(t gateway.Target) bool { return strings.EqualFold(t.Pool, p.Name) })
		switch {
		case led && len(p.Members) == 0:
			n.add("i-empty-pool", Scope{Pool: p.Name}, "add its servers, or lead the rule elsewhere", "rules lead to pool %s, which has no members: every such request fails", p.Name)
		case led && len(p.Members) == 1:
			n.add("a-all-unhealthy-fail-closed", Scope{Pool: p.Name}, "add a second server", "pool %s has one member: when its probe fails, or it is restarted, nobody is left, and nothing can be tried again elsewhere", p.Name)
		}
	}
}

func (n *noticing) settings() {
	for i := range n.c.Settings {
		s := &n.c.Settings[i]
		p := n.c.Probe(s.Probe)
		scope := Scope{Settings: s.Name}
		if !n.uses(s.Name) {
			n.add("a-sticky-unhealthy-config", scope, "attach it to a rule, or remove it", "no rule uses backend settings %s, so their probe does not run and their health means nothing", s.Name)
			continue
		}
		if p != nil && !strings.EqualFold(p.Protocol, s.Protocol) {
			n.add("a-probe-protocol", scope, "give both the same protocol", "the probe %s speaks %s, and requests to the same members %s", p.Name, p.Protocol, s.Protocol)
		}
		if p != nil && p.Port > 0 && p.Port != s.Port {
			n.add("a-probe-port", scope, "probe the port that serves", "the probe %s asks port %d, and requests go to port %d: one may be up while the other is down", p.Name, p.Port, s.Port)
		}
		if s.HTTPS() && s.HostName == "" && !s.PickHostFromAddress && (p == nil || loopback(p.Host)) {
			n.add("f-name-mismatch", scope, "set a host name, or pick it from the member", "backend settings %s speak HTTPS and name no host: the probe asks for 127.0.0.1, which is in no certificate", s.Name)
		}
		if p != nil && p.Timeout > s.RequestTimeout {
			n.add("a-green-probe-red-traffic", scope, "let the probe give up no later than requests do", "the probe %s waits %d s and requests %d s: members pass that are too slow to serve", p.Name, p.Timeout, s.RequestTimeout)
		}
		if !s.RequestTimeoutGiven {
			n.add("d-timeout-below-latency", scope, "set it on purpose", "requestTimeout of backend settings %s is not set: it is Azure's default of %d s", s.Name, s.RequestTimeout)
		}
	}
}

func (n *noticing) probes() {
	for i := range n.c.Probes {
		p := &n.c.Probes[i]
		if slow := time.Duration(p.Interval*p.UnhealthyThreshold) * time.Second; slow > 2*time.Minute {
			n.add("a-slow-eviction", Scope{}, "a shorter interval, or a lower threshold", "with probe %s a dead member keeps getting requests for about %s", p.Name, seconds(slow))
		}
	}
}

func (n *noticing) instances() {
	switch a := n.c.Autoscale; {
	case n.c.V1() && n.c.SKU.Capacity == 1:
		n.add("h-maintenance", Scope{}, "two instances at least", "the gateway has one instance: updates of the platform interrupt it")
	case a != nil && a.Max > 0 && a.Max == a.Min && a.Max < 10:
		n.add("h-capacity-max", Scope{}, "raise the maximum: it costs nothing until it is needed", "autoscaling may not go beyond %d instances, which is also the least", a.Max)
	}
}

// idleBudget compares how long members and gateway keep idle connections, where members announce it.
func (n *noticing) idleBudget(q *inquiry) {
	idle := q.gatewayIdle()
	for i := range q.trails {
		t := &q.trails[i]
		if x := t.now.Causeway; x != nil && x.IdleHint > 0 && time.Duration(x.IdleHint*float64(time.Second)) <= idle {
			n.add("c-idle-race", Scope{Settings: t.settings, Member: t.member}, "keepAliveHint: honour is enough where the announced limit is true; better is a limit above the gateway's",
				"%s announces that it ends idle connections after %g s, and the gateway keeps them for %s", t.member, x.IdleHint, seconds(idle))
		}
	}
}
