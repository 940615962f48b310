package story

import (
	"strings"

	"causeway/internal/report"
)

func Noticed(r *report.Report) string {
	var out []string
	for _, n := range r.Notices {
		out = append(out, n.Cause)
	}
	return strings.Join(out, " ")
}
