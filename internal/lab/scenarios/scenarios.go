// Package scenarios lists the scenarios of the lab, each with the cause that is at work in it, and the healthy ones.
package scenarios

import (
	"slices"

	"causeway/internal/lab/stage"
)

// Scenarios are all there are, in the order of the taxonomy, the healthy ones last.
func Scenarios() []stage.Scenario {
	var out []stage.Scenario
	for _, some := range [][]stage.Scenario{
		probeScenarios(), moreProbeScenarios(), reachScenarios(), wayScenarios(), lifecycleScenarios(), connectionScenarios(),
		timeoutScenarios(),
		timeScenarios(), protocolScenarios(), wireScenarios(), tlsScenarios(), trustScenarios(), capacityScenarios(),
		configurationScenarios(),
		clientScenarios(), requestScenarios(), mixedScenarios(), madeScenarios(), healthyScenarios(), busyScenarios(),
		madeHealthyScenarios(),
	} {
		out = append(out, some...)
	}
	for i := range out {
		placed(&out[i])
	}
	return out
}

// Find returns a scenario by name.
func Find(name string) (stage.Scenario, bool) {
	all := Scenarios()
	i := slices.IndexFunc(all, func(s stage.Scenario) bool { return s.Name == name })
	if i < 0 {
		return stage.Scenario{}, false
	}
	return all[i], true
}
