package schema

import "encoding/json"

// Gateway is the shape of a whole Microsoft.Network/applicationGateways. It is built once and never changed.
var Gateway = gatewayModel()

func gatewayModel() *Shape {
	s := record(
		Field{"name", text()},
		Field{"id", text()},
		Field{"type", text()},
		Field{"location", text()},
		Field{"tags", Anything()},
		Field{"zones", list(text())},
		Field{"identity", Anything()},
		Field{"etag", bookkeeping()},
		Field{"resourceGroup", bookkeeping()},
		Field{"properties", gatewayProperties().fill()},
	)
	return s
}

func gatewayProperties() *Shape {
	return record(
		Field{"sku", skuModel().need()},
		Field{"autoscaleConfiguration", record(
			Field{"minCapacity", number(0, 125).need()},
			Field{"maxCapacity", number(2, 125).or(integer(20))},
		).on(OnlyV2)},
		Field{"gatewayIPConfigurations", list(child("GatewayIPConfiguration", Field{"subnet", outside()}))},
		Field{"frontendIPConfigurations", list(frontendIPModel())},
		Field{"frontendPorts", list(child("FrontendPort", Field{"port", number(1, 65502).need()}))},
		Field{"sslPolicy", sslPolicyModel()},
		Field{"defaultPredefinedSslPolicy", text()},
		Field{"sslCertificates", list(sslCertificateModel())},
		Field{"authenticationCertificates", list(child("AuthenticationCertificate", Field{"data", text().as(DataForm)})).on(OnlyV1)},
		Field{"trustedRootCertificates", list(child("TrustedRootCertificate",
			Field{"data", text().as(DataForm)}, Field{"keyVaultSecretId", text()})).on(OnlyV2)},
		Field{"trustedClientCertificates", list(child("TrustedClientCertificate",
			Field{"data", text().as(DataForm)}, Field{"validatedCertData", text().as(DataForm)},
			Field{"clientCertIssuerDN", text()})).on(NotBasic)},
		Field{"sslProfiles", list(sslProfileModel()).on(OnlyV2)},
		Field{"probes", list(probeModel())},
		Field{"backendAddressPools", list(poolModel())},
		Field{"backendHttpSettingsCollection", list(settingsModel())},
		Field{"backendSettingsCollection", list(l4SettingsModel()).on(NotBasic)},
		Field{"httpListeners", list(listenerModel())},
		Field{"listeners", list(l4ListenerModel()).on(NotBasic)},
		Field{"urlPathMaps", list(pathMapModel())},
		Field{"requestRoutingRules", list(Rule())},
		Field{"routingRules", list(l4RuleModel()).on(NotBasic)},
		Field{"rewriteRuleSets", list(rewriteSetModel()).on(OnlyV2)},
		Field{"redirectConfigurations", list(redirectModel())},
		Field{"customErrorConfigurations", list(customErrorModel())},
		Field{"loadDistributionPolicies", list(distributionModel())},
		Field{"entraJWTValidationConfigs", list(jwtModel()).on(NotBasic)},
		Field{"webApplicationFirewallConfiguration", wafModel()},
		Field{"firewallPolicy", outside()},
		Field{"forceFirewallPolicyAssociation", toggle()},
		Field{"enableHttp2", toggle()},
		Field{"enableFips", toggle()},
		Field{"globalConfiguration", record(
			Field{"enableRequestBuffering", toggleOn()},
			Field{"enableResponseBuffering", toggleOn()},
		).on(OnlyV2)},
		Field{"privateLinkConfigurations", list(privateLinkModel()).on(NotBasic)},
		Field{"privateEndpointConnections", Anything()},
		Field{"resourceGuid", bookkeeping()},
		Field{"provisioningState", bookkeeping()},
		Field{"operationalState", bookkeeping()},
	).also("backendHttpSettingsList", "backendHttpSettingsCollection")
}

func skuModel() *Shape {
	return record(
		Field{"name", oneOf("Standard_Small", "Standard_Medium", "Standard_Large", "WAF_Medium", "WAF_Large",
			"Standard_v2", "WAF_v2", "Basic").unknown("Standard_v2")},
		Field{"tier", oneOf("Standard", "WAF", "Standard_v2", "WAF_v2", "Basic").unknown("Standard_v2")},
		Field{"capacity", number(0, 125)},
		Field{"family", oneOf("Generation_1", "Generation_2")},
	)
}

