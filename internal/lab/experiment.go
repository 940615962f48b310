package lab

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"causeway/internal/gateway"
	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
	"causeway/internal/report"
	"causeway/internal/sizing"
	"causeway/internal/units"
)

// Experiment puts the support article's advice to the test: a gateway that is too small, users that get 502s, the diagnosis, more
// instances while the load goes on, and the proof.
type Experiment struct {
	Program string    // the causeway binary to run as the gateway
	Out     io.Writer // what people read
	Fancy   bool      // Out is a terminal: colours
	Keep    string    // directory that everything is left in; empty: a temporary one

	screen
	workbench
	tls     *tls.Config // of visitors
	carries float64     // visits a second, one instance
	crowd   *users      // more than it carries
	came    time.Time   // when they did
}

// What the experiment is made of.
const (
	smallCPU   = 0.1             // of an instance: the least there may be, so that two processors have room for users and servers
	few        = 0.3             // users at first, beside what one instance carries
	many       = 1.9             // later
	pages      = 3               // that a user asks for
	pageSize   = 12 << 10        // bytes
	atATime    = 20              // users that show what an instance carries
	usersWait  = 3 * time.Second // until they give up
	shortly    = 2 * time.Second // to measure what an instance carries; too short to be seen as a gateway that is full
	calmTime   = 4 * time.Second // of few users
	crowdTime  = 9 * time.Second // of many, before the diagnosis, and again after the change
	settleTime = 8 * time.Second // after the change, until those who came before it have left
	few502s    = 0.01            // of the visits may fail at the end: the machine has other things to do
	maxChanges = 3               // what is measured on a busy machine may fall short
)

// ErrExperiment says that the experiment has not shown what it should.
var ErrExperiment = errors.New("the experiment did not come out as it should")

// Run shows it all. The error is nil only if requests failed, diagnose and capacity named the gateway and the same number of instances,
// the failures stopped with it, and the comparison says that the prediction held.
func (e *Experiment) Run(ctx context.Context) error {
	e.screen, e.program = screen{out: e.Out, fancy: e.Fancy}, e.Program
	began := time.Now()
	if err := e.open(e.Keep); err != nil {
		return err
	}
	defer e.close()
	e.title("Causeway experiment: is the gateway too small?")
	for _, step := range []func(context.Context) error{e.start, e.carried, e.fewUsers} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	e.step(fmt.Sprintf("More users come: %.0f visits a second, %s times what the instance carries", many*e.carries, units.Decimal(many, 2)))
	e.crowd, e.came = e.usersOf(ctx, many*e.carries), time.Now()
	defer e.crowd.end()
	before := e.crowd.watch(ctx, crowdTime)
	need, err := e.advice(ctx)
	if err != nil {
		return err
	}
	after, err := e.grow(ctx, need)
	if err != nil {
		return err
	}
	return e.conclude(ctx, before, after, time.Since(began))
}

// start brings up servers and gateway.
func (e *Experiment) start(ctx context.Context) error {
	e.step("Starting two servers and a gateway in front of them")
	pool := stage.Pool{Name: "shop", RequestTimeout: 1} // Azure's default probe waits 30 s
	for i, addr := range []string{"127.0.0.2", "127.0.0.3"} {
		server, err := peers.StartPeer(addr, peers.Script{
			Reply: peers.Reply{After: peers.Between(5*time.Millisecond, 20*time.Millisecond), Body: pageSize},
			Seed:  uint64(i),
		})
		if err != nil {
			return err
		}
		e.ends = append(e.ends, server.End)
		pool.Members = append(pool.Members, stage.Member{Name: stage.MemberName(i), Dial: server.Addr()})
		e.item(stage.MemberName(i), "server that answers within 5 to 20 ms, however many ask")
	}
	e.site = stage.Site{Name: "shop", Pools: []stage.Pool{pool}, SmallCPU: smallCPU}
	e.instances(1)
	var err error
	if e.tls, err = e.certify(); err != nil {
		return err
	}
	if err := e.startGateway(ctx); err != nil {
		return err
	}
	if m, err := e.admin.Machine(); err != nil || m.Budget == nil || !m.Budget.CPUHeld {
		return fmt.Errorf("%w: the budgets of instances cannot be held here, so that none is too small; docs/operations.md says what it takes",
			ErrExperiment)
	}
	e.item("gateway", fmt.Sprintf("causeway serve, Standard_Small, 1 instance of %s (sizes in causeway.yaml), HTTPS with an RSA key",
		gateway.CPUText(smallCPU)))
	return nil
}

