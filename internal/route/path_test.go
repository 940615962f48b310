package route

import (
	"fmt"
	"testing"

	"causeway/internal/gateway"
)

// mapped is a gateway whose one rule has a path map; each pattern has a settings object of its own, with this path.
func mapped(tier, prefix string, patterns ...string) *gateway.Config {
	c := sites(tier, []string{""}, 1)
	c.Settings[0].Path = prefix
	m := gateway.PathMap{Name: "map", Default: c.Rules[0].Target}
	for i, p := range patterns {
		name := "s" + fmt.Sprint(i)
		c.Settings = append(c.Settings, gateway.Settings{Name: name, Port: 80, Protocol: "Http", RequestTimeout: 20, Path: prefix})
		m.Rules = append(m.Rules, gateway.PathRule{Name: p, Paths: []string{p}, Target: gateway.Target{Pool: "pool", Settings: name}})
	}
	c.PathMaps = []gateway.PathMap{m}
	c.Rules[0].Type, c.Rules[0].PathMap, c.Rules[0].Target = "PathBasedRouting", "map", gateway.Target{}
	return c
}

func target(t *testing.T, c *gateway.Config, path string) *Target {
	t.Helper()
	target, ok := compile(t, c).Port("public:80").Site(nil).Target([]byte(path))
	if !ok {
		t.Errorf("%s is refused", path)
	}
	return target
}

// The first-listed pattern that matches wins, whatever its length; neither side looks at case.
func TestPathRules(t *testing.T) {
	f := func(tier, path, want string, patterns ...string) {
		t.Helper()
		if got := target(t, mapped(tier, "", patterns...), path).Settings; got != want {
			t.Errorf("%s %v: %s goes to %s, want %s", tier, patterns, path, got, want)
		}
	}
	for _, tier := range []string{"Standard", "Standard_v2"} {
		f(tier, "/images/a.png", "s0", "/images/*", "/images/a.png")
		f(tier, "/images/a.png", "s0", "/images/a.png", "/images/*")
		f(tier, "/images/b.png", "s1", "/images/a.png", "/images/*")
		f(tier, "/images/deep/x", "s0", "/images/*", "/images/deep/*")
		f(tier, "/images/deep/x", "s0", "/images/deep/*", "/images/*")
		f(tier, "/IMAGES/x", "s0", "/images/*")
		f(tier, "/images/x", "s0", "/Images/*")
		f(tier, "/images", "settings", "/images/*")
		f(tier, "/images/", "s0", "/images/*")
		f(tier, "/image", "settings", "/images/*", "/images")
		f(tier, "/images", "s1", "/images/*", "/images")
		f(tier, "/images/x", "settings", "/images")
		f(tier, "/anything", "s0", "/*")
		f(tier, "/x", "s1", "/y", "/x", "/x")
	}
	f("Standard_v2", "/images2", "s0", "/images*")
	f("Standard_v2", "/abc%2Fdef", "s0", "/abc/def")
	f("Standard_v2", "/abc%2fdef/x", "s0", "/abc/*")
	f("Standard_v2", "/%41bc", "s0", "/abc")
	f("Standard_v2", "/a%20b/x", "s0", "/a%20b/*")
	f("Standard_v2", "/%61%20b", "s0", "/a%20b")
	f("Standard", "/abc%2Fdef", "settings", "/abc/def")
	f("Standard", "/%61%20b", "settings", "/a%20b")
	f("Standard", "/abc%2Fdef", "s0", "/abc%2fdef")
	f("Standard", "/abc%2Fdef/x", "s0", "/abc%2Fdef/*")
}

// Azure's own table of what the path of the settings makes of a request.
func TestPathOfTheSettings(t *testing.T) {
	tier := "Standard_v2"
	f := func(prefix, pattern, path, want string) {
		t.Helper()
		c := mapped(tier, prefix, pattern)
		if pattern == "" {
			c = mapped(tier, prefix)
		}
		if got := string(target(t, c, path).AppendPath(nil, []byte(path))); got != want {
			t.Errorf("%s under %s, pattern %q: %s, want %s", path, prefix, pattern, got, want)
		}
	}
	f("/override/", "", "/home/", "/override/home/")
	f("/override/", "", "/home/secondhome/", "/override/home/secondhome/")
	f("/override/", "/pathrule*", "/pathrule/home/", "/override/home/")
	f("/override/", "/pathrule*", "/pathrule/home/secondhome/", "/override/home/secondhome/")
	f("/override/", "/pathrule*", "/home/", "/override/home/")
	f("/override/", "/pathrule*", "/home/secondhome/", "/override/home/secondhome/")
	f("/override/", "/pathrule/home*", "/pathrule/home/", "/override/")
	f("/override/", "/pathrule/home*", "/pathrule/home/secondhome/", "/override/secondhome/")
	f("/override/", "/pathrule/", "/pathrule/", "/override/")

	f("/", "/api/*", "/api/v1", "/v1")
	f("/", "/api/*", "/API/v1", "/v1")
	f("/x", "/api/*", "/api/v1", "/x/v1")
	f("/x", "/api/*", "/api/", "/x")
	f("/x", "/api/*", "/%61pi/v%31", "/x/v%31") // as received, but for what was matched
	f("", "/api/*", "/api/v1", "/api/v1")
	f("/x/", "/a%20b/*", "/a%20b/c/d", "/x/c/d")
	f("/x/", "/a%20b/*", "/%61%20b/c/d", "/x/c/d")

	tier = "Standard" // matches the path as received
	f("/x/", "/api/*", "/api/v1", "/x/v1")
	f("/x/", "/a%20b/*", "/a%20b/c/d", "/x/c/d")
	f("/x/", "/a%20b", "/a%20b", "/x/")
}

func FuzzPaths(f *testing.F) {
	f.Add("/a/*", "/a/b")
	f.Add("/a%2fb", "/A%2Fb")
	f.Add("/*", "/%")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		if len(pattern) == 0 || pattern[0] != '/' || len(path) == 0 || path[0] != '/' {
			return
		}
		for _, v1 := range []bool{false, true} {
			p := &paths{encoded: v1, whole: map[string]*entry{}, prefixes: map[string]*entry{}}
			want := &Target{}
			p.add(pattern, &entry{target: want})
			p.find([]byte(path))
			n := rawLength([]byte(path), len(trimStar(pattern)), v1)
			if n < 0 || n > len(path) {
				t.Fatalf("%d of %q", n, path)
			}
		}
	})
}
