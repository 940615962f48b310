package stage

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"sync"
	"time"

	"causeway/internal/lab/peers"
)

// TimedRequest is one request of a load.
type TimedRequest struct {
	At     time.Duration // after the start; a shot that is late does not move the others
	Method string        // GET if empty
	Path   string
	Host   string // the gateway's address if empty
	Header http.Header
	Body   int // bytes

	// Faults of the client.
	AbortAfter time.Duration // leaves that long after it has begun; 0: stays
	Short      bool          // ends the upload in the middle, with a FIN
	Pause      time.Duration // between the tenths of an upload

	// Stranger is a client of the background, from 1 on; 0: one of the load's own.
	Stranger int

	// Raw is what is sent instead, as it stands, on a connection of its own. {host} stands for the gateway's address.
	Raw     string
	Answers int // to Raw that are waited for; 1 if zero
}

// Poisson is a schedule of arrivals at a mean rate per second over a time.
func Poisson(rng *rand.Rand, rate float64, over time.Duration) []time.Duration {
	var out []time.Duration
	for at := 0.0; ; {
		at += rng.ExpFloat64() / rate
		if t := time.Duration(at * float64(time.Second)); t < over {
			out = append(out, t)
			continue
		}
		return out
	}
}

// Periodic is a schedule of n arrivals, each up to jitter late.
func Periodic(rng *rand.Rand, n int, every, jitter time.Duration) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = time.Duration(i) * every
		if jitter > 0 {
			out[i] += time.Duration(rng.Int64N(int64(jitter)))
		}
	}
	slices.Sort(out)
	return out
}

// Bursts is a schedule of groups of size arrivals, each spread evenly at random over a time; starts says when each begins.
func Bursts(rng *rand.Rand, starts []time.Duration, size int, spread time.Duration) []time.Duration {
	var out []time.Duration
	for _, start := range starts {
		for range size {
			out = append(out, start+time.Duration(rng.Int64N(int64(max(1, spread)))))
		}
	}
	slices.Sort(out)
	return out
}

// Shots makes the same request at each time of a schedule.
func Shots(schedule []time.Duration, like TimedRequest) []TimedRequest {
	out := make([]TimedRequest, len(schedule))
	for i, at := range schedule {
		out[i] = like
		out[i].At = at
	}
	return out
}

func sortShots(shots []TimedRequest) {
	slices.SortStableFunc(shots, func(a, b TimedRequest) int { return cmp.Compare(a.At, b.At) })
}

// Outcome is what became of a shot. Status 0 is no answer.
type Outcome struct {
	Status  int
	Err     error
	Latency time.Duration // from the time at which the shot was due
}

// Outcomes counts the outcomes of a load.
type Outcomes struct {
	Sent     int         `json:"sent"`
	ByStatus map[int]int `json:"byStatus"` // 0: no answer

	Strangers int `json:"strangers,omitempty"` // clients of the background that got no answer
	latency   []time.Duration
}

func NewOutcomes() *Outcomes { return &Outcomes{ByStatus: map[int]int{}} }

func (t *Outcomes) Add(o Outcome) {
	t.Sent++
	t.ByStatus[o.Status]++
	if o.Status != 0 {
		t.latency = append(t.latency, o.Latency)
	}
}

// Failed is the number of shots that got a 5xx.
func (t *Outcomes) Failed() int {
	n := 0
	for status, count := range t.ByStatus {
		if status >= 500 {
			n += count
		}
	}
	return n
}

// Percentile is the latency that a share of the answered shots stayed within; 0 without any.
func (t *Outcomes) Percentile(share float64) time.Duration {
	if len(t.latency) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t.latency))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

func (t *Outcomes) String() string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(t.ByStatus)) {
		name := fmt.Sprint(status)
		if status == 0 {
			name = "no answer"
		}
		parts = append(parts, fmt.Sprintf("%d × %s", t.ByStatus[status], name))
	}
	return fmt.Sprintf("%d requests: %s", t.Sent, strings.Join(parts, ", "))
}

// Load sends shots to a gateway, each when it is due whatever became of the ones before.
type Load struct {
	Targets []string // host:port of the gateway's instances, which the clients share
	// That share the shots in turn, each with an address 127.0.1.x and connections of its own; at least 1
	Clients int
	Timeout time.Duration                          // of a shot; 0: 30s
	Each    func(n int, s TimedRequest, o Outcome) // told of every outcome as it comes, one at a time; may be nil
}

