package capacity

import (
	"fmt"
	"slices"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
)

// InstanceFault recognises h-instance-fault: one instance of the gateway is bad.
var InstanceFault = inference.Analyzer{
	Name: "h-instance-fault", Requires: inference.Log,
	Doc: "failures follow one instance of the gateway, at all members alike",
	Run: instanceFault,
}

// failsMore reports whether an instance fails more than twice as much as the others with all that it fails, whatever explains the rest:
// what a cause has claimed may be its part only.
func failsMore(c *inference.Case, instance string) bool {
	here, there := c.Traffic.Instances[instance], traffic.Cell{}
	for k, cell := range c.Traffic.Instances {
		if k != instance {
			there.Requests, there.Failures = there.Requests+cell.Requests, there.Failures+cell.Failures
		}
	}
	return here.Failures*there.Requests > 2*there.Failures*here.Requests
}

// instanceFault: one instance fails requests that the others would have served.
func instanceFault(c *inference.Case) {
	if len(c.Traffic.Instances) < 2 {
		return
	}
	_, byInstance := traffic.GroupBy(c.Unclaimed(inference.GatewayMade), func(e *traffic.Event) string { return e.Instance })
	exposure := map[string]int{}
	for k, cell := range c.Traffic.Instances {
		exposure[k] = cell.Requests
	}
	for _, s := range inference.InstancesApart(c, exposure, byInstance) {
		events := byInstance[s.Key]
		members, _ := traffic.GroupBy(events, func(e *traffic.Event) string { return e.Member })
		others := -len(events) // what another cause explains is not counted, here or there
		for _, same := range byInstance {
			others += len(same)
		}
		atOne := len(members) < 2 && len(c.Traffic.Members) > 1
		if s.Failures < stats.MinEvents || !failsMore(c, s.Key) || atOne || 5*others > len(events) ||
			c.MayBeTheRequest(events) {
			continue
		}
		scope := inference.ScopeOf(events)
		scope.Instance = s.Key
		f := c.Claim("h-instance-fault", events, scope, inference.ConfidenceOf(s.Failures >= 2*stats.MinEvents))
		f.AddEvidence("access-log",
			fmt.Sprintf("%d failures are on instance %s, which has %.0f %% of the requests; %s %d that nothing else explains",
				len(events), s.Key, 100*s.Share, othersHave(len(c.Traffic.Instances)-1), others), events...)
		if len(members) > 1 {
			f.RuleOut("b-node-local", fmt.Sprintf("it fails at %d members, not at one", len(members)))
		} else {
			f.AddRivals("b-node-local")
		}
		f.AddRivals("a-probe-per-instance-skew")
		f.SetExpected("gateway", len(events), len(events), "bounded", "the other instances served the same routes")
		if c.Traffic.Own == 0 { // it is Azure's, whose instances nobody can look into
			f.Fixes = slices.DeleteFunc(f.Fixes, func(x report.Fix) bool { return x.Commands.AzCLI == "" })
		}
		c.Expand(map[string]string{"instance": s.Key}, f)
	}
}

func othersHave(n int) string {
	if n == 1 {
		return "the other has"
	}
	return fmt.Sprintf("the other %d have", n)
}
