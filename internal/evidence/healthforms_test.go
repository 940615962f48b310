package evidence

import (
	"encoding/json"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"causeway/internal/evidence/evidencetest"
)

// theDocks is the health of one pool with a member that is up and one that is not, as the API returns it.
const theDocks = `{"backendAddressPools":[{"backendAddressPool":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/w/backendAddressPools/docks"},
"backendHttpSettingsCollection":[{"backendHttpSettings":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/w/backendHttpSettingsCollection/plain"},
"servers":[{"address":"10.9.0.4","health":"Healthy","healthProbeLog":"Success. Received 200 status code"},{"address":"10.9.0.5","health":"Unhealthy","healthProbeLog":"Received invalid status code: 404"}]}]}]}`

// docksHealth fails where the health of a text is not that of the docks.
func docksHealth(t *testing.T, name, text string) {
	t.Helper()
	b := open(t, evidencetest.Write(t, t.TempDir(), name, text))
	if b.Health == nil || len(b.Unread) > 0 {
		t.Errorf("%s:\n%.500s\nnot read %v", name, text, b.Unread)
		return
	}
	var got []string
	for _, p := range b.Health.Pools {
		for _, s := range p.Settings {
			for _, server := range s.Servers {
				pool, setting := p.Pool.ID[strings.LastIndexByte(p.Pool.ID, '/')+1:],
					s.Settings.ID[strings.LastIndexByte(s.Settings.ID, '/')+1:]
				got = append(got, pool+" "+setting+" "+server.Address+" "+server.Health+" "+server.Detail[:7])
			}
		}
	}
	if want := "docks plain 10.9.0.4 Up Success|docks plain 10.9.0.5 Down Receive"; strings.Join(got, "|") != want {
		t.Errorf("%s: got %s", name, strings.Join(got, "|"))
	}
}

// powershell is the health as ConvertTo-Json prints PowerShell's object at a depth: what is deeper is the name of a type.
func powershell(depth int) string {
	var pools struct{ BackendAddressPools any }
	if err := json.Unmarshal([]byte(theDocks), &pools); err != nil {
		panic(err)
	}
	var cut func(v any, left int) any
	cut = func(v any, left int) any {
		switch v := v.(type) {
		case map[string]any:
			if left < 0 {
				return "Microsoft.Azure.Commands.Network.Models.PSApplicationGatewayBackendHealthPool"
			}
			out := map[string]any{}
			for k, inner := range v {
				out[strings.ToUpper(k[:1])+k[1:]] = cut(inner, left-1)
			}
			return out
		case []any:
			if left < 0 {
				return "System.Collections.Generic.List`1[Microsoft.Azure.Commands.Network.Models.PSApplicationGatewayBackendHealthServer]"
			}
			var out []any
			for _, inner := range v {
				out = append(out, cut(inner, left-1))
			}
			return out
		}
		return v
	}
	text, _ := json.MarshalIndent(cut(pools.BackendAddressPools, 100), "", "  ")
	all := map[string]any{
		"BackendAddressPools":     cut(pools.BackendAddressPools, depth-1),
		"BackendAddressPoolsText": strings.ReplaceAll(string(text), "\n", "\r\n"),
	}
	out, _ := json.Marshal(all)
	return string(out)
}

// Health is known in each form in which people have it.
func TestHealthAsPeopleHaveIt(t *testing.T) {
	docksHealth(t, "rest.json", theDocks)
	y, err := yaml.JSONToYAML([]byte(theDocks))
	if err != nil {
		t.Fatal(err)
	}
	docksHealth(t, "health.yaml", string(y))
	docksHealth(t, "health.txt", string(y))
	heading := []string{"Server (backend pool)", "Status", "Port (Backend setting)", "Protocol", "Details", "Action"}
	rows := [][]string{
		{"10.9.0.4 (docks)", "Healthy", "80 (plain)", "HTTP", "Success. Received 200 status code", ""},
		{"10.9.0.5 (docks)", "Unhealthy", "80 (plain)", "HTTP", "Received invalid status code: 404", "Troubleshoot"},
	}
	for _, comma := range []string{"\t", ",", ";"} {
		t.Run(comma, func(t *testing.T) {
			text := strings.Join(heading, comma) + "\n"
			for _, row := range rows {
				text += strings.Join(row, comma) + "\n"
			}
			docksHealth(t, "portal.txt", text)
		})
	}
	docksHealth(t, "portal.md", "| "+strings.Join(heading, " | ")+" |\n|---|---|---|---|---|---|\n| "+strings.Join(rows[0], " | ")+" |\n| "+
		strings.Join(rows[1], " | ")+" |\n")
	for depth := 1; depth <= 10; depth++ {
		docksHealth(t, "ps.json", powershell(depth))
	}
}

// Health of which only the names of types are left is reported, with the command that prints all of it.
func TestHealthThatWasCut(t *testing.T) {
	for depth := range 6 {
		var all map[string]any
		if err := json.Unmarshal([]byte(powershell(depth)), &all); err != nil {
			t.Fatal(err)
		}
		delete(all, "BackendAddressPoolsText")
		text, _ := json.Marshal(all)
		if !strings.Contains(string(text), "Microsoft.Azure.Commands") {
			continue
		}
		b := open(t, evidencetest.Write(t, t.TempDir(), "ps.json", string(text)))
		if b.Health != nil || len(b.Unread) != 1 || !strings.Contains(b.Unread[0].Reason, "-Depth 10") {
			t.Errorf("depth %d: health %v, not read %v", depth, b.Health, b.Unread)
		}
	}
}

// Metrics as az prints them in a table, and as a chart whose decimals have commas.
func TestTablesOfMetrics(t *testing.T) {
	for name, text := range map[string]string{
		"az.txt":    "Timestamp             Name             Total    Average\n--------------------  ---------------  -------  -------\n2026-11-20T08:00:00Z  Failed Requests  3.0\n2026-11-20T08:01:00Z  Failed Requests  0.0\n",
		"chart.csv": "Failed requests of w\n\nTime;Failed Requests (Sum), w\n20.11.2026 08:00:00;3,0\n20.11.2026 08:01:00;0,0\n",
		"rows.csv":  "TimeGenerated,MetricName,Total,TimeGrain\n2026-11-20T08:00:00Z,FailedRequests,3,PT1M\n2026-11-20T08:01:00Z,FailedRequests,0,PT1M\n",
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, evidencetest.Write(t, t.TempDir(), name, text))
			count(t, b)
			if len(b.Metrics) != 1 || b.Metrics[0].Name != "FailedRequests" || len(b.Metrics[0].Points) != 2 ||
				b.Metrics[0].Points[0].Value() != 3 || len(b.Unread) > 0 {
				t.Errorf("%s: %+v, not read %v", name, b.Metrics, b.Unread)
			}
		})
	}
}
