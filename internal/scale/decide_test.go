package scale

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"causeway/internal/gateway"
)

const interval = 2 * time.Second

// gatewayOf is a gateway whose instances share a demand evenly. Their budget cuts processor time off.
type gatewayOf struct {
	state  State
	limits Limits
	now    time.Time
	serves int
	demand float64 // processors
	client int     // connections
	bits   float64 // a second
}

func newGateway(instances int, limits Limits) *gatewayOf {
	return &gatewayOf{serves: instances, limits: limits, now: time.Unix(1e9, 0)}
}

func (g *gatewayOf) sample() Sample {
	s := Sample{Interval: interval, Size: gateway.Size{CPU: 1, Memory: 1 << 30}}
	each := min(g.demand/float64(g.serves), 1)
	for range g.serves {
		s.Instances = append(s.Instances, Instance{
			CPU:         time.Duration(each * float64(interval)),
			Connections: g.client / g.serves,
			Bytes:       int64(g.bits / 8 * interval.Seconds() / float64(g.serves)),
		})
	}
	return s
}

// step takes one sample, and follows the decision.
func (g *gatewayOf) step() Decision {
	g.now = g.now.Add(interval)
	d := g.state.Decide(g.sample(), g.limits, g.now)
	g.serves = d.Want
	return d
}

// reasons runs for a time, and returns why the number changed.
func (g *gatewayOf) reasons(d time.Duration) (all []string) {
	for end := g.now.Add(d); g.now.Before(end); {
		if d := g.step(); d.Why != "" {
			all = append(all, d.Why)
		}
	}
	return all
}

func TestScale(t *testing.T) {
	for _, x := range []struct {
		name   string
		from   int
		limits Limits
		load   func(g *gatewayOf)
		time   time.Duration
		serves int
		why    []string
	}{
		{
			"one hot sample is not enough", 1, Limits{Min: 1, Max: 9}, func(g *gatewayOf) { g.demand = 0.9 }, interval, 1, nil,
		},
		{
			"two are", 1,
			Limits{Min: 1, Max: 9},
			func(g *gatewayOf) { g.demand = 0.9 }, 2 * interval, 2,
			[]string{"compute in use: 90 % of 1 instance, in 2 samples in a row; from 1 to 2"},
		},
		{
			"several at once", 2,
			Limits{Min: 1, Max: 9},
			func(g *gatewayOf) { g.client = 120_000 }, 2 * interval, 7,
			[]string{"connections in use: 240 % of 2 instances, in 2 samples in a row; from 2 to 7"},
		},
		{
			"a demand that the budgets cut off shows by doubling", 1,
			Limits{Min: 1, Max: 20},
			func(g *gatewayOf) { g.demand = 7 },
			6 * interval, 8,
			[]string{
				"compute in use: 100 % of 1 instance, in 2 samples in a row; from 1 to 2",
				"compute in use: 100 % of 2 instances, in 2 samples in a row; from 2 to 4",
				"compute in use: 100 % of 4 instances, in 2 samples in a row; from 4 to 8",
			},
		},
		{
			"never above the most", 2,
			Limits{Min: 1, Max: 3},
			func(g *gatewayOf) { g.demand = 50 }, 20 * interval, 3,
			[]string{
				"compute in use: 100 % of 2 instances, in 2 samples in a row; from 2 to 3",
				"capacity max: compute in use: 100 % of 3 instances; 6 are needed, and the most may be 3",
			},
		},
		{
			"nor above what the machine holds", 1,
			Limits{Min: 1, Max: 10, Room: 2},
			func(g *gatewayOf) { g.demand = 50 }, 20 * interval, 2,
			[]string{
				"compute in use: 100 % of 1 instance, in 2 samples in a row; from 1 to 2",
				"capacity max: compute in use: 100 % of 2 instances; 4 are needed, and the budgets of 2 fit on this machine",
			},
		},
		{
			"in after five minutes, one at a time", 4,
			Limits{Min: 1, Max: 9},
			func(g *gatewayOf) { g.demand = 0.5 }, 11 * time.Minute, 2,
			[]string{
				"calm for 5 minutes: compute in use is that of 0.5 instances; from 4 to 3",
				"calm for 5 minutes: compute in use is that of 0.5 instances; from 3 to 2",
			},
		},
		{"not before", 4, Limits{Min: 1, Max: 9}, func(g *gatewayOf) { g.demand = 0.5 }, 5 * time.Minute, 4, nil},
		{"never below the least", 2, Limits{Min: 2, Max: 9}, func(*gatewayOf) {}, time.Hour, 2, nil},
		{"a least of zero is one", 2, Limits{Max: 9}, func(*gatewayOf) {}, time.Hour, 1, []string{"calm for 5 minutes: compute in use is that of 0 instances; from 2 to 1"}},
		{"throughput does not count", 1, Limits{Min: 1, Max: 9}, func(g *gatewayOf) { g.bits = 200e6 }, time.Minute, 1, nil},
		{"unless it is asked for", 1, Limits{Min: 1, Max: 20, Throughput: true}, func(g *gatewayOf) { g.bits = 222e6 }, time.Minute, 15, []string{
			"throughput in use: 1000 % of 1 instance, in 2 samples in a row; from 1 to 15",
		}},
		{
			"too few for the least", 1, Limits{Min: 3, Max: 9}, func(*gatewayOf) {}, time.Minute, 3, []string{"the least is 3"},
		},
		{"too many for the most", 5, Limits{Min: 1, Max: 3}, func(g *gatewayOf) { g.demand = 2 }, time.Minute, 3, []string{"the most may be 3"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			g := newGateway(x.from, x.limits)
			x.load(g)
			why := g.reasons(x.time)
			if g.serves != x.serves || strings.Join(why, "\n") != strings.Join(x.why, "\n") {
				t.Errorf("%d instances, want %d:\n%s", g.serves, x.serves, strings.Join(why, "\n"))
			}
		})
	}
}

