package cause

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The ids of the whole catalogue, in its order.
const ids = `
	a-probe-status-mismatch a-probe-host-mismatch a-green-probe-red-traffic a-probe-port a-probe-protocol
	a-probe-timeout-short a-probe-body-match a-probe-redirect-trap a-probe-too-deep a-slow-eviction a-fast-readmit
	a-flap-threshold a-probe-blocked a-all-unhealthy-fail-closed a-health-unknown a-passive-ejection
	a-probe-per-instance-skew a-not-ready-yet a-sticky-unhealthy-config
	b-refused b-drop b-reject b-route b-asymmetric-return b-mtu-blackhole b-loss b-dns-nxdomain b-dns-servfail
	b-dns-stale b-dns-inconsistent b-ip-reused b-stateful-idle-drop b-stateful-idle-rst b-infra-ports
	b-localhost-bind b-family-mismatch b-source-blocked b-transit-flap b-node-local
	c-idle-race c-close-at-once c-drain-promise c-keepalive-max-requests c-max-age c-restart c-deploy-no-drain c-drain-too-short
	c-affinity-ignores-drain c-scale-in c-endpoint-lag c-ignores-sigterm-listener-close c-gateway-reload
	c-accept-queue c-unix-backlog c-syn-limit c-ephemeral-exhausted c-snat-exhausted c-conntrack-full
	c-backend-conn-limit c-pool-exhausted c-circuit-open c-backend-fd c-timewait-reuse c-goaway c-h2-stream-limit
	c-half-close c-middlebox-reset c-tunnel-reset c-l4-between c-pool-poisoned
	d-timeout-below-latency d-hung d-inner-timeout d-timeout-inversion d-retry-doubling d-slow-route
	d-slow-first-byte d-slow-body d-read-gap d-db-lock d-cold-start d-gc-pause d-vm-freeze d-cron-contention
	d-longpoll-equals-timer d-ws-sse-idle d-worker-timeout-kill d-slow-upload-backend-read d-dns-per-request
	e-status-line e-bad-header e-header-too-big e-request-header-too-big e-cl-te e-short-body e-extra-bytes
	e-bad-chunk e-http10-close-delimited e-plain-to-tls e-tls-to-plain e-alpn e-grpc-trailers e-expect-100
	e-interim e-upgrade-refused e-early-response e-content-encoding e-proxy-protocol e-foreign-service
	e-uri-rejected e-hop-headers e-h2-downstream-length
	f-expired f-not-yet-valid f-name-mismatch f-unknown-ca f-missing-intermediate f-sni-required f-version
	f-cipher f-curve f-client-cert f-handshake-timeout f-partial-rotation f-clock-skew
	f-revoked-or-crl-unreachable f-resumption f-key-usage f-gateway-cert
	g-cpu-queueing g-worker-pool g-conn-pool-db g-cfs-throttle g-oom-kill g-crash-on-input g-worker-recycle
	g-event-loop-block g-dependency-down g-shed-503 g-noisy-member g-io-stall g-retry-storm g-thundering-herd
	g-head-of-line-member
	h-capacity-max h-autoscale-lag h-cpu h-waf-latency h-conn-limit h-fd h-memory-buffers h-instance-fault
	h-maintenance h-state h-goroutine-or-lock-stall h-clock-or-timer-bug
	i-empty-pool i-wrong-port i-wrong-host-header i-wrong-pool i-path-override i-redirect-loop i-affinity-dead
	i-no-listener-match i-unserved-protection i-waf-block-misread i-recent-change i-config-tug-of-war i-proxy-loop i-rewrite-breaks
	i-unsupported-auth i-request-buffering
	j-client-abort j-client-timer-spike j-slow-upload j-short-body j-too-large j-header-limit j-invalid-request
	j-client-rst-mid-download j-scanner j-mobile-network-change
	k-backend-5xx k-chained-proxy k-auth-subrequest k-masked k-outer-layer k-hidden-by-retry k-lambda-like
	k-empty-evidence
`

