package route

import (
	"strings"
	"testing"
)

// Every spelling of a path that a member may read as /admin/x meets the rule for /admin/*, by generation.
func TestPathRulesAreNotPassedBy(t *testing.T) {
	for tier, encoded := range map[string]bool{"Standard_v2": false, "Standard": true} {
		c := mapped(tier, "", "/admin/*", "/public/*")
		site := compile(t, c).Port("public:80").Site(nil)
		f := func(path, want string) {
			t.Helper()
			got, ok := site.Target([]byte(path))
			name := map[string]string{"s0": "admin", "s1": "public"}[got.Settings]
			if !ok {
				name = "refused"
			}
			if name != want {
				t.Errorf("%s %s: %q, want %q", tier, path, name, want)
			}
		}
		v2 := func(path, want string) { // v1 matches what is encoded as it is
			t.Helper()
			if !encoded {
				f(path, want)
			}
		}
		for _, path := range []string{
			"/admin/x", "/./admin/x", "//admin/x", "///admin//x", "/a/../admin/x", "/a/%2e%2e/admin/x", "/a/%2E./admin/x",
			"/a/.%2e/admin/x",
			"/%2e/admin/x", "/admin;a=b/x", "/admin;/x", "/;v=1/admin/x", "/a/..;/admin/x", "/a/..;jsessionid=1/admin/x",
			"/a/%2e%2e;x/admin/x",
			"/public/../admin/x", "/public/%2e%2e/admin/x", "/public/b/../../admin/x", "/public//../admin/x", "/public/./../admin/x",
			"/ADMIN/x", "/public/..\\admin/x", "/admin/../admin/x", "/admin/y/..", "/admin/y/.", "/a/../b/../admin/x",
		} {
			f(path, "admin")
		}
		for _, path := range []string{
			"/%61dmin/x", "/admin%2fx", "/public/..%2fadmin/x", "/public%2f../admin/x", "/public/%2e%2e%2fadmin/x", "/a/..%5cadmin/x",
			"/%2fadmin/x",
		} {
			v2(path, "admin")
		}
		for _, path := range []string{
			"/..", "/../admin/x", "/../../x", "/a/../../admin/x", "/%2e%2e/x", "/..;/x", "/./../x", "//../x", "/public/../../x",
			"/a/..;x/..;y",
		} {
			f(path, "refused")
		}
		f("/admin/../public/x", "public")
		f("/public/...", "public")
		f("/public/..a", "public")
		f("/public/a..", "public")
		f("/public/.well-known", "public")
		f("/public/%252e%252e/admin/x", "public") // decoded once, like everywhere
		f("/publicx/../x", "")
		f("/admin", "")
		f("/public/..", "")
		v2("/admin%3bx/y", "") // an encoded semicolon is a letter
	}
}

// What no path rule looks at is refused as well: a path that climbs above the root means nothing to anybody.
func TestClimbingPathsOfBasicRules(t *testing.T) {
	site := compile(t, sites("Standard_v2", []string{""}, 1)).Port("public:80").Site(nil)
	for path, want := range map[string]bool{
		"/": true, "/a/..": true, "/..": false, "/a/../..": false, "/%2e%2e/etc": false, "/a..b": true,
		"*": true,
	} {
		if _, ok := site.Target([]byte(path)); ok != want {
			t.Errorf("%s: %v", path, ok)
		}
	}
}

// What the settings' path replaces is what the pattern matched, however that was spelled; the rest passes as received.
func TestPrefixOfANormalisedPath(t *testing.T) {
	f := func(path, want string) {
		t.Helper()
		got := target(t, mapped("Standard_v2", "/new", "/images/*"), path)
		if out := string(got.AppendPath(nil, []byte(path))); out != want {
			t.Errorf("%s is forwarded as %s, want %s", path, out, want)
		}
	}
	f("/images/a.png", "/new/a.png")
	f("//images/a.png", "/new/a.png")
	f("/x/../images/a%2Fb", "/new/a%2Fb")
	f("/images;v=1/a", "/new/a")
	f("/%69mages/./a", "/new/./a")
	f("/images/x/../y", "/new/x/../y")
	f("/images/../images/z", "/new/z")
}

// A star after a dot is no dot segment, and what no path reaches is no pattern either.
func TestPatternsWithDots(t *testing.T) {
	c := mapped("Standard_v2", "", "/.*", "/a/../b", "/v;1/*")
	for path, want := range map[string]string{"/.well-known/x": "s0", "/x": "settings", "/b": "s1", "/v/x": "s2"} {
		if got := target(t, c, path); got.Settings != want {
			t.Errorf("%s goes to %q, want %q", path, got.Settings, want)
		}
	}
}

// A normalised path holds nothing that is left to resolve.
func FuzzNormal(f *testing.F) {
	f.Add("/a/../b", false)
	f.Add("/a;x/%2e%2e//c\\d", true)
	f.Fuzz(func(t *testing.T, path string, encoded bool) {
		if !strings.HasPrefix(path, "/") {
			return
		}
		key, ok := normal(nil, []byte(path), encoded)
		if !ok {
			return
		}
		for _, segment := range strings.Split(string(key), "/") {
			if segment == "." || segment == ".." {
				t.Fatalf("%q becomes %q", path, key)
			}
		}
		if strings.Contains(string(key), "//") || !strings.HasPrefix(string(key), "/") {
			t.Fatalf("%q becomes %q", path, key)
		}
		if n := rawLength([]byte(path), len(key), encoded); n > len(path) {
			t.Fatalf("%q: %d of %d bytes", path, n, len(path))
		}
	})
}
