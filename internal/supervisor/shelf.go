package supervisor

import (
	"context"

	"causeway/internal/access"
	"causeway/internal/store"
)

// shelf is the open store, as far as the management API uses it. Which one that is may change: it is opened again after
// etcd gave up, and a predecessor may still have it.
type shelf struct{ supervisor *Supervisor }

// Access is where the credentials of the management API are kept. See admin.Gateway.
func (s *Supervisor) Access() access.Store { return shelf{s} }

func (h shelf) open() (*store.Store, error) {
	s := h.supervisor.stored()
	if s == nil {
		return nil, refusal(errNoStore)
	}
	return s, nil
}

// Item implements arm.Items.
func (h shelf) Item(ctx context.Context, kind, name string) (store.Item, error) {
	s, err := h.open()
	if err != nil {
		return store.Item{}, err
	}
	r, err := s.Item(ctx, kind, name)
	return r, refusal(err)
}

// Items implements access.Store and arm.Items.
func (h shelf) Items(ctx context.Context, kind string) ([]store.Item, error) {
	s, err := h.open()
	if err != nil {
		return nil, err
	}
	all, err := s.Items(ctx, kind)
	return all, refusal(err)
}

// PutItem implements access.Store and arm.Items.
func (h shelf) PutItem(ctx context.Context, r store.Item) (int64, error) {
	s, err := h.open()
	if err != nil {
		return 0, err
	}
	revision, err := s.PutItem(ctx, r)
	return revision, refusal(err)
}

// DeleteItem implements access.Store and arm.Items.
func (h shelf) DeleteItem(ctx context.Context, r store.Item) error {
	s, err := h.open()
	if err != nil {
		return err
	}
	return refusal(s.DeleteItem(ctx, r))
}

// Secret implements access.Store.
func (h shelf) Secret(ctx context.Context, name string, make func() ([]byte, error)) ([]byte, error) {
	s, err := h.open()
	if err != nil {
		return nil, err
	}
	value, err := s.Secret(ctx, name, make)
	return value, refusal(err)
}
