package arm

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"causeway/internal/store"
)

// neighbour is a kind of resource that a gateway's document refers to and that Causeway has no use for. Clients create such
// resources before they create a gateway: they are kept as they came, and mean nothing.
type neighbour struct {
	collection string // of the item
	within     string // collection of the resource that it belongs to; empty: of a group

	// read gives what a client sent its canonical form, or refuses it. nil: it is kept as it came.
	read func(o map[string]any) (map[string]any, error)
	// users are those that refer to resources of this kind. nil: nobody asks.
	users func(q *request) users
	tags  bool // a PATCH changes the tags
}

var neighbours = []neighbour{
	{collection: "virtualNetworks"},
	{collection: "publicIPAddresses"},
	{collection: "networkSecurityGroups"},
	firewallPolicies,
	{collection: "subnets", within: "virtualNetworks"},
}

// neighboursMax is how many of one kind are kept: this is no place to store things in.
const neighboursMax = 1000

func (n neighbour) path() string {
	if n.within != "" {
		return networkPath + "/" + n.within + "/{parent}/" + n.collection + "/{name}"
	}
	return networkPath + "/" + n.collection + "/{name}"
}

// kind is the type of the resource.
func (n neighbour) kind() string {
	if n.within != "" {
		return "Microsoft.Network/" + n.within + "/" + n.collection
	}
	return "Microsoft.Network/" + n.collection
}

// id is the canonical id of the resource that a path names.
func (n neighbour) id(q *request) string {
	at := resourceID{q.vars["subscription"], q.vars["group"], n.collection, q.vars["name"]}
	if n.within == "" {
		return at.String()
	}
	at.collection, at.name = n.within, q.vars["parent"]
	return at.String() + "/" + n.collection + "/" + q.vars["name"]
}

// item is where the resource of a path is kept.
func (n neighbour) item(q *request) store.Item {
	parts := []string{q.vars["subscription"], q.vars["group"]}
	if n.within != "" {
		parts = append(parts, q.vars["parent"])
	}
	return store.Item{Kind: n.collection, Name: itemName(append(parts, q.vars["name"])...)}
}

// kept is a resource as it is kept.
func (n neighbour) kept(q *request) (map[string]any, store.Item, error) {
	r := n.item(q)
	found, err := q.server.items.Item(q.Context(), r.Kind, r.Name)
	if errors.Is(err, store.ErrNoItem) {
		return nil, r, refuse(http.StatusNotFound, "ResourceNotFound",
			"The Resource '%s/%s' under resource group '%s' was not found.", n.kind(), q.vars["name"], q.vars["group"])
	}
	if err != nil {
		return nil, r, err
	}
	var o map[string]any
	return o, found, json.Unmarshal(found.Value, &o)
}

func (n neighbour) get(q *request) (response, error) {
	o, r, err := n.kept(q)
	if err != nil {
		return response{}, err
	}
	children, err := n.children(q)
	if err != nil {
		return response{}, err
	}
	n.complete(o, r.Name, children)
	n.usersNow(q).list(o)
	return ok(o)
}

// children are the items of the kinds of resources that belong to one of this kind: of all of this kind.
func (n neighbour) children(q *request) (map[string][]store.Item, error) {
	out := map[string][]store.Item{}
	for _, inner := range neighbours {
		if inner.within != n.collection {
			continue
		}
		items, err := q.server.items.Items(q.Context(), inner.collection)
		if err != nil {
			return nil, err
		}
		out[inner.collection] = items
	}
	return out, nil
}

// complete adds to a resource those that belong to it.
func (n neighbour) complete(o map[string]any, name string, children map[string][]store.Item) {
	p, ok := o["properties"].(map[string]any)
	if !ok {
		return
	}
	for collection, items := range children {
		own := []any{}
		for _, r := range items {
			var child map[string]any
			if strings.HasPrefix(r.Name, name+"/") && json.Unmarshal(r.Value, &child) == nil {
				own = append(own, child)
			}
		}
		p[collection] = own
	}
}

// list lists the resources of a subscription, or of the group or the resource that the path names.
func (n neighbour) list(q *request) (response, error) {
	parts := []string{q.vars["subscription"]}
	if g, ok := q.vars["group"]; ok {
		parts = append(parts, g)
	}
	if p, ok := q.vars["parent"]; ok {
		parts = append(parts, p)
	}
	items, err := q.server.items.Items(q.Context(), n.collection)
	if err != nil {
		return response{}, err
	}
	children, err := n.children(q)
	if err != nil {
		return response{}, err
	}
	out, references := []any{}, n.usersNow(q)
	for _, r := range items {
		var o map[string]any
		if !strings.HasPrefix(r.Name, itemName(append(parts, "")...)) || json.Unmarshal(r.Value, &o) != nil {
			continue
		}
		n.complete(o, r.Name, children)
		references.list(o)
		out = append(out, o)
	}
	return ok(list{out})
}

func (n neighbour) put(q *request) (response, error) {
	var o map[string]any
	if err := json.NewDecoder(q.Body).Decode(&o); err != nil || o == nil {
		return response{}, refuse(http.StatusBadRequest, "InvalidRequestContent", "the body is no resource: it must be a JSON object")
	}
	if _, err := q.findGroup(); err != nil {
		return response{}, err
	}
	o, err := n.canonical(o)
	if err != nil {
		return response{}, err
	}
	if err := n.unchanged(q); err != nil { // before anything that another state could explain
		return response{}, err
	}
	if err := n.hasParent(q); err != nil {
		return response{}, err
	}
	items, err := n.items(q, o)
	if err != nil {
		return response{}, err
	}
	created := false
	err = n.modify(q, func(is store.Item) (err error) {
		items[0].Revision = is.Revision
		created, err = q.keepNeighbours(items)
		return err
	})
	if err != nil {
		return response{}, err
	}
	answer, err := n.get(q)
	if created && err == nil {
		answer.status = http.StatusCreated
	}
	return answer, err
}

