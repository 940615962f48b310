package story

import (
	"bytes"
	"testing"

	"causeway/internal/report"
)

const IdOfGateway = "/SUBSCRIPTIONS/S/RESOURCEGROUPS/SHOP/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/GW7"

func TextOf(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Text(&b, 80); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
