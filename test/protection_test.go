package test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// A document that asks for a firewall which blocks is refused by serve, config validate and config apply, with the one
// switch named; with it the gateway serves, and says to whoever looks what is missing.
func TestProtectionsFailClosed(t *testing.T) {
	member, _ := node(t, echo)
	front, admin := freePort(t), freePort(t)
	open := plain(front, member)
	guarded := strings.Replace(open.String(), `"properties":{`,
		`"properties":{"webApplicationFirewallConfiguration":{"enabled":true,"firewallMode":"Prevention","ruleSetType":"OWASP","ruleSetVersion":"3.2"},`, 1)
	guarded = strings.Replace(guarded, `"Standard_v2","tier":"Standard_v2"`, `"WAF_v2","tier":"WAF_v2"`, 1)

	g := serve(t, open.String(), "", "--admin", fmt.Sprint("127.0.0.1:", admin))
	file := g.dir + "/guarded.json"
	g.write(file, guarded)
	refused := func(args ...string) {
		t.Helper()
		out, errs, code := g.run(args...)
		if code != 1 || !strings.Contains(out+errs, "the gateway asks for a protection that is not served") ||
			!strings.Contains(out+errs, "--allow-unserved waf") {
			t.Errorf("%v: %d\n%s%s", args, code, out, errs)
		}
	}
	refused("config", "apply", file)
	if out, errs, code := causeway(t, "config", "validate", file); code != 1 || !strings.Contains(out, "--allow-unserved waf") {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	if out, errs, code := causeway(t, "serve", "--config", file, "--data", g.dir+"/other", "--listen", "127.0.0.1", "--port-offset",
		"1"); code != 1 {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	if _, errs, code := g.run("config", "apply", file, "--allow-unserved", "wav"); code != 2 ||
		!strings.Contains(errs, "waf, mtls, jwt, tls-floor") {
		t.Errorf("%d %s", code, errs)
	}
	refused("config", "apply", file, "--allow-unserved", "mtls")
	if out, errs, code := g.run("config", "apply", file, "--allow-unserved", "waf"); code != 0 {
		t.Fatalf("%d\n%s%s", code, out, errs)
	}
	if out, _, _ := g.run("health"); !strings.Contains(out, "NOT PROTECTED: waf (the gateway)") {
		t.Errorf("health:\n%s", out)
	}
	for path, want := range map[string]string{
		"readyz":  "served without a protection that the document asks for: waf",
		"metrics": `causeway_unserved_protections{instance_id="supervisor",protection="waf"} 1`,
	} {
		if got := curl(t, fmt.Sprintf("http://127.0.0.1:%d/%s", admin, path)); !strings.Contains(got, want) {
			t.Errorf("%s does not say it:\n%.300s", path, got)
		}
	}
	g.write(g.local, "logs: {days: 7}\n")
	if _, errs, code := g.run("config", "apply", "--local", g.local); code != 0 { // the document is as it was allowed
		t.Errorf("%d %s", code, errs)
	}
	refused("config", "apply", file) // the permission was for one document, and not for those that follow
	g.write(g.config, guarded)
	before := strings.Count(g.stderr.String(), "is not served yet")
	g.cmd.Process.Signal(syscall.SIGHUP)
	eventually(t, "a reload refuses the document", func() bool { return strings.Count(g.stderr.String(), "is not served yet") > before })
}
