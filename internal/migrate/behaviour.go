package migrate

import (
	"fmt"
	"strings"
)

// behaviour is what requests see of the other generation.
func (m *migration) behaviour() {
	const settings = "properties.backendHttpSettingsCollection"
	m.add(Check, settings, "a request that the backend answers too late gets 504, no longer 502, and after a second try",
		"v2 tries once more on a second member before it gives up, so that a client may wait twice the request timeout",
		"change alerts and clients that look for 502; "+m.timeouts())
	m.add(Check, "", "an idle client connection is closed after 75 s, no longer after 120 s",
		"the limit of v2 is shorter and cannot be set",
		"see that proxies and clients in front that reuse connections give up before 75 s, or try again")
	m.add(Check, settings, "NTLM and Kerberos logins do not pass v2 unless its backend connections are dedicated",
		"v1 passes NTLM; a document does not tell whether backends ask for it",
		"where backends answer 401 with WWW-Authenticate: NTLM or Negotiate, set dedicatedBackendConnection to true, and try it")
	m.add(Check, "", "v2 drops request headers whose names have other characters than letters, digits and hyphens",
		"underscores are the usual case; whether v1 drops them is not documented", "look for such headers, and rename them")
	if len(m.v1.PathMaps) > 0 {
		m.add(Check, "properties.urlPathMaps", "paths are decoded before they are matched: /abc%2Fdef is routed as /abc/def",
			"v1 matches the path as it was sent",
			"look at patterns and backends where encoded characters matter")
	}
	for _, s := range m.v1.Settings {
		if s.CookieAffinity {
			m.add(Check, settings, "the affinity cookie has no Domain", "that of v1 may have one, so that subdomains shared it",
				"see whether sites of several host names count on one member")
			break
		}
	}
}

// timeouts names the settings with the longest timeout, because clients will wait for it twice.
func (m *migration) timeouts() string {
	longest, name := 0, ""
	for _, s := range m.v1.Settings {
		if s.RequestTimeout > longest {
			longest, name = s.RequestTimeout, s.Name
		}
	}
	if name == "" {
		return "see that clients wait long enough"
	}
	return fmt.Sprintf("the longest request timeout is %d s, of %q", longest, name)
}

func (m *migration) probes() {
	m.each("probes", func(path, name string, _, p map[string]any) {
		host, _ := p["host"].(string)
		if p["protocol"] == "Https" && host != "" {
			m.add(Check, path+".host",
				fmt.Sprintf("the host %q of the probe %q is also sent as SNI, and compared with the certificate where validateSNI is on",
					host, name),
				"v1 uses it as the Host header alone and sends the FQDN of the member as SNI",
				"see that backends have a certificate for it; on v2 the probe may also take its host from the settings")
		}
	})
	var slow []string
	for _, p := range m.v1.Probes {
		slow = append(slow, fmt.Sprintf("%q up to %d s", p.Name, (p.UnhealthyThreshold+1)*p.Interval))
	}
	if len(slow) == 0 {
		slow = []string{"the default probe up to 120 s"}
	}
	m.add(Check, "properties.probes", "a member that fails is found later: "+strings.Join(slow, ", "),
		"v2 waits the interval between the probes that count against a member, v1 sends them in quick succession",
		"shorten the interval where that is too long")
	m.add(Info, "properties.probes", "probes may have a port of their own", "v1 has that of the settings alone", "nothing")
}

// operations is what lies around the gateway.
func (m *migration) operations() {
	m.add(Must, "", "traffic stays on v1 until DNS says otherwise", "the v2 gateway has another address",
		"lower the TTL of the records beforehand, compare the backend health of both gateways, then change the records, or shift by weight with Traffic Manager; keep v1 until no client comes")
	m.add(Must, "", "diagnostic settings and log exports must be made again", "they belong to the resource, and nothing copies them",
		"az monitor diagnostic-settings create for the v2 gateway")
	m.add(Check, "",
		"the access log has another form: timeTaken in seconds, not milliseconds; instanceId is appgw_0, not ApplicationGatewayRole_IN_0; requestQuery is the query, not where the request went",
		"v2 writes its own schema: error_info, serverRouted, serverStatus and serverResponseLatency are fields, and a client that went away is 499, not 0", "change queries, dashboards and parsers")
	m.add(Check, "", "the performance log is gone", "v2 has metrics in its place",
		"use the metrics CapacityUnits, ComputeUnits, HealthyHostCount, UnhealthyHostCount, Throughput")
	m.add(Check, "", "the metric FailedRequests means something else",
		"on v1 it counts connections to backends that failed and requests that ran out of time; on v2 every 5xx, whether the gateway made it or a backend answered it", "set the thresholds of alerts anew")
	m.add(Info, "", "v1 was retired on 28 April 2026", "Azure makes no new gateways of it since September 2024", "nothing more")
	m.add(Info, "", "locks, role assignments and policies on the v1 gateway are not part of its document", "they belong to the resource",
		"see which of them v2 needs")
}
