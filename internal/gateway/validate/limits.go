package validate

import (
	"slices"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

// limit is how many children a collection may have. Older is the number on a WAF gateway with CRS 3.1 or older, basic
// that of the tier Basic; 0 stands for no number of their own.
type limit struct {
	collection         string
	most, older, basic int
}

func childLimits() []limit {
	return []limit{
		{"frontendIPConfigurations", 4, 0, 0},
		{"frontendPorts", 100, 40, 0},
		{"backendAddressPools", 100, 0, 5},
		{"backendHttpSettingsCollection", 100, 40, 0},
		{"httpListeners", 200, 40, 5},
		{"requestRoutingRules", 400, 40, 5},
		{"sslCertificates", 100, 40, 0},
		{"authenticationCertificates", 100, 0, 0},
		{"trustedRootCertificates", 100, 0, 0},
		{"trustedClientCertificates", 200, 0, 0},
		{"redirectConfigurations", 100, 40, 0},
		{"rewriteRuleSets", 400, 0, 0},
		{"privateLinkConfigurations", 2, 0, 0},
		{"gatewayIPConfigurations", 1, 0, 0},
	}
}

func (c *checker) limits() {
	older, basic := c.hasOlderRuleSet(), c.cfg.SKU.Tier == "Basic"
	for _, l := range childLimits() {
		most := l.most
		if older && l.older > 0 {
			most = l.older
		}
		if basic && l.basic > 0 {
			most = l.basic
		}
		c.atMost("properties."+l.collection, len(c.props.List(l.collection)), most, l.collection)
	}
	c.activeListeners()
	members := 1200
	if basic {
		members = 5
	}
	for i := range c.cfg.Pools {
		c.atMost(at("backendAddressPools", i, "backendAddresses"), len(c.cfg.Pools[i].Members), members, "members of a pool")
	}
	for i := range c.cfg.PathMaps {
		c.atMost(at("urlPathMaps", i, "pathRules"), len(c.cfg.PathMaps[i].Rules), 100, "path rules of a path map")
	}
	for i := range c.cfg.Listeners {
		hosts := len(c.given("httpListeners", i).List("hostNames"))
		c.atMost(at("httpListeners", i, "hostNames"), hosts, 5, "host names of a listener")
	}
	for i := range c.cfg.SSLProfiles {
		chains := len(c.cfg.SSLProfiles[i].TrustedClientCertificates)
		c.atMost(at("sslProfiles", i, "trustedClientCertificates"), chains, 100, "trusted client certificates of a profile")
	}
}

// activeListeners counts those whose rule sends at least something to a pool.
func (c *checker) activeListeners() {
	active := map[string]bool{}
	for _, r := range c.cfg.Rules {
		if c.reachesPool(r) {
			active[strings.ToLower(r.Listener)] = true
		}
	}
	c.atMost("properties.httpListeners", len(active), 100, "listeners that lead to a pool")
}

func (c *checker) reachesPool(r gateway.Rule) bool {
	if r.Type != "PathBasedRouting" {
		return r.Target.Pool != ""
	}
	m := c.cfg.PathMap(r.PathMap)
	if m == nil {
		return false
	}
	for _, p := range m.Rules {
		if p.Target.Pool != "" {
			return true
		}
	}
	return m.Default.Pool != ""
}

// limitExceeded is Azure's code.
const limitExceeded = "ApplicationGatewayResourceLimitExceeded"

func (c *checker) atMost(path string, n, most int, what string) {
	if n > most {
		c.Error(path, limitExceeded, "split them over several gateways, remove some, or serve them all with limits: none in causeway.yaml",
			"%d %s, at most %d are allowed on Azure", n, what, most)
	}
}

// LiftLimits copies problems. More children than Azure allows become a warning: the limits are Azure's and not ours.
func LiftLimits(problems []gateway.Problem) []gateway.Problem {
	problems = slices.Clone(problems)
	for i := range problems {
		if p := &problems[i]; p.Code == limitExceeded {
			p.Severity, p.Hint = gateway.Warning, "causeway.yaml lifts the limits; Azure would refuse the document"
		}
	}
	return problems
}

// hasOlderRuleSet reports a WAF gateway with CRS 3.1 or older, which has smaller limits.
func (c *checker) hasOlderRuleSet() bool {
	if !strings.HasPrefix(c.cfg.SKU.Tier, "WAF") {
		return false
	}
	version := c.props.Text("webApplicationFirewallConfiguration", "ruleSetVersion")
	return version != "" && version < "3.2"
}

// size checks that name, tier, capacity and autoscale agree.
func (c *checker) size() {
	sku := c.cfg.SKU
	const path = "properties.sku"
	if c.props.Object("sku") == nil {
		return // reported as missing
	}
	capacity := c.props.Object("sku").Has("capacity")
	if sku.Tier == "" {
		c.Error(path+".tier", "ApplicationGatewaySkuTierCannotBeEmpty", "write for example Standard_v2", "the tier is required")
	} else if want := gateway.TierOf(sku.Name); want != sku.Tier {
		c.Error(path+".name", "ApplicationGatewaySkuNameTierMismatch",
			"name and tier of a v2 gateway are equal; v1 has sizes, as Standard_Medium",
			"the name %s does not go with the tier %s", schema.Quote(sku.Name), schema.Quote(sku.Tier))
	}
	switch auto := c.cfg.Autoscale; {
	case auto != nil && capacity && c.props.Int("sku", "capacity") > 0:
		c.Error(path+".capacity", "ApplicationGatewaySkuCapacityConflictsWithAutoscale",
			"remove the capacity or the autoscaleConfiguration",
			"a fixed capacity and autoscaling exclude each other")
	case auto != nil && auto.Max < auto.Min:
		c.Error("properties.autoscaleConfiguration.maxCapacity", "ApplicationGatewayAutoscaleMaxCapacityOutOfRange",
			"raise it or lower minCapacity",
			"maxCapacity %d is below minCapacity %d", auto.Max, auto.Min)
	case auto == nil && !capacity:
		c.Warn(path+".capacity", "ApplicationGatewaySkuCapacityCannotBeEmpty", "write the number of instances",
			"no capacity is given; one instance is assumed")
	case auto == nil && c.props.Int("sku", "capacity") < 1:
		c.Error(path+".capacity", "ApplicationGatewaySkuCapacityOutOfRange", "write at least 1", "a fixed capacity must be at least 1")
	case c.cfg.V1() && sku.Capacity > 32:
		c.Error(path+".capacity", "ApplicationGatewaySkuCapacityOutOfRange", "write at most 32, or move to v2",
			"%d instances, v1 has at most 32",
			sku.Capacity)
	}
	if c.cfg.V1() && len(c.zones) > 0 {
		c.Error("zones", "ApplicationGatewayFeatureCannotBeEnabledForSelectedSku", "remove it, or move to a v2 tier",
			"zones do not exist on v1")
	}
}