func TestTheCatalogueIsWhole(t *testing.T) {
	var got []string
	for _, c := range All() {
		got = append(got, c.ID)
	}
	want := strings.Fields(ids)
	if len(want) != 190 || !slices.Equal(got, want) {
		for i, id := range want {
			if i >= len(got) || got[i] != id {
				t.Fatalf("at %d: want %s of %d, have %v", i, id, len(want), got[min(i, len(got)):])
			}
		}
		t.Fatalf("%d causes, want %d", len(got), len(want))
	}
}

func TestEveryCauseIsComplete(t *testing.T) {
	titles := map[string]string{}
	for _, c := range All() {
		if c.Title == "" || c.Mechanism == "" || c.Evidence == "" || c.Separate == "" || c.Disproof == "" || len(c.Rivals) == 0 ||
			len(c.Fixes) == 0 {
			t.Errorf("%s is incomplete", c.ID)
		}
		if other := titles[c.Title]; other != "" {
			t.Errorf("%s and %s have one title", other, c.ID)
		}
		titles[c.Title] = c.ID
		for _, confidence := range []Confidence{c.Azure, c.Trace} {
			if !slices.Contains([]Confidence{"H", "M", "L", "-"}, confidence) {
				t.Errorf("%s: confidence %q", c.ID, confidence)
			}
		}
		for _, f := range c.Fixes {
			if f.Change == "" || !slices.Contains([]string{"backend", "gateway", "client"}, f.Side) {
				t.Errorf("%s: fix %+v", c.ID, f)
			}
		}
		if c.Group().Letter != c.ID[:1] {
			t.Errorf("%s is in group %v", c.ID, c.Group())
		}
	}
}

func TestRivalsAreInTheCatalogue(t *testing.T) {
	for _, c := range All() {
		for i, r := range c.Rivals {
			if Find(r) == nil || r == c.ID || slices.Contains(c.Rivals[:i], r) {
				t.Errorf("%s has rival %s", c.ID, r)
			}
		}
	}
	for _, p := range pairs {
		a, b := Find(p.a), Find(p.b)
		if a == nil || b == nil || !slices.Contains(a.Rivals, p.b) && !slices.Contains(b.Rivals, p.a) {
			t.Errorf("%s and %s are not rivals", p.a, p.b)
		}
	}
}

// Whoever reads an id in a report can look it up.
func TestEveryIDOfADiagnosisIsInTheCatalogue(t *testing.T) {
	named := regexp.MustCompile(`"([a-k]-[a-z0-9]+(?:-[a-z0-9]+)*)"`)
	checked := 0
	err := filepath.WalkDir("../diagnose", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range named.FindAllSubmatch(text, -1) {
			checked++
			if id := string(m[1]); Find(id) == nil {
				t.Errorf("%s names %s, which is not in the catalogue", path, id)
			}
		}
		return err
	})
	if err != nil || checked < 100 {
		t.Errorf("found %d ids: %v", checked, err)
	}
}

// common are the {names} that every finding fills in; own are those of single causes.
var (
	common = []string{"gateway", "group", "pool", "settings", "probe", "member", "address", "least", "most", "instances", "size", "tier"}
	own    = map[string][]string{
		"a-slow-eviction":          {"interval", "probeTimeout", "threshold"},
		"b-stateful-idle-drop":     {"newIdle", "hop"},
		"c-idle-race":              {"idle", "backendIdle", "newIdle", "backendTarget", "backendTargetMs"},
		"c-keepalive-max-requests": {"uses"},
		"c-max-age":                {"age"},
		"d-timeout-below-latency":  {"timeout", "newTimeout", "newTimeoutSeconds"},
		"d-hung":                   {"timeout"},
		"d-inner-timeout":          {"timer"},
		"d-longpoll-equals-timer":  {"timeout", "newTimeout", "newTimeoutSeconds"},
		"d-retry-doubling":         {"timeout"},
		"d-slow-route":             {"timeout", "newTimeout", "newTimeoutSeconds"},
		"h-instance-fault":         {"instance"},
		"i-wrong-port":             {"port"},
		"j-client-timer-spike":     {"timer"},
	}
)

