package validate

import "testing"

func TestHostPatternGrammar(t *testing.T) {
	f := func(host string, valid bool) {
		t.Helper()
		if err := checkHostPattern(host); (err == nil) != valid {
			t.Errorf("%q: %v", host, err)
		}
	}
	f("www.contoso.com", true)
	f("*.contoso.com", true)
	f("*.contoso.*", true)
	f("*.contoso-*.com", true)
	f("????.contoso.com", true)
	f("w??.contoso*.edu.*", true)
	f("localhost", true)
	f("*.contoso.*.*.com", false)
	f("????.contoso.*", false)
	f("*?.contoso.com", false)
	f("?*.contoso.com", false)
	f("**.contoso.com", false)
	f("a..b", false)
	f("-a.b", false)
	f("a b", false)
	f("a:80", false)
	f("", false)
}

func TestHostPatternCovers(t *testing.T) {
	f := func(a, b string, want bool) {
		t.Helper()
		if got := covers(a, b); got != want {
			t.Errorf("%q covers %q: %v", a, b, got)
		}
	}
	f("*.contoso.com", "www.contoso.com", true)
	f("*.contoso.com", "customer1.b2b.contoso.com", true)
	f("*.contoso.com", "contoso.com", false)
	f("*.contoso.com", "*.shop.contoso.com", true)
	f("*.shop.contoso.com", "*.contoso.com", false)
	f("*.contoso.*", "www.contoso.co.uk", true)
	f("*.contoso.*", "*.contoso.com", false) // true, and not proved: no warning is better than a wrong one
	f("w?w.contoso.com", "www.contoso.com", true)
	f("w?w.contoso.com", "ww.contoso.com", false)
	f("www.contoso.com", "www.contoso.com", true)
	f("www.contoso.com", "*.contoso.com", false)
}

func TestPathPatterns(t *testing.T) {
	f := func(pattern string, v1, v2 bool) {
		t.Helper()
		if err := checkPathPattern(pattern, true); (err == nil) != v1 {
			t.Errorf("v1 %q: %v", pattern, err)
		}
		if err := checkPathPattern(pattern, false); (err == nil) != v2 {
			t.Errorf("v2 %q: %v", pattern, err)
		}
	}
	f("/images/*", true, true)
	f("/images*", false, true)
	f("/CurrentUser/Comments/*", true, true)
	f("/*", true, true)
	f("/login", true, true)
	f("/images/*.jpg", false, false)
	f("/Repos/*/Comments/*", false, false)
	f("images/*", false, false)
	f("*", false, false)
	f("", false, false)
	f("/a?b", false, false)
	f("/a#b", false, false)
}

func TestPathPatternCovers(t *testing.T) {
	f := func(a, b string, want bool) {
		t.Helper()
		if got := pathCovers(a, b); got != want {
			t.Errorf("%q covers %q: %v", a, b, got)
		}
	}
	f("/images/*", "/Images/logo.png", true)
	f("/images/*", "/images/icons/*", true)
	f("/images/*", "/images", false)
	f("/images/*", "/images*", false)
	f("/images", "/images/*", false)
	f("/Login", "/login", true)
}
