//go:build race

package lab

// underRace is whether the race detector slows everything down: then members come later than a scenario means them to.
const underRace = true
