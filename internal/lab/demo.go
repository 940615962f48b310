package lab

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
	"causeway/internal/report"
)

//go:embed node.js
var nodeSource []byte

// Demo is the laboratory's show: a gateway and three servers as in production, one of them with the keep-alive timeout
// that a framework ships with; intermittent 502s, their diagnosis, the fix, and the proof.
type Demo struct {
	Program string    // the causeway binary to run as the gateway
	Out     io.Writer // what people read
	Fancy   bool      // Out is a terminal: colours and a line that updates
	Seed    uint64
	Keep    string // directory that everything is left in; empty: a temporary one
	Node    string // node program; empty: what PATH has, else a server of our own with the same limits

	screen
	workbench
	member string        // the one to be found
	idle   time.Duration // how long it keeps a connection
}

// What the demo is made of.
const (
	demoDelay   = 15 * time.Millisecond // one way, between gateway and the Node server
	demoBatches = 9
	demoBatch   = 150 // requests
	demoSpread  = 250 * time.Millisecond
	demoHandler = 300 * time.Millisecond
	demoIdle    = 2 * time.Second // how long current Node keeps a connection at keepAliveTimeout 1 s
)

// ErrDemo says that the demo has not shown what it should.
var ErrDemo = errors.New("the demo did not come out as it should")

// Run shows it all. The error is nil only if the cause was named, for the right member and as more than a suspicion, and the
// failures stopped with the fix.
func (d *Demo) Run(ctx context.Context) error {
	d.screen = screen{out: d.Out, fancy: d.Fancy}
	began := time.Now()
	d.program = d.Program
	if err := d.open(d.Keep); err != nil {
		return err
	}
	defer d.close()
	d.title("Causeway demo: why do my users get intermittent 502s?")
	if err := d.start(ctx); err != nil {
		return err
	}
	before, from := d.load(ctx, "Sparse POSTs, the gateway behaving as Azure's does")
	report, err := d.diagnose(ctx, before, from)
	if err != nil {
		return err
	}
	finding, err := d.findCause(report)
	if err != nil {
		return err
	}
	if err := d.fix(ctx); err != nil {
		return err
	}
	after, _ := d.load(ctx, "The same requests again: same seed, same members, same limits")
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return d.conclude(finding, before, after, time.Since(began))
}

// start brings up members and gateway.
func (d *Demo) start(ctx context.Context) error {
	d.step("Starting three members and a gateway in front of them")
	pool := stage.Pool{Name: "orders", RequestTimeout: 20, Probe: &stage.Probe{Path: "/health", Interval: 5, Timeout: 2, Threshold: 3}}
	for i, addr := range []string{"127.0.0.2", "127.0.0.3"} {
		good, err := peers.StartPeer(addr, peers.Script{
			Reply: peers.Reply{After: peers.Between(20*time.Millisecond, 120*time.Millisecond), Text: "{}\n"},
			Seed:  d.Seed + uint64(i),
		})
		if err != nil {
			return err
		}
		d.ends = append(d.ends, good.End)
		pool.Members = append(pool.Members, stage.Member{Name: stage.MemberName(i), Dial: good.Addr()})
		d.item(stage.MemberName(i), "well-behaved server; keeps idle connections open")
	}
	addr, what, err := d.startNode(ctx)
	if err != nil {
		return err
	}
	d.member = stage.MemberName(2)
	pool.Members = append(pool.Members, stage.Member{Name: d.member, Dial: addr})
	d.item(d.member, what+"; 15 ms away")
	d.site = stage.Site{Name: "shop", Pools: []stage.Pool{pool}, Hint: "ignore"}
	if err := d.startGateway(ctx); err != nil {
		return err
	}
	d.item("gateway", fmt.Sprintf("causeway serve, Standard_v2 from gateway.json, on port %d; keepAliveHint: ignore, as Azure does", d.site.Port))
	return nil
}

