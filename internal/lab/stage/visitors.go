package stage

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Visitors come to a gateway over HTTPS. Each opens a connection, asks for some pages one after the other, and leaves; or it gives up, once
// the visit has taken too long.
type Visitors struct {
	Target  string // host:port of the gateway
	TLS     *tls.Config
	Rate    float64 // that come a second, whatever became of those before; 0: AtATime
	AtATime int     // that are there at any time: when one leaves, the next one comes
	Pages   int
	Timeout time.Duration                  // of a visit
	Each    func(due time.Time, o Outcome) // gets the outcome of every visit, with the time at which it was due; one at a time
}

// tick is how often visitors that are due come.
const tick = 5 * time.Millisecond

// Run has visitors come until ctx ends, and waits for those who are there.
func (v Visitors) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	var mu sync.Mutex
	if v.Rate == 0 {
		for i := range v.AtATime {
			wg.Go(func() {
				for n := i; ctx.Err() == nil; n += v.AtATime {
					v.one(&mu, n, time.Now())
				}
			})
		}
		return
	}
	clock := time.NewTicker(tick)
	defer clock.Stop()
	begin := time.Now()
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
		for ; float64(n) < v.Rate*time.Since(begin).Seconds(); n++ {
			number, due := n, begin.Add(time.Duration(float64(n)/v.Rate*float64(time.Second)))
			wg.Go(func() { v.one(&mu, number, due) })
		}
	}
}

// one is the visit of a number.
func (v *Visitors) one(mu *sync.Mutex, n int, due time.Time) {
	status, err := v.visit(n)
	mu.Lock()
	defer mu.Unlock()
	v.Each(due, Outcome{Status: status, Err: err, Latency: time.Since(due)})
}

// visit returns the status of the last page; 0: there was no answer in time.
func (v *Visitors) visit(n int) (status int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), v.Timeout)
	defer cancel()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+n%maxClients))}}
	plain, err := dialer.DialContext(ctx, "tcp", v.Target)
	if err != nil {
		return 0, err
	}
	defer plain.Close() // without a close_notify: people who give up send none
	deadline, _ := ctx.Deadline()
	plain.SetDeadline(deadline)
	c := tls.Client(plain, v.TLS)
	if err := c.HandshakeContext(ctx); err != nil {
		return 0, err
	}
	in := bufio.NewReader(c)
	for page := range v.Pages {
		fmt.Fprintf(c, "GET /page/%d HTTP/1.1\r\nHost: %s\r\n\r\n", page, v.Target)
		if status, err = readPage(in); err != nil || status != http.StatusOK {
			return status, err
		}
	}
	return status, nil
}

// readPage returns the status of a whole answer; 0: it did not come.
func readPage(in *bufio.Reader) (status int, err error) {
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0, err
	}
	return res.StatusCode, nil
}
