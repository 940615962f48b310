package load

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// errResumed ends a measurement: a session that is resumed is less work than a full handshake.
var errResumed = errors.New("a TLS session was resumed")

// FullHandshake configures a client that offers no session and no way to resume one, so that no server makes tickets,
// and one key exchange, which all servers know.
func FullHandshake() *tls.Config {
	return &tls.Config{
		InsecureSkipVerify:     true,
		MinVersion:             tls.VersionTLS13,
		CurvePreferences:       []tls.CurveID{tls.X25519},
		SessionTicketsDisabled: true,
	}
}

// handshakes asks on a new connection each time.
func handshakes(s Spec) (Result, error) {
	cfg := FullHandshake()
	begin := time.Now()
	end := begin.Add(s.Length)
	workers := make([]worker, s.Connections)
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() { workers[i].work(&s, cfg, end) })
	}
	all.Wait()
	took := time.Since(begin)
	var latencies []time.Duration
	failed := 0
	for _, w := range workers {
		if errors.Is(w.last, errResumed) {
			return Result{}, w.last
		}
		latencies = append(latencies, w.latencies...)
		failed += w.errors
	}
	return summarize(latencies, failed, took), nil
}

// worker is one client after another.
type worker struct {
	latencies []time.Duration
	errors    int
	last      error
}

func (w *worker) work(s *Spec, cfg *tls.Config, end time.Time) {
	address, ask := fmt.Sprint("127.0.0.1:", s.Port), question(s.Path, "Connection: close\r\n")
	for begin := time.Now(); begin.Before(end); begin = time.Now() {
		if err := once(address, ask, cfg); err != nil {
			w.errors++
			w.last = err
			time.Sleep(time.Millisecond)
			continue
		}
		w.latencies = append(w.latencies, time.Since(begin))
	}
}

func once(address string, ask []byte, cfg *tls.Config) error {
	c, err := tls.Dial("tcp", address, cfg)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if c.ConnectionState().DidResume {
		return errResumed
	}
	if _, err := c.Write(ask); err != nil {
		return err
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", r.StatusCode)
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err
}
