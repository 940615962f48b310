package schema

// FirewallPolicy is the shape of a whole Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies, as the API of 2025-03-01
// has it. It is built once and never changed.
var FirewallPolicy = firewallPolicyModel()

const anyNumber = 1<<31 - 1

func firewallPolicyModel() *Shape {
	s := record(
		Field{"name", text()},
		Field{"id", text()},
		Field{"type", text()},
		Field{"location", text()},
		Field{"tags", Anything()},
		Field{"etag", bookkeeping()},
		Field{"resourceGroup", bookkeeping()},
		Field{"properties", record(
			Field{"policySettings", policySettingsModel()},
			Field{"customRules", list(customRuleModel())},
			Field{"managedRules", managedRulesModel().need()},
			Field{"applicationGateways", bookkeeping()},
			Field{"applicationGatewayForContainers", bookkeeping()},
			Field{"httpListeners", bookkeeping()},
			Field{"pathBasedRules", bookkeeping()},
			Field{"resourceState", bookkeeping()},
			Field{"provisioningState", bookkeeping()},
		).fill()},
	)
	s.Noun = "FirewallPolicy"
	return s
}

func enabledOrNot() *Shape { return oneOf("Enabled", "Disabled") }

func policySettingsModel() *Shape {
	return record(
		Field{"state", enabledOrNot()},
		Field{"mode", oneOf("Prevention", "Detection")},
		Field{"requestBodyCheck", toggle()},
		Field{"requestBodyEnforcement", toggle()},
		Field{"requestBodyInspectLimitInKB", number(0, anyNumber)},
		Field{"maxRequestBodySizeInKb", number(8, anyNumber)},
		Field{"fileUploadEnforcement", toggle()},
		Field{"fileUploadLimitInMb", number(0, anyNumber)},
		Field{"customBlockResponseStatusCode", number(0, 999)},
		Field{"customBlockResponseBody", text()},
		Field{"jsChallengeCookieExpirationInMins", number(5, 1440)},
		Field{"logScrubbing", record(
			Field{"state", enabledOrNot()},
			Field{"scrubbingRules", list(record(
				Field{"matchVariable", text().need()},
				Field{"selectorMatchOperator", oneOf("Equals", "EqualsAny").need()},
				Field{"selector", text()},
				Field{"state", enabledOrNot()},
			))},
		)},
	)
}

func customRuleModel() *Shape {
	s := record(
		Field{"name", text()},
		Field{"priority", number(1, 100).need()},
		Field{"state", enabledOrNot()},
		Field{"ruleType", oneOf("MatchRule", "RateLimitRule", "Invalid").need()},
		Field{"rateLimitDuration", oneOf("OneMin", "FiveMins")},
		Field{"rateLimitThreshold", number(1, anyNumber)},
		Field{"groupByUserSession", list(record(Field{"groupByVariables", list(record(
			Field{"variableName", oneOf("None", "ClientAddr", "GeoLocation", "ClientAddrXFFHeader", "GeoLocationXFFHeader").need()},
		)).need()}))},
		Field{"matchConditions", list(matchConditionModel()).need()},
		Field{"action", oneOf("Block", "Allow", "Log", "JSChallenge").need()},
		Field{"etag", bookkeeping()},
	)
	s.Noun = "FirewallCustomRule"
	return s
}

func matchConditionModel() *Shape {
	return record(
		Field{"matchVariables", list(record(
			Field{"variableName", oneOf("RemoteAddr", "RequestMethod", "QueryString", "PostArgs", "RequestUri", "RequestHeaders",
				"RequestBody", "RequestCookies").need()},
			Field{"selector", text()},
		)).need()},
		Field{"operator", oneOf("Any", "IPMatch", "GeoMatch", "Equal", "Contains", "LessThan", "GreaterThan", "LessThanOrEqual",
			"GreaterThanOrEqual", "BeginsWith", "EndsWith", "Regex").need()},
		Field{"negationConditon", toggle()}, // Azure's spelling
		Field{"matchValues", list(text())},
		Field{"transforms", list(oneOf("Lowercase", "Uppercase", "Trim", "UrlDecode", "UrlEncode", "RemoveNulls", "HtmlEntityDecode"))},
	)
}

func managedRulesModel() *Shape {
	return record(
		Field{"exclusions", list(record(
			Field{"matchVariable", text().need()},
			Field{"selectorMatchOperator", text().need()},
			Field{"selector", text().need()},
			Field{"exclusionManagedRuleSets", list(excludedRuleSetModel())},
		))},
		Field{"exceptions", list(record(
			Field{"matchVariable", text().need()},
			Field{"values", list(text())},
			Field{"valueMatchOperator", text().need()},
			Field{"selectorMatchOperator", text()},
			Field{"selector", text()},
			Field{"exceptionManagedRuleSets", list(excludedRuleSetModel())},
		))},
		Field{"managedRuleSets", list(record(
			Field{"ruleSetType", text().need()},
			Field{"ruleSetVersion", text().need()},
			Field{"ruleGroupOverrides", list(record(
				Field{"ruleGroupName", text().need()},
				Field{"rules", list(record(
					Field{"ruleId", text().need()},
					Field{"state", enabledOrNot()},
					Field{"action", oneOf("AnomalyScoring", "Allow", "Block", "Log", "JSChallenge")},
					Field{"sensitivity", oneOf("Low", "Medium", "High")},
				))},
			))},
			Field{"computedDisabledRules", bookkeeping()},
		))},
	)
}

func excludedRuleSetModel() *Shape {
	return record(
		Field{"ruleSetType", text().need()},
		Field{"ruleSetVersion", text().need()},
		Field{"ruleGroups", list(record(
			Field{"ruleGroupName", text().need()},
			Field{"rules", list(record(Field{"ruleId", text().need()}))},
		))},
	)
}
