package migrate

import (
	"fmt"
	"strings"
)

func (m *migration) listenerCertificates() {
	m.each("sslCertificates", func(path, name string, _, p map[string]any) {
		if p["data"] != nil {
			return
		}
		m.add(Must, path+".data", fmt.Sprintf("the certificate %q is here without its private key", name), "Azure never gives keys out again",
			fmt.Sprintf("give the PFX and its password here, or a keyVaultSecretId; for Causeway name the files in causeway.yaml, under certificates: %s:", name))
	})
}

func (m *migration) tlsPolicy() {
	const path = "properties.sslPolicy"
	policy, _ := m.props["sslPolicy"].(map[string]any)
	if policy == nil {
		m.add(Check, path, "the gateway has no TLS policy of its own, so that it gets the default of v2", "defaults differ by generation and age; TLS 1.2 is the least on v2",
			"set sslPolicy, for example to the predefined AppGwSslPolicy20220101, and see that old clients come through")
		return
	}
	var gone []string
	suites, _ := policy["cipherSuites"].([]any)
	for _, s := range suites {
		if name, _ := s.(string); strings.HasPrefix(name, "TLS_DHE_") {
			gone = append(gone, name)
		}
	}
	if len(gone) > 0 {
		m.add(Check, path+".cipherSuites", "v2 has no cipher suites with DHE: "+strings.Join(gone, ", "), "they were dropped", "remove them, and see that an ECDHE suite is left")
	}
	if policy["disabledSslProtocols"] != nil {
		m.add(Check, path+".disabledSslProtocols", "the policy has the old form, a list of what is switched off", "v2 speaks TLS 1.2 and later, whatever the list says", "set a predefined policy in its place")
	}
	m.add(Info, path, "the policy is for clients alone", "on v1 its cipher suites hold for connections to backends too", "nothing")
}

// backendTrust replaces the certificates that v1 trusts one by one. They are leaves, mostly, and v2 trusts roots: so v2 is
// told not to check, which is all that keeps requests alive, and the checklist asks the owner to fix that.
func (m *migration) backendTrust() {
	m.each("backendHttpSettingsCollection", func(path, name string, _, p map[string]any) {
		listed := p["authenticationCertificates"] != nil
		delete(p, "authenticationCertificates")
		if p["protocol"] != "Https" {
			return
		}
		if !listed {
			m.add(Check, path+".protocol", fmt.Sprintf("the backends of the settings %q must now show a certificate of a known authority, for the right name", name),
				"v1 trusted those of Azure's own services without a list; v2 checks chain, dates and name. "+namesOfV2,
				"see that the certificate covers that name; set sniName or hostName where it does not, or add the root under trustedRootCertificates")
			return
		}
		p["validateCertChainAndExpiry"], p["validateSNI"] = false, false
		m.add(Check, path+".validateCertChainAndExpiry", fmt.Sprintf("the settings %q no longer check the certificate of their backends", name),
			"v1 trusts the listed certificates themselves, v2 trusts roots; one cannot be made of the other, and with the checks on requests could fail with 502",
			"put the root of the backends under trustedRootCertificates, see that their certificate covers the name that is sent, then set validateCertChainAndExpiry and validateSNI to true. "+namesOfV2)
	})
	if m.props["authenticationCertificates"] != nil {
		delete(m.props, "authenticationCertificates")
		m.add(Info, "properties.authenticationCertificates", "the list of trusted backend certificates is left out", "v2 does not have it",
			"keep it until the roots are in place")
	}
}

const namesOfV2 = "v1 sends and compares the FQDN of the member; v2 sniName, else the settings' hostName, else with pickHostNameFromBackendAddress the FQDN, else the Host of the client"

func (m *migration) fips() {
	if m.props["enableFips"] == true {
		m.add(Must, "properties.enableFips", "FIPS mode is left out", "Azure does not migrate it", "see whether your region offers it on v2, and set it there")
	}
	delete(m.props, "enableFips")
}

// firewall replaces the configuration inside the gateway by a policy beside it, which v2 wants.
func (m *migration) firewall() {
	const path = "properties.firewallPolicy"
	waf, _ := m.props["webApplicationFirewallConfiguration"].(map[string]any)
	delete(m.props, "webApplicationFirewallConfiguration")
	if m.v1.SKU.Tier != "WAF" {
		return
	}
	name := strings.NewReplacer("-", "", "_", "", ".", "").Replace(m.name) + "waf"
	m.props["firewallPolicy"] = object("id", m.sibling("ApplicationGatewayWebApplicationFirewallPolicies", name))
	state := "Enabled"
	if waf["enabled"] != true {
		state = "Disabled"
	}
	mode, _ := waf["firewallMode"].(string)
	if mode == "" {
		mode = "Detection"
	}
	commands := "az network application-gateway waf-policy create -g GROUP -n " + name + " --type Microsoft_DefaultRuleSet --version 2.2; " +
		"az network application-gateway waf-policy policy-setting update -g GROUP --policy-name " + name + " --state " + state + " --mode " + mode + bodyLimits(waf)
	m.add(Must, path, "the configuration of the web application firewall becomes a policy, a resource of its own", "v2 takes its rules from a policy; a document can only refer to one", commands)
	m.add(Check, path, fmt.Sprintf("the rule set %v %v is old", text(waf["ruleSetType"]), text(waf["ruleSetVersion"])), "newer ones find more and err less; Azure advises the default rule set 2.2",
		"run the policy in Detection first, and look at what it would block")
	m.firewallExceptions(path, waf)
	if state == "Disabled" {
		m.add(Info, "properties.sku", "the firewall is switched off", "WAF_v2 costs more than Standard_v2", "choose Standard_v2 if it is to stay off")
	}
}

// firewallExceptions lists what tames the rules of v1 and must be configured again.
func (m *migration) firewallExceptions(path string, waf map[string]any) {
	var lines []string
	groups, _ := waf["disabledRuleGroups"].([]any)
	for _, g := range groups {
		o, _ := g.(map[string]any)
		rules, _ := o["rules"].([]any)
		if len(rules) == 0 {
			rules = []any{"all rules"}
		}
		lines = append(lines, fmt.Sprintf("%v: %s", o["ruleGroupName"], strings.Trim(fmt.Sprint(rules), "[]")))
	}
	exclusions, _ := waf["exclusions"].([]any)
	for _, e := range exclusions {
		o, _ := e.(map[string]any)
		lines = append(lines, fmt.Sprintf("not %v %v %v", o["matchVariable"], o["selectorMatchOperator"], o["selector"]))
	}
	if len(lines) > 0 {
		m.add(Must, path, "rules that are switched off and exclusions must be put into the policy: "+strings.Join(lines, "; "),
			"without them the policy blocks, or reports, what the gateway lets through today; ids of rules differ between rule sets",
			"add them to the policy: managedRules.managedRuleSets[].ruleGroupOverrides, managedRules.exclusions")
	}
}

func bodyLimits(waf map[string]any) string {
	out := ""
	if waf["requestBodyCheck"] != nil {
		out += fmt.Sprintf(" --request-body-check %v", waf["requestBodyCheck"])
	}
	for _, key := range []string{"maxRequestBodySizeInKb", "maxRequestBodySize"} {
		if waf[key] != nil {
			out += fmt.Sprintf(" --max-request-body-size-in-kb %v", waf[key])
			break
		}
	}
	if waf["fileUploadLimitInMb"] != nil {
		out += fmt.Sprintf(" --file-upload-limit-in-mb %v", waf["fileUploadLimitInMb"])
	}
	return out
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