// startNode starts the member with the short keep-alive timeout, behind a relay that has the address returned.
func (d *Demo) startNode(ctx context.Context) (addr, what string, err error) {
	node := d.Node
	if node == "" {
		node = findNode()
	}
	if node == "" {
		addr, what, err = d.standIn()
	} else {
		addr, what, err = d.realNode(ctx, node)
	}
	if err != nil {
		return "", "", err
	}
	if d.idle, err = idleLimit(addr); err != nil {
		return "", "", err
	}
	way := peers.Direction{Delay: demoDelay}
	relay, err := peers.NewRelay("127.0.0.4", addr, peers.LinkProfile{Up: way, Down: way})
	if err != nil {
		return "", "", err
	}
	d.ends = append(d.ends, relay.Close)
	return relay.Addr(), what, nil
}

func (d *Demo) realNode(ctx context.Context, node string) (addr, what string, err error) {
	script := d.path("server.js")
	if err := os.WriteFile(script, nodeSource, 0o600); err != nil {
		return "", "", fmt.Errorf("write the Node.js server: %w", err)
	}
	c, err := startChild(ctx, d.path("node.log"), node, script, "127.0.0.4")
	if err != nil {
		return "", "", fmt.Errorf("start the Node.js server: %w", err)
	}
	d.ends = append(d.ends, c.stop)
	port, err := c.firstLine(ctx)
	if err != nil {
		return "", "", fmt.Errorf("start the Node.js server: %w", err)
	}
	return net.JoinHostPort("127.0.0.4", port), "real Node.js http server " + nodeVersion(ctx, node) + ", keepAliveTimeout = 1000", nil
}

// standIn is a server with the limits of Node.js: 1 s announced, closed at 2 s.
func (d *Demo) standIn() (addr, what string, err error) {
	p, err := peers.StartPeer("127.0.0.4", peers.Script{
		Reply: peers.Reply{After: peers.Always(demoHandler), Text: "{}\n"}, Idle: demoIdle, Announce: time.Second, Seed: d.Seed,
		Paths: map[string]peers.Reply{"/health": {}},
	})
	if err != nil {
		return "", "", err
	}
	d.ends = append(d.ends, p.End)
	return p.Addr(), "stand-in for a Node.js server (no node on PATH), keepAliveTimeout = 1000", nil
}

// idleLimit measures how long a server keeps an idle connection: lines of Node.js differ, and the load is made to hit it.
func idleLimit(addr string) (time.Duration, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, fmt.Errorf("measure the idle limit of the Node.js server: %w", err)
	}
	defer c.Close()
	const most = 5 * time.Second
	c.SetDeadline(time.Now().Add(most))
	fmt.Fprintf(c, "GET /health HTTP/1.1\r\nHost: %s\r\n\r\n", addr)
	var answered time.Time
	for b := make([]byte, 4096); ; {
		_, err := c.Read(b)
		switch {
		case err == nil:
			answered = time.Now()
		case errors.Is(err, io.EOF) && !answered.IsZero():
			return time.Since(answered).Round(10 * time.Millisecond), nil
		default:
			return 0, fmt.Errorf("measure the idle limit of the Node.js server: it kept the connection for %v: %w", most, err)
		}
	}
}

// load sends the demo's requests and shows how they fare.
func (d *Demo) load(ctx context.Context, what string) (*stage.Outcomes, time.Time) {
	d.step(what)
	shots := d.shots()
	outcomes := make(chan stage.Outcome, len(shots))
	shown := make(chan struct{})
	from := time.Now()
	go func() {
		defer close(shown)
		d.follow(outcomes, len(shots), from)
	}()
	load := stage.Load{
		Targets: []string{net.JoinHostPort("127.0.0.1", strconv.Itoa(d.site.Port))},
		Clients: 10,
		Each:    func(_ int, _ stage.TimedRequest, o stage.Outcome) { outcomes <- o },
	}
	tally := load.Run(ctx, shots)
	close(outcomes)
	<-shown
	d.result(tally, time.Since(from))
	return tally, from
}

