package arm

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// change is what a template would do to one resource, as Azure answers it.
type change struct {
	ID     string          `json:"resourceId"`
	Kind   string          `json:"changeType"` // Create, Modify, NoChange, Ignore or Deploy
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	Delta  []delta         `json:"delta,omitempty"`
}

// delta is one property that would change.
type delta struct {
	Path     string  `json:"path"`               // within what is around it, with dots
	Kind     string  `json:"propertyChangeType"` // Create, Modify, Delete or Array
	Before   any     `json:"before"`
	After    any     `json:"after"`
	Children []delta `json:"children,omitempty"` // of an array: by index; of an element: its properties
}

// whatIfDeployment tells what a template would change, and changes nothing.
func whatIfDeployment(q *request) (response, error) {
	p, body, err := q.plan()
	if err != nil {
		return response{}, err
	}
	changes := []change{}
	for _, step := range p.steps {
		c, err := p.change(step)
		if err != nil {
			return response{}, err
		}
		changes = append(changes, c)
	}
	ignored, err := p.ignored()
	if err != nil {
		return response{}, err
	}
	changes = append(changes, ignored...)
	if strings.EqualFold(body.Properties.WhatIf.ResultFormat, "ResourceIdOnly") {
		changes = idsOnly(changes)
	}
	return ok(map[string]any{"status": stateSucceeded, "properties": map[string]any{"changes": changes}})
}

// change compares a resource as it is with what the template makes of it.
func (p *plan) change(step *planned) (change, error) {
	before, err := p.before(step)
	if err != nil {
		return change{}, err
	}
	after, err := p.resource(step.id)
	if err != nil {
		return change{}, err
	}
	c := change{ID: step.id, Kind: "Create", Before: before, After: after}
	if before == nil {
		return c, nil
	}
	c.Delta = differences(withoutState(before), withoutState(after))
	c.Kind = "Modify"
	if len(c.Delta) == 0 {
		c.Kind = "NoChange"
	}
	return c, nil
}

// before is a resource as it is; nil: there is none.
func (p *plan) before(step *planned) (json.RawMessage, error) {
	now := &plan{q: p.q}
	return now.resource(step.id)
}

// ignored are the resources of the group that the template leaves out.
func (p *plan) ignored() (out []change, err error) {
	others, err := p.others()
	if err != nil {
		return nil, err
	}
	for _, id := range others {
		is, err := p.resource(id)
		if err != nil {
			return nil, err
		}
		out = append(out, change{ID: id, Kind: "Ignore", Before: is, After: is})
	}
	return out, nil
}

func idsOnly(changes []change) (out []change) {
	for _, c := range changes {
		if c.Kind != "Ignore" {
			c.Kind = "Deploy"
		}
		out = append(out, change{ID: c.ID, Kind: c.Kind})
	}
	return out
}

// withoutState is a resource without what the server says about it, which no template sets.
func withoutState(text json.RawMessage) any {
	var v any
	if json.Unmarshal(text, &v) != nil {
		return nil
	}
	dropState(v)
	return v
}

func dropState(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range []string{"etag", "provisioningState", "resourceGuid", "operationalState"} {
			delete(v, key)
		}
		for key, inner := range v {
			if key != "tags" {
				dropState(inner)
			}
		}
	case []any:
		for _, item := range v {
			dropState(item)
		}
	}
}

// differences are the properties that differ, each by its path.
func differences(before, after any) []delta { return compare("", before, after) }

func compare(path string, before, after any) []delta {
	if reflect.DeepEqual(before, after) {
		return nil
	}
	a, isObject := before.(map[string]any)
	b, alsoObject := after.(map[string]any)
	if isObject && alsoObject {
		return compareObjects(path, a, b)
	}
	x, isList := before.([]any)
	y, alsoList := after.([]any)
	if isList && alsoList {
		return []delta{{Path: path, Kind: "Array", Before: before, After: after, Children: compareLists(x, y)}}
	}
	d := delta{Path: path, Kind: "Modify", Before: before, After: after}
	switch {
	case before == nil:
		d.Kind = "Create"
	case after == nil:
		d.Kind = "Delete"
	}
	return []delta{d}
}

func compareObjects(path string, before, after map[string]any) (out []delta) {
	keys := maps.Clone(before)
	maps.Copy(keys, after)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		at := key
		if path != "" {
			at = path + "." + key
		}
		out = append(out, compare(at, before[key], after[key])...)
	}
	return out
}

// compareLists pairs elements by name where they have one, else by place. The index is that of the list after the change, or
// of the list before it for an element that goes.
func compareLists(before, after []any) (out []delta) {
	taken := make([]bool, len(before))
	for i, item := range after {
		at := strconv.Itoa(i)
		j := partner(before, taken, i, item)
		if j < 0 {
			out = append(out, delta{Path: at, Kind: "Create", After: item})
			continue
		}
		taken[j] = true
		if inner := compare("", before[j], item); len(inner) > 0 {
			out = append(out, element(at, before[j], item, inner))
		}
	}
	for j, item := range before {
		if !taken[j] {
			out = append(out, delta{Path: strconv.Itoa(j), Kind: "Delete", Before: item})
		}
	}
	return out
}

// element is an element of a list that differs: inside, where it is an object.
func element(at string, before, after any, inner []delta) delta {
	d := delta{Path: at, Kind: "Modify", Before: before, After: after}
	if _, isObject := after.(map[string]any); isObject {
		d.Children = inner
	}
	return d
}

// partner is the index of the element before the change that an element continues; below 0: none.
func partner(before []any, taken []bool, i int, item any) int {
	name := nameOf(item)
	if name == "" {
		if i < len(before) && nameOf(before[i]) == "" {
			return i
		}
		return -1
	}
	for j, other := range before {
		if !taken[j] && strings.EqualFold(nameOf(other), name) {
			return j
		}
	}
	return -1
}

func nameOf(item any) string {
	o, _ := item.(map[string]any)
	name, _ := o["name"].(string)
	return name
}
