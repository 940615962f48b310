package evidence

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"causeway/internal/evidence/archive"
	"causeway/internal/evidence/table"
	"causeway/internal/gateway"
)

// isHealth reports whether JSON is backend health: its pools hold settings, and they hold servers.
func isHealth(data []byte) bool {
	lower := bytes.ToLower(data[:min(len(data), 1<<20)])
	return bytes.Contains(lower, []byte(`"backendhttpsettingscollection"`)) && bytes.Contains(lower, []byte(`"servers"`)) ||
		bytes.Contains(lower, []byte(`"backendhealthhttpsettings"`))
}

// decodeHealth reads what the REST API, az and PowerShell return: all pools, one pool, or one probe on demand. Names are
// taken in any case.
func decodeHealth(data []byte) (*gateway.Health, error) {
	var h struct {
		gateway.Health
		gateway.PoolHealth
		OnDemand *gateway.SettingsHealth `json:"backendHealthHttpSettings"`
	}
	if h, ok := healthInText(data); ok {
		return h, nil
	}
	if err := json.Unmarshal(data, &h); err != nil {
		return nil, errShallow
	}
	out := h.Health
	switch {
	case len(out.Pools) > 0:
	case h.OnDemand != nil:
		out.Pools = []gateway.PoolHealth{{Pool: h.Pool, Settings: []gateway.SettingsHealth{*h.OnDemand}}}
	case len(h.Settings) > 0:
		out.Pools = []gateway.PoolHealth{h.PoolHealth}
	default:
		return nil, errors.New("the backend health has no pools")
	}
	if !slices.ContainsFunc(out.Pools, hasServers) {
		return nil,
			errors.New("the backend health lists no server: ask again; if that does not help, the pools are empty or the gateway is stopped")
	}
	for _, p := range out.Pools {
		for _, s := range p.Settings {
			for i := range s.Servers {
				s.Servers[i].Health = stateOf(s.Servers[i].Health)
			}
		}
	}
	return &out, nil
}

func hasServers(p gateway.PoolHealth) bool {
	return slices.ContainsFunc(p.Settings, func(s gateway.SettingsHealth) bool { return len(s.Servers) > 0 })
}

// errShallow reports health of which ConvertTo-Json kept only the names of types.
var errShallow = errors.New("ConvertTo-Json cut the backend health off: it holds names of .NET types in place of the servers. " +
	"Ask again with: Get-AzApplicationGatewayBackendHealth -Name NAME -ResourceGroupName GROUP | ConvertTo-Json -Depth 10")

// isShallowHealth reports whether JSON is backend health of PowerShell's that was cut at its depth, whatever is left of it.
func isShallowHealth(data []byte) bool {
	head := data[:min(len(data), 1<<20)]
	return bytes.Contains(head, []byte("PSApplicationGatewayBackendHealth")) || bytes.Contains(head, []byte(`"`+poolsText+`"`)) ||
		bytes.Contains(head, []byte("System.Collections.Generic.List")) &&
			bytes.Contains(bytes.ToLower(head), []byte(`"backendaddresspools"`))
}

// healthInText reads what PowerShell's objects hold beside themselves: all of the health as JSON in a text, at any depth.
func healthInText(data []byte) (*gateway.Health, bool) {
	var h struct{ BackendAddressPoolsText string }
	if json.Unmarshal(data, &h) != nil && h.BackendAddressPoolsText == "" || h.BackendAddressPoolsText == "" {
		return nil, false
	}
	return healthOfPools([]byte(h.BackendAddressPoolsText))
}

// healthOfPools reads an array of pools.
func healthOfPools(text []byte) (*gateway.Health, bool) {
	var pools []gateway.PoolHealth
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&pools); err != nil || len(pools) == 0 {
		return nil, false
	}
	again, err := json.Marshal(gateway.Health{Pools: pools})
	if err != nil {
		return nil, false
	}
	h, err := decodeHealth(again)
	return h, err == nil
}

