package arm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
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

// addUsers lists in a resource those that refer to it.
func (n neighbour) addUsers(q *request, o map[string]any) {
	properties, _ := o["properties"].(map[string]any)
	id, _ := o["id"].(string)
	if n.users == nil || properties == nil {
		return
	}
	for property, references := range n.users(q, id) {
		properties[property] = references
	}
}

// unused refuses to delete a resource that others refer to.
func (n neighbour) unused(q *request, o map[string]any) error {
	id, _ := o["id"].(string)
	if n.users == nil {
		return nil
	}
	for _, references := range n.users(q, id) {
		first, _ := references[0].(map[string]any)
		return refuse(http.StatusConflict, "ResourceInUse", "%s refers to %s: remove the reference first", first["id"], id)
	}
	return nil
}

// unchanged refuses to change a resource with an etag that is not as the client knows it: see If-Match.
func (n neighbour) unchanged(q *request) error {
	match, none := q.Header.Get("If-Match"), q.Header.Get("If-None-Match")
	if n.read == nil || match == "" && none == "" {
		return nil
	}
	o, err := n.orNone(q)
	if err != nil {
		return err
	}
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

// patchTags changes the tags: the one thing that Azure lets a PATCH change.
func (n neighbour) patchTags(q *request) (response, error) {
	var body struct {
		Tags map[string]string `json:"tags"`
	}
	if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
		return response{}, refuse(http.StatusBadRequest, "InvalidRequestContent", "the body is no object with tags: %v", err)
	}
	o, _, err := n.kept(q)
	if err != nil {
		return response{}, err
	}
	if err := n.unchanged(q); err != nil {
		return response{}, err
	}
	o["tags"] = body.Tags
	r, err := n.encoded(q, o)
	if err != nil {
		return response{}, err
	}
	if _, err := q.server.items.PutItem(q.Context(), r); err != nil {
		return response{}, err
	}
	return n.get(q)
}
