package configuration_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// No listener serves the host; a host that is none breaks a rule before that.
func TestNoListenerMatch(t *testing.T) {
	t.Parallel()
	story.Decided(t, "i-no-listener-match",
		fault.Fault{Side: fault.Client, Phase: fault.Route, Kind: fault.NoListener},
		fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.BadHost})
}
