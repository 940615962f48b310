package arm

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"causeway/internal/access"
	"causeway/internal/admin"
)

const tagsType = "Microsoft.Resources/tags"

func (t *table) tags() {
	for _, x := range [][2]string{{groupPath, "a group"}, {gatewayPath, "the gateway"}} {
		scope, of := x[0], x[1]
		path := scope + "/providers/" + tagsType + "/default"
		t.read(path, "read the tags of "+of, readTags)
		t.add(http.MethodPut, path, access.Operator, "replace the tags of "+of, putTags)
		t.add(http.MethodPatch, path, access.Operator, "change the tags of "+of, patchTags)
		t.add(http.MethodDelete, path, access.Operator, "delete the tags of "+of, deleteTags)
	}
}

// tagBody is what a client sends and gets.
type tagBody struct {
	Operation  string `json:"operation,omitempty"` // of a PATCH: Merge, Replace or Delete
	Properties struct {
		Tags map[string]string `json:"tags"`
	} `json:"properties"`
}

// currentTags are the tags of the group or the gateway that a path names.
func (q *request) currentTags() (map[string]string, error) {
	if !q.isOfGateway() {
		g, err := q.findGroup()
		return orEmpty(g.Tags), err
	}
	g, err := q.found()
	if err != nil {
		return nil, err
	}
	return tagsOf(g.config.Document)
}

// isOfGateway reports whether the path names the gateway; else it names a group.
func (q *request) isOfGateway() bool {
	_, has := q.vars["gateway"]
	return has
}

// tagsOf are the tags of a document.
func tagsOf(text []byte) (map[string]string, error) {
	var o struct {
		Tags map[string]string `json:"tags"`
	}
	err := json.Unmarshal(text, &o)
	return orEmpty(o.Tags), err
}

// withTags replaces the tags of a document.
func withTags(text []byte, tags map[string]string) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	encoded, err := json.Marshal(tags)
	if err != nil {
		return nil, err
	}
	fields["tags"] = encoded
	return json.Marshal(fields)
}

func readTags(q *request) (response, error) {
	tags, err := q.currentTags()
	if err != nil {
		return response{}, err
	}
	scope, err := q.scopeID()
	if err != nil {
		return response{}, err
	}
	return ok(map[string]any{
		"id": scope + "/providers/" + tagsType + "/default", "name": "default", "type": tagsType,
		"properties": map[string]any{"tags": tags},
	})
}

func putTags(q *request) (response, error) {
	body, err := q.readTagBody()
	if err != nil {
		return response{}, err
	}
	return q.setTags(func(map[string]string) map[string]string { return body.Properties.Tags })
}

func deleteTags(q *request) (response, error) {
	answer, err := q.setTags(func(map[string]string) map[string]string { return nil })
	if answer.status == http.StatusOK {
		answer.body = nil
	}
	return answer, err
}

func patchTags(q *request) (response, error) {
	body, err := q.readTagBody()
	if err != nil {
		return response{}, err
	}
	edit, err := body.edit()
	if err != nil {
		return response{}, err
	}
	return q.setTags(edit)
}

func (q *request) readTagBody() (tagBody, error) {
	var body tagBody
	if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
		return body, refuse(http.StatusBadRequest, "InvalidRequestContent", "the body is no object with properties.tags: %v", err)
	}
	return body, nil
}

// editTags makes new tags of those that there are, which it may change.
type editTags func(tags map[string]string) map[string]string

// edit is what a PATCH does.
func (b *tagBody) edit() (editTags, error) {
	given := b.Properties.Tags
	switch strings.ToLower(b.Operation) {
	case "merge":
		return func(tags map[string]string) map[string]string { maps.Copy(tags, given); return tags }, nil
	case "replace":
		return func(map[string]string) map[string]string { return given }, nil
	case "delete":
		return func(tags map[string]string) map[string]string {
			maps.DeleteFunc(tags, func(key, value string) bool { v, has := given[key]; return has && v == value })
			return tags
		}, nil
	}
	return nil, refuse(http.StatusBadRequest, "InvalidRequestContent",
		"the operation %q is not one: write Merge, Replace or Delete", b.Operation)
}

// setTags changes the tags of the group or the gateway that a path names.
func (q *request) setTags(edit editTags) (response, error) {
	if q.isOfGateway() {
		return q.modifyTags("tags", edit, func() (response, error) { return readTags(q) })
	}
	if err := q.modifyGroup(func(g *group) { g.Tags = edit(orEmpty(g.Tags)) }); err != nil {
		return response{}, err
	}
	return readTags(q)
}

// modifyTags changes the tags of the gateway, and nothing else: what it may ask for in vain stays, too.
func (q *request) modifyTags(what string, edit editTags, after func() (response, error)) (response, error) {
	g, err := q.found()
	if err != nil {
		return response{}, err
	}
	if err := q.check(g); err != nil {
		return response{}, err
	}
	return q.change(what, func(ctx context.Context) error {
		_, err := q.modify(ctx, func(before served) (c admin.Config, err error) {
			if before.doc == nil {
				return c, q.notFound()
			}
			tags, err := tagsOf(before.config.Document)
			if err != nil {
				return c, err
			}
			c.Allow = before.config.Allow
			c.Document, err = withTags(before.config.Document, orEmpty(edit(tags)))
			return c, err
		})
		return err
	}, after)
}