// instances sets their number in the document.
func (e *Experiment) instances(n int) {
	e.site.SKU = stage.Object{"name": "Standard_Small", "tier": "Standard", "capacity": n}
}

// load is what users do.
func (e *Experiment) load() stage.Visitors {
	return stage.Visitors{
		Target: net.JoinHostPort("127.0.0.1", strconv.Itoa(e.site.Port)),
		TLS:    e.tls,
		Pages:  pages,
	}
}

// carried finds out what one instance carries: when one user leaves, the next one comes.
func (e *Experiment) carried(ctx context.Context) error {
	e.step("How much does one instance carry?")
	limited, cancel := context.WithTimeout(ctx, shortly)
	defer cancel()
	began, answered := time.Now(), 0
	load := e.load()
	load.AtATime, load.Timeout = atATime, 10*time.Second
	load.Each = func(_ time.Time, o stage.Outcome) {
		if o.Status == http.StatusOK {
			answered++
		}
	}
	load.Run(limited)
	if answered == 0 && ctx.Err() == nil {
		return fmt.Errorf("%w: the gateway answered nothing", ErrExperiment)
	}
	e.carries = float64(answered) / time.Since(began).Seconds()
	e.say(fmt.Sprintf("%.0f visits a second on this machine, with its budget used up: a TLS handshake and %d pages of %d KiB each", e.carries,
		pages, pageSize>>10))
	return ctx.Err()
}

// fewUsers come first, and get what they ask for.
func (e *Experiment) fewUsers(ctx context.Context) error {
	e.step(fmt.Sprintf("Some users come: %.0f visits a second", few*e.carries))
	u := e.usersOf(ctx, few*e.carries)
	defer u.end()
	if got := u.watch(ctx, calmTime); lost(got) > 0 && ctx.Err() == nil {
		return fmt.Errorf("%w: %d of %d visits failed before the gateway was overloaded", ErrExperiment, lost(got), got.Sent)
	}
	return ctx.Err()
}

// advice follows the article with Causeway's commands, and returns the number of instances that they agree on.
func (e *Experiment) advice(ctx context.Context) (need int, err error) {
	if err := e.healthy(ctx); err != nil {
		return 0, err
	}
	e.step("All healthy: is it the servers' time, or the gateway?")
	r, err := e.diagnose(ctx, "--since", e.came.UTC().Format(time.RFC3339))
	if err != nil {
		return 0, err
	}
	if err := r.Text(e.page(), reportWidth); err != nil {
		return 0, fmt.Errorf("show the report: %w", err)
	}
	e.step("It is the gateway: what does its capacity say?")
	c, err := e.capacity(ctx)
	if err != nil {
		return 0, err
	}
	return c.Need, agree(r, c)
}

// healthy shows the backend health, where the article begins. Members that are down would be another story.
func (e *Experiment) healthy(ctx context.Context) error {
	e.step("The article begins with the backend health")
	if err := e.show(ctx, "health"); err != nil {
		return err
	}
	if !e.allUp() {
		return fmt.Errorf("%w: a server is not healthy", ErrExperiment)
	}
	return nil
}

// diagnose asks the running gateway's troubleshooter, and keeps the report.
func (e *Experiment) diagnose(ctx context.Context, flags ...string) (*report.Report, error) {
	e.command("causeway diagnose --live " + strings.Join(flags, " "))
	out, err := e.causeway(ctx, append([]string{"diagnose", "--live", "--data", e.data(), "-o", "json"}, flags...)...)
	if err != nil {
		return nil, err
	}
	r := &report.Report{}
	if err := json.Unmarshal(out, r); err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	if len(r.Before) == 0 { // that of the second diagnosis has one
		err = os.WriteFile(e.path("before.json"), out, 0o600)
	}
	return r, err
}

// capacity asks it whether it is large enough.
func (e *Experiment) capacity(ctx context.Context) (*sizing.Report, error) {
	e.command("causeway capacity --live")
	out, err := e.causeway(ctx, "capacity", "--live", "--data", e.data(), "-o", "json")
	if err != nil {
		return nil, err
	}
	c := &sizing.Report{}
	if err := json.Unmarshal(out, c); err != nil {
		return nil, fmt.Errorf("read the capacity: %w", err)
	}
	return c, c.Text(e.page(), reportWidth)
}

