package conn

// Names of engines.
const (
	EngineEpoll      = "epoll"
	EngineGoroutines = "goroutines"
)

// New makes the engine of a name; the empty name is the best one of this system. Where an engine of event loops cannot be
// had it makes the one on goroutines, and why says what was missing: nil if that was asked for, or is the best there is.
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
