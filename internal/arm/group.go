package arm

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"causeway/internal/store"
)

const groupItems = "resourceGroups"

// groupsMax is how many groups are kept, of all subscriptions: as many as Azure allows in one.
const groupsMax = 980

// group is a resource group, which is nothing but a name here.
type group struct {
	Name     string            `json:"name"`
	Location string            `json:"location"`
	Tags     map[string]string `json:"tags,omitempty"`
}

func (g group) id(subscription string) string {
	return "/subscriptions/" + subscription + "/resourceGroups/" + g.Name
}

func (g group) answer(subscription string) map[string]any {
	return map[string]any{
		"id":         g.id(subscription),
		"name":       g.Name,
		"type":       "Microsoft.Resources/resourceGroups",
		"location":   g.Location,
		"tags":       orEmpty(g.Tags),
		"properties": map[string]any{"provisioningState": "Succeeded"},
	}
}

func orEmpty(tags map[string]string) map[string]string {
	if tags == nil {
		return map[string]string{}
	}
	return tags
}

// findGroup is a group that somebody made, or the one that the gateway is in.
func (q *request) findGroup() (group, error) {
	g, _, err := q.groupAt()
	return g, err
}

// groupAt is a group with the revision of its item; 0: it has none.
func (q *request) groupAt() (g group, revision int64, err error) {
	r, err := q.server.items.Item(q.Context(), groupItems, itemName(q.vars["subscription"], q.vars["group"]))
	if err == nil {
		return g, r.Revision, json.Unmarshal(r.Value, &g)
	}
	if !errors.Is(err, store.ErrNoItem) {
		return g, 0, err
	}
	if own, ok := q.server.ownGroup(q.vars["subscription"]); ok && strings.EqualFold(own.Name, q.vars["group"]) {
		return own, 0, nil
	}
	return g, 0, refuse(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.", q.vars["group"])
}

// ownGroup is the group that the gateway is in, if it is in the subscription.
func (s *Server) ownGroup(subscription string) (group, bool) {
	g := s.current()
	if g.doc == nil {
		return group{}, false
	}
	id, _ := parseID(g.doc.Config.ResourceID())
	return group{Name: id.group, Location: s.location()}, strings.EqualFold(id.subscription, subscription)
}

func listGroups(q *request) (response, error) {
	items, err := q.server.items.Items(q.Context(), groupItems)
	if err != nil {
		return response{}, err
	}
	out, own := []any{}, true
	mine, has := q.server.ownGroup(q.vars["subscription"])
	for _, r := range items {
		var g group
		if !strings.HasPrefix(r.Name, itemName(q.vars["subscription"], "")) || json.Unmarshal(r.Value, &g) != nil {
			continue
		}
		out = append(out, g.answer(q.vars["subscription"]))
		own = own && !strings.EqualFold(g.Name, mine.Name)
	}
	if has && own {
		out = append(out, mine.answer(q.vars["subscription"]))
	}
	return ok(list{out})
}

func readGroup(q *request) (response, error) {
	g, err := q.findGroup()
	if err != nil {
		return response{}, err
	}
	return ok(g.answer(q.vars["subscription"]))
}

func putGroup(q *request) (response, error) {
	g := group{}
	if err := json.NewDecoder(q.Body).Decode(&g); err != nil {
		return response{}, refuse(http.StatusBadRequest, "InvalidRequestContent", "the body is no resource group: %v", err)
	}
	if g.Location == "" {
		return response{}, refuse(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition.")
	}
	created, err := q.isNewGroup()
	if err != nil {
		return response{}, err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	g.Name = q.vars["group"]
	if err := q.keepGroup(g, store.AnyRevision); err != nil {
		return response{}, err
	}
	return response{status: status, body: g.answer(q.vars["subscription"])}, nil
}

// isNewGroup reports whether a group does not exist yet, and refuses one too many. That of the gateway exists already.
func (q *request) isNewGroup() (bool, error) {
	var unknown *Error
	if _, err := q.findGroup(); !errors.As(err, &unknown) {
		return false, err
	}
	items, err := q.server.items.Items(q.Context(), groupItems)
	if err == nil && len(items) >= groupsMax {
		err = refuse(http.StatusConflict, "ResourceGroupQuotaExceeded",
			"Creating the resource group of name '%s' would exceed the quota of '%d'. The current resource group count is '%d', "+
				"please delete some resource groups before creating a new one.",
			q.vars["group"], groupsMax, len(items))
	}
	return true, err
}

// modifyGroup changes a group, whoever else writes it at the same time.
func (q *request) modifyGroup(edit func(*group)) error {
	var err error
	for range modifyTries {
		g, revision, bad := q.groupAt()
		if bad != nil {
			return bad
		}
		edit(&g)
		if err = q.keepGroup(g, revision); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return err
}

// keepGroup writes a group in place of a revision.
func (q *request) keepGroup(g group, revision int64) error {
	text, err := json.Marshal(g)
	if err != nil {
		return err
	}
	r := store.Item{Kind: groupItems, Name: itemName(q.vars["subscription"], g.Name), Value: text, Revision: revision}
	if err := checkSize(g.id(q.vars["subscription"]), r); err != nil {
		return err
	}
	_, err = q.server.items.PutItem(q.Context(), r)
	return err
}

// deleteGroup deletes everything in a group: the gateway, if it is there, and the items.
func deleteGroup(q *request) (response, error) {
	if _, err := q.findGroup(); err != nil {
		return response{}, err
	}
	if err := q.spareNeighbours(); err != nil {
		return response{}, err
	}
	return q.change("delete group", func(ctx context.Context) error {
		if own, in := q.server.ownGroup(q.vars["subscription"]); in && strings.EqualFold(own.Name, q.vars["group"]) {
			if err := q.server.gateway.Remove(q.named(ctx)); err != nil {
				return err
			}
		}
		return q.deleteItems(ctx)
	}, func() (response, error) { return response{status: http.StatusOK}, nil })
}

// spareNeighbours refuses to delete a group with a resource that a gateway in another group refers to.
func (q *request) spareNeighbours() error {
	if own, in := q.server.ownGroup(q.vars["subscription"]); in && strings.EqualFold(own.Name, q.vars["group"]) {
		return nil // the gateway goes, too
	}
	for _, n := range neighbours {
		references := n.usersNow(q)
		if len(references) == 0 {
			continue
		}
		items, err := q.server.items.Items(q.Context(), n.collection)
		if err != nil {
			return err
		}
		for _, r := range items {
			var o map[string]any
			if !strings.HasPrefix(r.Name, itemName(q.vars["subscription"], q.vars["group"], "")) || json.Unmarshal(r.Value, &o) != nil {
				continue
			}
			if err := references.spare(o); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteItems deletes the neighbours and the deployments in a group, and then the group. It has no locks any more.
func (q *request) deleteItems(ctx context.Context) error {
	in := itemName(q.vars["subscription"], q.vars["group"])
	kinds := []string{deploymentItems, diagnosticSettings.collection}
	for _, n := range neighbours {
		kinds = append(kinds, n.collection)
	}
	for _, kind := range kinds {
		if err := q.forgetAll(ctx, kind, in+"/"); err != nil {
			return err
		}
	}
	return q.forget(ctx, store.Item{Kind: groupItems, Name: in})
}
