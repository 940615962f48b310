package arm

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"causeway/internal/access"
)

// waiting is a client that takes nothing of its answer until it may.
type waiting struct {
	*httptest.ResponseRecorder
	begun, may chan struct{}
}

func (w *waiting) Write(b []byte) (int, error) {
	w.begun <- struct{}{}
	<-w.may
	return w.ResponseRecorder.Write(b)
}

// ask begins a request of a reader who takes the answer once he may.
func (w *world) ask(method, path, body string) *waiting {
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, strings.NewReader(body))
	r.Host, r.RemoteAddr = host, "192.0.2.7:1234"
	r.Header.Set(w.as(access.Reader)[0], w.as(access.Reader)[1])
	out := &waiting{httptest.NewRecorder(), make(chan struct{}, 1), make(chan struct{})}
	go w.server.ServeHTTP(out, r)
	return out
}

// An answer that nobody takes is in memory, and counts as a query that runs.
func TestLargeAnswersAreBoundedUntilTheyAreWritten(t *testing.T) {
	for name, x := range map[string]struct {
		most                     int
		method, path, body, head string
	}{
		"logs": {logQueries, "POST", queryURL + "?api-version=2024-02-01", `{"query":"AGWAccessLogs"}`, queryURL + "?query=AGWAccessLogs"},
		"metrics": {
			metricQueries, "GET", gatewayURL + "/providers/microsoft.insights/metrics?api-version=2024-02-01", "",
			gatewayURL + "/providers/microsoft.insights/metrics",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t).logged(1)
				w.created()
				var all []*waiting
				for range x.most {
					all = append(all, w.ask(x.method, x.path, x.body))
				}
				for _, a := range all {
					<-a.begun
				}
				if a := w.do(x.method, x.path, x.body); a.status != http.StatusTooManyRequests {
					t.Errorf("one too many: %d %s", a.status, a.text)
				}
				for _, a := range all {
					close(a.may)
				}
				synctest.Wait()
				for range x.most + 1 {
					if a := w.do("HEAD", x.head, ""); a.status != http.StatusNoContent {
						t.Errorf("HEAD: %d %s", a.status, a.text)
					}
				}
				if a := w.do(x.method, x.path, x.body); a.status != http.StatusOK {
					t.Errorf("after it: %d %s", a.status, a.text)
				}
			})
		})
	}
}