// A name that no finding fills in would stand in the report as it is. What a finding does not pass through its values
// has no names at all.
func TestNamesToFillInAreKnown(t *testing.T) {
	name := regexp.MustCompile(`\{([a-z][a-zA-Z]*)\}`)
	for _, c := range All() {
		for _, text := range []string{c.Title, c.Evidence, c.Separate} {
			if name.MatchString(text) {
				t.Errorf("%s: %s", c.ID, text)
			}
		}
		texts := []string{c.Mechanism, c.Disproof}
		for _, f := range c.Fixes {
			texts = append(texts, f.Change, f.AzCLI, f.PowerShell, f.Portal, f.Causeway)
		}
		for _, m := range name.FindAllStringSubmatch(strings.Join(texts, " "), -1) {
			if !slices.Contains(common, m[1]) && !slices.Contains(own[c.ID], m[1]) {
				t.Errorf("%s: nobody fills in {%s}", c.ID, m[1])
			}
		}
	}
}

// azCommands and cmdlets are those that exist and that the catalogue uses.
var (
	azCommands = strings.Split(`keyvault set-policy
monitor activity-log list
monitor diagnostic-settings create
network application-gateway address-pool update
network application-gateway http-listener create
network application-gateway http-settings create
network application-gateway http-settings update
network application-gateway probe create
network application-gateway probe update
network application-gateway rewrite-rule update
network application-gateway root-cert create
network application-gateway rule create
network application-gateway rule update
network application-gateway show
network application-gateway show-backend-health
network application-gateway ssl-cert update
network application-gateway start
network application-gateway stop
network application-gateway update
network application-gateway url-path-map rule create
network application-gateway waf-policy custom-rule create
network application-gateway waf-policy custom-rule match-condition add
network application-gateway waf-policy managed-rule exclusion add
network application-gateway waf-policy policy-setting update
network lb rule update
network nat gateway create
network nic list-effective-nsg
network nic show-effective-route-table
network nsg rule create
network private-dns link vnet create
network public-ip update
network route-table route update
network vnet subnet update
network vnet update
network watcher test-connectivity
vm resize
vmss scale
vmss update
webapp config access-restriction add
webapp config set`, "\n")

	cmdlets = strings.Fields(`
	Add-AzApplicationGatewayTrustedRootCertificate Add-AzNetworkSecurityRuleConfig Add-AzWebAppAccessRestrictionRule
	Get-AzActivityLog Get-AzApplicationGateway Get-AzApplicationGatewayBackendHealth Get-AzApplicationGatewayBackendHttpSetting
	Get-AzApplicationGatewayFirewallPolicy Get-AzApplicationGatewayProbeConfig Get-AzApplicationGatewayRequestRoutingRule
	Get-AzApplicationGatewayTrustedRootCertificate Get-AzEffectiveNetworkSecurityGroup Get-AzEffectiveRouteTable Get-AzLoadBalancer
	Get-AzNetworkSecurityGroup Get-AzPublicIpAddress Get-AzRouteTable Get-AzVM Get-AzVirtualNetwork Get-AzVmss New-AzApplicationGatewayFirewallPolicyExclusion
	New-AzApplicationGatewayProbeHealthResponseMatch New-AzNatGateway New-AzPrivateDnsVirtualNetworkLink Set-AzApplicationGateway
	Set-AzApplicationGatewayAutoscaleConfiguration Set-AzApplicationGatewayBackendAddressPool Set-AzApplicationGatewayBackendHttpSetting
	Set-AzApplicationGatewayConnectionDraining Set-AzApplicationGatewayFirewallPolicy Set-AzApplicationGatewaySku
	Set-AzApplicationGatewaySslCertificate Set-AzKeyVaultAccessPolicy Set-AzLoadBalancer Set-AzNetworkSecurityGroup Set-AzPublicIpAddress
	Set-AzRouteConfig Set-AzRouteTable Set-AzVirtualNetwork Set-AzVirtualNetworkSubnetConfig Set-AzWebApp Start-AzApplicationGateway
	Stop-AzApplicationGateway Update-AzVM Update-AzVmss`)
)

