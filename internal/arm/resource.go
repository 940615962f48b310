package arm

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

// summary is a resource as a list of several kinds shows it.
type summary struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Type     string `json:"type"`
	Location string `json:"location,omitempty"`
	Tags     any    `json:"tags,omitempty"`
	SKU      any    `json:"sku,omitempty"`
}

// listResources lists what is in a subscription or a group. Clients find out with its $filter whether something exists, so
// one that is not understood is refused, and never ignored.
func listResources(q *request) (response, error) {
	conditions, err := parseFilter(q.URL.Query().Get("$filter"))
	if err != nil {
		return response{}, err
	}
	all, err := q.resources()
	if err != nil {
		return response{}, err
	}
	out := []summary{}
	for _, r := range all {
		if id, ok := parseID(r.ID); ok && conditions.hold(r, id.group) {
			out = append(out, r)
		}
	}
	return ok(list{out})
}

// resources are all of the subscription, or of the group that the path names.
func (q *request) resources() (out []summary, err error) {
	in := "/subscriptions/" + q.vars["subscription"] + "/"
	if g, ok := q.vars["group"]; ok {
		in += "resourceGroups/" + g + "/"
	}
	add := func(text []byte) {
		var s summary
		if json.Unmarshal(text, &s) == nil && len(s.ID) > len(in) && strings.EqualFold(s.ID[:len(in)], in) {
			out = append(out, s)
		}
	}
	if g := q.server.current(); g.doc != nil {
		add(q.server.resource(g))
	}
	for _, n := range neighbours {
		if n.within != "" { // Azure lists no resources of resources
			continue
		}
		records, err := q.server.items.Items(q.Context(), n.collection)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			add(r.Value)
		}
	}
	return out, nil
}

// filter are conditions that all must hold: property → value.
type filter map[string]string

var condition = regexp.MustCompile(`(?i)^\s*(resourceGroup|name|resourceType|location)\s+eq\s+'((?:[^']|'')*)'\s*$`)

var conjunction = regexp.MustCompile(`(?i)\s+and\s+`)

// parseFilter reads a $filter, as far as it compares names.
func parseFilter(text string) (filter, error) {
	f := filter{}
	if strings.TrimSpace(text) == "" {
		return f, nil
	}
	for _, part := range conjunction.Split(text, -1) {
		m := condition.FindStringSubmatch(part)
		if m == nil {
			return nil, refuse(http.StatusBadRequest, "InvalidFilterInQueryString",
				"the $filter %q is none that this API understands: resourceGroup, name, resourceType or location, eq a text, joined by and", text)
		}
		f[strings.ToLower(m[1])] = strings.ReplaceAll(m[2], "''", "'")
	}
	return f, nil
}

func (f filter) hold(r summary, group string) bool {
	is := map[string]string{"resourcegroup": group, "name": r.Name, "resourcetype": r.Type, "location": r.Location}
	for property, want := range f {
		if !strings.EqualFold(is[property], want) {
			return false
		}
	}
	return true
}
