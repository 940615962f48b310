package route

import (
	"context"
	"fmt"
	"testing"
	"time"

	"causeway/internal/backend"
	"causeway/internal/gateway"
	"causeway/internal/resolve"
)

func compile(t testing.TB, c *gateway.Config) *Table {
	t.Helper()
	d := backend.NewDirectory(func(context.Context, string) (resolve.Answer, error) { return resolve.Answer{}, resolve.ErrNoAddress })
	t.Cleanup(d.Close)
	set, err := d.Build(c, gateway.DefaultLocal())
	if err != nil {
		t.Fatal(err)
	}
	table, err := Compile(c, set, nil, func(frontend string, port int) string { return fmt.Sprint(frontend, ":", port) })
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// sites is a gateway with a listener on port 80 for each name; an empty one is basic. Priorities are as given.
func sites(tier string, names []string, priorities ...int) *gateway.Config {
	c := &gateway.Config{
		SKU: gateway.SKU{Tier: tier}, FrontendIPs: []gateway.FrontendIP{{Name: "public"}},
		FrontendPorts: []gateway.FrontendPort{{Name: "http", Port: 80}}, Pools: []gateway.Pool{{Name: "pool"}},
		Settings: []gateway.Settings{{Name: "settings", Port: 80, Protocol: "Http", RequestTimeout: 20}},
	}
	for i, name := range names {
		l := gateway.Listener{Name: "l" + fmt.Sprint(i), FrontendIP: "public", FrontendPort: "http", Protocol: "Http"}
		if name != "" {
			l.HostNames = []string{name}
		}
		r := gateway.Rule{
			Name:     "r" + fmt.Sprint(i),
			Type:     "Basic",
			Listener: l.Name,
			Target:   gateway.Target{Pool: "pool", Settings: "settings"},
		}
		if i < len(priorities) {
			r.Priority = priorities[i]
		}
		c.Listeners, c.Rules = append(c.Listeners, l), append(c.Rules, r)
	}
	return c
}

func TestSite(t *testing.T) {
	f := func(c *gateway.Config, host, want string) {
		t.Helper()
		s := compile(t, c).Port("public:80").Site([]byte(host))
		got := "none"
		if s != nil {
			got = s.Listener.Name
		}
		if got != want {
			t.Errorf("%s goes to %s, want %s", host, got, want)
		}
	}
	names := []string{"", "*.example.com", "a.example.com"}
	v1 := sites("Standard", names)
	f(v1, "a.example.com", "l0") // as listed: a basic listener in front takes everything
	f(sites("Standard", []string{"a.example.com", ""}), "a.example.com", "l0")
	f(sites("Standard", []string{"a.example.com", ""}), "b.example.com", "l1")

	v2 := func(p ...int) *gateway.Config { return sites("Standard_v2", names, p...) }
	f(v2(30, 20, 10), "a.example.com", "l2")
	f(v2(30, 20, 10), "b.example.com", "l1")
	f(v2(30, 20, 10), "example.com", "l0")
	f(v2(10, 20, 30), "a.example.com", "l0") // no preference for what is more specific
	f(v2(30, 10, 20), "a.example.com", "l1")
	f(v2(), "a.example.com", "l2") // without priorities: exact, wildcard, basic
	f(v2(), "b.example.com", "l1")
	f(v2(), "other", "l0")

	only := sites("Standard_v2", []string{"A.Example.com", "*.b.example", "c?.example"}, 1, 2, 3)
	only.Listeners[0].HostNames[0] = "a.example.com" // the model keeps names in lower case
	f(only, "A.EXAMPLE.COM.:8080", "l0")
	f(only, "x.y.b.example", "l1")
	f(only, "b.example", "none")
	f(only, "c1.example", "l2")
	f(only, "c12.example", "none")
	f(only, "", "none")
	f(only, "[::1]:80", "none")
}

func TestGlob(t *testing.T) {
	f := func(pattern, name string, want bool) {
		t.Helper()
		if got := glob(pattern, []byte(name)); got != want {
			t.Errorf("%s matches %s: %v", pattern, name, got)
		}
	}
	f("*", "", true)
	f("*.a", "x.a", true)
	f("*.a", ".a", true)
	f("*.a", "a", false)
	f("a*", "abc", true)
	f("a*c*e", "abcde", true)
	f("a*c*e", "abcd", false)
	f("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)
	f("??", "a", false)
	f("www.*.com", "www.a.b.com", true)
}

// Two frontends that would listen on one address cannot both be served.
func TestFrontendsThatShareAPlace(t *testing.T) {
	c := sites("Standard_v2", []string{"a", "b"}, 1, 2)
	c.FrontendIPs = append(c.FrontendIPs, gateway.FrontendIP{Name: "private"})
	c.Listeners[1].FrontendIP = "private"
	d := backend.NewDirectory(nil)
	set, err := d.Build(c, gateway.DefaultLocal())
	if err != nil {
		t.Fatal(err)
	}
	if _, err = Compile(c, set, nil, func(string, int) string { return "0.0.0.0:80" }); err == nil {
		t.Error("the second hides the first")
	}
	table := compile(t, c)
	if len(table.Ports()) != 2 || table.Port("private:80").Frontend != "private" || table.Port("public:81") != nil {
		t.Errorf("%v", table.Ports())
	}
}

// large is a gateway of 1,000 listeners and 10,000 path rules.
func large() *gateway.Config {
	c := &gateway.Config{
		SKU: gateway.SKU{Tier: "Standard_v2"}, FrontendIPs: []gateway.FrontendIP{{Name: "public"}},
		FrontendPorts: []gateway.FrontendPort{{Name: "http", Port: 80}},
	}
	for i := range 100 {
		n := fmt.Sprint(i)
		c.Pools = append(c.Pools, gateway.Pool{Name: "pool" + n, Members: []gateway.Address{{IP: "10.0.0." + n}}})
		c.Settings = append(c.Settings, gateway.Settings{Name: "settings" + n, Port: 80, Protocol: "Http", RequestTimeout: 20})
	}
	for i := range 1000 {
		n := fmt.Sprint(i)
		host := "site" + n + ".example.com"
		if i%10 == 0 {
			host = "*.wild" + n + ".example.com"
		}
		target := gateway.Target{Pool: "pool" + fmt.Sprint(i%100), Settings: "settings" + fmt.Sprint(i%100)}
		m := gateway.PathMap{Name: "map" + n, Default: target}
		for k := range 10 {
			m.Rules = append(m.Rules, gateway.PathRule{
				Name:   "rule" + fmt.Sprint(k),
				Paths:  []string{"/part" + fmt.Sprint(k) + "/*", "/page" + fmt.Sprint(k)},
				Target: target,
			})
		}
		c.Listeners = append(c.Listeners, gateway.Listener{
			Name:         "listener" + n,
			FrontendIP:   "public",
			FrontendPort: "http",
			Protocol:     "Http",
			HostNames:    []string{host},
		})
		c.PathMaps = append(c.PathMaps, m)
		c.Rules = append(c.Rules, gateway.Rule{Name: "rule" + n, Type: "PathBasedRouting", Listener: "listener" + n, PathMap: m.Name})
	}
	return c
}

func TestLargeConfigurationCompilesFast(t *testing.T) {
	c := large()
	begin := time.Now()
	table := compile(t, c)
	if took := time.Since(begin); took > 5*time.Second { // far above what it takes: a guard against what grows with the square
		t.Errorf("it took %v", took)
	}
	port := table.Port("public:80")
	for _, host := range []string{"site999.example.com", "x.wild990.example.com"} {
		s := port.Site([]byte(host))
		if s == nil {
			t.Fatalf("%s is not served", host)
		}
		if got, _ := s.Target([]byte("/part7/x")); got.Listener != s.Listener.Name || got.Group == nil {
			t.Errorf("%s: %+v", host, got)
		}
	}
}

// A look-up costs no memory, however long the lists.
func TestLookUpsDoNotAllocate(t *testing.T) {
	port := compile(t, large()).Port("public:80")
	host, path := []byte("Site777.example.com:80"), []byte("/Part9/%41/x.png")
	var buf [256]byte
	if n := testing.AllocsPerRun(100, func() {
		target, _ := port.Site(host).Target(path)
		target.AppendPath(buf[:0], path)
		port.Site([]byte("x.wild990.example.com"))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCompile(b *testing.B) {
	c := large()
	for b.Loop() {
		compile(b, c)
	}
}

func BenchmarkLookUp(b *testing.B) {
	port := compile(b, large()).Port("public:80")
	host, path := []byte("site777.example.com"), []byte("/part9/x/y.png")
	b.ReportAllocs()
	for b.Loop() {
		port.Site(host).Target(path)
	}
}

func BenchmarkLookUpWildcard(b *testing.B) {
	port := compile(b, large()).Port("public:80")
	host, path := []byte("x.wild990.example.com"), []byte("/part9/x/y.png")
	b.ReportAllocs()
	for b.Loop() {
		port.Site(host).Target(path)
	}
}
