package cause

// The parts that commands have in common. PowerShell changes the object that it was given and sends all of it back: the
// Set- commands of single parts would want every property again.
const (
	getGateway    = "$gw = Get-AzApplicationGateway -Name {gateway} -ResourceGroupName {group}; "
	setGateway    = "; Set-AzApplicationGateway -ApplicationGateway $gw"
	ofGateway     = " -g {group} --gateway-name {gateway} "
	applyDocument = ", then: causeway config apply gateway.json"
	ownProbe      = "; settings that use the default probe need one of their own first"
	applyLocal    = ", then: causeway config apply --local causeway.yaml"
)

func backend(change string) Fix { return Fix{Side: "backend", Change: change} }
func gateway(change string) Fix { return Fix{Side: "gateway", Change: change} }
func client(change string) Fix  { return Fix{Side: "client", Change: change} }

// probe is a change of the custom probe {probe}: flags of az, statements on $probe, a field of the portal, properties of
// the document.
func probe(change, az, ps, portal, document string) Fix {
	return Fix{
		Side: "gateway", Change: change,
		AzCLI:      "az network application-gateway probe update" + ofGateway + "-n {probe} " + az,
		PowerShell: getGateway + "$probe = Get-AzApplicationGatewayProbeConfig -ApplicationGateway $gw -Name {probe}; " + ps + setGateway,
		Portal:     "Health probes > {probe} > " + portal,
		Causeway:   "set " + document + " of probe {probe} in the document" + applyDocument,
	}
}

// settings is a change of the backend settings {settings}; statements of PowerShell are on $settings.
func settings(change, az, ps, portal, document string) Fix {
	return Fix{
		Side: "gateway", Change: change,
		AzCLI: "az network application-gateway http-settings update" + ofGateway + "-n {settings} " + az,
		PowerShell: getGateway + "$settings = Get-AzApplicationGatewayBackendHttpSetting -ApplicationGateway $gw -Name {settings}; " +
			ps + setGateway,
		Portal:   "Backend settings > {settings} > " + portal,
		Causeway: "set " + document + " of {settings} in the document" + applyDocument,
	}
}

// with adds what a program sets to apply a fix.
func (f Fix) with(set ...Setting) Fix {
	f.Set = set
	return f
}

// ofSettings is a property of the backend settings {settings}, and ofProbe one of the probe {probe}.
func ofSettings(property, value string) Setting {
	return Setting{Document, "backendHttpSettingsCollection/{settings}/" + property, value}
}

func ofProbe(property, value string) Setting {
	return Setting{Document, "probes/{probe}/" + property, value}
}

// newIdle is how long the gateway keeps idle connections to members from then on.
var newIdle = Setting{Local, "backendIdleTimeout", `"{newIdle}"`}

// servers is a change of the members of {pool}; az and PowerShell want the whole list.
func servers(change, az, ps, document string) Fix {
	return Fix{
		Side: "gateway", Change: change,
		AzCLI: "az network application-gateway address-pool update" + ofGateway + "-n {pool} --servers " + az,
		PowerShell: getGateway + "Set-AzApplicationGatewayBackendAddressPool -ApplicationGateway $gw -Name {pool} -BackendIPAddresses " +
			ps + setGateway,
		Portal:   "Backend pools > {pool}",
		Causeway: document + " in the document" + applyDocument,
	}
}

// root lets {settings} trust one more root.
func root(change string) Fix {
	return Fix{
		Side: "gateway", Change: change + " (--root-certs takes all names that are to be trusted, also those of before)",
		AzCLI: "az network application-gateway root-cert create" + ofGateway + "-n ROOT --cert-file root.cer && " +
			"az network application-gateway http-settings update" + ofGateway + "-n {settings} --root-certs ROOT",
		PowerShell: getGateway +
			"Add-AzApplicationGatewayTrustedRootCertificate -ApplicationGateway $gw -Name ROOT -CertificateFile root.cer; " +
			"$root = Get-AzApplicationGatewayTrustedRootCertificate -ApplicationGateway $gw -Name ROOT; " +
			"Set-AzApplicationGatewayBackendHttpSetting -ApplicationGateway $gw -Name {settings} -TrustedRootCertificate $root …" +
			setGateway,
		Portal:   "Backend settings > {settings} > Upload Root CA certificate",
		Causeway: "add it to trustedRootCertificates in the document, and its id to those of {settings}" + applyDocument,
	}
}

