package diagnose

import (
	"fmt"
	"slices"
	"strings"
)

// What changes the size of a gateway differs by its generation: the first has instances of a size, the second grows by
// itself or has a fixed number of instances, and knows no sizes.

// ofGeneration keeps of a finding's fixes those that the gateway has, in the form that it takes.
func (q *inquiry) ofGeneration(f *Finding) {
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

// fixedNumber turns a fix for a gateway that grows into one for a gateway of so many instances.
func (q *inquiry) fixedNumber(x *Fix) {
	if !strings.Contains(x.Commands.AzCLI, "--min-capacity") {
		return
	}
	more := q.growth(q.instancesNow() * 10)["newInstances"]
	x.Commands = Commands{
		AzCLI: "az network application-gateway update -g {group} -n {gateway} --capacity " + more,
		PowerShell: fmt.Sprintf("$gw = Get-AzApplicationGateway -Name {gateway} -ResourceGroupName {group}; Set-AzApplicationGatewaySku -ApplicationGateway $gw -Name %s -Tier %s -Capacity %s; Set-AzApplicationGateway -ApplicationGateway $gw",
			q.config.SKU.Name, q.config.SKU.Tier, more),
		Portal: "Configuration > Instance count",
	}
}
