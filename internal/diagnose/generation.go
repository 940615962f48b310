package diagnose

import (
	"fmt"
	"slices"
	"strings"
)

// What changes the size of a gateway differs by its generation: the first has instances of a size, the second grows by
// itself or has a fixed number of instances, and knows no sizes.

// ofGeneration keeps of a finding's fixes those that the gateway has, in the form that it takes.
func (q *inquiry) ofGeneration(f *finding) {
	switch {
	case q.config == nil:
	case q.config.V1():
		for i := range f.Fixes {
			q.fixedNumber(&f.Fixes[i])
		}
	default:
		f.Fixes = slices.DeleteFunc(f.Fixes, func(x Fix) bool {
			return strings.Contains(x.Commands.PowerShell, "Set-AzApplicationGatewaySku") && q.config.Autoscale != nil
		})
	}
}

// capacity is what the load comes to, computed once: a finding that advises instances and the report on capacity have the same
// numbers.
func (q *inquiry) capacity() *CapacityReport {
	if q.sized == nil {
		q.sized = q.tally.capacity()
	}
	return q.sized
}

// fixedNumber turns a fix for a gateway that grows into one for a gateway of so many instances.
func (q *inquiry) fixedNumber(x *Fix) {
	if !strings.Contains(x.Commands.AzCLI, "--min-capacity") {
		return
	}
	c := q.capacity()
	if c.larger != "" {
		x.Change += fmt.Sprintf("; of this size there may be %d, so take the next one", mostInstancesV1)
		x.Commands = Commands{AzCLI: "az network application-gateway update -g {group} -n {gateway} --sku " + c.larger, Portal: "Configuration > SKU size"}
		return
	}
	x.Commands = Commands{
		AzCLI: "az network application-gateway update -g {group} -n {gateway} --capacity {instances}",
		PowerShell: fmt.Sprintf("$gw = Get-AzApplicationGateway -Name {gateway} -ResourceGroupName {group}; Set-AzApplicationGatewaySku -ApplicationGateway $gw -Name %s -Tier %s -Capacity {instances}; Set-AzApplicationGateway -ApplicationGateway $gw",
			q.config.SKU.Name, q.config.SKU.Tier),
		Portal: "Configuration > Instance count",
	}
}

// fillInstances gives the advice on instances that causeway capacity gives for the same evidence. What that does not advise stays a
// word to fill in.
func (q *inquiry) fillInstances(values map[string]string, f *finding) {
	if !slices.ContainsFunc(f.Fixes, func(x Fix) bool { return strings.Contains(x.Commands.AzCLI, "capacity {") }) {
		return
	}
	if q.config != nil {
		values["size"], values["tier"] = q.config.SKU.Name, q.config.SKU.Tier
	}
	c := q.capacity()
	for name, n := range map[string]int{"instances": c.need, "least": c.least, "most": c.most} {
		if n > 0 {
			values[name] = fmt.Sprint(n)
		}
	}
}
