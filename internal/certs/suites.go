package certs

import (
	"slices"
	"strconv"
	"strings"

	"causeway/internal/gateway"
)

// CheckPolicies warns of the cipher suites that a TLS policy in force names and that are not offered, and of weak ones
// that are, once a policy. Suites that a policy of the document lists itself are the document's own warnings.
func CheckPolicies(c *gateway.Config) []gateway.Problem {
	var problems []gateway.Problem
	seen := map[string]bool{}
	for _, l := range c.Listeners {
		if !l.HTTPS() {
			continue
		}
		policy, path := c.SSLPolicy, "properties.sslPolicy"
		if i := profileOf(c, l.SSLProfile); i >= 0 && c.SSLProfiles[i].Policy.Type != "" {
			policy, path = c.SSLProfiles[i].Policy, "properties.sslProfiles["+strconv.Itoa(i)+"].properties.sslPolicy"
		}
		if seen[path] {
			continue
		}
		seen[path] = true
		problems = append(problems, checkPolicy(PolicyOf(policy, c.V1()), policy, path)...)
	}
	return problems
}

func profileOf(c *gateway.Config, name string) int {
	return slices.IndexFunc(c.SSLProfiles, func(p gateway.SSLProfile) bool { return strings.EqualFold(p.Name, name) })
}

func checkPolicy(p Policy, of gateway.SSLPolicy, path string) (problems []gateway.Problem) {
	if len(p.Missing) > 0 && !strings.HasPrefix(of.Type, "Custom") {
		problems = append(problems, gateway.Problem{
			Path: path, Code: "SuitesNotOffered", Severity: gateway.Warning,
			Message: "the policy in force names cipher suites that Causeway does not offer: " + strings.Join(p.Missing, ", "),
			Hint:    "clients that know no others cannot connect; those of the last ten years know others",
		})
	}
	if weak := p.weak(); len(weak) > 0 {
		problems = append(problems, gateway.Problem{
			Path: path, Code: "WeakSuites", Severity: gateway.Warning,
			Message: "the policy in force offers cipher suites that are no longer held for secure: " + strings.Join(weak, ", "),
			Hint:    "choose AppGwSslPolicy20220101S, unless a client is known to need them",
		})
	}
	return problems
}

// weak are the suites with blocks of 64 bits: enough traffic reveals its content (Sweet32, CVE-2016-2183).
func (p Policy) weak() (names []string) {
	for _, id := range p.Suites {
		if name := SuiteName(id); strings.Contains(name, "DES-CBC3") {
			names = append(names, name)
		}
	}
	return names
}
