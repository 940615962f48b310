package network

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
)

// NodeLocal recognises b-node-local: one instance, host or zone cannot reach a member.
var NodeLocal = inference.Analyzer{
	Name: "b-node-local", Requires: inference.Log,
	Doc: "failures are in one cell of the matrix of instances and members: one cannot reach the other, and both are well otherwise",
	Run: nodeLocal,
}

// nodeLocal: one instance cannot reach one member. Neither is at fault: the way between them is.
func nodeLocal(c *inference.Case) {
	if len(c.Traffic.Instances) < 2 || len(c.Traffic.Members) < 2 {
		return
	}
	place := func(e *traffic.Event) traffic.InstanceMember {
		return traffic.InstanceMember{Instance: e.Instance, Member: e.Member}
	}
	_, byCell := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return inference.GatewayMade(e) && e.Tried }), place)
	exposure := map[traffic.InstanceMember]int{}
	for k, cell := range c.Traffic.Cells {
		if k.Member != "" {
			exposure[k] = cell.Requests
		}
	}
	for _, s := range inference.InstancesApart(c, exposure, byCell) {
		events := byCell[s.Key]
		row, column := c.Besides(s.Key)
		if s.Failures < stats.MinEvents || row.Requests < traffic.EnoughAnswers || column.Requests < traffic.EnoughAnswers ||
			10*(row.Failures+column.Failures) > len(events) {
			continue
		}
		if c.MayBeTheRequest(events) {
			continue
		}
		scope := inference.ScopeOf(events)
		scope.Instance = s.Key.Instance
		f := c.Claim("b-node-local", events, scope, report.High)
		f.AddEvidence("access-log",
			fmt.Sprintf("%d requests of instance %s failed at %s; the instance had %d failures of %d requests at other members, the member %d of %d from other instances",
				len(events), s.Key.Instance, s.Key.Member, row.Failures, row.Requests, column.Failures, column.Requests), events...)
		f.RuleOut("h-instance-fault", "the instance reaches the other members")
		f.RuleOut("g-noisy-member", "the member answers the other instances")
		c.Expand(map[string]string{"instance": s.Key.Instance, "address": inference.Address(events)}, f)
	}
}
