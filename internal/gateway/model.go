package gateway

import "encoding/json"

// resourceModel is the whole of Microsoft.Network/applicationGateways. It is built once and never changed.
var resourceModel = gatewayModel()

func gatewayModel() *shape {
	s := record(
		field{"name", text()},
		field{"id", text()},
		field{"type", text()},
		field{"location", text()},
		field{"tags", anything()},
		field{"zones", list(text())},
		field{"identity", anything()},
		field{"etag", bookkeeping()},
		field{"resourceGroup", bookkeeping()},
		field{"properties", gatewayProperties().fill()},
	)
	return s
}

func gatewayProperties() *shape {
	return record(
		field{"sku", skuModel().need()},
		field{"autoscaleConfiguration", record(
			field{"minCapacity", number(0, 125).need()},
			field{"maxCapacity", number(2, 125).or(integer(20))},
		).on(onlyV2)},
		field{"gatewayIPConfigurations", list(child("GatewayIPConfiguration", field{"subnet", outside()}))},
		field{"frontendIPConfigurations", list(frontendIPModel())},
		field{"frontendPorts", list(child("FrontendPort", field{"port", number(1, 65502).need()}))},
		field{"sslPolicy", sslPolicyModel()},
		field{"defaultPredefinedSslPolicy", text()},
		field{"sslCertificates", list(sslCertificateModel())},
		field{"authenticationCertificates", list(child("AuthenticationCertificate", field{"data", text().as(dataForm)})).on(onlyV1)},
		field{"trustedRootCertificates", list(child("TrustedRootCertificate",
			field{"data", text().as(dataForm)}, field{"keyVaultSecretId", text()})).on(onlyV2)},
		field{"trustedClientCertificates", list(child("TrustedClientCertificate",
			field{"data", text().as(dataForm)}, field{"validatedCertData", text().as(dataForm)}, field{"clientCertIssuerDN", text()})).on(notBasic)},
		field{"sslProfiles", list(sslProfileModel()).on(onlyV2)},
		field{"probes", list(probeModel())},
		field{"backendAddressPools", list(poolModel())},
		field{"backendHttpSettingsCollection", list(settingsModel())},
		field{"backendSettingsCollection", list(l4SettingsModel()).on(notBasic)},
		field{"httpListeners", list(listenerModel())},
		field{"listeners", list(l4ListenerModel()).on(notBasic)},
		field{"urlPathMaps", list(pathMapModel())},
		field{"requestRoutingRules", list(ruleModel())},
		field{"routingRules", list(l4RuleModel()).on(notBasic)},
		field{"rewriteRuleSets", list(rewriteSetModel()).on(onlyV2)},
		field{"redirectConfigurations", list(redirectModel())},
		field{"customErrorConfigurations", list(customErrorModel())},
		field{"loadDistributionPolicies", list(distributionModel())},
		field{"entraJWTValidationConfigs", list(jwtModel()).on(notBasic)},
		field{"webApplicationFirewallConfiguration", wafModel()},
		field{"firewallPolicy", outside()},
		field{"forceFirewallPolicyAssociation", toggle()},
		field{"enableHttp2", toggle()},
		field{"enableFips", toggle()},
		field{"globalConfiguration", record(
			field{"enableRequestBuffering", toggleOn()},
			field{"enableResponseBuffering", toggleOn()},
		).on(onlyV2)},
		field{"privateLinkConfigurations", list(privateLinkModel()).on(notBasic)},
		field{"privateEndpointConnections", anything()},
		field{"resourceGuid", bookkeeping()},
		field{"provisioningState", bookkeeping()},
		field{"operationalState", bookkeeping()},
	).also("backendHttpSettingsList", "backendHttpSettingsCollection")
}

func skuModel() *shape {
	return record(
		field{"name", oneOf("Standard_Small", "Standard_Medium", "Standard_Large", "WAF_Medium", "WAF_Large",
			"Standard_v2", "WAF_v2", "Basic").unknown("Standard_v2")},
		field{"tier", oneOf("Standard", "WAF", "Standard_v2", "WAF_v2", "Basic").unknown("Standard_v2")},
		field{"capacity", number(0, 125)},
		field{"family", oneOf("Generation_1", "Generation_2")},
	)
}

