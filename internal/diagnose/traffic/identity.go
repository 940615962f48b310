package traffic

import (
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/units"
)

func NameAndGroup(c *gateway.Config) (name, group string) {
	name, group = "GATEWAY", "GROUP"
	if c != nil {
		if c.Name != "" {
			name = c.Name
		}
		if g := partAfter(c.ID, "resourceGroups"); g != "" {
			group = g
		}
	}
	return name, group
}

// NameAndGroup are those of the document; without one, those of the resource id that other evidence carries.
func (t *Summary) NameAndGroup() (name, group string) {
	if t.Config != nil {
		return NameAndGroup(t.Config)
	}
	id := t.ResourceID()
	return NameAndGroup(&gateway.Config{ID: id, Name: partAfter(id, "applicationGateways")})
}

// partAfter is the part of a resource id that follows a word.
func partAfter(id, word string) string {
	parts := strings.Split(id, "/")
	for i, p := range parts {
		if strings.EqualFold(p, word) && i+1 < len(parts) {
			return parts[i+1]
		}
	}
	return ""
}

// FirstGeneration reports whether the gateway is a v1, by its document or else by its log.
func (t *Summary) FirstGeneration() bool {
	if t.Config != nil {
		return t.Config.V1()
	}
	return 2*t.V1 > t.Requests
}

// ResourceID is the gateway's, from the document, or else from a log or from a report of health.
func (t *Summary) ResourceID() string {
	if t.Config != nil && t.Config.ID != "" {
		return t.Config.ID
	}
	for _, id := range units.SortedKeys(t.Gateways) {
		return id
	}
	if t.Health != nil && len(t.Health.Pools) > 0 {
		id, _, _ := strings.Cut(t.Health.Pools[0].Pool.ID, "/backendAddressPools/")
		return id
	}
	return ""
}
