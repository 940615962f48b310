package proxy

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// Until the first Flush a record goes to the log itself; from then on it waits in its Loop's buffer for the next.
func TestFlush(t *testing.T) {
	onSockets(t, func(w *world) {
		log := accesslog.NewWriter(t.TempDir())
		w.proxy.log = log
		w.member(answers(ok))
		w.start()
		written := func(want int64) {
			t.Helper()
			for end := time.Now().Add(10 * time.Second); log.Written() < want && time.Now().Before(end); time.Sleep(time.Millisecond) {
			}
			if got := log.Written(); got != want {
				t.Fatalf("%d records written, want %d", got, want)
			}
		}
		ask := func() {
			c := w.client()
			defer c.Close()
			c.say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").rest() // the record is written before the end
		}
		ask()
		written(1)
		w.proxy.Flush()
		for range 3 {
			ask()
		}
		w.proxy.Flush()
		written(4)
		ask()
		w.proxy.Shutdown(time.Now().Add(time.Second))
		w.proxy.Flush()
		log.Close()
		if log.Written() != 5 || log.Lost() != 0 {
			t.Errorf("%d records written, %d lost", log.Written(), log.Lost())
		}
	})
}