// draining lets requests on a member that leaves the pool run on.
func draining(change string) Fix {
	return Fix{
		Side: "gateway", Change: change,
		AzCLI: "az network application-gateway http-settings update" + ofGateway + "-n {settings} --connection-draining-timeout 120",
		PowerShell: getGateway + "Set-AzApplicationGatewayConnectionDraining -BackendHttpSettings " +
			"(Get-AzApplicationGatewayBackendHttpSetting -ApplicationGateway $gw -Name {settings}) -Enabled $true -DrainTimeoutInSec 120" +
			setGateway,
		Portal: "Backend settings > {settings} > Connection draining",
	}
}

// instances is a change of the range within which a v2 gateway scales: from {least} to {most} instances.
func instances(change string) Fix {
	return Fix{
		Side: "gateway", Change: change,
		AzCLI: "az network application-gateway update -g {group} -n {gateway} --min-capacity {least} --max-capacity {most}",
		PowerShell: getGateway +
			"Set-AzApplicationGatewayAutoscaleConfiguration -ApplicationGateway $gw -MinCapacity {least} -MaxCapacity {most}" + setGateway,
		Portal:   "Configuration > Capacity type, instance counts",
		Causeway: "set minCapacity {least} and maxCapacity {most} of autoscaleConfiguration in the document" + applyDocument,
		Set: []Setting{
			{Document, "autoscaleConfiguration/minCapacity", "{least}"},
			{Document, "autoscaleConfiguration/maxCapacity", "{most}"},
		},
	}
}

// infrastructure lets Azure's own management reach the gateway.
func infrastructure() Fix {
	return Fix{
		Side:   "gateway",
		Change: "allow inbound 65200-65535 (v1: 65503-65534) from GatewayManager and all of AzureLoadBalancer on the gateway's subnet, and its way out to the Internet",
		AzCLI: "az network nsg rule create -g {group} --nsg-name NSG -n AllowGatewayManager --priority 100 --direction Inbound --access Allow --protocol Tcp " +
			"--source-address-prefixes GatewayManager --destination-port-ranges 65200-65535",
		PowerShell: "$nsg = Get-AzNetworkSecurityGroup -Name NSG -ResourceGroupName {group}; Add-AzNetworkSecurityRuleConfig -NetworkSecurityGroup $nsg -Name AllowGatewayManager " +
			"-Priority 100 -Direction Inbound -Access Allow -Protocol Tcp -SourceAddressPrefix GatewayManager -SourcePortRange * -DestinationAddressPrefix * " +
			"-DestinationPortRange 65200-65535; Set-AzNetworkSecurityGroup -NetworkSecurityGroup $nsg",
		Portal: "Network security groups > the subnet's > Inbound security rules",
	}
}

// routes is a look at the routes that packets to and from the members take, and a change of one.
func routes(change string) Fix {
	return Fix{
		Side: "gateway", Change: change,
		AzCLI:      "az network nic show-effective-route-table -g {group} -n NIC && az network route-table route update -g {group} --route-table-name TABLE -n ROUTE --next-hop-type VnetLocal",
		PowerShell: "Get-AzEffectiveRouteTable -ResourceGroupName {group} -NetworkInterfaceName NIC; $table = Get-AzRouteTable -ResourceGroupName {group} -Name TABLE; Set-AzRouteConfig -RouteTable $table -Name ROUTE -AddressPrefix PREFIX -NextHopType VnetLocal; Set-AzRouteTable -RouteTable $table",
		Portal:     "Route tables > the subnet's > Routes",
	}
}