func frontendIPModel() *Shape {
	return child("FrontendIPConfiguration",
		Field{"privateIPAddress", text().as(AddressForm)},
		Field{"privateIPAllocationMethod", oneOf("Static", "Dynamic")},
		Field{"subnet", outside()},
		Field{"publicIPAddress", outside()},
		Field{"privateLinkConfiguration", ref("privateLinkConfigurations")},
		Field{"httpListeners", bookkeeping()},
	)
}

func sslCertificateModel() *Shape {
	return child("SslCertificate",
		Field{"data", text().hidden()},
		Field{"password", text().hidden()},
		Field{"keyVaultSecretId", text()},
		Field{"publicCertData", text()},
		Field{"httpListeners", bookkeeping()},
	)
}

func sslPolicyModel() *Shape {
	return record(
		Field{"policyType", oneOf("Predefined", "Custom", "CustomV2")},
		Field{"policyName", oneOf(Policy2015, Policy2017, Policy2017S, Policy2022, Policy2022S).unknown(Policy2022S)},
		Field{"minProtocolVersion", oneOf("TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3").unknown("TLSv1_3")},
		Field{"cipherSuites", list(oneOf(CipherSuites()...))},
		Field{"disabledSslProtocols", list(oneOf("TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3"))},
	)
}

func sslProfileModel() *Shape {
	return child("SslProfile",
		Field{"trustedClientCertificates", list(ref("trustedClientCertificates")).on(NotBasic)},
		Field{"sslPolicy", sslPolicyModel()},
		Field{"clientAuthConfiguration", record(
			Field{"verifyClientCertIssuerDN", toggle()},
			Field{"verifyClientRevocation", oneOf("None", "OCSP").or("None")},
			Field{"verifyClientAuthMode", oneOf("Strict", "Passthrough").or("Strict")},
		).on(NotBasic)},
		Field{"httpListeners", bookkeeping()},
	)
}

func probeModel() *Shape {
	return child("Probe",
		Field{"protocol", oneOf("Http", "Https", "Tcp", "Tls").need()},
		Field{"host", text().as(HostForm)},
		Field{"path", text().or("/").as(PathForm)},
		Field{"port", number(1, 65535).on(OnlyV2)},
		Field{"interval", number(1, 86400).or(integer(30))},
		Field{"timeout", number(1, 86400).or(integer(30))},
		Field{"unhealthyThreshold", number(1, 20).or(integer(3))},
		Field{"pickHostNameFromBackendHttpSettings", toggle()},
		Field{"pickHostNameFromBackendSettings", toggle()},
		Field{"minServers", number(0, 1200).or(integer(0))},
		Field{"match", record(
			Field{"body", text()},
			Field{"statusCodes", list(text().as(StatusForm)).or([]any{"200-399"})},
		).fill()},
		Field{"enableProbeProxyProtocolHeader", toggle()},
		Field{"backendHttpSettings", bookkeeping()},
	)
}

func poolModel() *Shape {
	return child("BackendAddressPool",
		Field{
			"backendAddresses",
			list(record(Field{"fqdn", text().as(HostForm)}, Field{"ipAddress", text().as(AddressForm)}).as(MemberForm)),
		},
		Field{"backendIPConfigurations", list(record(Field{"id", text()}, Field{"resourceGroup", bookkeeping()}))},
		Field{"requestRoutingRules", bookkeeping()},
		Field{"urlPathMaps", bookkeeping()},
		Field{"pathRules", bookkeeping()},
	)
}

func settingsModel() *Shape {
	return child("BackendHttpSettings",
		Field{"port", number(1, 65535).need()},
		Field{"protocol", oneOf("Http", "Https").need()},
		Field{"cookieBasedAffinity", oneOf("Enabled", "Disabled").or("Disabled")},
		Field{"affinityCookieName", text().or("ApplicationGatewayAffinity").as(TokenForm)},
		Field{"requestTimeout", number(1, 86400).or(integer(20))},
		Field{"connectionDraining", record(
			Field{"enabled", toggle()},
			Field{"drainTimeoutInSec", number(1, 3600).or(integer(30))},
		).fill()},
		Field{"hostName", text().as(HostForm)},
		Field{"pickHostNameFromBackendAddress", toggle()},
		Field{"path", text().as(PathForm)},
		Field{"probe", ref("probes")},
		Field{"probeEnabled", toggle()},
		Field{"authenticationCertificates", list(ref("authenticationCertificates")).on(OnlyV1)},
		Field{"trustedRootCertificates", list(ref("trustedRootCertificates")).on(OnlyV2)},
		Field{"dedicatedBackendConnection", toggle().on(OnlyV2)},
		Field{"validateCertChainAndExpiry", toggleOn().on(OnlyV2)},
		Field{"validateSNI", toggleOn().on(OnlyV2)},
		Field{"sniName", text().on(OnlyV2).as(HostForm)},
		Field{"requestRoutingRules", bookkeeping()},
		Field{"urlPathMaps", bookkeeping()},
		Field{"pathRules", bookkeeping()},
	)
}

