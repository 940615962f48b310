package connections_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The side tells who closed the connection under a request: the gateway, as it drained, or the member.
func TestGatewayReload(t *testing.T) {
	t.Parallel()
	story.Decided(t, "c-gateway-reload",
		fault.Fault{Side: fault.Gateway, Phase: fault.Wait, Kind: fault.Closed},
		fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Closed})
}
