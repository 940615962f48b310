package arm

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"causeway/internal/access"
	"causeway/internal/store"
)

// extension is a kind of resource that belongs to another one of any type, by its id: the gateway, or the group.
type extension struct {
	kind       string
	collection string // of the items
	scopes     []string
	changes    access.Role // who may create and change them; an owner deletes them
	created    int         // status of the answer that one was created
	check      func(properties map[string]any) error
}

var extensions = []extension{locks, diagnosticSettings}

// extensionsMax is how many of one kind are kept.
const extensionsMax = 100

func (t *table) extensions() {
	for _, x := range extensions {
		for _, scope := range x.scopes {
			all, one := scope+"/providers/"+x.kind, scope+"/providers/"+x.kind+"/{name}"
			of := " of the gateway"
			if scope == groupPath {
				of = " of a group"
			}
			t.read(all, "list the "+x.collection+of, x.list)
			t.read(one, "read one of the "+x.collection+of, x.get)
			t.add(http.MethodPut, one, x.changes, "create or change one of the "+x.collection+of, x.put)
			t.add(http.MethodDelete, one, access.Owner, "delete one of the "+x.collection+of, x.delete)
		}
	}
	t.read(subscriptionPath+"/providers/"+locks.kind, "list the "+locks.collection, locks.list)
	const categories = gatewayPath + "/providers/" + logCategory
	t.read(categories, "list what a gateway logs", listLogCategories)
	t.read(categories+"/{name}", "read one kind of what a gateway logs", readLogCategory)
}

// itemPrefix is how the names of items begin that belong to the resource of a path, and to those inside it.
func (q *request) itemPrefix() string {
	parts := []string{q.vars["subscription"]}
	for _, part := range []string{"group", "gateway"} {
		if v, has := q.vars[part]; has {
			parts = append(parts, v)
		}
	}
	return itemName(append(parts, "")...)
}

// scopeID is the id of the group or of the gateway that a path is about. The resource exists.
func (q *request) scopeID() (string, error) {
	if _, has := q.vars["gateway"]; has {
		g, err := q.found()
		if err != nil {
			return "", err
		}
		return g.doc.Config.ResourceID(), nil
	}
	g, err := q.findGroup()
	return g.id(q.vars["subscription"]), err
}

func (x extension) item(q *request) store.Item {
	return store.Item{Kind: x.collection, Name: q.itemPrefix() + itemName(q.vars["name"])}
}

// list lists the resources at a scope, and those of the resources inside it.
func (x extension) list(q *request) (response, error) {
	items, err := q.server.items.Items(q.Context(), x.collection)
	if err != nil {
		return response{}, err
	}
	out := []json.RawMessage{}
	for _, r := range items {
		if strings.HasPrefix(r.Name, q.itemPrefix()) {
			out = append(out, r.Value)
		}
	}
	return ok(list{out})
}

func (x extension) get(q *request) (response, error) {
	at := x.item(q)
	r, err := q.server.items.Item(q.Context(), at.Kind, at.Name)
	if errors.Is(err, store.ErrNoItem) {
		return response{}, refuse(http.StatusNotFound, "ResourceNotFound", "The Resource '%s/%s' was not found.", x.kind, q.vars["name"])
	}
	return response{status: http.StatusOK, body: json.RawMessage(r.Value)}, err
}

func (x extension) put(q *request) (response, error) {
	scope, err := q.scopeID()
	if err != nil {
		return response{}, err
	}
	var body struct {
		Properties map[string]any `json:"properties"`
	}
	if err := json.NewDecoder(q.Body).Decode(&body); err != nil || body.Properties == nil {
		return response{}, refuse(http.StatusBadRequest, "InvalidRequestContent", "the body is no resource: it needs properties")
	}
	if err := x.check(body.Properties); err != nil {
		return response{}, err
	}
	created, err := x.isNew(q)
	if err != nil {
		return response{}, err
	}
	r := x.item(q)
	resource := x.resource(scope, q.vars["name"], body.Properties)
	if r.Value, err = json.Marshal(resource); err != nil {
		return response{}, fmt.Errorf("keep %s: %w", r.Name, err)
	}
	if err := checkSize(q.URL.Path, r); err != nil {
		return response{}, err
	}
	r.Revision = store.AnyRevision
	if _, err := q.server.items.PutItem(q.Context(), r); err != nil {
		return response{}, err
	}
	if created {
		return response{status: x.created, body: resource}, nil
	}
	return ok(resource)
}

func (x extension) resource(scope, name string, properties map[string]any) map[string]any {
	return map[string]any{"id": scope + "/providers/" + x.kind + "/" + name, "name": name, "type": x.kind, "properties": properties}
}

// isNew reports whether a resource does not exist yet, and refuses one too many.
func (x extension) isNew(q *request) (bool, error) {
	items, err := q.server.items.Items(q.Context(), x.collection)
	if err != nil {
		return false, err
	}
	name := x.item(q).Name
	for _, r := range items {
		if r.Name == name {
			return false, nil
		}
	}
	if len(items) >= extensionsMax {
		return false, refuse(http.StatusConflict, "ResourceCountLimitExceeded",
			"there are %d of %s already, and this API keeps no more: delete one first", len(items), x.collection)
	}
	return true, nil
}

// delete removes a resource. Deleting what does not exist is no error.
func (x extension) delete(q *request) (response, error) {
	known, err := x.orNone(q)
	if err != nil {
		return response{}, err
	}
	if known == nil {
		return response{status: http.StatusNoContent}, nil
	}
	return response{status: http.StatusOK}, q.forget(q.Context(), x.item(q))
}
