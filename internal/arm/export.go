package arm

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// exported is a template that makes the resources of a group again, in any group: ids within the group are expressions.
type exported struct {
	group     string // its id
	resources []any
	present   map[string]bool // ids in lower case
}

// exportBody is what a client asks for.
type exportBody struct {
	Resources []string `json:"resources"` // ids, or * for all
}

// exportGroup answers with a template of a resource group. Private keys and passwords are not in it: deployed again, the
// template keeps those that are there.
func exportGroup(q *request) (response, error) {
	g, err := q.findGroup()
	if err != nil {
		return response{}, err
	}
	body := exportBody{Resources: []string{"*"}}
	if q.Method == http.MethodPost {
		if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
			return response{}, refuse(http.StatusBadRequest, "InvalidRequestContent", "the body does not say what to export: %v", err)
		}
	}
	all, err := q.resources()
	if err != nil {
		return response{}, err
	}
	e := &exported{group: g.id(q.vars["subscription"]), present: map[string]bool{}}
	for _, r := range all {
		e.present[strings.ToLower(r.ID)] = body.wants(r.ID)
	}
	for _, r := range all {
		if body.wants(r.ID) {
			if err := q.export(e, r); err != nil {
				return response{}, err
			}
		}
	}
	return ok(map[string]any{"template": e.template()})
}

func (b exportBody) wants(id string) bool {
	return slices.ContainsFunc(b.Resources, func(x string) bool { return x == "*" || strings.EqualFold(x, id) })
}

func (e *exported) template() map[string]any {
	if e.resources == nil {
		e.resources = []any{}
	}
	return map[string]any{
		"$schema":        "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
		"contentVersion": "1.0.0.0",
		"parameters":     map[string]any{},
		"variables":      map[string]any{},
		"resources":      e.resources,
	}
}

// export adds a resource.
func (q *request) export(e *exported, r summary) error {
	var text []byte
	if g := q.server.current(); g.doc != nil && strings.EqualFold(r.ID, g.doc.Config.ResourceID()) {
		text = g.doc.Public()
	} else {
		var err error
		if text, err = (&plan{q: q}).resource(r.ID); err != nil || text == nil {
			return err
		}
	}
	var o map[string]any
	if err := json.Unmarshal(text, &o); err != nil {
		return err
	}
	e.add(o, r)
	return nil
}

// add writes a resource as a template does.
func (e *exported) add(o map[string]any, r summary) {
	dropState(o)
	delete(o, "id")
	needs := map[string]bool{}
	if p, is := o["properties"].(map[string]any); is {
		o["properties"] = e.value(p, needs)
	}
	if identity, has := o["identity"]; has {
		o["identity"] = e.value(identity, needs)
	}
	o["type"], o["name"], o["apiVersion"] = r.Type, escaped(r.Name), versions[0]
	delete(needs, e.expression(r.ID))
	if len(needs) > 0 {
		o["dependsOn"] = slices.Sorted(maps.Keys(needs))
	}
	e.resources = append(e.resources, o)
}

// value replaces the ids within a value, and collects the resources that they belong to. Children lose their own: the
// deployment gives them anew.
func (e *exported) value(v any, needs map[string]bool) any {
	switch v := v.(type) {
	case map[string]any:
		if v["name"] != nil {
			delete(v, "id")
			delete(v, "type")
		}
		for key, inner := range v {
			v[key] = e.value(inner, needs)
		}
	case []any:
		for i, inner := range v {
			v[i] = e.value(inner, needs)
		}
	case string:
		if !strings.HasPrefix(strings.ToLower(v), strings.ToLower(e.group)+"/providers/") {
			return escaped(v)
		}
		if top := topOf(v); e.present[strings.ToLower(top)] {
			needs[e.expression(top)] = true
		}
		return e.expression(v)
	}
	return v
}

// escaped is a text that is no expression, whatever it begins with.
func escaped(text string) string {
	if strings.HasPrefix(text, "[") {
		return "[" + text
	}
	return text
}

// topOf is the id of the resource that an id belongs to.
func topOf(id string) string {
	segments := strings.Split(id, "/")
	return strings.Join(segments[:min(len(segments), 9)], "/")
}

// expression is an id in the group as a call of resourceId().
func (e *exported) expression(id string) string {
	segments := strings.Split(id[min(len(e.group+"/providers/"), len(id)):], "/")
	if len(segments) < 3 || len(segments)%2 == 0 {
		return escaped(id)
	}
	kind, names := segments[0], ""
	for i := 1; i < len(segments); i += 2 {
		kind += "/" + segments[i]
		names += ", '" + strings.ReplaceAll(segments[i+1], "'", "''") + "'"
	}
	return "[resourceId('" + kind + "'" + names + ")]"
}
