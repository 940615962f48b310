package conn

// Names of engines.
const (
	EngineEpoll      = "epoll"
	EngineGoroutines = "goroutines"
)

// New makes the engine of a name; the empty name is the best one of this system. Where event loops are not available it
// makes the engine on goroutines, and why says what is missing: nil if the caller asked for that, or there is none better.
func New(name string, loops int) (e Engine, why error) {
	if name == EngineGoroutines || name == "" && !hasEpoll {
		return NewGoroutines(nil), nil
	}
	onLoops, err := NewEpoll(loops, nil)
	if err != nil {
		return NewGoroutines(nil), err
	}
	return onLoops, nil
}
