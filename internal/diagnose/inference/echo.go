package inference

import (
	"slices"

	"causeway/internal/diagnose/traffic"
)

// RivalsOfEcho are the causes of a status that the member may have given itself.
func RivalsOfEcho(events []*traffic.Event) []string {
	if slices.ContainsFunc(events, func(e *traffic.Event) bool { return e.Ambiguous }) {
		return []string{"k-backend-5xx", "k-chained-proxy"}
	}
	return nil
}