func l4SettingsModel() *Shape {
	return child("BackendSettings",
		Field{"port", number(1, 65535).need()},
		Field{"protocol", oneOf("Tcp", "Tls").need()},
		Field{"timeout", number(1, 86400).or(integer(20))},
		Field{"probe", ref("probes")},
		Field{"trustedRootCertificates", list(ref("trustedRootCertificates"))},
		Field{"hostName", text().as(HostForm)},
		Field{"pickHostNameFromBackendAddress", toggle()},
		Field{"enableL4ClientIpPreservation", toggle()},
	)
}

func listenerModel() *Shape {
	return child("HttpListener",
		Field{"frontendIPConfiguration", ref("frontendIPConfigurations").need()},
		Field{"frontendPort", ref("frontendPorts").need()},
		Field{"protocol", oneOf("Http", "Https").need()},
		Field{"hostName", text().as(HostForm)},
		Field{"hostNames", list(text().as(HostForm)).on(OnlyV2)},
		Field{"sslCertificate", ref("sslCertificates")},
		Field{"sslProfile", ref("sslProfiles").on(OnlyV2)},
		Field{"requireServerNameIndication", toggle()},
		Field{"customErrorConfigurations", list(customErrorModel())},
		Field{"firewallPolicy", outside().on(NotBasic)},
		Field{"enableHttp3", toggle().on(NotBasic)},
		Field{"requestRoutingRules", bookkeeping()},
	)
}

func l4ListenerModel() *Shape {
	return child("Listener",
		Field{"frontendIPConfiguration", ref("frontendIPConfigurations").need()},
		Field{"frontendPort", ref("frontendPorts").need()},
		Field{"protocol", oneOf("Tcp", "Tls").need()},
		Field{"sslCertificate", ref("sslCertificates")},
		Field{"sslProfile", ref("sslProfiles")},
		Field{"hostNames", list(text().as(HostForm))},
	)
}

// targetFields are what a rule, a path rule or (with prefix "default") a path map sends a request to.
func targetFields(pool, settings, redirect, rewrite, distribution string) []Field {
	return []Field{
		{pool, ref("backendAddressPools")},
		{settings, ref("backendHttpSettingsCollection")},
		{redirect, ref("redirectConfigurations")},
		{rewrite, ref("rewriteRuleSets")},
		{distribution, ref("loadDistributionPolicies")},
	}
}

func plainTarget() []Field {
	return targetFields("backendAddressPool", "backendHttpSettings", "redirectConfiguration", "rewriteRuleSet",
		"loadDistributionPolicy")
}

func pathMapModel() *Shape {
	target := targetFields("defaultBackendAddressPool", "defaultBackendHttpSettings", "defaultRedirectConfiguration",
		"defaultRewriteRuleSet", "defaultLoadDistributionPolicy")
	rule := child("PathRule", append([]Field{
		{"paths", list(text().as(PathForm)).need()},
		{"firewallPolicy", outside().on(NotBasic)},
	}, plainTarget()...)...)
	return child("UrlPathMap", append(target, Field{"pathRules", list(rule)}, Field{"requestRoutingRules", bookkeeping()})...)
}

// Rule is the shape of a request routing rule.
func Rule() *Shape {
	return child("RequestRoutingRule", append([]Field{
		{"ruleType", oneOf("Basic", "PathBasedRouting")},
		{"priority", number(1, 20000)},
		{"httpListener", ref("httpListeners").need()},
		{"urlPathMap", ref("urlPathMaps")},
		{"entraJWTValidationConfig", ref("entraJWTValidationConfigs").on(NotBasic)},
	}, plainTarget()...)...)
}

