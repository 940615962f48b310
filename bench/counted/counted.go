// Package counted is clients that count every connection and every request. Unlike Go's own client they repeat nothing: each
// failure is one.
package counted

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Clients ask one request after the other until End.
type Clients struct {
	address string
	pause   time.Duration
	stop    chan struct{}
	wg      sync.WaitGroup

	mu       sync.Mutex
	answered int
	opened   int
	failed   []Failure
	slowest  time.Duration
}

// Failure is a connection or a request that failed.
type Failure struct {
	At      time.Time
	Connect bool // no connection came about
	What    string
}

func (f Failure) String() string { return f.At.Format("05.000 ") + f.What }

// Counts are what was counted so far.
type Counts struct {
	Answered int
	Opened   int // connections
	Failed   []Failure
	Slowest  time.Duration // answer
}

const (
	patience     = 20 * time.Second      // for a connection, and for an answer
	afterFailure = 50 * time.Millisecond // so that one cause is not counted a thousand times
)

// Start starts so many clients of a port of 127.0.0.1 on connections that they keep, and as many that take a new one for each
// request. Each pauses between two requests.
func Start(address string, clients int, pause time.Duration) *Clients {
	c := &Clients{address: address, pause: pause, stop: make(chan struct{})}
	for range clients {
		c.wg.Go(func() { c.client(true) })
		c.wg.Go(func() { c.client(false) })
	}
	return c
}

// End stops the clients, after the answers that they wait for, and returns what was counted. A second call returns the same.
func (c *Clients) End() Counts {
	c.mu.Lock()
	select {
	case <-c.stop:
	default:
		close(c.stop)
	}
	c.mu.Unlock()
	c.wg.Wait()
	return c.Counts()
}

// Counts returns what was counted so far.
func (c *Clients) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Counts{c.answered, c.opened, slices.Clone(c.failed), c.slowest}
}

func (c *Clients) fail(connect bool, what string, err error) {
	c.mu.Lock()
	c.failed = append(c.failed, Failure{time.Now(), connect, fmt.Sprintf("%s: %v", what, err)})
	c.mu.Unlock()
	time.Sleep(afterFailure)
}

// client asks until stop.
func (c *Clients) client(keep bool) {
	for {
		nc, err := net.DialTimeout("tcp", c.address, patience)
		if err != nil {
			c.fail(true, "connect", err)
		} else {
			c.mu.Lock()
			c.opened++
			c.mu.Unlock()
			if err := c.ask(nc, keep); err != nil {
				c.fail(false, fmt.Sprint("request of ", nc.LocalAddr()), err)
			}
			nc.Close()
		}
		select {
		case <-c.stop:
			return
		default:
		}
	}
}

// ask asks on one connection until the gateway or End ends it.
func (c *Clients) ask(nc net.Conn, keep bool) error {
	in := bufio.NewReader(nc)
	head := "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	if !keep {
		head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	}
	for {
		begin := time.Now()
		nc.SetDeadline(begin.Add(patience))
		if _, err := io.WriteString(nc, head); err != nil {
			return err
		}
		last, err := read(in)
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.answered++
		c.slowest = max(c.slowest, time.Since(begin))
		c.mu.Unlock()
		select {
		case <-c.stop:
			return nil
		case <-time.After(c.pause):
		}
		if last {
			return nil
		}
	}
}

// read reads an answer, and whether it is the last on its connection.
func read(in *bufio.Reader) (last bool, err error) {
	r, err := http.ReadResponse(in, nil)
	if err != nil {
		return false, err
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return false, err
	}
	if r.StatusCode != http.StatusOK {
		return false, fmt.Errorf("status %d", r.StatusCode)
	}
	return r.Close, nil
}