// Run sends every shot and waits for the last. When ctx ends, what is under way is given up.
func (l Load) Run(ctx context.Context, shots []TimedRequest) *Outcomes {
	clients, strangers := l.clients(1, max(1, l.Clients)), l.clients(2, Strangers)
	defer func() {
		for _, c := range slices.Concat(clients, strangers) {
			c.http.CloseIdleConnections()
		}
	}()
	var mu sync.Mutex
	var wg sync.WaitGroup
	tally, start := NewOutcomes(), time.Now()
	for i, s := range shots {
		if !peers.SleepUntil(ctx, start.Add(s.At)) {
			break
		}
		wg.Go(func() {
			one := clients[i%len(clients)]
			if s.Stranger > 0 {
				one = strangers[s.Stranger-1]
			}
			o := one.shoot(ctx, one.target, s)
			o.Latency = time.Since(start.Add(s.At))
			mu.Lock()
			defer mu.Unlock()
			if tally.Add(o); s.Stranger > 0 && o.Status == 0 {
				tally.Strangers++
			}
			if l.Each != nil {
				l.Each(i, s, o)
			}
		})
	}
	wg.Wait()
	return tally
}

// client is one user agent.
type client struct {
	target string // the instance that it reaches
	dialer net.Dialer
	http   http.Client
}

const maxClients = 200 // that have an address of their own

// clients are n of them, with addresses in 127.0.net4.0/24. Each stays with one instance.
func (l Load) clients(net4 byte, n int) []*client {
	timeout := l.Timeout
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	out := make([]*client, n)
	for i := range out {
		c := &client{
			dialer: net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, net4, byte(1+i%maxClients))}},
			target: l.Targets[i%len(l.Targets)],
		}
		c.http = http.Client{Timeout: timeout, Jar: jar(), Transport: &http.Transport{
			DialContext: c.dialer.DialContext, MaxIdleConnsPerHost: 1024,
			DisableCompression: true,
		}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		out[i] = c
	}
	return out
}

// jar keeps the cookies of a client, as browsers do.
func jar() http.CookieJar {
	j, err := cookiejar.New(nil)
	if err != nil {
		panic("BUG: a cookie jar without options cannot be made: " + err.Error())
	}
	return j
}

func (c *client) shoot(ctx context.Context, target string, s TimedRequest) Outcome {
	if s.Short {
		return c.shootShort(target, s)
	}
	if s.Raw != "" {
		return c.shootRaw(target, s)
	}
	if s.AbortAfter > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.AbortAfter)
		defer cancel()
	}
	req, err := s.request(ctx, target)
	if err != nil {
		return Outcome{Err: err}
	}
	res, err := c.http.Do(req)
	if err != nil {
		return Outcome{Err: err}
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return Outcome{Status: res.StatusCode, Err: err}
}

func (s TimedRequest) request(ctx context.Context, target string) (*http.Request, error) {
	var body io.Reader
	if s.Body > 0 {
		body = &slowReader{left: s.Body, step: (s.Body + 9) / 10, pause: s.Pause}
	}
	req, err := http.NewRequestWithContext(ctx, s.Method, "http://"+target+s.Path, body)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	req.ContentLength = int64(s.Body)
	req.Host = s.Host
	maps.Copy(req.Header, s.Header)
	return req, nil
}

// shootShort sends half of the body that it has declared, ends its side, and waits for what the gateway says.
func (c *client) shootShort(target string, s TimedRequest) Outcome {
	conn, err := c.dialer.Dial("tcp", target)
	if err != nil {
		return Outcome{Err: err}
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(c.http.Timeout))
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", s.Method, s.Path, target, s.Body,
		bytes.Repeat([]byte("x"), s.Body/2))
	conn.(*net.TCPConn).CloseWrite()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return Outcome{Err: err}
	}
	res.Body.Close()
	return Outcome{Status: res.StatusCode}
}

// rawPatience is longer than the gateway waits for a client.
const rawPatience = 90 * time.Second

// shootRaw sends bytes and reads the answers to them; the last one counts.
func (c *client) shootRaw(target string, s TimedRequest) Outcome {
	conn, err := c.dialer.Dial("tcp", target)
	if err != nil {
		return Outcome{Err: err}
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(rawPatience))
	io.WriteString(conn, strings.ReplaceAll(s.Raw, "{host}", target))
	in, o := bufio.NewReader(conn), Outcome{}
	for range max(1, s.Answers) {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return Outcome{Err: err}
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		o.Status = res.StatusCode
	}
	return o
}

// slowReader is a body of x that rests between its tenths.
type slowReader struct {
	left, step int
	pause      time.Duration
	begun      bool
}

func (d *slowReader) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	if d.begun {
		time.Sleep(d.pause)
	}
	d.begun = true
	n := min(len(p), d.left)
	if d.pause > 0 {
		n = min(n, d.step)
	}
	for i := range n {
		p[i] = 'x'
	}
	d.left -= n
	return n, nil
}
