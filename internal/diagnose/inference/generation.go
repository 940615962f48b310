package inference

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"causeway/internal/cause"
	"causeway/internal/report"
	"causeway/internal/sizing"
)

// The way to change the capacity of a gateway differs by its generation: the first has instances of a size, the second scales
// automatically or has a fixed number of instances, and knows no sizes.

// ofGeneration keeps the fixes of a finding that the gateway's generation has, in the form that it takes.
func (c *Case) ofGeneration(f *Finding) {
	switch {
	case c.Traffic.Config == nil:
	case c.Traffic.Config.V1():
		for i := range f.Fixes {
			c.fixedNumber(&f.Fixes[i])
		}
	default:
		f.Fixes = slices.DeleteFunc(f.Fixes, func(x report.Fix) bool {
			return strings.Contains(x.Commands.PowerShell, "Set-AzApplicationGatewaySku") && c.Traffic.Config.Autoscale != nil
		})
	}
}

// Capacity is the sizing of the observed load, computed once: a finding that advises instances and the report on capacity have the same
// numbers.
func (c *Case) Capacity() *sizing.Report {
	if c.sized == nil {
		c.sized = sizing.FromSummary(c.Traffic)
	}
	return c.sized
}

// fixedNumber turns a fix for a gateway that grows into one for a gateway of so many instances.
func (c *Case) fixedNumber(x *report.Fix) {
	if !strings.Contains(x.Commands.AzCLI, "--min-capacity") {
		return
	}
	size := c.Capacity()
	if size.Larger != "" {
		x.Change += fmt.Sprintf("; of this size there may be %d, so take the next one", sizing.MostInstancesV1)
		x.Commands = report.Commands{
			AzCLI:    "az network application-gateway update -g {group} -n {gateway} --sku " + size.Larger,
			Portal:   "Configuration > SKU size",
			Causeway: "set name " + size.Larger + " of sku in the document, then: causeway config apply gateway.json",
		}
		x.Set = []report.Setting{{File: cause.Document, Path: "sku/name", Value: json.RawMessage(`"` + size.Larger + `"`)}}
		return
	}
	x.Commands = report.Commands{
		AzCLI: "az network application-gateway update -g {group} -n {gateway} --capacity {instances}",
		PowerShell: fmt.Sprintf("$gw = Get-AzApplicationGateway -Name {gateway} -ResourceGroupName {group}; Set-AzApplicationGatewaySku -ApplicationGateway $gw -Name %s -Tier %s -Capacity {instances}; Set-AzApplicationGateway -ApplicationGateway $gw",
			c.Traffic.Config.SKU.Name, c.Traffic.Config.SKU.Tier),
		Portal:   "Configuration > Instance count",
		Causeway: "set capacity {instances} of sku in the document, then: causeway config apply gateway.json",
	}
	x.Set = []report.Setting{{File: cause.Document, Path: "sku/capacity", Value: json.RawMessage("{instances}")}}
}

// fillInstances fills in the instances that causeway capacity advises for the same evidence, unless the finding knows better. What
// neither advises stays a word to fill in.
func (c *Case) fillInstances(values map[string]string, f *Finding) {
	if !slices.ContainsFunc(f.Fixes, func(x report.Fix) bool { return strings.Contains(x.Commands.AzCLI, "capacity {") }) {
		return
	}
	if c.Traffic.Config != nil {
		values["size"], values["tier"] = c.Traffic.Config.SKU.Name, c.Traffic.Config.SKU.Tier
	}
	size := c.Capacity()
	for name, n := range map[string]int{"instances": size.Need, "least": size.Least, "most": size.Most} {
		if n > 0 && values[name] == "" {
			values[name] = fmt.Sprint(n)
		}
	}
}
