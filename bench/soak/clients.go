package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// patience is how long a client waits for an exchange as a whole.
const patience = 30 * time.Second

// kind is one way of being a client: how often it comes, of a thousand exchanges, how many of them are at work at once,
// and one exchange of theirs. An error is one that nobody asked for.
type kind struct {
	name     string
	share    float64
	workers  int
	exchange func() error
}

// kinds are all of them.
func kinds(g *gateway) []kind {
	kept := &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 100, IdleConnTimeout: 30 * time.Second}}
	single := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	trusting := &tls.Config{InsecureSkipVerify: true}
	secure := &http.Client{
		Timeout:   patience,
		Transport: &http.Transport{TLSClientConfig: trusting, MaxIdleConnsPerHost: 100, IdleConnTimeout: 30 * time.Second},
	}
	shaking := &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: trusting, DisableKeepAlives: true}}
	plain, encrypted := fmt.Sprint("127.0.0.1:", g.plain), fmt.Sprint("https://127.0.0.1:", g.secure)
	return []kind{
		{watched, 450, 32, func() error { return get(kept, "http://"+plain, 1<<10) }},
		{"large GET", 100, 8, func() error { return get(kept, "http://"+plain, 64<<10) }},
		{"POST", 130, 8, func() error { return post(kept, "http://"+plain, 16<<10) }},
		{"a connection each", 100, 8, func() error { return get(single, "http://"+plain, 1<<10) }},
		{"TLS", 100, 8, func() error { return get(secure, encrypted, 1<<10) }},
		{"a TLS handshake each", 50, 8, func() error { return get(shaking, encrypted, 1<<10) }},
		{"WebSocket", 20, 8, func() error { return talk(plain) }},
		{"client that resets", 20, 4, func() error { return hangUp(plain) }},
		{"member that fails", 20, 40, func() error { return fail(kept, fmt.Sprint("http://127.0.0.1:", g.troubled)) }},
		{"slow reader", 5, 10, func() error { return readSlowly(plain) }},
		{"slow writer", 5, 10, func() error { return writeSlowly(plain) }},
	}
}

// watched is the kind whose latency is watched.
const watched = "GET"

// clients are at work until they end.
type clients struct {
	stop chan struct{}
	all  sync.WaitGroup

	mu        sync.Mutex
	exchanges int
	errors    map[string]int // by kind and text
	latencies []time.Duration
}

func startClients(g *gateway, rate float64) *clients {
	c := &clients{stop: make(chan struct{}), errors: map[string]int{}}
	for _, k := range kinds(g) {
		every := time.Duration(float64(k.workers) / (rate * k.share / 1000) * float64(time.Second))
		for i := range k.workers {
			c.all.Go(func() { c.work(&k, every, every*time.Duration(i)/time.Duration(k.workers)) })
		}
	}
	return c
}

func (c *clients) end() {
	close(c.stop)
	c.all.Wait()
}

// work makes an exchange every so often, the first after a while.
func (c *clients) work(k *kind, every, first time.Duration) {
	timer := time.NewTimer(first)
	defer timer.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-timer.C:
		}
		begin := time.Now()
		err := k.exchange()
		took := time.Since(begin)
		c.note(k, err, took)
		timer.Reset(every - took)
	}
}

func (c *clients) note(k *kind, err error, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.exchanges++
	if err != nil {
		c.errors[k.name+": "+err.Error()]++
	} else if k.name == watched {
		c.latencies = append(c.latencies, took)
	}
}

// take is what happened since the last time.
func (c *clients) take() (exchanges int, errors map[string]int, p50, p99 time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	exchanges, errors = c.exchanges, c.errors
	slices.Sort(c.latencies)
	if n := len(c.latencies); n > 0 {
		p50, p99 = c.latencies[n/2], c.latencies[n*99/100]
	}
	c.exchanges, c.errors, c.latencies = 0, map[string]int{}, c.latencies[:0]
	return exchanges, errors, p50, p99
}

func get(c *http.Client, base string, n int) error {
	r, err := c.Get(base + "/bytes/" + strconv.Itoa(n))
	if err != nil {
		return plainly(err)
	}
	return whole(r, n)
}

// whole is an error unless an answer is a success of n bytes.
func whole(r *http.Response, n int) error {
	defer r.Body.Close()
	got, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return plainly(err)
	}
	if r.StatusCode != http.StatusOK || got != int64(n) {
		return fmt.Errorf("status %d, %d bytes", r.StatusCode, got)
	}
	return nil
}