// stateOf is a state in the words of the API: command lines say Healthy and Unhealthy.
func stateOf(s string) string {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "up", "healthy":
		return "Up"
	case "down", "unhealthy":
		return "Down"
	case "partial":
		return "Partial"
	case "draining":
		return "Draining"
	}
	return "Unknown"
}

// isHealthTable reports whether a text is a table of backend health.
func isHealthTable(text []byte) bool {
	rows, err := table.NewRows(bufio.NewReaderSize(bytes.NewReader(text), archive.HeadSize))
	if err != nil {
		return false
	}
	heading, _, err := rows.Next()
	return err == nil && table.IsHealthHeading(heading) && !table.KnownNames(heading)
}

// healthFromTable reads a table of backend health, as the portal shows it and people paste it.
func healthFromTable(data []byte) (*gateway.Health, bool) {
	if !isHealthTable(data) {
		return nil, false
	}
	rows, err := table.NewRows(bufio.NewReaderSize(bytes.NewReader(data), archive.HeadSize))
	if err != nil {
		return nil, false
	}
	heading, _, err := rows.Next()
	if err != nil {
		return nil, false
	}
	at := table.HealthColumnsOf(heading)
	out := &gateway.Health{}
	for {
		row, _, err := rows.Next()
		if err != nil && !table.IsRowError(err) {
			return out, len(out.Pools) > 0
		}
		if err == nil && at.Server < len(row) && at.State < len(row) && row[at.Server] != "" && row[at.State] != "" {
			addHealth(out, at, row)
		}
	}
}

// addHealth adds the server of one row to its pool and settings.
func addHealth(h *gateway.Health, at *table.HealthColumns, row []string) {
	cell := func(i int) string {
		if i < 0 || i >= len(row) {
			return ""
		}
		return strings.TrimSpace(row[i])
	}
	address, pool := nameAndPart(cell(at.Server))
	if p := cell(at.Pool); p != "" {
		pool = p
	}
	_, setting := nameAndPart(cell(at.Setting))
	server := gateway.ServerHealth{Address: address, Health: stateOf(cell(at.State)), Detail: cell(at.Detail)}
	ofPool, ofSetting := gateway.Ref{ID: "/backendAddressPools/" + pool}, gateway.Ref{ID: "/backendHttpSettingsCollection/" + setting}
	i := slices.IndexFunc(h.Pools, func(p gateway.PoolHealth) bool { return p.Pool == ofPool })
	if i < 0 {
		i = len(h.Pools)
		h.Pools = append(h.Pools, gateway.PoolHealth{Pool: ofPool})
	}
	p := &h.Pools[i]
	k := slices.IndexFunc(p.Settings, func(s gateway.SettingsHealth) bool { return s.Settings == ofSetting })
	if k < 0 {
		k = len(p.Settings)
		p.Settings = append(p.Settings, gateway.SettingsHealth{Settings: ofSetting})
	}
	p.Settings[k].Servers = append(p.Settings[k].Servers, server)
}

// nameAndPart takes "10.4.1.4 (web)" apart.
func nameAndPart(s string) (name, part string) {
	before, rest, found := strings.Cut(s, "(")
	if !found {
		return s, ""
	}
	return strings.TrimSpace(before), strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), ")"))
}

const poolsText = "BackendAddressPoolsText"

// healthFromText reads what PowerShell prints of backend health: JSON under a name, with long lines wrapped and indented.
func healthFromText(data []byte) (*gateway.Health, bool) {
	_, rest, found := bytes.Cut(data, []byte(poolsText))
	begin := bytes.IndexByte(rest, '[')
	if !found || begin < 0 {
		return nil, false
	}
	return healthOfPools(unwrapped(rest[begin:]))
}

// unwrapped joins strings that were broken over lines.
func unwrapped(text []byte) []byte {
	var out []byte
	quoted := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && quoted && i+1 < len(text):
			out = append(out, c)
			i++
			c = text[i]
		case c == '"':
			quoted = !quoted
		case quoted && (c == '\n' || c == '\r'):
			for i+1 < len(text) && (text[i+1] == ' ' || text[i+1] == '\n' || text[i+1] == '\t') {
				i++
			}
			continue
		}
		out = append(out, c)
	}
	return out
}
