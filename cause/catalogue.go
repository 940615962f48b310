package cause

// all is in the order of groups: a probes, b reachability, c connections, d time, e protocol, f TLS, g capacity of the
// backend, h the gateway, i configuration, j clients, k whose status it is.
var all = []Cause{
	{
		ID: "a-probe-status-mismatch", Title: "the health probe gets a status that it does not accept",
		Mechanism: "The path of the probe answers outside the accepted range, so the gateway takes the members out although they may serve users well.",
		Evidence:  "Backend health says status mismatch with the code; every request to the pool is refused for lack of a healthy member.",
		Rivals:    []string{"a-probe-host-mismatch", "k-backend-5xx"},
		Separate:  "ask the member for the probe's path with the probe's Host, then with the users' Host",
		Disproof:  "the member answers the probe's own request with an accepted status",
		Fixes: []Fix{
			{Side: "backend", Change: "give the probe a cheap path that answers 200 without credentials"},
			{
				Side: "gateway", Change: "set the probe's path, host and accepted statuses to what the member serves",
				AzCLI:      "az network application-gateway probe update -g {group} --gateway-name {gateway} -n PROBE --path /healthz --match-status-codes 200-399",
				PowerShell: "Set-AzApplicationGatewayProbeConfig -ApplicationGateway $gw -Name PROBE -Path /healthz …; Set-AzApplicationGateway -ApplicationGateway $gw",
				Portal:     "Health probes > the probe > Path, HTTP response status code match",
				Causeway:   "set probes[].properties.path or match.statusCodes in the document, then: causeway config apply gateway.json",
			},
		},
	},
	{
		ID: "a-probe-body-match", Title: "the health probe misses a text in the page",
		Mechanism: "The body of the probe's answer no longer holds the text that the probe wants, so healthy members are taken out.",
		Evidence:  "Backend health says body mismatch.", Rivals: []string{"a-probe-status-mismatch"},
		Separate: "the status of the probe's answer is accepted", Disproof: "the page that the member serves to the probe holds the text",
		Fixes: []Fix{{
			Side: "gateway", Change: "correct or drop the text in the probe's match",
			AzCLI:  "az network application-gateway probe update -g {group} --gateway-name {gateway} -n PROBE --set match.body=''",
			Portal: "Health probes > the probe > HTTP response body match", Causeway: "set probes[].properties.match.body in the document, then: causeway config apply gateway.json",
		}},
	},
	{
		ID: "a-probe-timeout-short", Title: "the health probe runs into its timeout",
		Mechanism: "The probe's path takes longer than the probe waits, so members are taken out while they work.",
		Evidence:  "Backend health says timeout on a connection that was made.", Rivals: []string{"b-drop", "g-cpu-queueing"},
		Separate: "time the probe's path on the member itself", Disproof: "the probe's path answers well within the timeout when it is asked directly",
		Fixes: []Fix{
			{Side: "backend", Change: "make the probe's path cheap"},
			{
				Side: "gateway", Change: "raise the probe's timeout above the time that its path needs",
				AzCLI:  "az network application-gateway probe update -g {group} --gateway-name {gateway} -n PROBE --timeout 60",
				Portal: "Health probes > the probe > Timeout", Causeway: "set probes[].properties.timeout in the document, then: causeway config apply gateway.json",
			},
		},
	},
	{
		ID: "a-slow-eviction", Title: "a dead member keeps getting traffic until the probes give up on it",
		Mechanism: "A member died, and until interval times threshold had passed the gateway went on sending it its share of the requests.",
		Evidence:  "Failures on one member only, from its death until the very moment at which its health turned to Down.",
		Rivals:    []string{"c-restart", "b-refused"}, Separate: "whether the failures end at the change of health, and whether the member came back before",
		Disproof: "failures on this member go on after its health turned to Down",
		Fixes: []Fix{
			{Side: "backend", Change: "stop a member only after it was taken out of the pool"},
			{
				Side: "gateway", Change: "probe more often: a shorter interval and a lower threshold",
				AzCLI:      "az network application-gateway probe update -g {group} --gateway-name {gateway} -n PROBE --interval 5 --threshold 2",
				PowerShell: "Set-AzApplicationGatewayProbeConfig -ApplicationGateway $gw -Name PROBE -Interval 5 -UnhealthyThreshold 2 …; Set-AzApplicationGateway -ApplicationGateway $gw",
				Portal:     "Health probes > the probe > Interval, Unhealthy threshold",
				Causeway:   "set probes[].properties.interval and unhealthyThreshold in the document, then: causeway config apply gateway.json",
			},
		},
	},
	{
		ID: "a-all-unhealthy-fail-closed", Title: "no member of the pool is healthy",
		Mechanism: "Every member was taken out by its probes; the gateway then answers for itself.",
		Evidence:  "No member was chosen; backend health has none that is Up.", Rivals: []string{"i-empty-pool"},
		Separate: "whether the pool has members at all", Disproof: "a member of the pool was Up at that time",
		Fixes: []Fix{{
			Side: "backend", Change: "act on the reason that backend health gives for each member", Portal: "Monitoring > Backend health", Causeway: "causeway health",
			AzCLI: "az network application-gateway show-backend-health -g {group} -n {gateway}",
		}},
	},
	{
		ID: "b-refused", Title: "nothing listens on the member's port",
		Mechanism: "The host is up and answers every connection attempt with a reset: the process is down, or the port is wrong.",
		Evidence:  "ECONNREFUSED within a round trip, on every attempt.", Rivals: []string{"b-reject", "c-restart"},
		Separate: "a firewall that rejects answers with the same error: look for the listener on the host (ss -ltn)",
		Disproof: "the port accepts connections on the member itself at that time",
		Fixes: []Fix{
			{Side: "backend", Change: "start the service on {address}, or find out why it stopped"},
			{
				Side: "gateway", Change: "correct the port of the backend settings, if the service listens elsewhere",
				AzCLI:      "az network application-gateway http-settings update -g {group} --gateway-name {gateway} -n {settings} --port PORT",
				PowerShell: "Set-AzApplicationGatewayBackendHttpSetting -ApplicationGateway $gw -Name {settings} -Port PORT …; Set-AzApplicationGateway -ApplicationGateway $gw",
				Portal:     "Backend settings > {settings} > Backend port", Causeway: "set the port of {settings} in the document, then: causeway config apply gateway.json",
			},
		},
	},
	{
		ID: "b-drop", Title: "packets to the member are dropped silently",
		Mechanism: "A firewall, NSG or route discards the connection attempts: nobody answers them at all.",
		Evidence:  "Every connection attempt runs into the connect timeout; none succeeds.", Rivals: []string{"c-accept-queue", "b-loss", "b-route"},
		Separate: "with a full accept queue or with loss some attempts succeed, late", Disproof: "a connection to {address} succeeds from the gateway's host in that time",
		Fixes: []Fix{{
			Side: "backend", Change: "allow the gateway's addresses to {address} in firewalls, NSGs and routes on the way",
			AzCLI: "az network watcher test-connectivity -g {group} --source-resource {gateway} --dest-address HOST --dest-port PORT",
		}},
	},
	{
		ID: "b-route", Title: "there is no route to the member",
		Mechanism: "A router or the gateway's own host says that the network or host cannot be reached.", Evidence: "EHOSTUNREACH or ENETUNREACH.",
		Rivals: []string{"b-reject"}, Separate: "effective routes", Disproof: "the route exists and the attempt still fails so",
		Fixes: []Fix{{Side: "gateway", Change: "correct the route or peering to the member's network"}},
	},
	{
		ID: "b-dns-nxdomain", Title: "the name of the member does not resolve",
		Mechanism: "The pool names a member by FQDN, and DNS gives no address for it.", Evidence: "Backend health says that the FQDN could not be resolved; no address was chosen.",
		Rivals: []string{"b-dns-servfail"}, Separate: "ask the resolver for the name", Disproof: "the gateway's resolver returns an address",
		Fixes: []Fix{{Side: "gateway", Change: "correct the FQDN in the pool, or the zone or resolver that the gateway uses"}},
	},
	{
		ID: "b-stateful-idle-drop", Title: "something on the way forgets idle connections, silently",
		Mechanism: "A firewall, NAT or balancer between gateway and member drops its memory of a connection after about {hop} without traffic, and from then on its packets. Neither side is told.",
		Evidence:  "Only requests on connections that had been idle for long wait, and they wait for the whole request timeout.",
		Rivals:    []string{"d-cold-start", "d-hung", "c-idle-race"}, Separate: "send a request on a new connection after as long a quiet time: it is answered if the way forgets, and slow if the member does",
		Disproof: "an answer on a connection that had been idle for longer",
		Fixes: []Fix{
			{Side: "gateway", Change: "stop reusing connections before they are forgotten", Causeway: "set backendIdleTimeout: {newIdle} in causeway.yaml, then: causeway config apply --local causeway.yaml"},
			{Side: "backend", Change: "raise the idle limit of what lies between, or let it send a reset when it forgets (TCP reset on idle of an Azure load balancer)"},
		},
	},
	{
		ID: "c-idle-race", Title: "the backend closes idle connections while the gateway is about to reuse them",
		Mechanism: "The backend ends a kept-alive connection after {backendIdle} without a request; the gateway keeps it for {idle}. A request that leaves within the last round trip before that meets a connection that is closed when it arrives, and it may not be sent again unless it is idempotent.",
		Evidence:  "Failures on reused connections only, before any byte of an answer; idle age plus latency of each is the same value: the backend's idle limit. The share is what the gaps on each connection predict.",
		Rivals:    []string{"c-restart", "g-crash-on-input", "c-keepalive-max-requests", "c-max-age"},
		Separate:  "idle age plus latency clusters; with a restart many connections fail in one second, with a crash one request repeats, with a maximum the number of uses or the age clusters",
		Disproof:  "one such failure on a fresh connection, or an answer on a connection that had been idle for longer",
		Fixes: []Fix{
			{Side: "backend", Change: "let the backend keep idle connections longer than the gateway does: its keep-alive limit above {idle}, for example {backendTarget} (Node.js: server.keepAliveTimeout = {backendTargetMs}; server.headersTimeout above that)"},
			{
				Side: "gateway", Change: "stop reusing connections before the backend closes them",
				Causeway: "set backendIdleTimeout: {newIdle} in causeway.yaml (or keepAliveHint: honour where the backend announces its limit), then: causeway config apply --local causeway.yaml",
			},
		},
	},
	{
		ID: "c-keepalive-max-requests", Title: "the backend closes connections after a number of requests, unannounced",
		Mechanism: "The backend ends a connection after {uses} requests without saying Connection: close in the last answer; a request that is on its way by then is lost.",
		Evidence:  "The lost requests were each the next one on their connection; none was answered beyond that number.",
		Rivals:    []string{"c-idle-race", "c-max-age"}, Separate: "which clusters: the number of requests, the idle age, or the age of the connections",
		Disproof: "an answer on a connection that had carried more requests",
		Fixes:    []Fix{{Side: "backend", Change: "announce the end with Connection: close in the last answer, or raise the limit of requests on a connection well above {uses}"}},
	},
	{
		ID: "c-max-age", Title: "connections are cut at a certain age", Mechanism: "The backend, or something between, ends each connection at an age of {age}, also under a request.",
		Evidence: "The connections ended at one age, whatever they did.", Rivals: []string{"c-idle-race", "c-keepalive-max-requests", "c-l4-between"},
		Separate: "whether the server or a balancer between has such a limit", Disproof: "an answer on an older connection",
		Fixes: []Fix{{Side: "backend", Change: "let the end of a connection wait for the request on it (graceful close), or lift the limit of {age}"}},
	},
	{
		ID: "c-restart", Title: "the member was restarted under traffic",
		Mechanism: "The process ended: all its connections broke at once, new ones were refused until it listened again.",
		Evidence:  "Several connections of one member fail within a second, whatever their idle age; refusals follow; later requests succeed.",
		Rivals:    []string{"g-oom-kill", "g-crash-on-input", "c-idle-race"}, Separate: "the member's own log: was the end asked for?",
		Disproof: "the member's process ran through that time (its start time is older)",
		Fixes: []Fix{
			{Side: "backend", Change: "on stop: fail the health probe, wait until the gateway has noticed, finish requests under way, close, then exit"},
			{
				Side: "gateway", Change: "take the member out of the pool before the restart",
				AzCLI:  "az network application-gateway address-pool update -g {group} --gateway-name {gateway} -n {pool} --servers REMAINING",
				Portal: "Backend pools > {pool}", Causeway: "remove the member from {pool} in the document, then: causeway config apply gateway.json",
			},
		},
	},
	{
		ID: "c-gateway-reload", Title: "the gateway cut requests when it ended or let go of a listener",
		Mechanism: "A configuration without the listener, or the end of the gateway, left requests under way a limited time, and these took longer.",
		Evidence:  "The record says that the gateway itself ended the connection, in all pools alike.", Rivals: []string{"c-restart"},
		Separate: "the gateway's own log at that time", Disproof: "the gateway ran on, with the same listeners, at that time",
		Fixes: []Fix{{
			Side: "gateway", Change: "give requests under way more time",
			Causeway: "causeway serve --drain with a longer time; drainTimeoutInSec of the backend settings for a listener that goes",
		}},
	},
	{
		ID: "c-ephemeral-exhausted", Title: "the gateway ran out of local ports", Mechanism: "Every local port towards one member's address was in use or in TIME_WAIT.",
		Evidence: "EADDRNOTAVAIL while connecting.", Rivals: []string{"h-fd"}, Separate: "the errno", Disproof: "free ports in that time",
		Fixes: []Fix{{Side: "backend", Change: "keep connections alive, so that fewer are opened"}, {Side: "gateway", Change: "widen net.ipv4.ip_local_port_range"}},
	},
	{
		ID: "d-timeout-below-latency", Title: "the request timeout is shorter than the backend's slow answers",
		Mechanism: "The backend does answer, but its slower answers take longer than the {timeout} that the backend settings {settings} allow.",
		Evidence:  "Failures sit at the request timeout, and answers just below it are common: the timeout cuts through the middle of a slope.",
		Rivals:    []string{"d-hung", "g-cpu-queueing"}, Separate: "answers in the last third below the timeout: many, or none",
		Disproof: "with a longer timeout the same requests still do not finish",
		Fixes: []Fix{
			{Side: "backend", Change: "find out what makes these requests slow; give long work a queue and an answer of its own"},
			{
				Side: "gateway", Change: "raise the request timeout of {settings} from {timeout} to {newTimeout}",
				AzCLI:      "az network application-gateway http-settings update -g {group} --gateway-name {gateway} -n {settings} --timeout {newTimeoutSeconds}",
				PowerShell: "Set-AzApplicationGatewayBackendHttpSetting -ApplicationGateway $gw -Name {settings} -RequestTimeout {newTimeoutSeconds} …; Set-AzApplicationGateway -ApplicationGateway $gw",
				Portal:     "Backend settings > {settings} > Request time-out",
				Causeway:   "set requestTimeout of {settings} to {newTimeoutSeconds} in the document, then: causeway config apply gateway.json",
			},
		},
	},
	{
		ID: "d-hung", Title: "some requests get no answer, while others of the same kind are quick",
		Mechanism: "A request is lost in the backend (a deadlock, a lost lock, a leaked worker) and would not finish at any timeout; or it is of a second, far slower kind under the same name.",
		Evidence:  "Answers are quick or do not come: none takes the last third of the request timeout, and the same route is answered while these wait.",
		Rivals:    []string{"d-timeout-below-latency", "b-stateful-idle-drop", "d-gc-pause"}, Separate: "raise the timeout for this path alone, or on one member: requests that are lost still do not finish",
		Disproof: "the backend's log shows such a request finishing after the gateway gave up",
		Fixes:    []Fix{{Side: "backend", Change: "take a stack dump of {member} while a request hangs; give locks and calls to others a timeout"}},
	},
	{
		ID: "e-header-too-big", Title: "the response header is larger than the gateway takes", Mechanism: "Cookies or claims make the response header grow above the gateway's limit of 32 KB.",
		Evidence: "The head of the response passed the limit; the same users or paths fail each time.", Rivals: []string{"e-bad-header"}, Separate: "the rule that the parser names",
		Disproof: "the member's response header is below 32 KB for such a request",
		Fixes:    []Fix{{Side: "backend", Change: "send smaller cookies: keep the session on the server"}},
	},
	{
		ID: "e-bad-header", Title: "the response is not valid HTTP/1.1", Mechanism: "The member sends a head that breaks a rule of the protocol; passing it on would be unsafe.",
		Evidence: "The parser names the rule that was broken.", Rivals: []string{"e-foreign-service", "e-plain-to-tls"}, Separate: "the first bytes of the response",
		Disproof: "the same bytes parse cleanly", Fixes: []Fix{{Side: "backend", Change: "correct the header that the finding names"}},
	},
	{
		ID: "e-cl-te", Title: "the response contradicts itself about its length", Mechanism: "Content-Length and Transfer-Encoding, or two lengths, or an unknown coding: two readers could read two different messages.",
		Evidence: "The parser names the rule that was broken.", Rivals: []string{"e-bad-header"}, Separate: "the rule", Disproof: "the same bytes parse cleanly",
		Fixes: []Fix{{Side: "backend", Change: "send exactly one of Content-Length and Transfer-Encoding: chunked"}},
	},
	{
		ID: "e-short-body", Title: "the response body is cut short", Mechanism: "The member ends the connection before the length that it declared, or before the last chunk. The status is sent by then.",
		Evidence: "A good status and a connection that ended early: bytes read below bytes declared.", Rivals: []string{"g-oom-kill", "c-restart", "b-loss"},
		Separate: "a constant deficit is a wrong length; a random one is a crash or the network", Disproof: "the member's log shows that all bytes were sent and acknowledged",
		Fixes: []Fix{{Side: "backend", Change: "compute Content-Length after compression and filtering, or use chunked; see why the process ended mid-answer"}},
	},
	{
		ID: "e-bad-chunk", Title: "the chunked framing of the response is broken", Mechanism: "A chunk's size or end is not what the protocol demands, or the last chunk never comes.",
		Evidence: "The parser names the place, after a good status.", Rivals: []string{"e-short-body", "g-oom-kill"}, Separate: "the bytes at that place", Disproof: "the same bytes parse cleanly",
		Fixes: []Fix{{Side: "backend", Change: "let the server's own library write the chunks; see why the process ended mid-answer"}},
	},
	{
		ID: "e-tls-to-plain", Title: "the gateway speaks TLS to a port that does not", Mechanism: "The backend settings say Https, the port answers in plain text.",
		Evidence: "The first bytes of the handshake's answer are no TLS record.", Rivals: []string{"e-foreign-service"}, Separate: "ask the port in plain HTTP", Disproof: "a TLS handshake on that port succeeds",
		Fixes: []Fix{{
			Side: "gateway", Change: "set the protocol of {settings} to Http, or its port to the TLS one",
			AzCLI: "az network application-gateway http-settings update -g {group} --gateway-name {gateway} -n {settings} --protocol Http", Portal: "Backend settings > {settings} > Backend protocol",
			Causeway: "set protocol of {settings} in the document, then: causeway config apply gateway.json",
		}},
	},
	{
		ID: "f-expired", Title: "the member's certificate is outside its validity", Mechanism: "The gateway checks validity dates and refuses the handshake.",
		Evidence: "Verification says so, on every handshake with this member.", Rivals: []string{"f-clock-skew"}, Separate: "the clock of the gateway", Disproof: "the certificate that the member presents is valid now",
		Fixes: []Fix{{Side: "backend", Change: "renew the certificate of {member} and install the full chain"}},
	},
	{
		ID: "f-name-mismatch", Title: "the member's certificate is for another name", Mechanism: "The gateway checks the certificate against the name that it asks for, which is not among the certificate's.",
		Evidence: "Verification says so, on every handshake with this member.", Rivals: []string{"f-sni-required"}, Separate: "the names in the certificate", Disproof: "the certificate covers the name that the gateway sends",
		Fixes: []Fix{
			{Side: "backend", Change: "give {member} a certificate for the name that the gateway asks for"},
			{
				Side: "gateway", Change: "set the host name of {settings} to a name that the certificate covers",
				AzCLI:  "az network application-gateway http-settings update -g {group} --gateway-name {gateway} -n {settings} --host-name NAME",
				Portal: "Backend settings > {settings} > Override with new host name", Causeway: "set hostName of {settings} in the document, then: causeway config apply gateway.json",
			},
		},
	},
	{
		ID: "f-unknown-ca", Title: "the member's certificate is not trusted", Mechanism: "The chain does not end at a root that the backend settings trust, or it is incomplete.",
		Evidence: "Verification says so, on every handshake with this member.", Rivals: []string{"f-missing-intermediate"}, Separate: "the chain that the member presents", Disproof: "the chain verifies against the uploaded roots",
		Fixes: []Fix{
			{
				Side: "gateway", Change: "upload the root that issued the certificate and let {settings} trust it",
				AzCLI:  "az network application-gateway root-cert create -g {group} --gateway-name {gateway} -n ROOT --cert-file root.cer && az network application-gateway http-settings update -g {group} --gateway-name {gateway} -n {settings} --root-certs ROOT",
				Portal: "Backend settings > {settings} > Upload Root CA certificate", Causeway: "add it to trustedRootCertificates in the document, then: causeway config apply gateway.json",
			},
			{Side: "backend", Change: "install the full chain: leaf, intermediates"},
		},
	},
	{
		ID: "g-crash-on-input", Title: "one kind of request makes the backend drop the connection", Mechanism: "A particular request ends the worker or the connection that handles it, fresh or reused, before any answer.",
		Evidence: "The same path fails each time, at once, while other paths on the same member succeed.", Rivals: []string{"c-idle-race", "e-uri-rejected", "c-backend-conn-limit"},
		Separate: "send the request alone, on a fresh connection", Disproof: "the same request succeeds on a fresh connection",
		Fixes: []Fix{{Side: "backend", Change: "reproduce the request named below against {address} and read the member's own log at those times"}},
	},
	{
		ID: "h-fd", Title: "the gateway ran out of descriptors", Mechanism: "No more files or sockets may be opened.", Evidence: "EMFILE or ENFILE while connecting.", Rivals: []string{"c-ephemeral-exhausted"},
		Separate: "the errno", Disproof: "the limit of open files is well above the connections in use",
		Fixes: []Fix{{Side: "gateway", Change: "raise the limit of open files (LimitNOFILE in the service's unit)"}},
	},
	{
		ID: "i-empty-pool", Title: "the backend pool has no members", Mechanism: "The rule sends requests to a pool that is empty, so every one of them fails.",
		Evidence: "The document has no address in the pool; no member was chosen.", Rivals: []string{"a-all-unhealthy-fail-closed"}, Separate: "the document", Disproof: "the pool has a member",
		Fixes: []Fix{{
			Side: "gateway", Change: "add the servers to {pool}",
			AzCLI:      "az network application-gateway address-pool update -g {group} --gateway-name {gateway} -n {pool} --servers 10.0.0.4 10.0.0.5",
			PowerShell: "Set-AzApplicationGatewayBackendAddressPool -ApplicationGateway $gw -Name {pool} -BackendIPAddresses 10.0.0.4,10.0.0.5; Set-AzApplicationGateway -ApplicationGateway $gw",
			Portal:     "Backend pools > {pool} > Add target", Causeway: "add backendAddresses to {pool} in the document, then: causeway config apply gateway.json",
		}},
	},
	{
		ID: "i-no-listener-match", Title: "no listener serves the host that was asked for", Mechanism: "The Host of the request matches no listener and there is no basic one, so the gateway answers 404.",
		Evidence: "No rule in the record.", Rivals: []string{"j-scanner"}, Separate: "whether the host is one of yours", Disproof: "a listener has this host name",
		Fixes: []Fix{{Side: "gateway", Change: "add a listener for the host, if it is one of yours", Portal: "Listeners > Add listener"}},
	},
	{
		ID: "j-client-abort", Title: "clients left before the answer", Mechanism: "The client ended the connection while the gateway waited or delivered. Nothing is wrong with the backend unless it was slow.",
		Evidence: "The client's side of the connection ended first.", Rivals: []string{"d-timeout-below-latency"}, Separate: "how long the clients had waited",
		Disproof: "the client's connection was open when the request failed",
		Fixes:    []Fix{{Side: "client", Change: "if they left because it took too long: raise their timeout above the answers' times, or make the answers faster"}},
	},
	{
		ID: "j-short-body", Title: "clients ended their uploads early", Mechanism: "The client declared a longer body than it sent. No server could have answered this.",
		Evidence: "Bytes from the client below its Content-Length, or a last chunk that never came.", Rivals: []string{"j-client-abort"}, Separate: "whether the client still read",
		Disproof: "all declared bytes arrived", Fixes: []Fix{{Side: "client", Change: "send as many bytes as are declared; look for proxies and scripts that cut uploads"}},
	},
	{
		ID: "j-slow-upload", Title: "clients did not finish sending in time", Mechanism: "Head or body did not arrive within the time that the gateway allows.", Evidence: "408; few bytes in a long time.",
		Rivals: []string{"j-client-abort"}, Separate: "whether the client was still connected", Disproof: "the request had arrived in full",
		Fixes: []Fix{{Side: "client", Change: "send faster, or in smaller pieces"}},
	},
	{
		ID: "j-invalid-request", Title: "requests that are not valid HTTP", Mechanism: "The gateway refuses what breaks the protocol or what two servers could read differently.", Evidence: "400 and the rule that was broken.",
		Rivals: []string{"j-scanner"}, Separate: "who sends them", Disproof: "the same bytes parse cleanly", Fixes: []Fix{{Side: "client", Change: "correct the client, if it is one of yours"}},
	},
	{
		ID: "j-header-limit", Title: "request headers above the gateway's limit", Mechanism: "Cookies or tokens make the request larger than the gateway takes.", Evidence: "414 or 431.",
		Rivals: []string{"j-invalid-request"}, Separate: "the size", Disproof: "the header is below 32 KB", Fixes: []Fix{{Side: "client", Change: "clear or shrink the cookies"}},
	},
	{
		ID: "j-too-large", Title: "request bodies above the gateway's limit", Mechanism: "The body is larger than the gateway takes.", Evidence: "413.", Rivals: []string{"k-backend-5xx"},
		Separate: "who answered 413", Disproof: "the body is below the limit", Fixes: []Fix{{Side: "client", Change: "upload in parts"}},
	},
	{
		ID: "k-backend-5xx", Title: "the backend itself answers with an error", Mechanism: "The status is the application's own; the gateway only passes it on.", Evidence: "The backend's status is the client's.",
		Rivals: []string{"k-chained-proxy"}, Separate: "whether the member is itself a proxy: then its own log names the next hop", Disproof: "the member's log has no such answer",
		Fixes: []Fix{{Side: "backend", Change: "look the requests up in the log of {member} by x-appgw-trace-id (the transaction ids above)"}},
	},
}
