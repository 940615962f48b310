package inference

import (
	"slices"
	"strings"

	"causeway/internal/diagnose/traffic"
)

// ComingOrGoing are the causes of a port of one member that refuses for a while, the likeliest first: those of a member that came back,
// that the document no longer has, that was given up, or that never answered, as this one did.
func (c *Case) ComingOrGoing(events []*traffic.Event) []string {
	m := c.Traffic.Member(events[0].Key())
	_, before := m.Answers.Before(events[0].Start)
	_, back := m.Answers.After(events[len(events)-1].At)
	likely := []string{"a-slow-eviction", "c-restart", "b-refused", "c-endpoint-lag"}
	switch {
	case before && back:
		likely = []string{"c-restart", "c-ignores-sigterm-listener-close", "c-deploy-no-drain"}
	case back:
		likely = []string{"a-not-ready-yet", "c-restart", "b-refused"}
	case c.Traffic.Config != nil && !c.Listed(events[0].Member):
		likely = []string{"c-endpoint-lag", "a-slow-eviction", "c-scale-in", "c-restart"}
	case !before:
		likely = []string{"b-refused", "c-restart"}
	}
	others := []string{
		"a-slow-eviction", "b-refused", "c-restart", "c-endpoint-lag", "c-ignores-sigterm-listener-close", "c-deploy-no-drain",
		"a-not-ready-yet", "a-fast-readmit", "b-reject", "b-dns-stale", "b-ip-reused",
	}
	if s := c.Setting(events[0].Settings); s != nil && strings.EqualFold(s.Protocol, "Https") { // or the handshake failed
		others = append(others, "f-name-mismatch", "f-unknown-ca", "f-expired")
	}
	return slices.Concat(c.MovedAway(events), likely, others)
}
