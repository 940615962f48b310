package test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// traffic is clients that ask one request after the other and count all of them. Unlike Go's own client they repeat nothing: a
// request that fails has failed.
type traffic struct {
	address string
	stop    chan struct{}
	wg      sync.WaitGroup

	mu       sync.Mutex
	answered int
	opened   int // connections
	failed   []failure
}

// startTraffic starts so many clients on connections that they keep, and as many that take a new one for each request.
func startTraffic(t *testing.T, port, clients int) *traffic {
	t.Helper()
	return startTrafficAt(t, fmt.Sprintf("127.0.0.1:%d", port), clients)
}

// startTrafficAt is startTraffic at any address.
func startTrafficAt(t *testing.T, address string, clients int) *traffic {
	t.Helper()
	l := &traffic{address: address, stop: make(chan struct{})}
	for range clients {
		l.wg.Go(func() { l.client(true) })
		l.wg.Go(func() { l.client(false) })
	}
	t.Cleanup(func() { l.end() })
	return l
}

// end stops the clients, after the answers that they wait for, and returns what was counted.
func (l *traffic) end() (answered int, failed []failure) {
	l.mu.Lock()
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.mu.Unlock()
	l.wg.Wait()
	return l.counts()
}

func (l *traffic) counts() (answered int, failed []failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answered, l.failed
}

func (l *traffic) fail(what string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = append(l.failed, failure{time.Now(), fmt.Sprintf("%s: %v", what, err)})
}

// failure is a connection or a request that failed.
type failure struct {
	at   time.Time
	what string
}

func (f failure) String() string { return f.at.Format("05.000 ") + f.what }

// client asks until stop. After a failure it pauses, so that one cause is not counted a thousand times.
func (l *traffic) client(keep bool) {
	for {
		c, err := net.DialTimeout("tcp", l.address, 10*time.Second)
		if err != nil {
			l.fail("connect", err)
			time.Sleep(50 * time.Millisecond)
		} else {
			l.mu.Lock()
			l.opened++
			l.mu.Unlock()
			if err := l.ask(c, keep); err != nil {
				l.fail(fmt.Sprint("request of ", c.LocalAddr()), err)
				time.Sleep(50 * time.Millisecond)
			}
			c.Close()
		}
		select {
		case <-l.stop:
			return
		default:
		}
	}
}

// ask asks on one connection until the gateway or the test ends it.
func (l *traffic) ask(c net.Conn, keep bool) error {
	in := bufio.NewReader(c)
	head := "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	if !keep {
		head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	}
	for {
		c.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.WriteString(c, head); err != nil {
			return err
		}
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return err
		}
		if r.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", r.StatusCode)
		}
		l.mu.Lock()
		l.answered++
		l.mu.Unlock()
		select {
		case <-l.stop:
			return nil
		default:
		}
		if r.Close {
			return nil
		}
		time.Sleep(2 * time.Millisecond)
	}
}