func l4RuleModel() *Shape {
	return child("RoutingRule",
		Field{"ruleType", oneOf("Basic").or("Basic")},
		Field{"priority", number(1, 20000).need()},
		Field{"listener", ref("listeners").need()},
		Field{"backendAddressPool", ref("backendAddressPools").need()},
		Field{"backendSettings", ref("backendSettingsCollection").need()},
	)
}

func rewriteSetModel() *Shape {
	header := func() *Shape {
		return list(record(
			Field{"headerName", text().need().as(TokenForm)},
			Field{"headerValue", text()},
			Field{"headerValueMatcher", record(
				Field{"pattern", text().need()}, Field{"ignoreCase", toggle()}, Field{"negate", toggle()})},
		))
	}
	return child("RewriteRuleSet", Field{"rewriteRules", list(record(
		Field{"name", text()},
		Field{"ruleSequence", number(0, 1000000)},
		Field{"conditions", list(record(
			Field{"variable", text().need().as(VariableForm)},
			Field{"pattern", text().need()},
			Field{"ignoreCase", toggle()},
			Field{"negate", toggle()},
		))},
		Field{"actionSet", record(
			Field{"requestHeaderConfigurations", header()},
			Field{"responseHeaderConfigurations", header()},
			Field{"urlConfiguration", record(
				Field{"modifiedPath", text()},
				Field{"modifiedQueryString", text()},
				Field{"reroute", toggle()},
			).on(NotBasic)},
		)},
	))})
}

func redirectModel() *Shape {
	return child("RedirectConfiguration",
		Field{"redirectType", oneOf("Permanent", "Found", "SeeOther", "Temporary").need()},
		Field{"targetListener", ref("httpListeners")},
		Field{"targetUrl", text().as(URLForm)},
		Field{"includePath", toggle()},
		Field{"includeQueryString", toggle()},
		Field{"requestRoutingRules", bookkeeping()},
		Field{"urlPathMaps", bookkeeping()},
		Field{"pathRules", bookkeeping()},
	)
}

func customErrorModel() *Shape {
	return record(
		Field{"statusCode", oneOf("HttpStatus400", "HttpStatus403", "HttpStatus404", "HttpStatus405", "HttpStatus408",
			"HttpStatus500", "HttpStatus502", "HttpStatus503", "HttpStatus504").need()},
		Field{"customErrorPageUrl", text().need().as(PageForm)},
	)
}

func distributionModel() *Shape {
	return child("LoadDistributionPolicy",
		Field{"loadDistributionAlgorithm", oneOf("RoundRobin", "LeastConnections", "IpHash")},
		Field{"loadDistributionTargets", list(child("LoadDistributionTarget",
			Field{"weightPerServer", number(1, 100)},
			Field{"backendAddressPool", ref("backendAddressPools").need()},
		))},
	)
}

func jwtModel() *Shape {
	return child("EntraJWTValidationConfig",
		Field{"unAuthorizedRequestAction", oneOf("Deny", "Allow").or("Deny")},
		Field{"tenantId", text().need()},
		Field{"clientId", text().need()},
		Field{"audiences", list(text())},
	)
}

func wafModel() *Shape {
	return record(
		Field{"enabled", toggle().unknown(true)},
		Field{"firewallMode", oneOf("Detection", "Prevention").need().unknown("Prevention")},
		Field{"ruleSetType", oneOf("OWASP").or("OWASP")},
		Field{"ruleSetVersion", text()},
		Field{"disabledRuleGroups", list(record(
			Field{"ruleGroupName", text().need()}, Field{"rules", list(number(0, 1<<31-1))}))},
		Field{"requestBodyCheck", toggleOn()},
		Field{"maxRequestBodySize", number(8, 128)},
		Field{"maxRequestBodySizeInKb", number(8, 128)},
		Field{"fileUploadLimitInMb", number(0, 4096)},
		Field{"exclusions", list(record(
			Field{"matchVariable", text().need()},
			Field{"selectorMatchOperator", text().need()},
			Field{"selector", text().need()},
		))},
	)
}

func privateLinkModel() *Shape {
	return child("PrivateLinkConfiguration", Field{"ipConfigurations", list(child("PrivateLinkIpConfiguration",
		Field{"privateIPAddress", text().as(AddressForm)},
		Field{"privateIPAllocationMethod", oneOf("Static", "Dynamic")},
		Field{"subnet", outside()},
		Field{"primary", toggle()},
	))})
}

func integer(n int) json.Number {
	b, _ := json.Marshal(n)
	return json.Number(b)
}