// show runs a command and shows what it prints.
func (e *Experiment) show(ctx context.Context, args ...string) error {
	e.command("causeway " + strings.Join(args, " "))
	out, err := e.causeway(ctx, append(args, "--data", e.data())...)
	if err == nil {
		_, err = e.page().Write(out)
	}
	return err
}

// What should be found.
const (
	fullGateway = "h-capacity-max"
	tooSmall    = "too small" // begins the judgement
)

// agree reports an error unless diagnosis and capacity both say that the gateway needs the same number of instances.
func agree(r *report.Report, c *sizing.Report) error {
	if r.Verdict == nil || r.Verdict.Cause != fullGateway || r.Verdict.Confidence == report.Low {
		return fmt.Errorf("%w: the diagnosis did not name the gateway", ErrExperiment)
	}
	if !strings.HasPrefix(c.Judgement, tooSmall) || c.Need < 2 {
		return fmt.Errorf("%w: capacity does not say that the gateway is too small: %s", ErrExperiment, c.Judgement)
	}
	want := units.Count(c.Need, "instance", "instances")
	for i := range r.Findings {
		if fixes := r.Findings[i].Fixes; r.Findings[i].Cause == fullGateway && len(fixes) > 0 && fixes[0].Change == want {
			return nil
		}
	}
	return fmt.Errorf("%w: capacity advises %s, and the diagnosis something else", ErrExperiment, want)
}

// grow follows the advice while the users go on, as often as there is more of it, and returns how they fare in the end.
func (e *Experiment) grow(ctx context.Context, need int) (*stage.Outcomes, error) {
	for range maxChanges {
		if err := e.change(ctx, need); err != nil {
			return nil, err
		}
		e.crowd.watch(ctx, settleTime)
		if err := e.show(ctx, "instances"); err != nil {
			return nil, err
		}
		c, err := e.capacity(ctx)
		if err != nil {
			return nil, err
		}
		if need = c.Need; strings.HasPrefix(c.Judgement, tooSmall) {
			continue
		}
		e.step("The same users, now")
		e.came = time.Now()
		return e.crowd.watch(ctx, crowdTime), ctx.Err()
	}
	return nil, fmt.Errorf("%w: after %d changes the gateway is still too small", ErrExperiment, maxChanges)
}

// change sets the number of instances.
func (e *Experiment) change(ctx context.Context, need int) error {
	e.step(fmt.Sprintf("The change, under load: %d instances", need))
	e.instances(need)
	if err := e.write(); err != nil {
		return err
	}
	e.command(fmt.Sprintf(`sed -i 's/"capacity": [0-9]*/"capacity": %d/' gateway.json`, need))
	e.command("causeway config apply gateway.json")
	began := time.Now()
	if _, err := e.causeway(ctx, "config", "apply", e.path("gateway.json"), "--data", e.data()); err != nil {
		return err
	}
	e.say(fmt.Sprintf("applied in %.1f s", time.Since(began).Seconds()))
	return nil
}

// conclude asks whether the prediction held.
func (e *Experiment) conclude(ctx context.Context, before, after *stage.Outcomes, took time.Duration) error {
	e.step("Did the prediction hold?")
	r, err := e.diagnose(ctx, "--since", e.came.UTC().Format(time.RFC3339), "--before", e.path("before.json"))
	if err != nil {
		return err
	}
	if err := r.Text(e.page(), reportWidth); err != nil {
		return fmt.Errorf("show the report: %w", err)
	}
	e.say("before  " + answersText(before))
	e.say("after   " + answersText(after))
	for i := range r.Before {
		if f := &r.Before[i]; f.Cause == fullGateway && f.Result != "worked" {
			return fmt.Errorf("%w: the comparison says %q: %s", ErrExperiment, f.Result, f.Why)
		}
	}
	if len(r.Before) == 0 || lost(before) == 0 || float64(lost(after)) > few502s*float64(after.Sent) {
		return fmt.Errorf("%w: %d of %d visits failed before the change and %d of %d after it", ErrExperiment, lost(before), before.Sent,
			lost(after), after.Sent)
	}
	e.title(e.in(green, fmt.Sprintf("The gateway was named, it grew under load, the failures stopped. %.0f s in all.", took.Seconds())))
	return nil
}
