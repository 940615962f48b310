package validate

import (
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

// FirewallPolicy finds what breaks the model of a firewall policy in canonical form, and custom rules that exclude each other.
func FirewallPolicy(tree *schema.Object) []gateway.Problem {
	c := &checker{cfg: &gateway.Config{}, props: tree.Props()}
	c.shape(schema.FirewallPolicy, tree, "", "")
	c.customRules()
	return c.Problems
}

// customRules finds custom rules with the same name or priority.
func (c *checker) customRules() {
	names, priorities := map[string]bool{}, map[int]bool{}
	for i, item := range c.props.List("customRules") {
		rule, _ := item.(*schema.Object)
		path := "properties.customRules[" + itoa(i) + "]"
		name, priority := rule.Text("name"), rule.Int("priority")
		if name != "" && names[strings.ToLower(name)] {
			c.Error(path+".name", "ApplicationGatewayFirewallCustomRuleNameDuplicate", "give each rule a name of its own",
				"two custom rules are named %s", schema.Quote(name))
		}
		if priority != 0 && priorities[priority] {
			c.Error(path+".priority", "ApplicationGatewayFirewallCustomRulePriorityDuplicate", "give each rule a priority of its own",
				"two custom rules have the priority %d", priority)
		}
		names[strings.ToLower(name)], priorities[priority] = true, true
	}
}
