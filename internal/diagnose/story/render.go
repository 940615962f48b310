package story

import (
	"bytes"
	"testing"

	"causeway/internal/report"
)

func HtmlOf(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