// hasParent refuses a resource that belongs to one which does not exist.
func (n neighbour) hasParent(q *request) error {
	if n.within == "" {
		return nil
	}
	parent := neighbour{collection: n.within}
	at := q.sub(maps.Clone(q.vars), nil)
	at.vars["name"] = q.vars["parent"]
	_, _, err := parent.kept(at)
	return err
}

// canonical is what a client sent, in the form that the collection has, if it has one.
func (n neighbour) canonical(o map[string]any) (map[string]any, error) {
	if n.read == nil {
		return o, nil
	}
	return n.read(o)
}

// normalise gives a resource the fields that the server makes, and takes those out of it that are resources of their own.
func (n neighbour) normalise(q *request, o map[string]any) (children map[string][]any) {
	o["id"], o["name"], o["type"] = n.id(q), q.vars["name"], n.kind()
	p := foldedObject(o, "properties")
	o["properties"] = p
	p["provisioningState"] = "Succeeded"
	children = map[string][]any{}
	for _, inner := range neighbours {
		if inner.within != n.collection {
			continue
		}
		for key, value := range p {
			if items, ok := value.([]any); ok && strings.EqualFold(key, inner.collection) {
				children[inner.collection] = items
				delete(p, key)
			}
		}
	}
	return children
}

// foldedObject takes an object out of another, under a name in any case.
func foldedObject(o map[string]any, name string) map[string]any {
	out := map[string]any{}
	for key, value := range o {
		if strings.EqualFold(key, name) {
			if inner, ok := value.(map[string]any); ok {
				out = inner
			}
			delete(o, key)
		}
	}
	return out
}

// items are a resource and those that came within it, as they are kept.
func (n neighbour) items(q *request, o map[string]any) ([]store.Item, error) {
	children := n.normalise(q, o)
	own, err := n.encoded(q, o)
	if err != nil {
		return nil, err
	}
	out := []store.Item{own}
	for _, inner := range neighbours {
		if inner.within != n.collection {
			continue
		}
		for _, item := range children[inner.collection] {
			child, err := inner.child(q, item)
			if err != nil {
				return nil, err
			}
			out = append(out, child)
		}
	}
	return out, nil
}

// child is a resource that came within another one.
func (n neighbour) child(q *request, item any) (store.Item, error) {
	o, _ := item.(map[string]any)
	name, _ := o["name"].(string)
	if name == "" || strings.Contains(name, "/") {
		return store.Item{}, refuse(http.StatusBadRequest, "InvalidRequestContent", "each of %s needs a name", n.collection)
	}
	at := q.sub(maps.Clone(q.vars), nil)
	at.vars["parent"], at.vars["name"] = q.vars["name"], name
	n.normalise(at, o)
	return n.encoded(at, o)
}

func (n neighbour) encoded(q *request, o map[string]any) (r store.Item, err error) {
	r = n.item(q)
	r.Revision = store.AnyRevision
	if n.read != nil {
		o["etag"] = contentTag(o)
	}
	if r.Value, err = json.Marshal(o); err != nil {
		return r, fmt.Errorf("keep %s: %w", n.id(q), err)
	}
	return r, checkSize(n.id(q), r)
}

// keepNeighbours writes a resource and those within it. It refuses one too many before it writes any.
func (q *request) keepNeighbours(items []store.Item) (created bool, err error) {
	added, err := q.newNeighbours(items)
	if err != nil {
		return false, err
	}
	for _, r := range items {
		if _, err := q.server.items.PutItem(q.Context(), r); err != nil {
			return false, err
		}
	}
	return added[items[0].Kind+" "+items[0].Name], nil
}

// newNeighbours are those of the resources that do not exist yet, by kind and name.
func (q *request) newNeighbours(items []store.Item) (added map[string]bool, err error) {
	added = map[string]bool{}
	known, counts := map[string]bool{}, map[string]int{}
	for _, r := range items {
		if _, counted := counts[r.Kind]; !counted {
			all, err := q.server.items.Items(q.Context(), r.Kind)
			if err != nil {
				return nil, err
			}
			for _, x := range all {
				known[x.Kind+" "+x.Name] = true
			}
			counts[r.Kind] = len(all)
		}
		at := r.Kind + " " + r.Name
		if known[at] || added[at] {
			continue
		}
		if counts[r.Kind]++; counts[r.Kind] > neighboursMax {
			return nil, refuse(http.StatusConflict, "ResourceCountLimitExceeded",
				"%s would be one of more than %d of %s, and this API keeps no more: delete some first", r.Name, neighboursMax, r.Kind)
		}
		added[at] = true
	}
	return added, nil
}

// delete removes a resource, and those that belong to it. Deleting what does not exist is no error.
func (n neighbour) delete(q *request) (response, error) {
	known, err := n.orNone(q)
	if err != nil {
		return response{}, err
	}
	if known == nil {
		return response{status: http.StatusNoContent}, nil
	}
	if err := errors.Join(n.unchanged(q), n.usersNow(q).spare(known)); err != nil {
		return response{}, err
	}
	for _, inner := range neighbours {
		if inner.within != n.collection {
			continue
		}
		if err := q.forgetAll(q.Context(), inner.collection, n.item(q).Name+"/"); err != nil {
			return response{}, err
		}
	}
	err = n.modify(q, func(is store.Item) error { return q.server.items.DeleteItem(q.Context(), is) })
	if errors.Is(err, store.ErrNoItem) {
		err = nil
	}
	return response{status: http.StatusOK}, err
}
