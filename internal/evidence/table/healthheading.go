package table

import "strings"

// IsHealthHeading reports whether the columns of a table are those of backend health: a server, and its state.
func IsHealthHeading(names []string) bool { return HealthColumnsOf(names) != nil }

// HealthColumns are where a table of backend health has what; -1: nowhere.
type HealthColumns struct{ Server, State, Setting, Detail, Pool int }

// HealthColumnsOf finds the columns: the portal calls them Server (backend pool), Status, Port (Backend setting) and
// Details; az with -o table calls them Address and Health.
func HealthColumnsOf(names []string) *HealthColumns {
	c := &HealthColumns{-1, -1, -1, -1, -1}
	for i, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case c.Server < 0 && (strings.HasPrefix(name, "server (") || name == "server" || name == "address" || name == "servers"):
			c.Server = i
		case c.State < 0 && (name == "status" || name == "health"):
			c.State = i
		case c.Setting < 0 && (strings.HasPrefix(name, "port (") || strings.Contains(name, "setting")):
			c.Setting = i
		case c.Detail < 0 && (strings.HasPrefix(name, "detail") || name == "healthprobelog" || name == "reason"):
			c.Detail = i
		case c.Pool < 0 && strings.Contains(name, "pool"):
			c.Pool = i
		}
	}
	if c.Server < 0 || c.State < 0 || c.Setting < 0 && c.Detail < 0 && c.Pool < 0 && len(names) > 2 {
		return nil
	}
	return c
}