func post(c *http.Client, base string, n int) error {
	var body io.Reader = strings.NewReader(strings.Repeat("x", n))
	if rand.IntN(2) == 0 {
		body = io.MultiReader(body) // of unknown length: chunked
	}
	r, err := c.Post(base+"/upload", "text/plain", body)
	if err != nil {
		return plainly(err)
	}
	return whole(r, len(strconv.Itoa(n)))
}

// fail asks members to fail; the gateway answers for them, or breaks off what they broke off.
func fail(c *http.Client, base string) error {
	path := []string{"/reset", "/half", "/nonsense", "/late"}[rand.IntN(4)]
	r, err := c.Get(base + path)
	if err != nil {
		if path == "/half" && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		return plainly(err)
	}
	defer r.Body.Close()
	_, err = io.Copy(io.Discard, r.Body)
	switch {
	case path == "/half" && (err != nil || r.StatusCode == http.StatusBadGateway):
		return nil
	case path == "/late" && r.StatusCode == http.StatusGatewayTimeout:
		return nil
	case r.StatusCode == http.StatusBadGateway:
		return nil
	}
	return fmt.Errorf("%s: status %d, %v", path, r.StatusCode, err)
}

// plainly is an error without what differs each time, such as ports.
func plainly(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("%s: %w", op.Op, op.Err)
	}
	return err
}

func dial(address string) (*net.TCPConn, *bufio.Reader, error) {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, nil, plainly(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn), bufio.NewReader(c), nil
}

// talk upgrades to a WebSocket and exchanges messages.
func talk(address string) error {
	c, r, err := dial(address)
	if err != nil {
		return err
	}
	defer c.Close()
	io.WriteString(c,
		"GET /echo HTTP/1.1\r\nHost: soak\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	answer, err := http.ReadResponse(r, nil)
	if err != nil {
		return plainly(err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	message := []byte("\x82\x05hello")
	back := make([]byte, len(message))
	for range 10 {
		if _, err := c.Write(message); err != nil {
			return plainly(err)
		}
		if _, err := io.ReadFull(r, back); err != nil {
			return plainly(err)
		}
		if string(back) != string(message) {
			return fmt.Errorf("the echo of %q is %q", message, back)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}

// hangUp resets its connection somewhere in an exchange.
func hangUp(address string) error {
	c, r, err := dial(address)
	if err != nil {
		return err
	}
	c.SetLinger(0)
	defer c.Close()
	switch rand.IntN(4) {
	case 0:
		io.WriteString(c, "GET /bytes/10 HT")
	case 1:
		io.WriteString(c, "GET /bytes/1048576 HTTP/1.1\r\nHost: soak\r\n\r\n")
		r.ReadByte()
	case 2:
		io.WriteString(c, "POST /upload HTTP/1.1\r\nHost: soak\r\nContent-Length: 100000\r\n\r\nnot that much")
	case 3:
		io.WriteString(c, "GET /bytes/10 HTTP/1.1\r\nHost: soak\r\n\r\n")
	}
	time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
	return nil
}

// readSlowly takes a second or two for an answer.
func readSlowly(address string) error {
	c, r, err := dial(address)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetReadBuffer(16 << 10)
	const n = 1 << 20
	fmt.Fprintf(c, "GET /bytes/%d HTTP/1.1\r\nHost: soak\r\nConnection: close\r\n\r\n", n)
	answer, err := http.ReadResponse(r, nil)
	if err != nil {
		return plainly(err)
	}
	answer.Body = &slowBody{answer.Body}
	return whole(answer, n)
}

type slowBody struct{ io.ReadCloser }

func (b *slowBody) Read(p []byte) (int, error) {
	time.Sleep(20 * time.Millisecond)
	return b.ReadCloser.Read(p)
}

// writeSlowly takes a second for a request.
func writeSlowly(address string) error {
	c, r, err := dial(address)
	if err != nil {
		return err
	}
	defer c.Close()
	const parts, size = 16, 8 << 10
	fmt.Fprintf(c, "POST /upload HTTP/1.1\r\nHost: soak\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", parts*size)
	for range parts {
		if _, err := c.Write(make([]byte, size)); err != nil {
			return plainly(err)
		}
		time.Sleep(60 * time.Millisecond)
	}
	answer, err := http.ReadResponse(r, nil)
	if err != nil {
		return plainly(err)
	}
	return whole(answer, len(strconv.Itoa(parts*size)))
}