func frontendIPModel() *shape {
	return child("FrontendIPConfiguration",
		field{"privateIPAddress", text().as(addressForm)},
		field{"privateIPAllocationMethod", oneOf("Static", "Dynamic")},
		field{"subnet", outside()},
		field{"publicIPAddress", outside()},
		field{"privateLinkConfiguration", ref("privateLinkConfigurations")},
		field{"httpListeners", bookkeeping()},
	)
}

func sslCertificateModel() *shape {
	return child("SslCertificate",
		field{"data", text().hidden()},
		field{"password", text().hidden()},
		field{"keyVaultSecretId", text()},
		field{"publicCertData", text()},
		field{"httpListeners", bookkeeping()},
	)
}

func sslPolicyModel() *shape {
	return record(
		field{"policyType", oneOf("Predefined", "Custom", "CustomV2")},
		field{"policyName", oneOf(policy2015, policy2017, policy2017S, policy2022, policy2022S).unknown(policy2022S)},
		field{"minProtocolVersion", oneOf("TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3").unknown("TLSv1_3")},
		field{"cipherSuites", list(oneOf(cipherSuites()...))},
		field{"disabledSslProtocols", list(oneOf("TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3"))},
	)
}

func sslProfileModel() *shape {
	return child("SslProfile",
		field{"trustedClientCertificates", list(ref("trustedClientCertificates")).on(notBasic)},
		field{"sslPolicy", sslPolicyModel()},
		field{"clientAuthConfiguration", record(
			field{"verifyClientCertIssuerDN", toggle()},
			field{"verifyClientRevocation", oneOf("None", "OCSP").or("None")},
			field{"verifyClientAuthMode", oneOf("Strict", "Passthrough").or("Strict")},
		).on(notBasic)},
		field{"httpListeners", bookkeeping()},
	)
}

func probeModel() *shape {
	return child("Probe",
		field{"protocol", oneOf("Http", "Https", "Tcp", "Tls").need()},
		field{"host", text().as(hostForm)},
		field{"path", text().or("/").as(pathForm)},
		field{"port", number(1, 65535).on(onlyV2)},
		field{"interval", number(1, 86400).or(integer(30))},
		field{"timeout", number(1, 86400).or(integer(30))},
		field{"unhealthyThreshold", number(1, 20).or(integer(3))},
		field{"pickHostNameFromBackendHttpSettings", toggle()},
		field{"pickHostNameFromBackendSettings", toggle()},
		field{"minServers", number(0, 1200).or(integer(0))},
		field{"match", record(
			field{"body", text()},
			field{"statusCodes", list(text().as(statusForm)).or([]any{"200-399"})},
		).fill()},
		field{"enableProbeProxyProtocolHeader", toggle()},
		field{"backendHttpSettings", bookkeeping()},
	)
}

func poolModel() *shape {
	return child("BackendAddressPool",
		field{"backendAddresses", list(record(field{"fqdn", text().as(hostForm)}, field{"ipAddress", text().as(addressForm)}).as(memberForm))},
		field{"backendIPConfigurations", list(record(field{"id", text()}, field{"resourceGroup", bookkeeping()}))},
		field{"requestRoutingRules", bookkeeping()},
		field{"urlPathMaps", bookkeeping()},
		field{"pathRules", bookkeeping()},
	)
}

func settingsModel() *shape {
	return child("BackendHttpSettings",
		field{"port", number(1, 65535).need()},
		field{"protocol", oneOf("Http", "Https").need()},
		field{"cookieBasedAffinity", oneOf("Enabled", "Disabled").or("Disabled")},
		field{"affinityCookieName", text().or("ApplicationGatewayAffinity").as(tokenForm)},
		field{"requestTimeout", number(1, 86400).or(integer(20))},
		field{"connectionDraining", record(
			field{"enabled", toggle()},
			field{"drainTimeoutInSec", number(1, 3600).or(integer(30))},
		).fill()},
		field{"hostName", text().as(hostForm)},
		field{"pickHostNameFromBackendAddress", toggle()},
		field{"path", text().as(pathForm)},
		field{"probe", ref("probes")},
		field{"probeEnabled", toggle()},
		field{"authenticationCertificates", list(ref("authenticationCertificates")).on(onlyV1)},
		field{"trustedRootCertificates", list(ref("trustedRootCertificates")).on(onlyV2)},
		field{"dedicatedBackendConnection", toggle().on(onlyV2)},
		field{"validateCertChainAndExpiry", toggleOn().on(onlyV2)},
		field{"validateSNI", toggleOn().on(onlyV2)},
		field{"sniName", text().on(onlyV2).as(hostForm)},
		field{"requestRoutingRules", bookkeeping()},
		field{"urlPathMaps", bookkeeping()},
		field{"pathRules", bookkeeping()},
	)
}

