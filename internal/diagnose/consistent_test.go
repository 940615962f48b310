package diagnose_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/story"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/sizing"
)

// Each sort of contradiction is found where a report has it on purpose.
func TestContradictionsAreFound(t *testing.T) {
	t.Parallel()
	s := story.Lively(t, 10, story.Fails(story.TimeoutFault, 30*time.Second))
	bundle := s.Bundle()
	tally, err := traffic.Summarise(bundle, traffic.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := inference.NewCase(tally)
	r := diagnose.Conclude(c, bundle)
	if got := diagnose.Contradictions(c, r); len(got) > 0 || len(c.Findings) == 0 || len(r.WhatIf.Savings) == 0 {
		t.Fatalf("%d findings, %d savings, contradictions %q", len(c.Findings), len(r.WhatIf.Savings), got)
	}
	spoil := func(want string, how func(r *report.Report)) {
		t.Helper()
		bad := *r
		bad.Findings, bad.Steps = slices.Clone(r.Findings), slices.Clone(r.Steps)
		bad.WhatIf.Savings = slices.Clone(r.WhatIf.Savings)
		how(&bad)
		if got := strings.Join(diagnose.Contradictions(c, &bad), "; "); !strings.Contains(got, want) {
			t.Errorf("want %q, got %q", want, got)
		}
	}
	spoilFinding := func(want string, how func(f *report.Finding)) {
		t.Helper()
		good := c.Findings[0].Finding
		defer func() { c.Findings[0].Finding = good }()
		how(&c.Findings[0].Finding)
		if got := strings.Join(diagnose.Contradictions(c, r), "; "); !strings.Contains(got, want) {
			t.Errorf("want %q, got %q", want, got)
		}
	}
	spoilFinding("where the gateway's own timer is", func(f *report.Finding) { f.Cause = "d-worker-timeout-kill" })
	spoilFinding("leaves it open", func(f *report.Finding) { f.RuledOut = []report.RuledOut{{Cause: f.Rivals[0].Cause}} })
	spoilFinding("does not say when", func(f *report.Finding) { f.When = "" })
	spoil("step request-timeout passes", func(r *report.Report) { r.Steps[1].Result = report.Pass })
	spoil("would save", func(r *report.Report) { r.WhatIf.Savings[0].Removes = [2]int{0, 1000} })
	spoil("and capacity", func(r *report.Report) {
		c.Capacity().Need = 3
		story.Found(t, r,
			0).Fixes = []report.Fix{{Commands: report.Commands{AzCLI: "az network application-gateway update -g g -n gw --capacity 7"}}}
	})
	c.Traffic.Timeouts["http"] = 40 * time.Second
	spoil("had waited", func(*report.Report) {})
	c.Traffic.Timeouts["http"] = 5 * time.Millisecond
	spoil("an answer under http took", func(r *report.Report) { r.Steps[1].Result = report.Pass })
}

// What a diagnosis advises and what capacity says of the same evidence is one number, for both generations.
func TestInstancesAreThoseOfCapacity(t *testing.T) {
	t.Parallel()
	for sku, metric := range map[string]string{
		`"sku":{"name":"Standard_Medium","tier":"Standard","capacity":2}`:                                              "CpuUtilization",
		`"sku":{"name":"Standard_Medium","tier":"Standard","capacity":6}`:                                              "CpuUtilization",
		`"sku":{"name":"Standard_v2","tier":"Standard_v2"},"autoscaleConfiguration":{"minCapacity":1,"maxCapacity":2}`: "CapacityUnits",
		`"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":2}`:                                               "CapacityUnits",
	} {
		t.Run(sku, func(t *testing.T) {
			t.Parallel()
			s := story.FullGateway(t, 10*time.Millisecond)
			s.Doc = strings.Replace(story.Document, `"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`, sku, 1)
			s.Files["metrics.json"] = strings.Replace(s.Files["metrics.json"], "CapacityUnits", metric, 1)
			if metric == "CpuUtilization" {
				s.Files["metrics.json"] = strings.ReplaceAll(s.Files["metrics.json"], `"average":20`, `"average":97`)
			}
			c, err := sizing.FromEvidence(s.Bundle())
			if err != nil {
				t.Fatal(err)
			}
			capacity := fmt.Sprint(c.Advice)
			for _, x := range story.Found(t, s.Diagnose(), 0).Fixes { // which are also checked against each other
				for _, number := range regexp.MustCompile(`capacity (\d+)`).FindAllStringSubmatch(x.Commands.AzCLI, -1) {
					if !regexp.MustCompile(`\b` + number[1] + `\b`).MatchString(capacity) {
						t.Errorf("%s: diagnose advises %q, capacity %s", sku, x.Commands.AzCLI, capacity)
					}
				}
			}
		})
	}
}

// Of a first-generation gateway throughput counts too, against what Azure publishes of its size.
func TestThroughputOfTheFirstGeneration(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`,
		`"sku":{"name":"Standard_Medium","tier":"Standard","capacity":2}`, 1)
	metric := func(name string, value float64) string {
		return fmt.Sprintf(`{"name":{"value":%q},"unit":"x","timeseries":[{"metadatavalues":[],"data":[{"timeStamp":"2026-11-23T09:00:00Z","average":%g}]}]}`, name, value)
	}
	s.Files = map[string]string{"metrics.json": `{"value":[` + metric("CpuUtilization", 60) + "," + metric("Throughput", 3.2e6) + "," +
		metric("CurrentConnections", 900) + `]}`}
	c, err := sizing.FromEvidence(s.Bundle())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(c.Judgement, "too small: Throughput") || len(c.Loads) < 3 {
		t.Errorf("%s, %+v", c.Judgement, c.Loads)
	}
}
