package validate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"causeway/internal/gateway/schema"
)

func itoa(n int) string { return strconv.Itoa(n) }

// frontendsTogether checks what frontends may not be, and what they cannot be on one machine, together.
func (c *checker) frontendsTogether() {
	if c.cfg.SKU.Tier == "Basic" && len(c.cfg.FrontendIPs) > 0 && !slices.ContainsFunc(c.props.List("frontendIPConfigurations"), isPublic) {
		c.Error("properties.frontendIPConfigurations", "ApplicationGatewayBasicSkuRequiresPublicFrontend",
			"add a frontend with a public IP address, or choose the tier Standard_v2",
			"the tier Basic cannot do with private frontends alone")
	}
	c.sharedPorts()
}

func isPublic(item any) bool {
	o, _ := item.(*schema.Object)
	return o.Props().Has("publicIPAddress")
}

// sharedPorts warns of ports that more than one frontend uses: on Azure each has an address of its own; here they need one
// each, or serve refuses the document.
func (c *checker) sharedPorts() {
	users := map[int][]string{}
	for i := range c.cfg.Listeners {
		if e, ok := c.endpointOf(&c.cfg.Listeners[i]); ok && !slices.Contains(users[e.port], c.cfg.Listeners[i].FrontendIP) {
			users[e.port] = append(users[e.port], c.cfg.Listeners[i].FrontendIP)
		}
	}
	for i, p := range c.cfg.FrontendPorts {
		frontends := users[p.Port]
		if len(frontends) < 2 {
			continue
		}
		var binds []string
		for _, f := range frontends {
			binds = append(binds, "--bind "+f+"=ADDRESS")
		}
		c.Warn(at("frontendPorts", i, "port"), "FrontendsShareAPort", "causeway serve needs an address for each: "+strings.Join(binds, " "),
			"%s, and serve refuses that without an address for each",
			fmt.Sprintf("port %d is used on the frontends %s", p.Port, strings.Join(frontends, " and ")))
	}
}
