package supervisor

import (
	"slices"
	"strings"
	"time"

	"causeway/internal/admin"
)

// absences are the nodes of a cluster that do not run.
type absences struct {
	looked bool
	since  map[string]time.Time // by name; zero: it was away already when this supervisor first looked
}

// see compares the nodes of the cluster with those that run.
func (a *absences) see(admitted, running []string, now time.Time) {
	since := map[string]time.Time{}
	for _, name := range admitted {
		if slices.Contains(running, name) {
			continue
		}
		at, known := a.since[name]
		if !known && a.looked {
			at = now
		}
		since[name] = at
	}
	a.looked, a.since = true, since
}

// list is for the status, by name.
func (a *absences) list() (out []admin.Absence) {
	for name, since := range a.since {
		out = append(out, admin.Absence{Node: name, Since: since})
	}
	slices.SortFunc(out, func(x, y admin.Absence) int { return strings.Compare(x.Node, y.Node) })
	return out
}
