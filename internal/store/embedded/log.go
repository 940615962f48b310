package embedded

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// quiet writes etcd's log to slog: warnings and errors, without those that say nothing to an operator.
type quiet struct {
	closing atomic.Bool
	once    sync.Once
	failed  chan struct{} // closed when etcd gives up
	failure string        // why; to be read after that

	mu   sync.Mutex
	said map[string]time.Time // when a message was last written
}

func newQuiet() *quiet { return &quiet{failed: make(chan struct{}), said: map[string]time.Time{}} }

// repeatAfter is how long a message is not repeated. A member that misses its peers writes ten a second.
const repeatAfter = time.Minute

// repeats reports whether a message has been written not long ago.
func (q *quiet) repeats(message string, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now.Sub(q.said[message]) < repeatAfter {
		return true
	}
	q.said[message] = now
	return false
}

// OnWrite replaces what zap does after a fatal message or a panic. It ends the goroutine only, not the process.
func (q *quiet) OnWrite(e *zapcore.CheckedEntry, fields []zapcore.Field) {
	q.once.Do(func() {
		q.failure = e.Message
		for _, f := range fields {
			if err, ok := f.Interface.(error); ok {
				q.failure += ": " + err.Error()
			}
		}
		close(q.failed)
	})
	runtime.Goexit()
}

// harmless begin messages that etcd writes as warnings or errors in the ordinary course of things.
var harmless = []string{
	"Running http and grpc server on single port",     // clients use gRPC alone
	"exceeded recommended request limit",              // on purpose: see MaxRequest
	"simple token is not cryptographically signed",    // no tokens are used
	"Failed to detect schema version",                 // of a new database, before its first entry
	"failed to update storage version",                // the same
	"memory lock is not enabled",                      //
	"apply request took too long",                     // a busy disk; Status has the lag
	"waiting for ReadIndex response took too long",    // the same
	"leader failed to send out heartbeat on time",     // the same
	"health check for peer",                           // each peer each few seconds; Status has it
	"prober detected",                                 // the same
	"lost TCP streaming connection",                   // "peer became inactive" follows
	"established TCP streaming connection",            //
	"failed to reach the peer URL",                    // the same
	"failed to get version",                           // the same
	"failed to publish local member to cluster",       // it repeats until it works
	"timed out sending read state",                    //
	"failed to set up compaction with wrong revision", // nothing to compact yet
}

func (q *quiet) logger() *zap.Logger {
	return zap.New(&core{quiet: q, to: slog.Default()}, zap.WithFatalHook(q), zap.WithPanicHook(q))
}

// core is a zapcore.Core that writes to slog.
type core struct {
	quiet  *quiet
	to     *slog.Logger
	fields []zapcore.Field
}

func (c *core) Enabled(level zapcore.Level) bool { return level >= zapcore.WarnLevel }

func (c *core) With(fields []zapcore.Field) zapcore.Core {
	return &core{c.quiet, c.to, append(append([]zapcore.Field{}, c.fields...), fields...)}
}

func (c *core) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if !c.Enabled(e.Level) || c.quiet.drops(e) {
		return checked
	}
	return checked.AddCore(e, c)
}

// drops reports whether an entry says nothing to an operator.
func (q *quiet) drops(e zapcore.Entry) bool {
	if e.Level > zapcore.ErrorLevel { // the server is about to end
		return false
	}
	// While it closes, etcd reports its own doing as errors.
	return q.closing.Load() || begins(e.Message, harmless) || q.repeats(e.Message, e.Time)
}

func begins(text string, with []string) bool {
	for _, w := range with {
		if len(text) >= len(w) && strings.EqualFold(text[:len(w)], w) {
			return true
		}
	}
	return false
}

func (c *core) Write(e zapcore.Entry, fields []zapcore.Field) error {
	encoder := zapcore.NewMapObjectEncoder()
	for _, f := range c.fields {
		f.AddTo(encoder)
	}
	for _, f := range fields {
		f.AddTo(encoder)
	}
	attributes := []any{}
	for key, value := range encoder.Fields {
		attributes = append(attributes, slog.Any(key, value))
	}
	level := slog.LevelWarn
	if e.Level >= zapcore.ErrorLevel {
		level = slog.LevelError
	}
	c.to.Log(context.Background(), level, "etcd: "+e.Message, attributes...)
	return nil
}

func (c *core) Sync() error { return nil }
