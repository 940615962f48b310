package story

import (
	"strings"

	"causeway/internal/accesslog"
	"causeway/internal/report"
)

// Probed is the usual document with a probe of its own: every five seconds, two bad answers take a member out.
func Probed(path string) string {
	return strings.Replace(strings.Replace(StoryDocument, `"backendAddressPools"`,
		`"probes":[{"name":"well","properties":{"protocol":"Http","host":"127.0.0.1","path":"`+path+`","interval":5,"timeout":1,"unhealthyThreshold":2}}],"backendAddressPools"`, 1),
		`"requestTimeout":2`, `"requestTimeout":2,"probe":{"id":"/x/probes/well"}`, 1)
}

// Answers is what a member said with a status of its own.
func Answers(status int) Change {
	return func(r *accesslog.Record, a *accesslog.Attempt) { r.Status, a.Status = status, status }
}

func RivalsOf(f *report.Finding) string {
	var ids []string
	for _, r := range f.Rivals {
		ids = append(ids, r.Cause)
	}
	return strings.Join(ids, " ")
}
