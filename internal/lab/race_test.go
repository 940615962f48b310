//go:build race

package lab

// underRace is whether the race detector slows everything down: then members come later than a scenario means them to.
const (
	underRace = true
	// The detector needs some hundred KiB for each goroutine, and for every lock that many of them took.
	atOnce = 4
)
