package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Members are probed under each settings object: that makes a series of probes for each pair, at Azure's default interval.
const (
	probedPools     = 10
	probedMembers   = 100 // of a pool
	probedSettings  = 10
	probeInterval   = 30 * time.Second
	goalProbes      = 0.05 // of a processor
	probesToBeReady = 5 * time.Second
)

// reportProbes prints what it takes to probe a thousand members under ten settings objects while nobody asks anything.
func (p *plan) reportProbes(w io.Writer, dir string, length time.Duration) error {
	p.turn.take()
	folder := filepath.Join(dir, "probes")
	members, err := probedServers(folder + "-members")
	if err == nil {
		err = members.start()
	}
	defer members.stop()
	if err != nil {
		return err
	}
	e := entrant{this, probing(p.binary)}
	s, err := e.in(folder, portBase+90)
	if err == nil {
		err = s.start()
	}
	defer s.stop()
	if err != nil {
		return err
	}
	time.Sleep(probesToBeReady) // the first probes of all are a start, not what it costs to go on
	logged := folder + "-members/access.log"
	probes, before, begin := lines(logged), spentBy(s.cmd.Process.Pid), time.Now()
	var seconds []float64 // shares of a processor
	for last, at := before, begin; time.Since(begin) < length; {
		time.Sleep(time.Second)
		now, then := spentBy(s.cmd.Process.Pid), time.Now()
		seconds = append(seconds, now.since(last).total().Seconds()/then.Sub(at).Seconds())
		last, at = now, then
	}
	used, took := spentBy(s.cmd.Process.Pid).since(before), time.Since(begin)
	probes = lines(logged) - probes
	share := used.total().Seconds() / took.Seconds()
	heading(w, "Probes",
		fmt.Sprintf("%d members under %d settings objects, each probed every %s over HTTP, for %s, with no other traffic. Every answer passes.",
			probedPools*probedMembers, probedSettings, probeInterval, length))
	t := table{header: []string{"probes/s", "CPU µs/probe (user + kernel)", "share of a processor", "in the busiest second", "goal", "met"}}
	each := used.per(probes)
	t.add(fmt.Sprintf("%.0f", float64(probes)/took.Seconds()), fmt.Sprintf("%.1f (%.1f + %.1f)", micro(each.total()), micro(each.user),
		micro(each.kernel)),
		fmt.Sprintf("%.1f %%", 100*share), fmt.Sprintf("%.0f %%", 100*slices.Max(seconds)), fmt.Sprintf("%.0f %%", 100*goalProbes),
		met(share <= goalProbes))
	t.print(w)
	if want := float64(probedPools*probedMembers*probedSettings) * took.Seconds() / probeInterval.Seconds(); float64(probes) < want*0.9 {
		return fmt.Errorf("%d probes came, about %.0f were due", probes, want)
	}
	return nil
}

func lines(path string) int {
	b, _ := os.ReadFile(path)
	return bytes.Count(b, []byte("\n"))
}

// probedAddress is that of a member.
func probedAddress(pool, member int) string { return fmt.Sprintf("127.3.%d.%d", pool, member+1) }

// probedServers is an nginx that is all the members, and writes a line for each probe.
func probedServers(dir string) (*server, error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	var listen strings.Builder
	for pool := range probedPools {
		for m := range probedMembers {
			fmt.Fprintf(&listen, "  listen %s:%d;\n", probedAddress(pool, m), probedPort)
		}
	}
	path, err := writeFile(dir, "members.conf", fmt.Appendf(nil, nginxHead+` log_format short '$status'; access_log %[1]s/access.log short;
 server {
%[3]s  location / { return 200 "ok"; }
 }
}`, dir, "members", &listen))
	if err != nil {
		return nil, err
	}
	return &server{name: "members", address: probedAddress(0, 0), port: probedPort, cmd: pinned("1", "nginx", "-c", path)}, nil
}

// probing makes a Causeway whose path rules pair each pool with each settings object.
func probing(binary string) func(dir string, port int) (*server, error) {
	return func(dir string, port int) (*server, error) {
		document, err := json.Marshal(probedDocument(port))
		if err != nil {
			return nil, err
		}
		config, err := writeFile(dir, "gateway.json", document)
		if err != nil {
			return nil, err
		}
		s := &server{cmd: pinned("0", binary, "serve", "--config", config, "--data", filepath.Join(dir, "data"), "--listen", "127.0.0.1")}
		s.cmd.Stderr, err = s.open(dir, "causeway.err")
		return s, err
	}
}

type object = map[string]any

func named(name string, properties object) object {
	return object{"name": name, "properties": properties}
}

func ref(collection, name string) object { return object{"id": "/x/" + collection + "/" + name} }

func probedDocument(port int) object {
	var pools, settings, rules []object
	for i := range probedPools {
		var list []object
		for m := range probedMembers {
			list = append(list, object{"ipAddress": probedAddress(i, m)})
		}
		pools = append(pools, named(fmt.Sprint("pool-", i), object{"backendAddresses": list}))
	}
	for i := range probedSettings {
		name := fmt.Sprint("settings-", i)
		settings = append(settings, named(name, object{"port": probedPort, "protocol": "Http", "requestTimeout": 30}))
		for k := range probedPools {
			rules = append(rules, named(fmt.Sprint("rule-", i, "-", k), object{
				"paths": []string{fmt.Sprintf("/%d/%d/*", i, k)}, "backendAddressPool": ref("backendAddressPools", fmt.Sprint("pool-", k)),
				"backendHttpSettings": ref("backendHttpSettingsCollection", name),
			}))
		}
	}
	return named("bench", object{
		"sku":                      object{"name": "Standard_v2", "tier": "Standard_v2", "capacity": 1},
		"frontendIPConfigurations": []object{named("pub", object{})}, "frontendPorts": []object{named("plain", object{"port": port})},
		"backendAddressPools": pools, "backendHttpSettingsCollection": settings,
		"urlPathMaps": []object{named("map", object{
			"defaultBackendAddressPool":  ref("backendAddressPools", "pool-0"),
			"defaultBackendHttpSettings": ref("backendHttpSettingsCollection", "settings-0"), "pathRules": rules,
		})},
		"httpListeners": []object{named("plain", object{
			"protocol": "Http", "frontendIPConfiguration": ref("frontendIPConfigurations", "pub"),
			"frontendPort": ref("frontendPorts", "plain"),
		})},
		"requestRoutingRules": []object{named("rule", object{
			"ruleType": "PathBasedRouting", "priority": 1, "httpListener": ref("httpListeners", "plain"),
			"urlPathMap": ref("urlPathMaps", "map"),
		})},
	})
}
