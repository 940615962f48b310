package arm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"

	"causeway/internal/store"
)

// What holds for changes of those neighbours that have a canonical form: an etag, resources that refer to them, a PATCH of the tags.

// contentTag is an etag that changes with the content, and is the same on every node.
func contentTag(o map[string]any) string {
	content := maps.Clone(o)
	delete(content, "etag")
	text, _ := json.Marshal(content) // it came as JSON
	sum := sha256.Sum256(text)
	return `W/"` + hex.EncodeToString(sum[:16]) + `"`
}

// users are the references to resources of one kind: by the id of the resource in lower case, and by its property that lists them.
type users map[string]map[string][]any

// usersNow are those of this moment.
func (n neighbour) usersNow(q *request) users {
	if n.users == nil {
		return nil
	}
	return n.users(q)
}

// of are the references to a resource, by the property that lists them.
func (u users) of(o map[string]any) map[string][]any {
	id, _ := o["id"].(string)
	return u[strings.ToLower(id)]
}

// list adds to a resource those that refer to it.
func (u users) list(o map[string]any) {
	properties, _ := o["properties"].(map[string]any)
	if properties == nil {
		return
	}
	for property, references := range u.of(o) {
		properties[property] = references
	}
}

// spare refuses to delete a resource that others refer to.
func (u users) spare(o map[string]any) error {
	for _, references := range u.of(o) {
		first, _ := references[0].(map[string]any)
		return refuse(http.StatusConflict, "ResourceInUse", "%s refers to %s: remove the reference first", first["id"], o["id"])
	}
	return nil
}

// modify makes a change of a resource, whoever else writes at the same time. The item that change gets has the revision that it may
// replace: any, unless the request is conditional.
func (n neighbour) modify(q *request, change func(is store.Item) error) (err error) {
	for range modifyTries {
		is := n.item(q)
		is.Revision = store.AnyRevision
		if n.isConditional(q) {
			o, found, err := n.keptOrNone(q)
			if err == nil {
				err = n.matches(q, o)
			}
			if err != nil {
				return err
			}
			is = found
		}
		if err = change(is); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return err
}

// isConditional reports whether the client says which state of a resource it changes. Resources that are kept as they came have none.
func (n neighbour) isConditional(q *request) bool {
	return n.read != nil && (q.conditional() || q.Header.Get("If-None-Match") != "")
}

// unchanged refuses to change a resource that is not as the client knows it: see If-Match.
func (n neighbour) unchanged(q *request) error {
	if !n.isConditional(q) {
		return nil
	}
	o, err := n.orNone(q)
	if err != nil {
		return err
	}
	return n.matches(q, o)
}

// matches holds a resource against the etags of a request; nil: there is none.
func (n neighbour) matches(q *request, o map[string]any) error {
	match, none := q.Header.Get("If-Match"), q.Header.Get("If-None-Match")
	tag, _ := o["etag"].(string)
	switch {
	case none == "*" && o != nil:
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed", "%s exists already", n.id(q))
	case match == "" || match == "*" && o != nil:
		return nil
	case strings.TrimPrefix(match, "W/") != strings.TrimPrefix(tag, "W/"):
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed",
			"%s is at %s, not at %s: somebody has changed it; read it again and repeat the change", n.id(q), tag, match)
	}
	return nil
}

// patchTags changes the tags: the one thing that Azure lets a PATCH change. A body without tags changes nothing.
func (n neighbour) patchTags(q *request) (response, error) {
	var body struct {
		Tags map[string]string `json:"tags"`
	}
	if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
		return response{}, refuse(http.StatusBadRequest, "InvalidRequestContent", "the body is no object with tags: %v", err)
	}
	var err error
	for range modifyTries {
		if err = n.tryPatchTags(q, body.Tags); !errors.Is(err, store.ErrConflict) {
			break
		}
	}
	if err != nil {
		return response{}, err
	}
	return n.get(q)
}

// tryPatchTags replaces the tags, unless somebody else writes at the same time. No tags leave those that there are.
func (n neighbour) tryPatchTags(q *request, tags map[string]string) error {
	o, is, err := n.kept(q)
	if err == nil {
		err = n.matches(q, o)
	}
	if err != nil || tags == nil {
		return err
	}
	o["tags"] = tags
	r, err := n.encoded(q, o)
	if err != nil {
		return err
	}
	r.Revision = is.Revision
	_, err = q.server.items.PutItem(q.Context(), r)
	return err
}
