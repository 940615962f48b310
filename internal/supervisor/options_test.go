package supervisor

import (
	"errors"
	"strings"
	"testing"
	"time"

	"causeway/internal/gateway"
)

func TestOptionsThatCannotBeMeant(t *testing.T) {
	f := func(option, hint string, change func(*Options)) {
		t.Helper()
		c := gateway.Config{
			FrontendIPs:   []gateway.FrontendIP{{Name: "public"}, {Name: "private"}},
			FrontendPorts: []gateway.FrontendPort{{Name: "https", Port: 443}},
		}
		var o Options
		change(&o)
		err := errors.Join(o.check(), o.fit(&c))
		var wrong *OptionError
		if option == "" {
			if err != nil {
				t.Errorf("%+v: %v", o, err)
			}
			return
		}
		if !errors.As(err, &wrong) || !strings.HasPrefix(wrong.Option, option) || !strings.Contains(hintFor(err), hint) {
			t.Errorf("%+v: %v; hint %q", o, err, hintFor(err))
		}
	}
	f("", "", func(o *Options) {})
	f("", "", func(o *Options) { o.Bind = map[string]string{"PUBLIC": "127.0.0.1"} })
	f("--bind other=127.0.0.1", "public, private", func(o *Options) { o.Bind = map[string]string{"other": "127.0.0.1"} })
	f("", "", func(o *Options) { o.PortOffset = 65535 - 443 })
	f("--port-offset 65093", "at most --port-offset 65092", func(o *Options) { o.PortOffset = 65536 - 443 })
	f("--port-offset 65536", "8080", func(o *Options) { o.PortOffset = 65536 })
	f("--port-offset -1", "8080", func(o *Options) { o.PortOffset = -1 })
	f("--drain -1s", "30s", func(o *Options) { o.Drain = -time.Second })
	f("", "", func(o *Options) { o.Admin = "127.0.0.1:0" })
	for _, bad := range []string{"9180", "127.0.0.1:99999", "127.0.0.1:http", "127.0.0.1:-1", "::1:80"} {
		f("--admin "+bad, "9180", func(o *Options) { o.Admin = bad })
	}
}

// Two frontends with one port need addresses: the hint says how they are given.
func TestFrontendsAtOnePlace(t *testing.T) {
	h := newHouse(t)
	d := gatewayOn("10.0.0.4")
	private := `{"name":"private","properties":{"privateIPAddress":"10.0.0.9","subnet":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/a"}}},`
	d = strings.Replace(d, `"frontendIPConfigurations":[`, `"frontendIPConfigurations":[`+private, 1)
	at := strings.Index(d, `{"name":"listener"`)
	second := strings.NewReplacer(`"listener"`, `"second"`, "frontendIPConfigurations/public", "frontendIPConfigurations/private").Replace(d[at:strings.Index(d, `],
	"requestRoutingRules"`)])
	at = strings.Index(d, `{"name":"rule"`)
	rule := strings.NewReplacer(`"rule"`, `"rule2"`, `"priority":100`, `"priority":200`, "httpListeners/listener",
		"httpListeners/second").Replace(d[at : len(d)-len("]}}")])
	d = strings.Replace(d, `"httpListeners":[`, `"httpListeners":[`+second+",", 1)
	d = strings.Replace(d, `"requestRoutingRules":[`, `"requestRoutingRules":[`+rule+",", 1)
	h.write(h.o.Config, d)
	_, problems, err := Start(t.Context(), h.o)
	if err == nil || gateway.HasErrors(problems) || !strings.Contains(hintFor(err), "--bind") {
		t.Errorf("%v, %v, hint %q", problems, err, hintFor(err))
	}
}
