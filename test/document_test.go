package test

import (
	"fmt"
	"strings"
)

// document is a gateway document in the making.
type document struct {
	ports, pools, settings, listeners, rules, maps, redirects, probes, certificates []string
	sku                                                                             string
}

func ref(collection, name string) string {
	return fmt.Sprintf(`{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw1/%s/%s"}`,
		collection, name)
}

func child(name, properties string) string {
	return fmt.Sprintf(`{"name":%q,"properties":{%s}}`, name, properties)
}

// plain is a gateway with one listener in front of one member.
func plain(port, memberPort int) *document {
	d := &document{}
	d.port("p", port)
	d.pool("web", "127.0.0.1")
	d.setting("http", memberPort, `"protocol":"Http","requestTimeout":2`)
	d.listener("l", "p", `"protocol":"Http"`)
	d.basic("r", 100, "l", "web", "http")
	return d
}

func (d *document) port(name string, port int) {
	d.ports = append(d.ports, child(name, fmt.Sprintf(`"port":%d`, port)))
}

func (d *document) pool(name string, addresses ...string) {
	var list []string
	for _, a := range addresses {
		list = append(list, fmt.Sprintf(`{"ipAddress":%q}`, a))
	}
	d.pools = append(d.pools, child(name, `"backendAddresses":[`+strings.Join(list, ",")+`]`))
}

func (d *document) setting(name string, port int, more string) {
	d.settings = append(d.settings, child(name, fmt.Sprintf(`"port":%d,%s`, port, more)))
}

func (d *document) listener(name, port, more string) {
	d.listeners = append(d.listeners, child(name, `"frontendIPConfiguration":`+ref("frontendIPConfigurations", "pub")+`,"frontendPort":`+
		ref("frontendPorts", port)+","+more))
}

func (d *document) basic(name string, priority int, listener, pool, settings string) {
	d.rules = append(d.rules,
		child(name, fmt.Sprintf(`"ruleType":"Basic","priority":%d,"httpListener":%s,"backendAddressPool":%s,"backendHttpSettings":%s`,
			priority, ref("httpListeners", listener), ref("backendAddressPools", pool), ref("backendHttpSettingsCollection", settings))))
}

func (d *document) rule(name string, priority int, listener, more string) {
	d.rules = append(d.rules,
		child(name, fmt.Sprintf(`"priority":%d,"httpListener":%s,%s`, priority, ref("httpListeners", listener), more)))
}

func (d *document) String() string {
	sku := d.sku
	if sku == "" {
		sku = `{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`
	}
	list := func(name string, items []string) string {
		return fmt.Sprintf(`,%q:[%s]`, name, strings.Join(items, ","))
	}
	return `{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw1","name":"gw1","location":"eastus","properties":{"sku":` + sku +
		`,"frontendIPConfigurations":[` + child("pub",
		`"publicIPAddress":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/ip"}`) + `]` +
		list("frontendPorts", d.ports) + list("backendAddressPools", d.pools) + list("backendHttpSettingsCollection",
		d.settings) + list("httpListeners", d.listeners) +
		list("requestRoutingRules", d.rules) + list("urlPathMaps", d.maps) + list("redirectConfigurations", d.redirects) + list("probes",
		d.probes) +
		list("sslCertificates", d.certificates) + `}}`
}
