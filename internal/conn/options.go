package conn

import (
	"log/slog"
	"net/netip"
	"runtime/debug"
)

// Options are what all engines have in common. Set them before the first Serve.
type Options struct {
	// Panic is called for a panic in a handler or a side of Duplex, with the stack of the panic. It costs that one
	// connection. The default logs it.
	Panic func(v any, stack []byte)
	// AcceptError is called for a failed accept, after which the listener pauses for 5 ms, doubled up to 1 s. The default
	// logs it.
	AcceptError func(error)
	// Limit is the number of client connections above which silent ones give way to new ones: first those that never sent
	// anything, then the longest idle, and none that has just come. While no client is silent, new ones wait in the
	// kernel's queue. One client address may hold three quarters of it. 0 is no limit.
	Limit int
	// Shared says that other processes accept from the same sockets: this one takes turns with them.
	Shared bool
	// Full is called when Limit is reached, once a minute at most. The default logs it.
	Full func(limit int)
	// Evicted is called when n silent connections were asked to give way.
	Evicted func(n int)
	// Crowded is called when a new connection is closed, because its address holds its share of Limit and none of its
	// connections is silent. Evicted and Crowded may be called under a lock: they must not block.
	Crowded func(from netip.Addr)
}

// Set changes options.
func (o *Options) Set(f func(*Options)) { f(o) }

func defaults() Options {
	return Options{
		Panic:       func(v any, stack []byte) { slog.Error("panic in a handler", "value", v, "stack", string(stack)) },
		AcceptError: func(err error) { slog.Error("accept failed", "error", err) },
		Full: func(limit int) {
			slog.Warn("the limit of client connections is reached: silent ones give way to new ones; "+
				"raise the limit of open files (LimitNOFILE, ulimit -n)", "connections", limit)
		},
		Evicted: func(int) {},
		Crowded: func(netip.Addr) {},
	}
}

// report reports a panic, in the coroutine that met it.
func (o *Options) report(v any) {
	if p, ok := v.(*crash); ok {
		o.Panic(p.value, p.stack)
		return
	}
	o.Panic(v, debug.Stack())
}
