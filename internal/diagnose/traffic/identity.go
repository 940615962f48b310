package traffic

import (
	"net/netip"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/units"
)

// NameAndGroup are the name and resource group of a document; GATEWAY and GROUP stand in for what it lacks.
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
func (s *Summary) NameAndGroup() (name, group string) {
	if s.Config != nil {
		return NameAndGroup(s.Config)
	}
	id := s.ResourceID()
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
func (s *Summary) FirstGeneration() bool {
	if s.Config != nil {
		return s.Config.V1()
	}
	return 2*s.V1 > s.Requests
}

// ResourceID is the gateway's, from the document, or else from a log or from a report of health.
func (s *Summary) ResourceID() string {
	if s.Config != nil && s.Config.ID != "" {
		return s.Config.ID
	}
	for _, id := range units.SortedKeys(s.Gateways) {
		return id
	}
	if s.Health != nil && len(s.Health.Pools) > 0 {
		id, _, _ := strings.Cut(s.Health.Pools[0].Pool.ID, "/backendAddressPools/")
		return id
	}
	return ""
}

// ServerText is an address with its port, which first-generation logs do not have.
func ServerText(server netip.AddrPort) string {
	if server.IsValid() && server.Port() == 0 {
		return server.Addr().String()
	}
	return server.String()
}
