package diagnose

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/report"
	"causeway/internal/sizing"
	"causeway/internal/units"
)

// missingRows says how many records the log lacks. running is how many the gateway that runs counts itself: a gap is written into the log
// only once a record can be kept again.
func missingRows(s *traffic.Losses, running int64) (report.Missing, bool) {
	n := max(s.Records, running)
	if n == 0 {
		return report.Missing{}, false
	}
	why := traffic.WereLost(n, "record") + " lost"
	switch {
	case s.Records == 0:
		why += " by the gateway since it started"
	case len(s.Gaps) == 1:
		why += fmt.Sprintf(" between %s and %s", units.Stamp(s.From), units.Stamp(s.To))
	default:
		why += fmt.Sprintf(" in %d gaps between %s and %s", len(s.Gaps), units.Stamp(s.From), units.Stamp(s.To))
	}
	return report.Missing{
		What: "lost records of the access log",
		Why:  why + ", because the gateway could not keep them: what they would show is missing here, and counts and rates are of the rest",
		How:  "the gateway's own log says why, mostly a disk that was full or slow; causeway_log_records_lost_total counts them",
	}, true
}

// missing lists the evidence that would have helped, and how to get it.
func missing(c *inference.Case, b *evidence.Bundle) []report.Missing {
	out := []report.Missing{}
	name, group := c.Traffic.NameAndGroup()
	host := sizing.HostOf(c.Traffic, b.Machine)
	if b.Logs() == 0 && !b.AnsweredEmpty("access") {
		out = append(out, report.Missing{
			What: "access log", Why: "without it no failed request can be attributed",
			How: "give the data directory of the gateway, or the access-log files exported from Azure's storage account; causeway collect writes a script that gets all of it",
		})
	}
	if c.Traffic.Config == nil {
		out = append(out, sizing.MissingDocument(c.Traffic, host, "without it request timeouts and pools are not known"))
	}
	if c.Traffic.Health == nil {
		out = append(out, missingHealth(b, host.Ask("causeway health -o json > health.json, on the gateway's machine",
			fmt.Sprintf("az network application-gateway show-backend-health -g %s -n %s -o json > health.json", group, name))))
	}
	if m, lacking := rowsMissing(c); lacking {
		out = append(out, m)
	}
	if c.Traffic.NamesNoMember() {
		out = append(out, missingMembers)
	}
	if m, lacking := missingRows(&c.Traffic.Lost, b.Lost); lacking {
		out = append(out, m)
	}
	if c.Traffic.Requests == 0 || c.Traffic.Own > 0 {
		return out
	}
	if len(c.Traffic.Metrics) == 0 && !b.AnsweredEmpty("metric") {
		out = append(out, missingMetrics(c)...)
	}
	if len(c.Traffic.Activity) == 0 && !b.AnsweredEmpty("activity") {
		out = append(out, report.Missing{
			What: "activity log", Why: "without it failures cannot be compared with changes",
			How: fmt.Sprintf("az monitor activity-log list -g %s --start-time %s --end-time %s --max-events 5000 -o json > activity.json",
				group, units.Stamp(c.Traffic.From.Add(-24*time.Hour)), units.Stamp(c.Traffic.To)),
		})
	}
	out = append(out, report.Missing{
		What: "Causeway's trace", Why: "Azure's log does not say in which phase a connection failed, nor whether it was reused",
		How: "run the same configuration on Causeway, or add the members' own logs",
	})
	return out
}

// missingMembers is the column without which rows name no member.
var missingMembers = report.Missing{
	What: "members in the access log", Why: "no row names a member, so no failure and no connection has a member",
	How: "export the log again with the column serverRouted (and serverResponseLatency, upstreamSourcePort)",
}

// missingMetrics lists what each sort of metrics would show, of those that the gateway's generation has.
func missingMetrics(c *inference.Case) []report.Missing {
	of := func(metrics, filter, file string) string {
		return "az monitor metrics list --resource " + units.Or(c.Traffic.ResourceID(), "GATEWAY_ID") + " --metrics " + metrics + filter +
			" --interval PT1M --aggregation Average Maximum Total --start-time " + units.Stamp(c.Traffic.From) + " --end-time " +
			units.Stamp(c.Traffic.To) + " -o json > " + file
	}
	capacity := "CapacityUnits ComputeUnits CurrentConnections"
	if c.Traffic.FirstGeneration() {
		capacity = "CpuUtilization CurrentConnections Throughput"
	}
	return []report.Missing{
		{
			What: "metrics of capacity", Why: "without them it is not known whether the gateway was short of capacity",
			How: of(capacity, "", "metrics-capacity.json"),
		},
		{
			What: "metrics of members", Why: "without them it is not known when members were unhealthy",
			How: of("HealthyHostCount UnhealthyHostCount", ` --filter "BackendSettingsPool eq '*'"`, "metrics-members.json"),
		},
		{
			What: "metrics of answers", Why: "without them it is not known whether the log has all requests",
			How: of("ResponseStatus", ` --filter "HttpStatusGroup eq '*'"`, "metrics-answers.json"),
		},
	}
}
