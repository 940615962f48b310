package cause

var configuration = []Cause{
	{
		ID: "i-empty-pool", Title: "the backend pool has no members", Azure: "H", Trace: "H",
		Mechanism: "The rule sends requests to a pool that is empty, so every one of them fails.",
		Evidence:  "The document has no address in the pool; no member was chosen.",
		Rivals:    []string{"a-all-unhealthy-fail-closed", "i-wrong-pool"},
		Separate:  "the document",
		Disproof:  "the pool has a member",
		Fixes: []Fix{
			{
				Side: "gateway", Change: "add the servers to {pool}",
				AzCLI: "az network application-gateway address-pool update" + ofGateway + "-n {pool} --servers 10.0.0.4 10.0.0.5",
				PowerShell: getGateway +
					"Set-AzApplicationGatewayBackendAddressPool -ApplicationGateway $gw -Name {pool} -BackendIPAddresses 10.0.0.4,10.0.0.5" + setGateway,
				Portal: "Backend pools > {pool} > Add target", Causeway: "add backendAddresses to {pool} in the document" + applyDocument,
			},
		},
	},
	{
		ID: "i-wrong-port", Title: "the backend settings have the wrong port", Azure: "M", Trace: "H",
		Mechanism: "The service listens on another port than the settings say.",
		Evidence:  "All members refuse, always, since the settings were made or changed.",
		Rivals:    []string{"b-refused", "e-foreign-service", "a-probe-port"},
		Separate:  "the port of the listener on the member (ss -ltn)",
		Disproof:  "requests on that port have succeeded since the last change",
		Fixes: []Fix{
			settings("set the port of {settings} to that of the service", "--port {port}", "$settings.Port = {port}",
				"Backend port", "port").with(ofSettings("port", "{port}")),
		},
	},
	{
		ID: "i-wrong-host-header", Title: "the backend receives a Host that it does not serve", Azure: "H", Trace: "H",
		Mechanism: "An App Service or virtual host selects the site by the Host of the request, and the settings send one that it does not know. A probe with its own host hides it.",
		Evidence:  "404, a redirect or a wrong certificate on requests, while probes pass; the host fields of probe and settings differ.",
		Rivals:    []string{"a-probe-host-mismatch", "f-name-mismatch", "k-backend-5xx"},
		Separate:  "request the same path from the member with its own name as Host, and with the users'",
		Disproof:  "the member serves the users' Host when it is requested directly",
		Fixes: []Fix{
			settings("let {settings} send a name that the members serve, or pick the name of each member",
				"--host-name NAME --host-name-from-backend-pool false",
				"$settings.HostName = 'NAME'; $settings.PickHostNameFromBackendAddress = $false",
				"Override with new host name", "hostName, or pickHostNameFromBackendAddress: true without hostName,"),
			backend("better: let the members serve the users' host name (a custom domain of the App Service), so that cookies and redirects stay right"),
		},
	},
	{
		ID: "i-wrong-pool", Title: "requests go to the wrong pool", Azure: "H", Trace: "H",
		Mechanism: "A rule or path map matches differently from what was intended: an earlier one takes the request, or it falls through to the default.",
		Evidence:  "The failing requests share a rule or pool that does not belong to their path or host.",
		Rivals:    []string{"i-path-override", "i-no-listener-match", "k-backend-5xx"},
		Separate:  "the rule and pool in the record, against the intended ones for that host and path",
		Disproof:  "the record names the intended pool",
		Fixes: []Fix{
			{
				Side: "gateway", Change: "give the more specific rule the smaller priority number, or correct the paths of the path map",
				AzCLI: "az network application-gateway rule update" + ofGateway + "-n RULE --priority 10",
				PowerShell: getGateway +
					"$rule = Get-AzApplicationGatewayRequestRoutingRule -ApplicationGateway $gw -Name RULE; $rule.Priority = 10" +
					setGateway,
				Portal:   "Rules > the rule > Priority, Backend targets",
				Causeway: "set priority of the rule or paths of the path rule in the document (config validate says which rule is never reached)" + applyDocument,
			},
		},
	},
	{
		ID: "i-path-override", Title: "the path that reaches the backend is not the one it serves", Azure: "H", Trace: "H",
		Mechanism: "The settings' path is put in front of or in place of a prefix, so that one is doubled or missing.",
		Evidence:  "404 from the backend; the path that it saw differs from the requested one.",
		Rivals:    []string{"i-wrong-pool", "e-uri-rejected", "i-rewrite-breaks"},
		Separate:  "compare the path in the access log with that in the member's log",
		Disproof:  "both logs have the same path",
		Fixes: []Fix{
			settings("correct or drop the override of the path", "--path /", "$settings.Path = '/'", "Override backend path", "path"),
		},
	},
	{
		ID: "i-redirect-loop", Title: "gateway and application redirect to each other without end", Azure: "H", Trace: "H",
		Mechanism: "The gateway terminates TLS; the application sees plain HTTP and redirects the client to HTTPS, where it already is. Or each insists on a different host name.",
		Evidence:  "The same client gets 301 or 302 for the same URL again and again.",
		Rivals:    []string{"a-probe-redirect-trap", "i-wrong-host-header"},
		Separate:  "curl -v -L: which hop sends which Location?",
		Disproof:  "following the redirect once leads to a page",
		Fixes: []Fix{
			backend("let the application trust X-Forwarded-Proto and X-Original-Host from the gateway, and redirect only by them"),
			settings("or speak Https to the members, probe included", "--protocol Https --port 443",
				"$settings.Protocol = 'Https'; $settings.Port = 443", "Backend protocol, Backend port", "protocol and port"),
		},
	},
	{
		ID: "i-affinity-dead", Title: "a cookie binds users to a member that is gone", Azure: "M", Trace: "H",
		Mechanism: "The affinity cookie of a proxy names a member that was removed or is down, and requests with it still go there or are refused.",
		Evidence:  "Only requests with the cookie fail; the same ones without it succeed.",
		Rivals:    []string{"c-affinity-ignores-drain", "a-slow-eviction"},
		Separate:  "send a failing request without the cookie",
		Disproof:  "requests without the cookie fail as well",
		Fixes: []Fix{
			{
				Side: "gateway", Change: "do without affinity, or change the cookie's name so that old ones have no effect",
				AzCLI: "az network application-gateway http-settings update" + ofGateway + "-n {settings} --affinity-cookie-name NEW",
				PowerShell: getGateway +
					"$settings = Get-AzApplicationGatewayBackendHttpSetting -ApplicationGateway $gw -Name {settings}; $settings.AffinityCookieName = 'NEW'" + setGateway,
				Portal: "Backend settings > {settings} > Cookie-based affinity",
			},
			client("delete the cookie"),
		},
	},
	{
		ID: "i-no-listener-match", Title: "no listener serves the requested host", Azure: "H", Trace: "H",
		Mechanism: "The Host of the request matches no listener and there is no basic one, so the gateway answers 404.",
		Evidence:  "No rule in the record.",
		Rivals:    []string{"j-scanner", "i-wrong-pool"},
		Separate:  "whether the host is yours",
		Disproof:  "a listener has this host name",
		Fixes: []Fix{
			{
				Side: "gateway", Change: "add a listener for the host, if it is yours, and a rule for it",
				AzCLI: "az network application-gateway http-listener create" + ofGateway +
					"-n LISTENER --frontend-port PORT --host-name HOST && " +
					"az network application-gateway rule create" + ofGateway +
					"-n RULE --priority 20 --http-listener LISTENER --address-pool POOL --http-settings SETTINGS",
				Portal:   "Listeners > Add listener",
				Causeway: "add it to httpListeners, and a rule to requestRoutingRules, in the document" + applyDocument,
			},
		},
	},
	{
		ID: "i-unserved-protection", Title: "the document asks for a protection that this gateway does not provide", Azure: "-", Trace: "H",
		Mechanism: "The document contains a blocking firewall, client certificates, tokens or a minimum of TLS, and the gateway serves it without them, because somebody allowed that (allowUnserved). Requests that Azure would refuse get through.",
		Evidence:  "The document has the protection, and the record is Causeway's own; causeway health and /readyz name it too.",
		Rivals:    []string{"i-waf-block-misread", "j-invalid-request"},
		Separate:  "send a request that the protection refuses: through Azure it does not arrive",
		Disproof:  "the document does not ask for it, or Causeway served nothing",
		Fixes: []Fix{
			{
				Side: "gateway", Change: "keep the site where it is protected, or take the protection out of the document on purpose",
				Causeway: "leave --allow-unserved and allowUnserved out: such a document is then refused",
			},
		},
	},
	{
		ID: "i-waf-block-misread", Title: "the web application firewall refused the request", Azure: "H", Trace: "H",
		Mechanism: "A rule of the firewall matched and answered 403. The backend never saw the request and gets the blame nevertheless.",
		Evidence:  "The firewall log has a row with the same transaction id; the access log has no member.",
		Rivals:    []string{"k-backend-5xx", "a-probe-blocked", "j-scanner"},
		Separate:  "look up the transaction id in the firewall log",
		Disproof:  "the 403 is the backend's own: the record has its status",
		Fixes: []Fix{
			{
				Side: "gateway", Change: "exclude the wrongly matched field from that rule",
				AzCLI:      "az network application-gateway waf-policy managed-rule exclusion add -g {group} --policy-name POLICY --match-variable RequestArgNames --selector-match-operator Equals --selector FIELD",
				PowerShell: "$policy = Get-AzApplicationGatewayFirewallPolicy -ResourceGroupName {group} -Name POLICY; $x = New-AzApplicationGatewayFirewallPolicyExclusion -MatchVariable RequestArgNames -SelectorMatchOperator Equals -Selector FIELD; $policy.ManagedRules.Exclusions.Add($x); Set-AzApplicationGatewayFirewallPolicy -InputObject $policy",
				Portal:     "Web application firewall policies > the policy > Managed rules > Exclusions",
			},
		},
	},
	{
		ID: "i-recent-change", Title: "the failures began with a configuration change", Azure: "M", Trace: "M",
		Mechanism: "A change triggered another cause: the change says when, the other cause says why.",
		Evidence:  "Failures begin within minutes of a change to the very rule, pool or settings that fail.",
		Rivals:    []string{"c-gateway-reload", "c-deploy-no-drain", "i-config-tug-of-war"},
		Separate:  "undo the change: do the failures end?",
		Disproof:  "the change touched nothing that the failing requests use, or they began before it",
		Fixes: []Fix{
			{
				Side: "gateway", Change: "undo the change, then look for the cause",
				AzCLI:      "az monitor activity-log list -g {group} --offset 1d",
				PowerShell: "Get-AzActivityLog -ResourceGroupName {group} -StartTime (Get-Date).AddDays(-1)",
				Portal:     "Activity log > the change > Change history",
				Causeway:   "causeway config apply PREVIOUS.json; the gateway's own log has every config apply, taken or refused",
			},
		},
	},
	{
		ID: "i-config-tug-of-war", Title: "two programs overwrite each other's configuration", Azure: "M", Trace: "M",
		Mechanism: "An ingress controller and a deployment tool, or two of them, each restore what they consider right, in turn.",
		Evidence:  "Writes to the gateway from two identities alternate, and failures come and go with them.",
		Rivals:    []string{"i-recent-change", "a-flap-threshold"},
		Separate:  "who wrote, by the activity log",
		Disproof:  "one identity alone writes to the gateway",
		Fixes: []Fix{
			{
				Side:       "gateway",
				Change:     "give each part of the configuration one owner (Terraform: ignore_changes; AGIC: shared, or a gateway of its own)",
				AzCLI:      "az monitor activity-log list -g {group} --offset 1d --query '[].[eventTimestamp, caller, operationName.value]'",
				PowerShell: "Get-AzActivityLog -ResourceGroupName {group} -StartTime (Get-Date).AddDays(-1)",
				Portal:     "Activity log",
			},
		},
	},
	{
		ID: "i-proxy-loop", Title: "the gateway sends requests to itself", Azure: "M", Trace: "H",
		Mechanism: "A member's address, or a proxy behind it, leads back to the gateway's own frontend; each request goes round until a limit ends it.",
		Evidence:  "The same addresses repeat in X-Forwarded-For or Via; many connections for few users; 502 or 508.",
		Rivals:    []string{"i-redirect-loop", "k-chained-proxy", "i-wrong-pool"},
		Separate:  "resolve the member's name from the gateway: is it the gateway?",
		Disproof:  "each request stands in the access log once",
		Fixes: []Fix{
			servers("let {pool} name the servers behind, by an address that does not lead back", "10.0.0.4 10.0.0.5", "10.0.0.4,10.0.0.5",
				"correct backendAddresses of {pool}"),
		},
	},
	{
		ID: "i-rewrite-breaks", Title: "a rewrite makes requests or responses invalid", Azure: "M", Trace: "H",
		Mechanism: "A rewrite rule removes a header that the backend needs, such as Host or Authorization, or writes one that is illegal or too large.",
		Evidence:  "Only requests that the rewrite rule matches fail.",
		Rivals:    []string{"e-bad-header", "i-path-override", "i-wrong-host-header"},
		Separate:  "send the request as it arrives at the member, with and without the change",
		Disproof:  "requests that the rule does not match fail in the same way",
		Fixes: []Fix{
			{
				Side: "gateway", Change: "correct the rule, or take the rewrite set off the routing rule",
				AzCLI: "az network application-gateway rewrite-rule update" + ofGateway +
					"--rule-set-name SET -n RULE --request-headers X-Name=value",
				PowerShell: getGateway +
					"$rule = Get-AzApplicationGatewayRequestRoutingRule -ApplicationGateway $gw -Name RULE; $rule.RewriteRuleSet = $null" +
					setGateway,
				Portal: "Rewrites > the set > the rule",
			},
		},
	},
	{
		ID: "i-unsupported-auth", Title: "the application binds authentication to the connection", Azure: "M", Trace: "M",
		Mechanism: "NTLM and Kerberos with Negotiate authenticate a connection, not a request. A gateway shares connections among users, so this fails or mixes them up.",
		Evidence:  "401 again and again with WWW-Authenticate: NTLM or Negotiate; or users who see another's identity.",
		Rivals:    []string{"k-auth-subrequest", "k-backend-5xx"},
		Separate:  "the WWW-Authenticate header of the 401; whether it works when the member is asked directly",
		Disproof:  "the member asks for Basic or Bearer, or for none",
		Fixes: []Fix{
			{
				Side: "gateway", Change: "give each client a backend connection of its own",
				PowerShell: getGateway +
					"$settings = Get-AzApplicationGatewayBackendHttpSetting -ApplicationGateway $gw -Name {settings}; $settings.DedicatedBackendConnection = $true" + setGateway,
				Portal: "Backend settings > {settings} > Dedicated backend connection",
			},
			backend("let the application authenticate requests: tokens or OpenID Connect"),
		},
	},
	{
		ID: "i-request-buffering", Title: "request buffering does not fit the uploads", Azure: "L", Trace: "H",
		Mechanism: "With buffering off, a slow client occupies a worker of the backend for the whole upload; with it on, large bodies wait and take room in the gateway.",
		Evidence:  "Only large uploads fail or are slow.",
		Rivals:    []string{"h-memory-buffers", "d-slow-upload-backend-read", "j-too-large"},
		Separate:  "send the same upload with the setting changed",
		Disproof:  "small requests are as slow or fail as often",
		Fixes: []Fix{
			{
				Side: "gateway", Change: "switch request buffering on for slow clients, off for large bodies",
				AzCLI: "az network application-gateway update -g {group} -n {gateway} --set globalConfiguration.enableRequestBuffering=false",
			},
			backend("read bodies without occupying a worker for as long as the client takes"),
		},
	},
}
