package validate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"causeway/internal/gateway/schema"
)

// ruleSets are the versions of the OWASP rule set that a firewall inside the gateway's document may name, and the groups
// of rules that each has. The first generation takes 2.2.9 and 3.0.
func ruleSets() map[string][]string {
	groups3 := []string{
		"General", "REQUEST-911-METHOD-ENFORCEMENT", "REQUEST-913-SCANNER-DETECTION", "REQUEST-920-PROTOCOL-ENFORCEMENT",
		"REQUEST-921-PROTOCOL-ATTACK", "REQUEST-930-APPLICATION-ATTACK-LFI", "REQUEST-931-APPLICATION-ATTACK-RFI",
		"REQUEST-932-APPLICATION-ATTACK-RCE", "REQUEST-933-APPLICATION-ATTACK-PHP", "REQUEST-941-APPLICATION-ATTACK-XSS",
		"REQUEST-942-APPLICATION-ATTACK-SQLI", "REQUEST-943-APPLICATION-ATTACK-SESSION-FIXATION",
	}
	later := append(slices.Clone(groups3), "KNOWN-CVES", "Known-CVEs", "REQUEST-944-APPLICATION-ATTACK-JAVA",
		"REQUEST-944-APPLICATION-ATTACK-SESSION-JAVA")
	return map[string][]string{
		"2.2.9": {
			"crs_20_protocol_violations", "crs_21_protocol_anomalies", "crs_23_request_limits", "crs_30_http_policy", "crs_35_bad_robots",
			"crs_40_generic_attacks", "crs_41_sql_injection_attacks", "crs_41_xss_attacks", "crs_42_tight_security", "crs_45_trojans",
		},
		"3.0": groups3, "3.1": later, "3.2": later,
	}
}

// ruleSet checks the version and the disabled groups of a firewall inside the document.
func (c *checker) ruleSet() {
	const path = "properties.webApplicationFirewallConfiguration"
	w := c.props.Object("webApplicationFirewallConfiguration")
	version := w.Text("ruleSetVersion")
	if version == "" {
		return
	}
	known := ruleSets()
	groups, ok := known[version]
	versions := slices.Sorted(maps.Keys(known))
	if c.cfg.V1() {
		versions = []string{"2.2.9", "3.0"}
		ok = ok && slices.Contains(versions, version)
	}
	if !ok {
		c.Error(path+".ruleSetVersion", "ApplicationGatewayFirewallRuleSetVersionNotSupported", "choose one of "+
			strings.Join(versions, ", "),
			"the firewall of the tier %s has no OWASP rule set %s", c.cfg.SKU.Tier, schema.Quote(version))
		return
	}
	for i, item := range w.List("disabledRuleGroups") {
		o, _ := item.(*schema.Object)
		name := o.Text("ruleGroupName")
		if name == "" || slices.ContainsFunc(groups, func(g string) bool { return strings.EqualFold(g, name) }) {
			continue
		}
		hint := cmp.Or(prefixed("did you mean ", schema.Closest(name, groups)), "the groups are "+strings.Join(groups, ", "))
		c.Error(path+".disabledRuleGroups["+itoa(i)+"].ruleGroupName", "ApplicationGatewayFirewallRuleGroupNotFound", hint,
			"OWASP rule set %s has no group %s", version, schema.Quote(name))
	}
}
