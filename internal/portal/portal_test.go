package portal

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"causeway/internal/access"
	"causeway/internal/store"
)

// shelf is an empty store.
type shelf struct{ items map[string]store.Item }

func (s shelf) Items(context.Context, string) (out []store.Item, err error) {
	for _, r := range s.items {
		out = append(out, r)
	}
	return out, nil
}

func (s shelf) PutItem(_ context.Context, r store.Item) (int64, error) {
	s.items[r.Name] = r
	return 1, nil
}

func (s shelf) DeleteItem(context.Context, store.Item) error { return nil }

func (s shelf) Secret(_ context.Context, _ string, create func() ([]byte, error)) ([]byte, error) {
	return create()
}

// browser is a portal, and a browser with its cookie.
type browser struct {
	t       *testing.T
	handler http.Handler
	cookie  *http.Cookie
	key     string
}

func (b *browser) do(method, path, body string, header ...string) *http.Response {
	b.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set(access.PortalHeader, cmp.Or(b.key, "1"))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	if b.cookie != nil {
		r.AddCookie(b.cookie)
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	res := w.Result()
	for _, c := range res.Cookies() {
		if b.cookie = c; c.MaxAge < 0 {
			b.cookie = nil
		}
	}
	return res
}

// learns keeps the key of a session that began.
func (b *browser) learns(res *http.Response) bool {
	var who Who
	err := json.NewDecoder(res.Body).Decode(&who)
	b.key = who.Key
	return err == nil && who.Key != ""
}

func TestABrowserSignsInByALink(t *testing.T) {
	s := access.NewControl(shelf{map[string]store.Item{}}).Sessions
	b := &browser{t: t, handler: New(s)}
	if res := b.do("GET", Path+"session", ""); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("before: %s", res.Status)
	}
	code := `{"code":"` + s.Invite(access.Caller{ID: "uid 0", Role: access.Owner}) + `"}`
	if res := b.do("POST", Path+"session", code, access.PortalHeader, ""); res.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %s", res.Status)
	}
	if res := b.do("POST", Path+"session", code); res.StatusCode != http.StatusOK || b.cookie == nil || !b.learns(res) {
		t.Fatal(res.Status)
	}
	if c := b.cookie; !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || !strings.HasPrefix(c.Name, "__Host-") {
		t.Errorf("%+v", c)
	}
	var who Who
	if res := b.do("GET", Path+"session", ""); json.NewDecoder(res.Body).Decode(&who) != nil || who != (Who{"uid 0", access.Owner, ""}) {
		t.Errorf("%s %+v", res.Status, who)
	}
	kept := b.cookie
	if res := b.do("DELETE", Path+"session", ""); res.StatusCode != http.StatusNoContent || b.cookie != nil {
		t.Errorf("%s, %v", res.Status, b.cookie)
	}
	b.cookie = kept
	if res := b.do("GET", Path+"session", ""); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("after it was left: %s", res.Status)
	}
	b.cookie = nil
	if res := b.do("POST", Path+"session", code); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the link again: %s", res.Status)
	}
}

func TestABrowserSignsInByACredential(t *testing.T) {
	store := shelf{map[string]store.Item{}}
	b := &browser{t: t, handler: New(access.NewControl(store).Sessions)}
	c, secret, err := access.Create(t.Context(), store, access.Reader, "")
	if err != nil {
		t.Fatal(err)
	}
	form := func(id, secret string) string { return `{"clientId":"` + id + `","clientSecret":"` + secret + `"}` }
	for body, want := range map[string]int{
		form(c.ID, "wrong"): http.StatusUnauthorized, "{}": http.StatusUnauthorized, "[": http.StatusBadRequest,
		`{"clientId":"` + strings.Repeat("x", signInMax) + `"}`: http.StatusBadRequest,
	} {
		if res := b.do("POST", Path+"session", body); res.StatusCode != want || b.cookie != nil {
			t.Errorf("%.40s: %s", body, res.Status)
		}
	}
	if res := b.do("POST", Path+"session", form(" "+c.ID, secret)); res.StatusCode != http.StatusOK || b.cookie == nil {
		t.Error(res.Status)
	}
	b.cookie = nil
	for range 12 {
		b.do("POST", Path+"session", form(c.ID, "wrong"))
	}
	if res := b.do("POST", Path+"session", form(c.ID, secret)); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
		t.Error(res.Status)
	}
}

// Whatever the pages are, no other site may frame them or run a script in them, and a program without them says so.
func TestPages(t *testing.T) {
	b := &browser{t: t, handler: New(access.NewControl(shelf{}).Sessions)}
	res := b.do("GET", Path+"diagnose", "")
	for name, part := range map[string]string{
		"Content-Security-Policy": "script-src 'self';", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
	} {
		if got := res.Header.Get(name); !strings.Contains(got, part) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if again := b.do("GET", Path+"diagnose", ""); Built() {
		first, second := res.Header.Get("Content-Security-Policy"), again.Header.Get("Content-Security-Policy")
		page, err := io.ReadAll(again.Body)
		_, nonce, _ := strings.Cut(second, "'nonce-")
		nonce, _, _ = strings.Cut(nonce, "'")
		if err != nil || first == second || nonce == "" || !strings.Contains(string(page), `nonce="`+nonce+`"`) || strings.Contains(second, "unsafe") {
			t.Errorf("%v: %s\n%s\n%s", err, first, second, page)
		}
	}
	want := map[bool]int{true: http.StatusOK, false: http.StatusNotImplemented}[Built()]
	if res.StatusCode != want {
		t.Error(res.Status)
	}
	if res := b.do("GET", Path+"assets/none.js", ""); Built() && res.StatusCode != http.StatusNotFound {
		t.Error(res.Status)
	}
	if res := b.do("GET", "/portal", ""); res.Header.Get("Location") != Path {
		t.Error(res.Status)
	}
}
