package migrate

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"causeway/internal/gateway"
)

// placeholderSubnet stands where the owner has to choose. Azure refuses a document that still has it.
const placeholderSubnet = "REPLACE-WITH-THE-SUBNET-OF-V2"

func (m *migration) network() {
	m.subnets()
	m.frontends()
	m.ipv6()
	m.add(Must, "", "the network security group of the subnet of v2 must let ports 65200-65535 in from the service tag GatewayManager",
		"v1 is managed through ports 65503-65534, v2 through others; without them the gateway does not come up and backend health is unknown",
		"az network nsg rule create -g GROUP --nsg-name NSG -n gateway-manager --priority 100 --access Allow --direction Inbound --protocol Tcp --source-address-prefixes GatewayManager --destination-port-ranges 65200-65535")
	m.add(Check, "", "backends and firewalls behind the gateway must let the subnet of v2 in",
		"requests and probes come from addresses of the new subnet",
		"add its address range to network security groups, firewalls and access restrictions that name the old one")
	m.add(Check, "", "service endpoint policies on the subnet are not supported by v2", "the gateway would lose what it needs of Azure",
		"remove them from the subnet of v2")
}

func (m *migration) subnets() {
	m.each("gatewayIPConfigurations", func(path, _ string, _, p map[string]any) { m.move(p) })
	const path = "properties.gatewayIPConfigurations"
	why := "v1 and v2 gateways cannot share a subnet; Azure advises a /24 for v2, where every instance takes an address"
	if m.subnet != "" {
		m.add(Check, path, "the gateway moves to another subnet", why,
			"see that the subnet holds nothing but v2 gateways and has room for maxCapacity and 5 addresses of Azure's own")
		return
	}
	m.add(Must, path, "v2 needs a subnet of its own", why, "make one, and give its id with --subnet, or in place of "+placeholderSubnet)
}

// move puts a configuration into the subnet of v2.
func (m *migration) move(p map[string]any) {
	subnet, _ := p["subnet"].(map[string]any)
	id, _ := subnet["id"].(string)
	switch at := strings.LastIndexByte(id, '/'); {
	case m.subnet != "":
		p["subnet"] = object("id", m.subnet)
	case id != "":
		p["subnet"] = object("id", id[:at+1]+placeholderSubnet)
	}
}

func (m *migration) frontends() {
	public := false
	m.each("frontendIPConfigurations", func(path, name string, _, p map[string]any) {
		if _, is := p["publicIPAddress"]; is {
			public = true
			m.publicFrontend(path, name, p)
			return
		}
		if _, inSubnet := p["subnet"]; inSubnet || p["privateIPAddress"] != nil {
			m.privateFrontend(path, name, p)
		}
	})
	if !public {
		m.add(Must, "properties.frontendIPConfigurations", "the gateway has a private frontend alone",
			"v2 allows that only with network isolation",
			"az feature register --namespace Microsoft.Network --name EnableApplicationGatewayNetworkIsolation, and delegate the subnet to Microsoft.Network/applicationGateways; or add a public frontend without listeners")
	}
}

func (m *migration) publicFrontend(path, name string, p map[string]any) {
	address := m.name + "-IP"
	p["publicIPAddress"] = object("id", m.sibling("publicIPAddresses", address))
	m.add(Must, path+".publicIPAddress",
		fmt.Sprintf("the frontend %q needs a public address of its own: a static one of the SKU Standard", name),
		"v1 and v2 run side by side, and v2 does not take addresses of the SKU Basic",
		"az network public-ip create -g GROUP -n "+address+" --sku Standard --allocation-method Static")
	m.add(Info, path+".publicIPAddress", "the address of v2 is static", "that of v1 changes when the gateway is stopped and started",
		"nothing; DNS may name the address itself. To keep the old one, move it once v1 is gone: it is a few minutes of no service and cannot be undone")
}

func (m *migration) privateFrontend(path, name string, p map[string]any) {
	m.move(p)
	method, _ := p["privateIPAllocationMethod"].(string)
	p["privateIPAllocationMethod"] = "Static"
	m.add(Must, path+".privateIPAddress", fmt.Sprintf("the frontend %q needs an address of the subnet of v2", name),
		"a private frontend of v2 is static and lies in the gateway's own subnet"+wasDynamic(method),
		"choose a free address of it, and change whatever names the old one")
}

func wasDynamic(method string) string {
	if strings.EqualFold(method, "Static") {
		return ""
	}
	return "; that of v1 was dynamic"
}

func (m *migration) ipv6() {
	is6 := func(s string) bool {
		a, err := netip.ParseAddr(s)
		return err == nil && a.Is6()
	}
	found := false
	for _, f := range m.v1.FrontendIPs {
		found = found || is6(f.PrivateIP)
	}
	for _, pool := range m.v1.Pools {
		for _, a := range pool.Members {
			found = found || is6(a.IP)
		}
	}
	if found {
		m.add(Must, "", "the gateway uses IPv6",
			"v2 has IPv6 only on gateways that were made with two address families, and none to backends that Azure documents",
			"make the v2 gateway with both families, and reach backends by IPv4")
	}
}

// ports moves frontend ports that v2 keeps for itself to the highest free one below.
func (m *migration) ports() {
	const highest = 65199
	taken := map[int]bool{}
	for _, p := range m.v1.FrontendPorts {
		taken[p.Port] = true
	}
	next := highest
	m.each("frontendPorts", func(path, name string, _, p map[string]any) {
		n, _ := p["port"].(json.Number)
		port, err := strconv.Atoi(n.String())
		if err != nil || port <= highest {
			return
		}
		for taken[next] {
			next--
		}
		taken[next] = true
		p["port"] = next
		m.add(Must, path+".port", fmt.Sprintf("the frontend port %q moves from %d to %d", name, port, next),
			"v2 keeps the ports above 65199 for its own management",
			"choose a port from 1 to 65199, and change the clients")
	})
}

// priorities gives the rules numbers in the order of the list, which is the order in which v1 tries them.
func (m *migration) priorities() {
	rules, _ := m.props["requestRoutingRules"].([]any)
	step := 10
	for step > 1 && len(rules)*step > 20000 {
		step--
	}
	next := step
	m.each("requestRoutingRules", func(_, _ string, _, p map[string]any) {
		p["priority"] = next
		next += step
	})
	if len(rules) == 0 {
		return
	}
	m.add(Info, "properties.requestRoutingRules",
		fmt.Sprintf("the %d rules get the priorities %d to %d, in the order of the list", len(rules), step, len(rules)*step),
		"v1 tries rules in the order of the list, v2 by priority, which every rule must have; so the same rule answers as before",
		"nothing, unless "+m.shadowing())
}

// shadowing says what a better order could be.
func (m *migration) shadowing() string {
	for i, r := range m.v1.Rules {
		l := m.v1.Listener(r.Listener)
		if l == nil || len(l.HostNames) > 0 {
			continue
		}
		for _, later := range m.v1.Rules[i+1:] {
			other := m.v1.Listener(later.Listener)
			if other != nil && len(other.HostNames) > 0 && samePlace(l, other) {
				return fmt.Sprintf("you want the host names of the rule %q served: the rule %q before it takes everything on its port, on v1 too; give it a greater number", later.Name, r.Name)
			}
		}
	}
	return "you want another order: more specific host names first"
}

func samePlace(a, b *gateway.Listener) bool {
	return strings.EqualFold(a.FrontendIP, b.FrontendIP) && strings.EqualFold(a.FrontendPort, b.FrontendPort)
}
