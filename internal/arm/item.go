package arm

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"causeway/internal/store"
)

// itemMax is how many bytes of a group, a neighbour or an extension are kept: a thousand of each kind leave room in the store
// for what is served.
const itemMax = 128 << 10

// itemName is the name of an item: its parts in lower case, because ids are the same in any case. No part has a slash.
func itemName(parts ...string) string { return strings.ToLower(strings.Join(parts, "/")) }

// checkSize refuses a large item.
func checkSize(id string, r store.Item) error {
	if size := len(r.Name) + len(r.Value); size > itemMax {
		return refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			"the resource %s has %d bytes, and this API keeps at most %d of one: leave out what the gateway does not refer to",
			id, size, itemMax)
	}
	return nil
}

// forgetAll deletes the items of a kind whose names begin with prefix.
func (q *request) forgetAll(ctx context.Context, kind, prefix string) error {
	items, err := q.server.items.Items(ctx, kind)
	if err != nil {
		return err
	}
	for _, r := range items {
		if !strings.HasPrefix(r.Name, prefix) {
			continue
		}
		if err := q.forget(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// forget deletes an item, whoever else does at the same time.
func (q *request) forget(ctx context.Context, r store.Item) error {
	r.Revision = store.AnyRevision
	if err := q.server.items.DeleteItem(ctx, r); !errors.Is(err, store.ErrNoItem) {
		return err
	}
	return nil
}
