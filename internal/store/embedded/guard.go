package embedded

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// guarded is the KV of a client that calls the server's functions. A server that gave up may have left its locks held, so
// that a call never returns, whatever its context says. The guard returns in its place.
type guarded struct {
	clientv3.KV
	server *Server
}

// guard makes a call that ends with ctx, and when the server gives up.
func guard[T any](ctx context.Context, s *Server, call func() (T, error)) (response T, err error) {
	type result struct {
		response T
		err      error
	}
	if s.Failure() != "" {
		return response, s.gaveUp()
	}
	results := make(chan result, 1)
	go func() {
		response, err := call()
		results <- result{response, err}
	}()
	select {
	case r := <-results:
		return r.response, r.err
	case <-s.Failed():
		return response, s.gaveUp()
	case <-ctx.Done():
		return response, ctx.Err()
	}
}

func (s *Server) gaveUp() error { return fmt.Errorf("etcd gave up: %s", s.Failure()) }

// Get is clientv3.KV's.
func (g guarded) Get(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	return guard(ctx, g.server, func() (*clientv3.GetResponse, error) { return g.KV.Get(ctx, key, opts...) })
}

// Put is clientv3.KV's.
func (g guarded) Put(ctx context.Context, key, value string, opts ...clientv3.OpOption) (*clientv3.PutResponse, error) {
	return guard(ctx, g.server, func() (*clientv3.PutResponse, error) { return g.KV.Put(ctx, key, value, opts...) })
}

// Delete is clientv3.KV's.
func (g guarded) Delete(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.DeleteResponse, error) {
	return guard(ctx, g.server, func() (*clientv3.DeleteResponse, error) { return g.KV.Delete(ctx, key, opts...) })
}

// Compact is clientv3.KV's.
func (g guarded) Compact(ctx context.Context, rev int64, opts ...clientv3.CompactOption) (*clientv3.CompactResponse, error) {
	return guard(ctx, g.server, func() (*clientv3.CompactResponse, error) { return g.KV.Compact(ctx, rev, opts...) })
}

// Do is clientv3.KV's.
func (g guarded) Do(ctx context.Context, op clientv3.Op) (clientv3.OpResponse, error) {
	return guard(ctx, g.server, func() (clientv3.OpResponse, error) { return g.KV.Do(ctx, op) })
}

// Txn is clientv3.KV's.
func (g guarded) Txn(ctx context.Context) clientv3.Txn {
	return &guardedTxn{g.KV.Txn(ctx), ctx, g.server}
}

type guardedTxn struct {
	clientv3.Txn
	ctx    context.Context
	server *Server
}

func (t *guardedTxn) If(cs ...clientv3.Cmp) clientv3.Txn {
	t.Txn = t.Txn.If(cs...)
	return t
}

func (t *guardedTxn) Then(ops ...clientv3.Op) clientv3.Txn {
	t.Txn = t.Txn.Then(ops...)
	return t
}

func (t *guardedTxn) Else(ops ...clientv3.Op) clientv3.Txn {
	t.Txn = t.Txn.Else(ops...)
	return t
}

func (t *guardedTxn) Commit() (*clientv3.TxnResponse, error) {
	return guard(t.ctx, t.server, t.Txn.Commit)
}
