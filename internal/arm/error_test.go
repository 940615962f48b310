package arm

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// A store without a quorum is unavailable for a while, which clients may ask again about. It is no fault of the server.
func TestWithoutAQuorumTheAPIIsUnavailable(t *testing.T) {
	for _, err := range []error{context.DeadlineExceeded, rpctypes.ErrTimeout, rpctypes.ErrNoLeader} {
		e := asError(fmt.Errorf("list the credentials: %w", err))
		if e.Status != http.StatusServiceUnavailable || !strings.Contains(e.Message, "quorum") {
			t.Errorf("%v: %d %s", err, e.Status, e.Message)
		}
	}
}
