package sizing

import (
	"fmt"
	"math"
	"strings"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/units"
)

// tight is the part of the capacity in use from which it is worth more.
const tight = 0.75

// unitsText writes a number of capacity units.
func unitsText(n float64) string {
	if n < 1 {
		return "less than one unit"
	}
	return units.Count(int(math.Ceil(n)), "unit", "units")
}

// adviseV2 sets the range of instances by compute units: a tenth of the peak as the least, for scaling out takes minutes.
func (c *Report) adviseV2(used float64, t *traffic.Summary) {
	peak, ok := 0.0, false
	for _, l := range c.Loads {
		if l.Measure == "ComputeUnits" || l.Measure == "CapacityUnits" {
			peak, ok = max(peak, l.Peak), true
		}
		if l.Measure == "answers sent" && !ok {
			peak = max(peak, l.Peak/bitsPerUnit)
		}
	}
	if !ok {
		c.Assumed = append(c.Assumed, "without metrics only throughput counts: TLS handshakes and connections may need more")
		if c.Days < enoughDays && used <= tight {
			c.Assumed = append(c.Assumed,
				"no setting is advised: so short a log, without metrics, shows that this was enough, not how few would be")
			return
		}
	}
	needs := fmt.Sprintf("the peak of %s needs %s", unitsText(peak), units.Count(int(math.Ceil(peak/unitsPerInstance)), "instance",
		"instances"))
	least := max(2, int(math.Ceil(peak/unitsPerInstance/2)))
	most := min(mostInstances, max(least+2, int(math.Ceil(peak/unitsPerInstance*2)), 10))
	manual := max(2, int(math.Ceil(peak/unitsPerInstance*1.2)))
	c.Least, c.Most, c.Need = least, most, manual
	name, group := t.NameAndGroup()
	if c.Instances[0] != c.Instances[1] || t.Config == nil {
		c.Advice = append(c.Advice, Advice{
			Change: fmt.Sprintf("autoscale between %d and %d instances", least, most),
			Because: needs +
				"; scaling out takes three to five minutes, so half of that is kept ready; the most is as much as the subnet allows",
			Commands: report.Commands{
				AzCLI: fmt.Sprintf("az network application-gateway update -g %s -n %s --min-capacity %d --max-capacity %d", group,
					name, least, most),
				PowerShell: fmt.Sprintf("Set-AzApplicationGatewayAutoscaleConfiguration -ApplicationGateway $gw -MinCapacity %d -MaxCapacity %d; Set-AzApplicationGateway -ApplicationGateway $gw", least, most),
				Portal:     "Configuration > Capacity type: Autoscale",
			},
		})
		return
	}
	if manual == c.Instances[1] {
		c.Advice = append(c.Advice, Advice{
			Change:  fmt.Sprintf("keep %s, or let it scale between %d and %d", units.Count(manual, "instance", "instances"), least, most),
			Because: needs,
		})
		return
	}
	c.Advice = append(c.Advice, Advice{
		Change:  fmt.Sprintf("set %d instances, or let it scale between %d and %d", manual, least, most),
		Because: needs + ", and a tenth to a fifth more for what no month has shown yet; fewer than two are no spare",
		Commands: report.Commands{
			AzCLI:  fmt.Sprintf("az network application-gateway update -g %s -n %s --capacity %d", group, name, manual),
			Portal: "Configuration > Instance count",
		},
	})
}

// adviseV1 sets count and size: the same work on more instances, and a larger size where the most instances are not enough.
func (c *Report) adviseV1(used float64, t *traffic.Summary) {
	now := c.Instances[1]
	need := max(2, int(math.Ceil(float64(now)*used/0.8*1.1)))
	size := sizeOf(c.Size)
	name, group := t.NameAndGroup()
	c.Need = min(need, MostInstancesV1)
	switch {
	case need > MostInstancesV1 && size != "large":
		larger := map[string]string{"small": "Medium", "medium": "Large"}[size]
		c.Larger = strings.TrimSuffix(c.Size, c.Size[strings.IndexByte(c.Size, '_')+1:]) + larger
		c.Advice = append(c.Advice, Advice{
			Change: "the next size: " + larger, Because: fmt.Sprintf("%d instances of this size would be needed, and there may be %d", need,
				MostInstancesV1),
			Commands: report.Commands{
				AzCLI:  fmt.Sprintf("az network application-gateway update -g %s -n %s --sku %s", group, name, c.Larger),
				Portal: "Configuration > SKU size",
			},
		})
	case need > now || now < 2:
		c.Advice = append(c.Advice, Advice{
			Change:  fmt.Sprintf("%d instances", need),
			Because: "peak load stays below 80 %, with a tenth to spare, and no single instance is missed",
			Commands: report.Commands{
				AzCLI: fmt.Sprintf("az network application-gateway update -g %s -n %s --capacity %d", group, name, need),
				PowerShell: fmt.Sprintf("$gw = Get-AzApplicationGateway -Name "+name+" -ResourceGroupName "+group+
					"; Set-AzApplicationGatewaySku -ApplicationGateway $gw -Name %s -Tier %s -Capacity %d; Set-AzApplicationGateway -ApplicationGateway $gw", c.Size, t.Config.SKU.Tier, need),
				Portal: "Configuration > Instance count",
			},
		})
	}
	if size == "small" {
		c.Advice = append(c.Advice, Advice{Change: "no Small in production", Because: "Azure means it for development and tests"})
	}
	c.Advice = append(c.Advice, Advice{
		Change:   "move to the second generation",
		Because:  "the first one is retired",
		Commands: report.Commands{Causeway: "causeway migrate gateway.json"},
	})
}
