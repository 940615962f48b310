package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
	"causeway/internal/report"
	"causeway/internal/sizing"
)

// Experiment is the support article's advice, put to the test: a gateway that is too small, users that get 502 and 504, the diagnosis, more
// instances under load, and the proof.
type Experiment struct {
	Program string    // the causeway binary to run as the gateway
	Out     io.Writer // what people read
	Fancy   bool      // Out is a terminal: colours and a line that updates
	Keep    string    // directory that everything is left in; empty: a temporary one

	screen
	workbench
	rate float64 // requests a second that users send
}

// What the experiment is made of.
const (
	smallCPU    = 0.1              // processors of an instance: the least there may be, so that the clients find room beside it
	overload    = 1.4              // users send so many times what one instance carries; two carry it with something to spare
	usersWait   = 4 * time.Second  // until they give up
	measureTime = 3 * time.Second  // of what one instance carries
	watchTime   = 12 * time.Second // of a load, before and after the change
	settleTime  = 4 * time.Second  // after a change, until what came before it has ended
	perConn     = 20               // requests that a client sends on one connection
)

// ErrExperiment says that the experiment has not shown what it should.
var ErrExperiment = errors.New("the experiment did not come out as it should")

// Run shows it all.
func (e *Experiment) Run(ctx context.Context) error {
	e.screen = screen{out: e.Out, fancy: e.Fancy}
	e.program = e.Program
	began := time.Now()
	if err := e.open(e.Keep); err != nil {
		return err
	}
	defer e.close()
	e.title("Causeway experiment: is the gateway too small?")
	if err := e.start(ctx); err != nil {
		return err
	}
	if err := e.measure(ctx); err != nil {
		return err
	}
	users := e.send(ctx)
	defer users.end()
	time.Sleep(watchTime)
	users.show(e, time.Now().Add(-watchTime))
	from := users.began
	r, err := e.diagnose(ctx, from)
	if err != nil {
		return err
	}
	r.Text(e.page(), reportWidth)
	out, err := e.causeway(ctx, "capacity", "--live", "--data", e.data())
	if err != nil {
		return err
	}
	e.page().Write(out)
	var c sizing.Report
	out, err = e.causeway(ctx, "capacity", "--live", "--data", e.data(), "-o", "json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, &c); err != nil {
		return err
	}
	_ = began
	return nil
}

func (e *Experiment) start(ctx context.Context) error {
	e.step("Starting two servers and a gateway of one Small instance in front of them")
	pool := stage.Pool{Name: "shop", RequestTimeout: 1, Probe: &stage.Probe{Path: "/health", Interval: 5, Timeout: 5, Threshold: 3}}
	for i, addr := range []string{"127.0.0.2", "127.0.0.3"} {
		p, err := peers.StartPeer(addr, peers.Script{
			Reply: peers.Reply{After: peers.Between(5*time.Millisecond, 20*time.Millisecond), Body: 1000},
			Paths: map[string]peers.Reply{"/health": {}},
			Seed:  uint64(i),
		})
		if err != nil {
			return err
		}
		e.ends = append(e.ends, p.End)
		pool.Members = append(pool.Members, stage.Member{Name: stage.MemberName(i), Dial: p.Addr()})
	}
	e.site = stage.Site{
		Name: "shop", Pools: []stage.Pool{pool}, SmallCPU: smallCPU,
		SKU: stage.Object{"name": "Standard_Small", "tier": "Standard", "capacity": 1},
	}
	return e.startGateway(ctx)
}

func (e *Experiment) target() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(e.site.Port)) }

// measure finds out what one instance carries.
func (e *Experiment) measure(ctx context.Context) error {
	e.step("How much does one instance carry?")
	ctx, cancel := context.WithTimeout(ctx, measureTime)
	defer cancel()
	n := 0
	begin := time.Now()
	stage.Steady{Target: e.target(), Clients: 40, Timeout: 10 * time.Second, Requests: perConn, Request: stage.TimedRequest{Path: "/"},
		Each: func(_ time.Time, o stage.Outcome) {
			if o.Status == 200 {
				n++
			}
		}}.Run(ctx)
	rate := float64(n) / time.Since(begin).Seconds()
	e.rate = overload * rate
	e.say(fmt.Sprintf("%.0f requests a second; users will send %.0f", rate, e.rate))
	return nil
}

type users struct {
	began time.Time
	mu    sync.Mutex
	all   []timed
	stop  func()
	done  chan struct{}
}

type timed struct {
	at time.Time
	stage.Outcome
}

func (e *Experiment) send(ctx context.Context) *users {
	e.step("Users come")
	ctx, cancel := context.WithCancel(ctx)
	u := &users{began: time.Now(), stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(u.done)
		stage.Steady{Target: e.target(), Clients: 50, Rate: e.rate, Timeout: usersWait, Requests: perConn, Request: stage.TimedRequest{Path: "/"},
			Each: func(at time.Time, o stage.Outcome) {
				u.mu.Lock()
				defer u.mu.Unlock()
				u.all = append(u.all, timed{at, o})
			}}.Run(ctx)
	}()
	return u
}

func (u *users) end() { u.stop(); <-u.done }

func (u *users) show(e *Experiment, since time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	bySecond := map[int]*stage.Outcomes{}
	errs := map[string]int{}
	all := stage.NewOutcomes()
	last := 0
	for _, o := range u.all {
		if o.at.Before(since) {
			continue
		}
		s := int(o.at.Sub(u.began).Seconds())
		last = max(s, last)
		if bySecond[s] == nil {
			bySecond[s] = stage.NewOutcomes()
		}
		bySecond[s].Add(o.Outcome)
		all.Add(o.Outcome)
		if o.Err != nil {
			m := o.Err.Error()
			errs[m[max(0, len(m)-60):]]++
		}
	}
	for i := range last + 1 {
		if t := bySecond[i]; t != nil {
			e.say(fmt.Sprintf("%3d s %v p50 %v p99 %v", i, t, t.Percentile(0.5), t.Percentile(0.99)))
		}
	}
	e.say(fmt.Sprint(all))
	n := 0
	for m, c := range errs {
		if n++; n < 8 {
			e.say(fmt.Sprint(c, " ", m))
		}
	}
}

func (e *Experiment) diagnose(ctx context.Context, from time.Time, more ...string) (*report.Report, error) {
	out, err := e.causeway(ctx, append([]string{"diagnose", "--live", "--data", e.data(), "--since", from.UTC().Format(time.RFC3339), "-o", "json"}, more...)...)
	if err != nil {
		return nil, err
	}
	r := &report.Report{}
	return r, json.Unmarshal(out, r)
}
