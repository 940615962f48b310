package resolve

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Watcher keeps names resolved.
type Watcher struct {
	lookup Lookup
	ctx    context.Context
	stop   context.CancelFunc
	wg     sync.WaitGroup
}

// NewWatcher starts without any names.
func NewWatcher(lookup Lookup) *Watcher {
	ctx, stop := context.WithCancel(context.Background())
	return &Watcher{lookup: lookup, ctx: ctx, stop: stop}
}

// Close ends every watch and waits for it.
func (w *Watcher) Close() {
	w.stop()
	w.wg.Wait()
}

// Watch looks name up now and whenever its TTL ends, and calls changed with the addresses (sorted) at the first
// outcome, at every change, and when lookups begin to fail or succeed again. A failure after a success keeps the last
// known good addresses beside the error. changed is called from one goroutine at a time. The returned function ends the
// watch; changed may be under way when it returns.
func (w *Watcher) Watch(name string, changed func(addrs []netip.Addr, err error)) (stop func()) {
	ctx, cancel := context.WithCancel(w.ctx)
	w.wg.Go(func() { w.follow(ctx, name, changed) })
	return cancel
}

func (w *Watcher) follow(ctx context.Context, name string, changed func([]netip.Addr, error)) {
	var good []netip.Addr
	first, failing := true, false
	for {
		a, err := w.lookup(ctx, name)
		if ctx.Err() != nil {
			return
		}
		pause := RetryAfter
		if err == nil {
			pause = a.TTL
			slices.SortFunc(a.Addrs, netip.Addr.Compare)
		}
		if first || failing != (err != nil) || err == nil && !slices.Equal(a.Addrs, good) {
			if err == nil {
				good = a.Addrs
			}
			changed(good, err)
		}
		first, failing = false, err != nil
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}
