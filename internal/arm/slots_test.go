package arm

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"causeway/internal/access"
)

// waiting is a client that takes nothing of its answer until it may.
type waiting struct {
	*httptest.ResponseRecorder
	begun, may, cut chan struct{}
}

func (w *waiting) Write(b []byte) (int, error) {
	w.begun <- struct{}{}
	select {
	case <-w.may:
		return w.ResponseRecorder.Write(b)
	case <-w.cut:
		return 0, os.ErrDeadlineExceeded
	}
}

func (w *waiting) SetWriteDeadline(time.Time) error {
	close(w.cut)
	return nil
}

// ask begins a request of a reader who takes the answer once he may.
func (w *world) ask(method, path, body string) *waiting {
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, strings.NewReader(body))
	r.Host, r.RemoteAddr = host, "192.0.2.7:1234"
	r.Header.Set(w.as(access.Reader)[0], w.as(access.Reader)[1])
	out := &waiting{httptest.NewRecorder(), make(chan struct{}, 1), make(chan struct{}), make(chan struct{})}
	go w.server.ServeHTTP(out, r)
	return out
}

// An answer that nobody takes is in memory, and counts as a query that runs.
func TestLargeAnswersAreBoundedUntilTheyAreWritten(t *testing.T) {
	for name, x := range map[string]struct {
		most                     int
		method, path, body, head string
		slots                    func(*Server) *slots
	}{
		"logs": {
			logQueries, "POST", queryURL + "?api-version=2024-02-01", `{"query":"AGWAccessLogs"}`, queryURL + "?query=AGWAccessLogs",
			func(s *Server) *slots { return s.querying },
		},
		"metrics": {
			metricQueries, "GET", gatewayURL + "/providers/microsoft.insights/metrics?api-version=2024-02-01", "",
			gatewayURL + "/providers/microsoft.insights/metrics",
			func(s *Server) *slots { return s.measuring },
		},
		"activity": {
			activityQueries, "GET", activityURL + "?api-version=2015-04-01", "", activityURL,
			func(s *Server) *slots { return s.recalling },
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
				ctx, cancel := context.WithTimeout(t.Context(), slotTime-time.Second)
				defer cancel()
				_, err := x.slots(w.server).take(ctx)
				if err == nil || asError(err).Status != http.StatusTooManyRequests {
					t.Errorf("one too many: %v", err)
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

// Clients who do not take their answers keep nobody out: once another request waits, they give way.
func TestSlowClientsGiveWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t).logged(1)
		const path, body = queryURL + "?api-version=2024-02-01", `{"query":"AGWAccessLogs"}`
		var all []*waiting
		for range logQueries {
			a := w.ask("POST", path, body)
			<-a.begun
			all = append(all, a)
		}
		time.Sleep(writeTime / 2) // nobody waits
		for i, a := range all {
			select {
			case <-a.cut:
				t.Errorf("client %d was cut off for nobody", i)
			default:
			}
		}
		begin := time.Now()
		if a := w.do("POST", path, body); a.status != http.StatusOK || time.Since(begin) > 2*slotCheck {
			t.Errorf("after %v: %d %s", time.Since(begin), a.status, a.text)
		}
		cut := 0
		for _, a := range all {
			select {
			case <-a.cut:
				cut++
			default: // one that made room was enough, and it depends on the moment whether the other was looked at before
				close(a.may)
			}
		}
		if cut == 0 {
			t.Error("no client was cut off")
		}
		time.Sleep(time.Hour) // a second deadline would panic
	})
}
