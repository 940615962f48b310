package migrate

import (
	"fmt"
	"math"
)

// What an instance carries, in Mbps, with TLS, for pages of 6 KB and of 100 KB. An instance of v2 has at least 10 capacity
// units of 2.22 Mbps.
type throughput struct{ small, large float64 }

const (
	mbpsOfV2 = 22.2
	leastMin = 2   // instances: one may fail or be updated
	leastMax = 10  // instances: below it autoscaling has no room
	mostMax  = 125 // instances of a v2 gateway
)

func throughputOf(name string) (throughput, string) {
	switch name {
	case "Standard_Small":
		return throughput{7.5, 35}, "Small"
	case "Standard_Large", "WAF_Large":
		return throughput{50, 200}, "Large"
	}
	return throughput{13, 100}, "Medium"
}

// instances are those of v2 that carry as much as n of v1 do.
func instances(n int, mbps float64) int { return int(math.Ceil(float64(n) * mbps / mbpsOfV2)) }

func (m *migration) size() {
	sku, tier := m.v1.SKU, m.v1.SKU.Tier+"_v2"
	each, size := throughputOf(sku.Name)
	n := max(sku.Capacity, 1)
	least := min(max(instances(n, each.small), leastMin), mostMax)
	most := min(max(instances(n, each.large), leastMax), mostMax)
	m.props["sku"] = object("name", tier, "tier", tier)
	m.props["autoscaleConfiguration"] = object("minCapacity", least, "maxCapacity", most)
	delete(m.root, "zones")

	m.add(Info, "properties.sku", fmt.Sprintf("%s becomes %s", sku.Name, tier),
		"v2 has no sizes: an instance has at least 10 capacity units, and one is the largest of 2,500 connections, 2.22 Mbps and 1 compute unit",
		"nothing; where several v1 gateways stand side by side, about three of Medium fit into one of v2")
	m.add(Check, "properties.autoscaleConfiguration", fmt.Sprintf("%d × %s becomes autoscaling from %d to %d instances", n, size,
		least, most),
		fmt.Sprintf("%d × %s carries about %.4g Mbps of small pages and %.4g Mbps of large ones, an instance of v2 %.4g Mbps; new instances take 3 to 5 minutes to come",
			n, size, float64(n)*each.small, float64(n)*each.large, mbpsOfV2),
		"set minCapacity to the compute units of your peak hour divided by 10; set maxCapacity to 125 if the subnet has room, because it only costs when it is used"+firewallLoad(tier))
	m.add(Info, "zones", "v2 can span zones", "v1 has none",
		`add "zones": ["1", "2", "3"] where the region has them; it cannot be changed later`)
}

func firewallLoad(tier string) string {
	if tier != "WAF_v2" {
		return ""
	}
	return ". With the firewall a compute unit is about 10 requests a second"
}
