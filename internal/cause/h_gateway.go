package cause

var gatewayCauses = []Cause{
	{
		ID: "h-capacity-max", Title: "the gateway has reached its maximum capacity", Azure: "H", Trace: "-",
		Mechanism: "Autoscaling stops at the configured maximum (or there is none), and traffic beyond it becomes slow and fails.",
		Evidence:  "The metric of capacity units is flat at the maximum, about ten for each instance, and errors or latency of all pools coincide with it.",
		Rivals:    []string{"h-autoscale-lag", "g-cpu-queueing", "h-cpu"},
		Separate:  "whether it ends after some minutes without a change of load",
		Disproof:  "capacity units stayed well below ten times the instances",
		Fixes: []Fix{
			instances("raise the maximum (up to 125 instances, if the subnet has room)"),
			{
				Side: "gateway", Change: "v1 or fixed size: add instances or take a larger SKU",
				AzCLI: "az network application-gateway update -g {group} -n {gateway} --capacity {instances}",
				PowerShell: getGateway +
					"Set-AzApplicationGatewaySku -ApplicationGateway $gw -Name {size} -Tier {tier} -Capacity {instances}" + setGateway,
				Portal:   "Configuration > Instance count, SKU size",
				Causeway: "set capacity {instances} of sku in the document" + applyDocument,
				Set:      []Setting{{Document, "sku/capacity", "{instances}"}},
			},
		},
	},
	{
		ID: "h-autoscale-lag", Title: "traffic grew faster than the gateway scaled", Azure: "M", Trace: "H",
		Mechanism: "A new instance takes three to five minutes to start, on Causeway seconds. Until then the old ones carry a step in traffic alone.",
		Evidence:  "A step in arrivals, errors and latency for minutes, and an end as capacity rises.",
		Rivals:    []string{"h-capacity-max", "g-thundering-herd", "d-cold-start"},
		Separate:  "whether it ends after some minutes without a change of load",
		Disproof:  "it goes on after capacity has stopped rising",
		Fixes: []Fix{
			instances("keep as many instances ready as the step needs: the month's peak of compute units divided by ten"),
		},
	},
	{
		ID: "h-cpu", Title: "the gateway itself is short of CPU", Azure: "M", Trace: "H",
		Mechanism: "TLS handshakes, firewall rules or sheer rate use up the gateway's CPU, so that time passes inside it.",
		Evidence:  "The whole time less that of backend and client rises in all pools; v1: CPU above 80 to 90 %.",
		Rivals:    []string{"h-capacity-max", "h-waf-latency", "g-cpu-queueing"},
		Separate:  "how much of the time is the gateway's own",
		Disproof:  "the backend's latency accounts for the whole time",
		Fixes: []Fix{
			instances("add instances"),
			gateway("on a host of your own: more processors; certificates with ECDSA keys, which cost less than RSA"),
		},
	},
	{
		ID: "h-waf-latency", Title: "the web application firewall is slow", Azure: "H", Trace: "H",
		Mechanism: "Inspecting a large body with many patterns takes long, and the request waits for it.",
		Evidence:  "For certain bodies, the record shows that the firewall took most of the request's time.",
		Rivals:    []string{"h-cpu", "d-slow-upload-backend-read", "d-slow-route"},
		Separate:  "the firewall's time in the record against the whole",
		Disproof:  "requests with little time in the firewall are as slow",
		Fixes: []Fix{
			{
				Side: "gateway", Change: "exclude the large, harmless field from inspection, or inspect less of the body",
				AzCLI:      "az network application-gateway waf-policy managed-rule exclusion add -g {group} --policy-name POLICY --match-variable RequestArgNames --selector-match-operator Equals --selector FIELD",
				PowerShell: "$policy = Get-AzApplicationGatewayFirewallPolicy -ResourceGroupName {group} -Name POLICY; $x = New-AzApplicationGatewayFirewallPolicyExclusion -MatchVariable RequestArgNames -SelectorMatchOperator Equals -Selector FIELD; $policy.ManagedRules.Exclusions.Add($x); Set-AzApplicationGatewayFirewallPolicy -InputObject $policy",
				Portal:     "Web application firewall policies > the policy > Managed rules > Exclusions",
			},
		},
	},
	{
		ID: "h-conn-limit", Title: "clients hold all connections that the gateway accepts", Azure: "M", Trace: "H",
		Mechanism: "A unit of capacity has 2500 persistent connections; Causeway accepts as many as its limit of open files allows. When clients hold them all, and on Causeway with a request in progress on each, new ones are refused or wait.",
		Evidence:  "The number of current connections stops at a plateau; clients cannot connect, and the access log has no row of it; of a TCP or TLS listener it has rows with serverStatus 503. Causeway notes with the first request of a connection for how long it waited (queued), and counts silent connections that gave way.",
		Rivals:    []string{"h-capacity-max", "h-fd", "f-gateway-cert"},
		Separate:  "the number of current connections against capacity units times 2500",
		Disproof:  "there were more connections before, without failures",
		Fixes: []Fix{
			instances("add instances"),
			{
				Side: "gateway", Change: "let idle connections of clients end sooner",
				AzCLI:      "az network public-ip update -g {group} -n IP --idle-timeout 4",
				PowerShell: "$ip = Get-AzPublicIpAddress -ResourceGroupName {group} -Name IP; $ip.IdleTimeoutInMinutes = 4; Set-AzPublicIpAddress -PublicIpAddress $ip",
				Portal:     "Public IP addresses > Configuration > Idle timeout",
			},
			{
				Side: "gateway", Change: "let Causeway accept more connections",
				Causeway: "systemctl edit causeway: [Service] LimitNOFILE=262144, then restart; the log says what the limit is",
			},
			client("share connections, and close the ones that are not needed"),
		},
	},
	{
		ID: "h-fd", Title: "the gateway ran out of file descriptors", Azure: "L", Trace: "H",
		Mechanism: "No more files or sockets may be opened.",
		Evidence:  "EMFILE or ENFILE while connecting.",
		Rivals:    []string{"c-ephemeral-exhausted", "h-conn-limit", "c-backend-fd"},
		Separate:  "the errno",
		Disproof:  "the limit of open files is well above the connections in use",
		Fixes: []Fix{
			{
				Side: "gateway", Change: "raise the limit of open files (LimitNOFILE in the service's unit)",
				Causeway: "systemctl edit causeway: [Service] LimitNOFILE=262144, then restart; the gateway raises its own limit to what the system allows and logs it",
			},
		},
	},
	{
		ID: "h-memory-buffers", Title: "the gateway has no memory left for buffers", Azure: "L", Trace: "H",
		Mechanism: "Large bodies fill the memory, or the disk, in which the gateway keeps them.",
		Evidence:  "Requests with large bodies fail, and the gateway's own log says why.",
		Rivals:    []string{"j-too-large", "i-request-buffering", "h-capacity-max"},
		Separate:  "whether failures go with the size of the body; free memory and disk of the gateway's host",
		Disproof:  "small bodies fail at the same rate",
		Fixes: []Fix{
			{
				Side: "gateway", Change: "free space, or let large bodies stream",
				AzCLI: "az network application-gateway update -g {group} -n {gateway} --set globalConfiguration.enableRequestBuffering=false",
			},
			{
				Side: "gateway", Change: "where the access log fills the disk, let it take less",
				Causeway: "set logs.bytes or logs.days in causeway.yaml" + applyLocal,
			},
		},
	},
	{
		ID: "h-instance-fault", Title: "one instance of the gateway is faulty", Azure: "H", Trace: "H",
		Mechanism: "One of several instances has a broken network, disk or process, and fails its share of the traffic. An instance that dies cuts its connections; Causeway replaces it.",
		Evidence:  "Failures carry one instanceId and affect all members alike. Causeway's activity log has the death of an instance, with the connections that were open on it: the requests under way are in no access log.",
		Rivals:    []string{"b-node-local", "a-probe-per-instance-skew", "h-maintenance"},
		Separate:  "the rate of failures by instance, for each member",
		Disproof:  "all instances fail at about the same rate",
		Fixes: []Fix{
			{
				Side:   "gateway",
				Change: "open a ticket with Azure that names {instance}; if it cannot wait, stop and start the gateway, which replaces its instances (nothing is served for some minutes meanwhile, and a v1 gateway gets another address: do it at a quiet time)",
				AzCLI:  "az network application-gateway stop -g {group} -n {gateway} && az network application-gateway start -g {group} -n {gateway}",
				PowerShell: getGateway +
					"Stop-AzApplicationGateway -ApplicationGateway $gw; Start-AzApplicationGateway -ApplicationGateway $gw",
			},
			{
				Side: "gateway", Change: "find out why {instance} died: the gateway's own log has its last lines. If its memory was used up, give its size more",
				Causeway: "journalctl -u causeway; sizes in causeway.yaml" + applyLocal,
			},
		},
	},
	{
		ID: "h-maintenance", Title: "the platform replaced instances of the gateway", Azure: "M", Trace: "-",
		Mechanism: "An update drains and replaces instances, for up to five minutes each; fewer of them serve meanwhile, and addresses that were allowed one by one change.",
		Evidence:  "A planned event at that time, a dip in capacity, or security rules that name single addresses of instances.",
		Rivals:    []string{"h-instance-fault", "c-gateway-reload", "b-drop"},
		Separate:  "the platform's events, and whether the set of instances changed",
		Disproof:  "no event, and the same instances before and after",
		Fixes: []Fix{
			backend("allow the gateway's whole subnet in rules on the members' side"),
			instances("keep an instance more than the load needs"),
		},
	},
	{
		ID: "h-state", Title: "the gateway is stopped, has failed or is being updated", Azure: "H", Trace: "H",
		Mechanism: "The gateway as a whole does not run, or runs with a configuration that could not be applied.",
		Evidence:  "The document or the activity log says Stopped, Failed or Updating at that time.",
		Rivals:    []string{"a-health-unknown", "f-gateway-cert", "c-gateway-reload"},
		Separate:  "operationalState and provisioningState of the resource",
		Disproof:  "the state was Running and Succeeded at that time",
		Fixes: []Fix{
			{
				Side:       "gateway",
				Change:     "start the gateway; if it has failed, fix what its last update complained of (a vault, a subnet, a certificate) and update it again",
				AzCLI:      "az network application-gateway show -g {group} -n {gateway} --query '[operationalState, provisioningState]' && az network application-gateway start -g {group} -n {gateway}",
				PowerShell: getGateway + "Start-AzApplicationGateway -ApplicationGateway $gw",
				Portal:     "Overview; Activity log; Resource health",
				Causeway:   "start it with causeway serve --config gateway.json; its own log says why it did not start or refused a configuration",
			},
		},
	},
	{
		ID: "h-goroutine-or-lock-stall", Title: "the gateway's process paused", Azure: "L", Trace: "H",
		Mechanism: "A garbage collection, a lock, a blocked log or a stopped machine stalls the gateway itself, and with it all pools.",
		Evidence:  "All pools stall at the same moment, and no member notices.",
		Rivals:    []string{"d-vm-freeze", "h-cpu", "d-gc-pause"},
		Separate:  "the delay of the gateway's own scheduler, and whether members logged the requests late",
		Disproof:  "only one pool stalled",
		Fixes:     []Fix{gateway("look at the gateway's host at that time: steal time, memory pressure, a slow disk under its logs; give it processors of its own")},
	},
	{
		ID: "h-clock-or-timer-bug", Title: "the times in the records cannot be true", Azure: "M", Trace: "H",
		Mechanism: "A clock was set, or is read wrongly, so that durations are negative, frozen or huge, and conclusions from them are wrong.",
		Evidence:  "Timestamps of one request in an impossible order, or negative times.",
		Rivals:    []string{"f-clock-skew", "d-vm-freeze"},
		Separate:  "changes of the clock in the system's log (chronyc tracking, journalctl) at that time",
		Disproof:  "the timestamps of each request are in order",
		Fixes:     []Fix{gateway("let the clock be slewed and not set (chronyd), and leave those records out of the diagnosis with --since and --until")},
	},
}
