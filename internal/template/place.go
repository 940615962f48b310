package template

import (
	"maps"
	"slices"
	"time"

	"causeway/internal/template/expr"
)

// Place is where a template is deployed. It answers what a template alone leaves open.
type Place struct {
	Tenant       string
	Subscription string
	Group        string            // name of the resource group
	Location     string            // of the group
	Tags         map[string]string // of the group
	Deployment   string            // name of the deployment
	Now          time.Time         // what utcNow() gives

	// Resource is a resource by its id, in any case, as the REST API answers it: one that exists, or one that Resources has
	// handed out. It is nil where there is none. An error ends the evaluation.
	Resource func(id string) ([]byte, error)
}

// groupTags are the tags of the group as a value.
func (r *run) groupTags() *expr.Object {
	out := &expr.Object{}
	if r.place == nil {
		return out
	}
	for _, key := range slices.Sorted(maps.Keys(r.place.Tags)) {
		out.Members = append(out.Members, expr.Member{Key: key, Value: r.place.Tags[key]})
	}
	return out
}

// text is what the place says, or what holds where a template is read without one.
func (r *run) text(at func(*Place) string, otherwise string) string {
	if r.place == nil {
		return otherwise
	}
	return at(r.place)
}

func (r *run) tenantID() string {
	return r.text(func(p *Place) string { return p.Tenant }, zeroID)
}

// location is the region of the group, on which nothing in a gateway depends.
func (r *run) location() string {
	return r.text(func(p *Place) string { return p.Location }, "unknown")
}
