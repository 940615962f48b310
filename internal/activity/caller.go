package activity

import "context"

// Caller is who asks for a change.
type Caller struct {
	Name        string // of the identity, and from where it came
	Correlation string // id that the client gave its request; empty: none
}

type callerKey struct{}

// WithCaller notes who asks for what ctx belongs to.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf is who asks; a Caller of this name where nobody was noted.
func CallerOf(ctx context.Context, otherwise string) Caller {
	if c, ok := ctx.Value(callerKey{}).(Caller); ok {
		return c
	}
	return Caller{Name: otherwise}
}