func l4SettingsModel() *shape {
	return child("BackendSettings",
		field{"port", number(1, 65535).need()},
		field{"protocol", oneOf("Tcp", "Tls").need()},
		field{"timeout", number(1, 86400).or(integer(20))},
		field{"probe", ref("probes")},
		field{"trustedRootCertificates", list(ref("trustedRootCertificates"))},
		field{"hostName", text().as(hostForm)},
		field{"pickHostNameFromBackendAddress", toggle()},
		field{"enableL4ClientIpPreservation", toggle()},
	)
}

func listenerModel() *shape {
	return child("HttpListener",
		field{"frontendIPConfiguration", ref("frontendIPConfigurations").need()},
		field{"frontendPort", ref("frontendPorts").need()},
		field{"protocol", oneOf("Http", "Https").need()},
		field{"hostName", text().as(hostForm)},
		field{"hostNames", list(text().as(hostForm)).on(onlyV2)},
		field{"sslCertificate", ref("sslCertificates")},
		field{"sslProfile", ref("sslProfiles").on(onlyV2)},
		field{"requireServerNameIndication", toggle()},
		field{"customErrorConfigurations", list(customErrorModel())},
		field{"firewallPolicy", outside().on(notBasic)},
		field{"enableHttp3", toggle().on(notBasic)},
		field{"requestRoutingRules", bookkeeping()},
	)
}

func l4ListenerModel() *shape {
	return child("Listener",
		field{"frontendIPConfiguration", ref("frontendIPConfigurations").need()},
		field{"frontendPort", ref("frontendPorts").need()},
		field{"protocol", oneOf("Tcp", "Tls").need()},
		field{"sslCertificate", ref("sslCertificates")},
		field{"sslProfile", ref("sslProfiles")},
		field{"hostNames", list(text().as(hostForm))},
	)
}

// targetFields are what a rule, a path rule or (with prefix "default") a path map sends a request to.
func targetFields(pool, settings, redirect, rewrite, distribution string) []field {
	return []field{
		{pool, ref("backendAddressPools")},
		{settings, ref("backendHttpSettingsCollection")},
		{redirect, ref("redirectConfigurations")},
		{rewrite, ref("rewriteRuleSets")},
		{distribution, ref("loadDistributionPolicies")},
	}
}

func plainTarget() []field {
	return targetFields("backendAddressPool", "backendHttpSettings", "redirectConfiguration", "rewriteRuleSet",
		"loadDistributionPolicy")
}

func pathMapModel() *shape {
	target := targetFields("defaultBackendAddressPool", "defaultBackendHttpSettings", "defaultRedirectConfiguration",
		"defaultRewriteRuleSet", "defaultLoadDistributionPolicy")
	rule := child("PathRule", append([]field{
		{"paths", list(text().as(pathForm)).need()},
		{"firewallPolicy", outside().on(notBasic)},
	}, plainTarget()...)...)
	return child("UrlPathMap", append(target, field{"pathRules", list(rule)}, field{"requestRoutingRules", bookkeeping()})...)
}

func ruleModel() *shape {
	return child("RequestRoutingRule", append([]field{
		{"ruleType", oneOf("Basic", "PathBasedRouting")},
		{"priority", number(1, 20000)},
		{"httpListener", ref("httpListeners").need()},
		{"urlPathMap", ref("urlPathMaps")},
		{"entraJWTValidationConfig", ref("entraJWTValidationConfigs").on(notBasic)},
	}, plainTarget()...)...)
}