// A command that does not exist costs whoever copies it at night more than none at all.
func TestCommandsExist(t *testing.T) {
	az := regexp.MustCompile(`\baz ((?:[a-z][a-z-]* ?)+)`)
	cmdlet := regexp.MustCompile(`\b[A-Z][a-z]+-Az\w+`)
	for _, c := range All() {
		for _, f := range c.Fixes {
			if f.AzCLI != "" && !strings.HasPrefix(f.AzCLI, "az ") {
				t.Errorf("%s: %s", c.ID, f.AzCLI)
			}
			for _, m := range az.FindAllStringSubmatch(f.AzCLI+"\n"+f.Change, -1) {
				if !slices.Contains(azCommands, strings.TrimSpace(m[1])) {
					t.Errorf("%s: az %s", c.ID, m[1])
				}
			}
			for _, x := range cmdlet.FindAllString(f.PowerShell, -1) {
				if !slices.Contains(cmdlets, x) {
					t.Errorf("%s: %s", c.ID, x)
				}
			}
		}
	}
}

func TestToSeparate(t *testing.T) {
	if a, b := ToSeparate("c-idle-race", "c-restart"), ToSeparate("c-restart", "c-idle-race"); a == "" || a != b ||
		a == Find("c-idle-race").Separate {
		t.Errorf("%q, %q", a, b)
	}
	if s := ToSeparate("b-route", "b-drop"); s != Find("b-route").Separate {
		t.Error(s)
	}
	if s := ToSeparate("nonsense", "b-drop"); s != "" {
		t.Error(s)
	}
}

func TestNearest(t *testing.T) {
	for typed, want := range map[string]string{
		"c-idlerace": "c-idle-race", "idle-race": "c-idle-race", "f-expired-": "f-expired",
		"b-refuse": "b-refused", "c-idle": "c-idle-race",
	} {
		if got := Nearest(typed); got != want {
			t.Errorf("%s: %s, want %s", typed, got, want)
		}
	}
}

// What servers do is measured, and each that closes idle connections says when.
func TestServerDefaults(t *testing.T) {
	limits := map[string][3]time.Duration{
		"nginx 1.22": {75 * time.Second, 0, 0}, "Node.js 16 to 20.12": {5 * time.Second, 0, 5 * time.Second},
		"Node.js 20.18 to 26": {6 * time.Second, 0, 5 * time.Second},
		"Kestrel":             {130 * time.Second, 0, 0}, "gunicorn gthread 20.1": {2 * time.Second, 2900 * time.Millisecond, 0},
		"Bun 1.4":  {8400 * time.Millisecond, 12 * time.Second, 0},
		"Thin 1.8": {30 * time.Second, 59 * time.Second, 0}, "waitress 2.1": {120100 * time.Millisecond, 149600 * time.Millisecond, 0},
		"JDK httpserver 17 and 25": {32700 * time.Millisecond, 38600 * time.Millisecond, 0},
		"lighttpd 1.4.69":          {4500 * time.Millisecond, 6 * time.Second, 0},
		"Go net/http 1.26":         {0, 0, 0}, "fastify 5.12 on Node.js 24": {73 * time.Second, 0, 72 * time.Second},
	}
	for _, s := range ServerDefaults() {
		got := [3]time.Duration{s.Idle, s.Last, s.Announce}
		if want, ok := limits[s.Name()]; ok && got != want {
			t.Errorf("%s: %s", s.Name(), got)
		}
		delete(limits, s.Name())
		if s.Last != 0 && !s.Spreads() || s.Idle < 0 || strings.Contains(s.Server, "newest") {
			t.Errorf("%s: %v", s.Name(), got)
		}
	}
	if len(limits) > 0 {
		t.Errorf("no limit of %v", limits)
	}
}

// A server with a band holds any limit within it, and no other.
func TestServerBand(t *testing.T) {
	band := ServerDefault{Idle: 8 * time.Second, Last: 12 * time.Second}
	one := ServerDefault{Idle: 10 * time.Second}
	for limit, want := range map[time.Duration][2]bool{
		7 * time.Second: {}, 9 * time.Second: {true, false}, 10 * time.Second: {true, true},
		12 * time.Second: {true, false}, 13 * time.Second: {},
	} {
		if got := [2]bool{band.Holds(limit, 100*time.Millisecond), one.Holds(limit, 100*time.Millisecond)}; got != want {
			t.Errorf("%s: %v", limit, got)
		}
	}
	if none := (ServerDefault{}); none.Holds(0, time.Second) {
		t.Error("a server without a limit holds one")
	}
}