func TestFullUntilTheLoadFalls(t *testing.T) {
	g := newGateway(1, Limits{Min: 1, Max: 1})
	for i, x := range []struct {
		demand float64
		full   bool
		why    bool
	}{
		{2, false, false}, {2, true, true}, {2, true, false}, // full, and said once
		{0.75, true, false}, {0.9, true, false}, {0.9, true, false}, // not calm enough for another start
		{0.3, false, true}, {2, false, false}, {2, true, true},
	} {
		g.demand = x.demand
		if d := g.step(); d.Full != x.full || d.Why != "" != x.why {
			t.Errorf("sample %d: %+v", i, d)
		}
	}
}

// A supervisor that did not run for a while knows nothing of the time between.
func TestGapCountsForNothing(t *testing.T) {
	g := newGateway(3, Limits{Min: 1, Max: 9})
	g.reasons(4 * time.Minute)
	g.now = g.now.Add(time.Hour)
	if why := g.reasons(4 * time.Minute); why != nil {
		t.Errorf("scaled in after %q", why)
	}
}

// Whatever the load is, as long as it stays what it is the gateway grows, then shrinks, then stays; it never grows after it has shrunk.
func TestConstantLoadNeverOscillates(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		g := newGateway(1+random.IntN(12), Limits{Min: 1 + random.IntN(3), Max: 4 + random.IntN(20), Throughput: random.IntN(2) == 0})
		g.demand = random.Float64() * 20
		g.client = random.IntN(300_000)
		g.bits = random.Float64() * 300e6
		shrank, last := false, 0
		changed := g.now
		for range 3000 { // 100 minutes
			d := g.step()
			if d.Want < g.limits.Min || d.Want > g.limits.Max {
				t.Fatalf("%d instances outside %+v", d.Want, g.limits)
			}
			if last > 0 && d.Want != last {
				changed = g.now
			}
			if shrank && d.Want > last {
				t.Fatalf("grew to %d after it had shrunk: demand %.2f, %d connections, %.0f bit/s, %+v", d.Want, g.demand, g.client, g.bits, g.limits)
			}
			shrank, last = shrank || last > d.Want && d.Why[:3] != "the", d.Want
		}
		if still := g.now.Sub(changed); still < 6*time.Minute {
			t.Fatalf("still changing after 100 minutes")
		}
	}
}

func TestUnits(t *testing.T) {
	s := Sample{
		Interval: 10 * time.Second,
		Size:     gateway.Size{CPU: 0.5},
		Instances: []Instance{
			{CPU: 5 * time.Second, Connections: 2500, Bytes: 2_775_000},
			{CPU: 0, Connections: 2500, Bytes: 0},
		},
	}
	if got, want := s.Units(), (Units{Throughput: 1, Connections: 2, Compute: 10}); got != want || got.Capacity() != 10 {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := (Sample{}).Units(); got != (Units{}) {
		t.Errorf("of nothing: %+v", got)
	}
}