func l4RuleModel() *shape {
	return child("RoutingRule",
		field{"ruleType", oneOf("Basic").or("Basic")},
		field{"priority", number(1, 20000).need()},
		field{"listener", ref("listeners").need()},
		field{"backendAddressPool", ref("backendAddressPools").need()},
		field{"backendSettings", ref("backendSettingsCollection").need()},
	)
}

func rewriteSetModel() *shape {
	header := func() *shape {
		return list(record(
			field{"headerName", text().need().as(tokenForm)},
			field{"headerValue", text()},
			field{"headerValueMatcher", record(
				field{"pattern", text().need()}, field{"ignoreCase", toggle()}, field{"negate", toggle()})},
		))
	}
	return child("RewriteRuleSet", field{"rewriteRules", list(record(
		field{"name", text()},
		field{"ruleSequence", number(0, 1000000)},
		field{"conditions", list(record(
			field{"variable", text().need().as(variableForm)},
			field{"pattern", text().need()},
			field{"ignoreCase", toggle()},
			field{"negate", toggle()},
		))},
		field{"actionSet", record(
			field{"requestHeaderConfigurations", header()},
			field{"responseHeaderConfigurations", header()},
			field{"urlConfiguration", record(
				field{"modifiedPath", text()},
				field{"modifiedQueryString", text()},
				field{"reroute", toggle()},
			).on(notBasic)},
		)},
	))})
}

func redirectModel() *shape {
	return child("RedirectConfiguration",
		field{"redirectType", oneOf("Permanent", "Found", "SeeOther", "Temporary").need()},
		field{"targetListener", ref("httpListeners")},
		field{"targetUrl", text().as(urlForm)},
		field{"includePath", toggle()},
		field{"includeQueryString", toggle()},
		field{"requestRoutingRules", bookkeeping()},
		field{"urlPathMaps", bookkeeping()},
		field{"pathRules", bookkeeping()},
	)
}

func customErrorModel() *shape {
	return record(
		field{"statusCode", oneOf("HttpStatus400", "HttpStatus403", "HttpStatus404", "HttpStatus405", "HttpStatus408",
			"HttpStatus500", "HttpStatus502", "HttpStatus503", "HttpStatus504").need()},
		field{"customErrorPageUrl", text().need().as(pageForm)},
	)
}

func distributionModel() *shape {
	return child("LoadDistributionPolicy",
		field{"loadDistributionAlgorithm", oneOf("RoundRobin", "LeastConnections", "IpHash")},
		field{"loadDistributionTargets", list(child("LoadDistributionTarget",
			field{"weightPerServer", number(1, 100)},
			field{"backendAddressPool", ref("backendAddressPools").need()},
		))},
	)
}

func jwtModel() *shape {
	return child("EntraJWTValidationConfig",
		field{"unAuthorizedRequestAction", oneOf("Deny", "Allow").or("Deny")},
		field{"tenantId", text().need()},
		field{"clientId", text().need()},
		field{"audiences", list(text())},
	)
}

func wafModel() *shape {
	return record(
		field{"enabled", toggle().unknown(true)},
		field{"firewallMode", oneOf("Detection", "Prevention").need().unknown("Prevention")},
		field{"ruleSetType", oneOf("OWASP").or("OWASP")},
		field{"ruleSetVersion", text()},
		field{"disabledRuleGroups", list(record(
			field{"ruleGroupName", text().need()}, field{"rules", list(number(0, 1<<31-1))}))},
		field{"requestBodyCheck", toggleOn()},
		field{"maxRequestBodySize", number(8, 128)},
		field{"maxRequestBodySizeInKb", number(8, 128)},
		field{"fileUploadLimitInMb", number(0, 4096)},
		field{"exclusions", list(record(
			field{"matchVariable", text().need()},
			field{"selectorMatchOperator", text().need()},
			field{"selector", text().need()},
		))},
	)
}

func privateLinkModel() *shape {
	return child("PrivateLinkConfiguration", field{"ipConfigurations", list(child("PrivateLinkIpConfiguration",
		field{"privateIPAddress", text().as(addressForm)},
		field{"privateIPAllocationMethod", oneOf("Static", "Dynamic")},
		field{"subnet", outside()},
		field{"primary", toggle()},
	))})
}

func integer(n int) json.Number {
	b, _ := json.Marshal(n)
	return json.Number(b)
}
