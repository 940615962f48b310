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

// Record implements arm.Records.
func (h shelf) Record(ctx context.Context, kind, name string) (store.Record, error) {
	s, err := h.open()
	if err != nil {
		return store.Record{}, err
	}
	r, err := s.Record(ctx, kind, name)
	return r, refusal(err)
}

// Records implements access.Store and arm.Records.
func (h shelf) Records(ctx context.Context, kind string) ([]store.Record, error) {
	s, err := h.open()
	if err != nil {
		return nil, err
	}
	all, err := s.Records(ctx, kind)
	return all, refusal(err)
}

// PutRecord implements access.Store and arm.Records.
func (h shelf) PutRecord(ctx context.Context, r store.Record) (int64, error) {
	s, err := h.open()
	if err != nil {
		return 0, err
	}
	revision, err := s.PutRecord(ctx, r)
	return revision, refusal(err)
}

// DeleteRecord implements access.Store and arm.Records.
func (h shelf) DeleteRecord(ctx context.Context, r store.Record) error {
	s, err := h.open()
	if err != nil {
		return err
	}
	return refusal(s.DeleteRecord(ctx, r))
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