// shots come in batches about as far apart as Node keeps an idle connection, so that the idle ages of the connections to
// it scatter around its limit. Within a batch every request needs a connection of its own.
func (d *Demo) shots() []stage.TimedRequest {
	rng := rand.New(rand.NewPCG(d.Seed, 0))
	starts := make([]time.Duration, demoBatches)
	for i := 1; i < demoBatches; i++ {
		starts[i] = starts[i-1] + d.idle + demoHandler + demoDelay + peers.Between(-150*time.Millisecond, 150*time.Millisecond)(rng)
	}
	return stage.Shots(stage.Bursts(rng, starts, demoBatch, demoSpread), stage.TimedRequest{
		Method: http.MethodPost,
		Path:   "/orders",
		Body:   120,
	})
}

// follow shows progress until all outcomes are in.
func (d *Demo) follow(outcomes <-chan stage.Outcome, of int, from time.Time) {
	seen := stage.NewOutcomes()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case o, open := <-outcomes:
			if !open {
				return
			}
			seen.Add(o)
		case <-tick.C:
			d.progress(seen, of, time.Since(from))
		}
	}
}

// diagnose asks the gateway's own troubleshooter, once the log has reached the disk.
func (d *Demo) diagnose(ctx context.Context, t *stage.Outcomes, from time.Time) (*report.Report, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	d.step("What does the troubleshooter say?")
	if err := d.awaitLog(ctx, t.Sent); err != nil {
		return nil, err
	}
	d.command("causeway diagnose --live")
	out, err := d.causeway(ctx, "diagnose", "--live", "--data", d.data(), "--since", from.UTC().Format(time.RFC3339), "-o", "json")
	if err != nil {
		return nil, err
	}
	report := &report.Report{}
	if err := json.Unmarshal(out, report); err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	return report, nil
}

// findCause shows the report and returns the finding that the demo is about.
func (d *Demo) findCause(r *report.Report) (*report.Finding, error) {
	if err := r.Text(d.page(), reportWidth); err != nil {
		return nil, fmt.Errorf("show the report: %w", err)
	}
	const truth = "c-idle-race"
	// On a busy machine the limit is blurred, and it says medium
	if r.Verdict == nil || r.Verdict.Cause != truth || r.Verdict.Confidence == report.Low {
		return nil, fmt.Errorf("%w: the cause was not named", ErrDemo)
	}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Cause == truth && f.Scope.Member == d.member {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%w: the cause was named for another member than %s", ErrDemo, d.member)
}

// fix applies the gateway's side of the cure while it serves.
func (d *Demo) fix(ctx context.Context) error {
	d.step("The fix on the gateway's side, applied live")
	d.site.Hint = "honour"
	path := d.path("causeway.yaml")
	if err := os.WriteFile(path, d.site.Local(), 0o600); err != nil {
		return fmt.Errorf("write causeway.yaml: %w", err)
	}
	d.command("sed -i 's/keepAliveHint: ignore/keepAliveHint: honour/' causeway.yaml")
	d.command("causeway config apply --local causeway.yaml")
	if _, err := d.causeway(ctx, "config", "apply", "--local", path, "--data", d.data()); err != nil {
		return err
	}
	d.say(fmt.Sprintf("applied: no connection was cut, no member was touched; idle connections still end after %v there", d.idle))
	return nil
}

// conclude compares what was promised with what was seen.
func (d *Demo) conclude(f *report.Finding, before, after *stage.Outcomes, took time.Duration) error {
	low, high := promised(f)
	d.step("Expected against observed")
	d.verdict(before, after, low, high)
	if before.Failed() == 0 || after.Failed() > 0 {
		return fmt.Errorf("%w: %d of %d requests failed before the fix and %d of %d after it", ErrDemo, before.Failed(), before.Sent,
			after.Failed(), after.Sent)
	}
	d.farewell(took)
	return nil
}

// promised is how many of the failures the fix on the gateway's side was to remove.
func promised(f *report.Finding) (low, high int) {
	for _, fix := range f.Fixes {
		if fix.Side == "gateway" && fix.Expected.Basis != "unknown" {
			return fix.Expected.Removes[0], fix.Expected.Removes[1]
		}
	}
	return 0, f.Failures
}
