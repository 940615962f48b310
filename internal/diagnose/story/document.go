package story

import (
	"net/netip"
	"strings"
)

// GatewayID is the resource id of a gateway in records, upper case as Azure writes it.
const GatewayID = "/SUBSCRIPTIONS/S/RESOURCEGROUPS/SHOP/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/GW7"

// Sticky is the usual document with users bound to members by a cookie.
func Sticky(doc string) string {
	return strings.Replace(doc, `"requestTimeout":2`, `"requestTimeout":2,"cookieBasedAffinity":"Enabled"`, 1)
}

// ServerOf is the address of a member by its number: 10.0.0.4:80 for 4.
func ServerOf(member byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, member}), 80)
}

// Probed is the usual document with a probe of its own: every five seconds, two bad answers take a member out.
func Probed(path string) string {
	return strings.Replace(strings.Replace(Document, `"backendAddressPools"`,
		`"probes":[{"name":"well","properties":{"protocol":"Http","host":"127.0.0.1","path":"`+path+
			`","interval":5,"timeout":1,"unhealthyThreshold":2}}],"backendAddressPools"`, 1),
		`"requestTimeout":2`, `"requestTimeout":2,"probe":{"id":"/x/probes/well"}`, 1)
}

// Document is the usual gateway: pool web with members 4, 5 and 6 under settings http, with a request timeout of two seconds.
const Document = `{"name":"gw1","location":"eastus","properties":{
 "sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1},
 "frontendIPConfigurations":[{"name":"pub","properties":{"publicIPAddress":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/ip"}}}],
 "frontendPorts":[{"name":"p80","properties":{"port":80}}],
 "backendAddressPools":[{"name":"web","properties":{"backendAddresses":[{"ipAddress":"10.0.0.4"},{"ipAddress":"10.0.0.5"},{"ipAddress":"10.0.0.6"}]}},{"name":"none","properties":{}}],
 "backendHttpSettingsCollection":[{"name":"http","properties":{"port":80,"protocol":"Http","requestTimeout":2}}],
 "httpListeners":[{"name":"l80","properties":{"protocol":"Http","frontendIPConfiguration":{"id":"/x/frontendIPConfigurations/pub"},"frontendPort":{"id":"/x/frontendPorts/p80"}}}],
 "requestRoutingRules":[{"name":"r1","properties":{"ruleType":"Basic","priority":100,"httpListener":{"id":"/x/httpListeners/l80"},"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"}}}]}}`
