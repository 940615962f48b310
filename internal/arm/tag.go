package arm

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"causeway/internal/access"
	"causeway/internal/admin"
	"causeway/internal/gateway/document"
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
	if _, has := q.vars["gateway"]; !has {
		g, err := q.findGroup()
		return orEmpty(g.Tags), err
	}
	g, err := q.found()
	if err != nil {
		return nil, err
	}
	var o struct {
		Tags map[string]string `json:"tags"`
	}
	err = json.Unmarshal(g.config.Document, &o)
	return orEmpty(o.Tags), err
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
	return q.setTags(body.Properties.Tags)
}

func deleteTags(q *request) (response, error) {
	answer, err := q.setTags(map[string]string{})
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
	tags, err := q.currentTags()
	if err != nil {
		return response{}, err
	}
	switch given := body.Properties.Tags; strings.ToLower(body.Operation) {
	case "merge":
		maps.Copy(tags, given)
	case "replace":
		tags = given
	case "delete":
		maps.DeleteFunc(tags, func(key, value string) bool { v, has := given[key]; return has && v == value })
	default:
		return response{}, refuse(http.StatusBadRequest, "InvalidRequestContent",
			"the operation %q is not one: write Merge, Replace or Delete", body.Operation)
	}
	return q.setTags(tags)
}

func (q *request) readTagBody() (tagBody, error) {
	var body tagBody
	if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
		return body, refuse(http.StatusBadRequest, "InvalidRequestContent", "the body is no object with properties.tags: %v", err)
	}
	return body, nil
}

// setTags replaces the tags of the group or the gateway that a path names.
func (q *request) setTags(tags map[string]string) (response, error) {
	if _, has := q.vars["gateway"]; !has {
		g, err := q.findGroup()
		if err != nil {
			return response{}, err
		}
		g.Tags = tags
		if err := q.keepGroup(g); err != nil {
			return response{}, err
		}
		return readTags(q)
	}
	g, err := q.found()
	if err != nil {
		return response{}, err
	}
	text, err := withTags(g.config.Document, orEmpty(tags))
	if err != nil {
		return response{}, err
	}
	return q.change("tags", func(ctx context.Context) error {
		_, err := q.server.gateway.Apply(q.named(ctx), admin.Config{Source: document.Source{Document: text}, Revision: g.config.Revision})
		return err
	}, func() (response, error) { return readTags(q) })
}
