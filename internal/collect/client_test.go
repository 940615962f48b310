package collect

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// serve starts an API, and returns how to collect from it.
func serve(t *testing.T, api http.HandlerFunc) Options {
	t.Helper()
	s := httptest.NewTLSServer(api)
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return Options{API: s.URL, CA: ca, ClientID: "id", Secret: "secret", Subscription: "s", Group: "g", Gateway: "gw1"}
}

// filesOf are the names of the files in a bundle.
func filesOf(t *testing.T, bundle io.Reader) (names []string) {
	t.Helper()
	unpacked, err := gzip.NewReader(bundle)
	if err != nil {
		t.Fatal(err)
	}
	files := tar.NewReader(unpacked)
	for {
		head, err := files.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, head.Name)
	}
}

// An answer that is too long to read whole is missing from the bundle, and the bundle says so.
func TestALongAnswerIsMissing(t *testing.T) {
	part := []byte("[" + strings.Repeat(" ", 1<<20-1))
	o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/token"):
			io.WriteString(w, `{"access_token":"t"}`)
		case strings.HasSuffix(r.URL.Path, "/backendhealth"):
			for range answerMax>>20 + 1 {
				w.Write(part)
			}
		default:
			io.WriteString(w, `{}`)
		}
	})
	var into strings.Builder
	missing, err := Gather(context.Background(), o, &into)
	if err != nil {
		t.Fatal(err)
	}
	const want = "health.json: the API answers with more than 67108864 bytes"
	if !strings.HasPrefix(missing[0], want) {
		t.Errorf("missing: %q", missing)
	}
	names := strings.Join(filesOf(t, strings.NewReader(into.String())), " ")
	if strings.Contains(names, "health.json") || !strings.Contains(names, "activity.json") {
		t.Errorf("the bundle holds %s", names)
	}
}

// The secret goes out over TLS alone.
func TestTheSecretIsNeverInClear(t *testing.T) {
	clear := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s came in clear", r.Method, r.URL)
	}))
	defer clear.Close()
	for _, api := range []string{clear.URL, strings.TrimPrefix(clear.URL, "http://"), "https://", ""} {
		_, err := Gather(t.Context(), Options{API: api, ClientID: "id", Secret: "secret"}, io.Discard)
		if !errors.Is(err, ErrNotHTTPS) {
			t.Errorf("%q: %v", api, err)
		}
	}
	o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, clear.URL, http.StatusTemporaryRedirect)
	})
	if _, err := Gather(t.Context(), o, io.Discard); err == nil || !strings.Contains(err.Error(), "307") {
		t.Errorf("a redirect: %v", err)
	}
}

// answers is an API in memory.
type answers func(r *http.Request) (status int, text string)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	status, text := a(r)
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(text)), Request: r}, r.Context().Err()
}

// An API that is busy for a while, and says so only after its minute, costs none of the log.
func TestABusyAPIIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := newClient(Options{API: "https://api.example"})
		if err != nil {
			t.Fatal(err)
		}
		asked := 0
		c.http.Transport = answers(func(*http.Request) (int, string) {
			time.Sleep(time.Minute)
			if asked++; asked < tries {
				return http.StatusTooManyRequests, ""
			}
			return http.StatusOK, `{"tables":[{"rows":[[1]]}]}`
		})
		began := time.Now()
		_, rows, whole, err := c.queryLogAgain(t.Context(), "/x", began.Add(-time.Hour), began)
		if want := 3*time.Minute + 3*busyPause; err != nil || rows != 1 || !whole || time.Since(began) != want {
			t.Errorf("after %v, not %v: %d rows, %v", time.Since(began), want, rows, err)
		}
	})
}

// What comes before the log may take longer than a token lives, too.
func TestATokenIsRenewedForAnyQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := newClient(Options{API: "https://api.example"})
		if err != nil {
			t.Fatal(err)
		}
		signedIn := 0
		c.http.Transport = answers(func(r *http.Request) (int, string) {
			if strings.HasSuffix(r.URL.Path, "/token") {
				signedIn++
			}
			return http.StatusOK, `{"access_token":"t"}`
		})
		if err := c.renew(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := c.ask(t.Context(), http.MethodGet, "/subscriptions", url.Values{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(renewAfter * 3 / 4)
		}
		if signedIn != 2 {
			t.Errorf("it signed in %d times", signedIn)
		}
	})
}
