//go:build linux

package arm

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"causeway/internal/access"
	"causeway/internal/peercred"
)

// onSocket serves the API of a world on a unix socket, and returns what asks there, with an Authorization header or without one.
func (w *world) onSocket() func(method, path, body, authorization string) answer {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "api.sock")
	ln, err := net.Listen("unix", path)
	if err != nil {
		w.t.Fatal(err)
	}
	endpoint := ServeSocket(ln, w.server)
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		endpoint.Close(ctx)
	})
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	w.t.Cleanup(transport.CloseIdleConnections)
	client := http.Client{Transport: transport}
	return func(method, path, body, authorization string) answer {
		w.t.Helper()
		r, err := http.NewRequestWithContext(w.t.Context(), method, "http://any.name"+path+"?api-version=2025-05-01", strings.NewReader(body))
		if err != nil {
			w.t.Fatal(err)
		}
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		resp, err := client.Do(r)
		if err != nil {
			w.t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			w.t.Fatal(err)
		}
		return answer{resp.StatusCode, resp.Header, string(text)}
	}
}

func TestTheUserOnTheSocketIsAnOwner(t *testing.T) {
	w := newWorld(t)
	ask := w.onSocket()
	if a := ask("PUT", gatewayURL, sloppy, ""); a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.text)
	}
	if got, want := w.gateway.callers[0], "uid "+strconv.Itoa(os.Geteuid()); got != want {
		t.Errorf("the caller is %q, not %q", got, want)
	}
	a := ask("GET", "/metadata/endpoints", "", "")
	if got := a.at(t, "authentication", "loginEndpoint"); got != "http://any.name/adfs" {
		t.Errorf("%v", got)
	}
	if a := ask("DELETE", gatewayURL, "", ""); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.text)
	}
}

func TestATokenOnTheSocketIsChecked(t *testing.T) {
	w := newWorld(t)
	ask := w.onSocket()
	for authorization, want := range map[string]int{
		"Bearer " + w.tokens[access.Reader]: http.StatusForbidden,
		"Bearer " + w.tokens[access.Owner]:  http.StatusOK,
		"Bearer forged":                     http.StatusUnauthorized,
		"Basic eDp5":                        http.StatusUnauthorized,
	} {
		if a := w.do("PUT", gatewayURL, sloppy); a.status >= 300 {
			t.Fatalf("%d %s", a.status, a.text)
		}
		if a := ask("DELETE", gatewayURL, "", authorization); a.status != want {
			t.Errorf("%s: %d %s", authorization[:12], a.status, a.text)
		}
	}
}

func TestAnotherUserOnTheSocketIsNobody(t *testing.T) {
	w := newWorld(t)
	for _, p := range []*peer{{Credentials: peercred.Credentials{UID: os.Geteuid() + 1}}, {err: net.ErrClosed}} {
		r := httptest.NewRequestWithContext(context.WithValue(t.Context(), peerKey{}, p), "GET", "/subscriptions?api-version=2025-05-01", nil)
		record := httptest.NewRecorder()
		w.server.ServeHTTP(record, r)
		if record.Code < 400 || p.err == nil && (record.Code != http.StatusForbidden || !strings.Contains(record.Body.String(), "has no role")) {
			t.Errorf("%+v: %d %s", p, record.Code, record.Body)
		}
	}
}
