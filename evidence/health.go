package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"causeway/gateway"
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
	if err := json.Unmarshal(data, &h); err != nil {
		return nil, err
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
	for _, p := range out.Pools {
		for _, s := range p.Settings {
			for i := range s.Servers {
				s.Servers[i].Health = stateOf(s.Servers[i].Health)
			}
		}
	}
	return &out, nil
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

const poolsText = "BackendAddressPoolsText"

// healthFromText reads what PowerShell prints of backend health: JSON under a name, with long lines wrapped and indented.
func healthFromText(data []byte) (*gateway.Health, bool) {
	_, rest, found := bytes.Cut(data, []byte(poolsText))
	begin := bytes.IndexByte(rest, '[')
	if !found || begin < 0 {
		return nil, false
	}
	text := unwrapped(rest[begin:])
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
