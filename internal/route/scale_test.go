package route

import (
	"fmt"
	"testing"
	"time"

	"causeway/internal/gateway"
)

// hosted is a gateway of listeners with a host name each; all the path rules are in the map of the last one.
func hosted(listeners, rules int) *gateway.Config {
	var names []string
	var priorities []int
	for i := range listeners {
		names, priorities = append(names, fmt.Sprintf("site-%d.example", i)), append(priorities, i+1)
	}
	c := sites("Standard_v2", names, priorities...)
	for i := range 100 {
		c.Pools = append(c.Pools, gateway.Pool{Name: fmt.Sprint("pool-", i)})
		c.Settings = append(c.Settings, gateway.Settings{Name: fmt.Sprint("settings-", i), Port: 80, Protocol: "Http", RequestTimeout: 20})
	}
	m := gateway.PathMap{Name: "map", Default: c.Rules[0].Target}
	for i := range rules {
		m.Rules = append(m.Rules, gateway.PathRule{
			Name: fmt.Sprint("rule-", i), Paths: []string{pattern(i) + "*"},
			Target: gateway.Target{Pool: fmt.Sprint("pool-", i%100), Settings: fmt.Sprint("settings-", i%100)},
		})
	}
	c.PathMaps = []gateway.PathMap{m}
	r := &c.Rules[listeners-1]
	r.Type, r.PathMap, r.Target = "PathBasedRouting", m.Name, gateway.Target{}
	return c
}

// pattern is the prefix of the path rule with this number.
func pattern(i int) string { return fmt.Sprintf("/area-%d/part-%d/", i%37, i) }

// The bound is the design's. It takes a fiftieth of that, and a fifth of it under the race detector.
func TestLongPathMapCompilesFast(t *testing.T) {
	c := hosted(1000, 10_000)
	begin := time.Now()
	table := compile(t, c)
	took := time.Since(begin)
	if took > time.Second {
		t.Errorf("10,000 path rules and 1,000 listeners took %s", took)
	}
	target, _ := table.Port("public:80").Site([]byte("site-999.example")).Target([]byte(pattern(9_999) + "x"))
	if target.Settings != "settings-99" {
		t.Errorf("the last path rule goes to %s", target.Settings)
	}
}

// A look-up in a table of 10,000 path rules and 1,000 listeners beside one of three and two.
func BenchmarkLookUpBySize(b *testing.B) {
	for _, size := range []struct {
		name             string
		listeners, rules int
	}{{"small", 2, 3}, {"large", 1000, 10_000}} {
		port := compile(b, hosted(size.listeners, size.rules)).Port("public:80")
		host, path := fmt.Appendf(nil, "site-%d.example", size.listeners-1), []byte(pattern(size.rules-1)+"index.html")
		b.Run(size.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				port.Site(host).Target(path)
			}
		})
	}
}

func BenchmarkCompileLongPathMap(b *testing.B) {
	c := hosted(1000, 10_000)
	for b.Loop() {
		compile(b, c)
	}
}
