package document

import (
	"fmt"
	"slices"
	"strings"

	"causeway/internal/gateway"
)

// FailClosed completes the problems of a document by its protections that are not served: each is an error that names the
// switch, or a warning if it is allowed. Warnings that say less of the same objects go.
func (d *Document) FailClosed(problems []gateway.Problem, allowed []string) []gateway.Problem {
	var r gateway.Report
	for _, u := range d.Config.Unserved {
		problems = slices.DeleteFunc(slices.Clone(problems), func(p gateway.Problem) bool {
			return p.Code == "NotServed" && strings.HasPrefix(p.Path, d.pathOf(u.Path))
		})
		if slices.Contains(allowed, u.Protection) {
			r.Warn(u.Path, "ProtectionNotServed", "it is served without, since allow-unserved says so",
				"%s asks for a protection that is not served: %s", u.Object, u.Without)
			continue
		}
		r.Error(u.Path, "ProtectionNotServed",
			fmt.Sprintf("keep this gateway where it is protected; or serve it without, with --allow-unserved %[1]s, or allowUnserved: [%[1]s] in causeway.yaml", u.Protection),
			"%s asks for a protection that is not served yet: %s", u.Object, u.Without)
	}
	return gateway.SortProblems(append(d.finish(r.Problems), problems...))
}

// pathOf is a path in the form that the document has.
func (d *Document) pathOf(path string) string {
	return d.finish([]gateway.Problem{{Path: path}})[0].Path
}
