package proxy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// A member's error says more than its status: how long to stay away, and, by the page, that a proxy stands there.
func TestErrorOfMemberOnRecord(t *testing.T) {
	page := "<html>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
	for _, c := range []struct {
		answer string
		after  time.Duration
		page   string
	}{
		{"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 7 * time.Second, ""},
		{"HTTP/1.1 503 Service Unavailable\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", accesslog.Unset, ""},
		{"HTTP/1.1 429 Too Many Requests\r\nRetry-After: Sat, 01 Jan 2000 00:00:30 GMT\r\nContent-Length: 0\r\n\r\n", 30 * time.Second, ""},
		{
			"HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\nContent-Length: 120\r\n\r\n" + (page + strings.Repeat(" ", 120))[:120],
			accesslog.Unset, "nginx",
		},
		{"HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\nContent-Length: 4\r\n\r\noops", accesslog.Unset, ""},
		{"HTTP/1.1 200 OK\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", accesslog.Unset, ""},
	} {
		inTime(t, func(w *world) { // the clock of a bubble begins in 2000
			w.member(answers(c.answer))
			w.start()
			w.get("/")
			if a := w.row(1).Attempts[0]; a.RetryAfter != c.after || a.Page != c.page {
				t.Errorf("%.40q: retryAfter %v, page %q; want %v, %q", c.answer, a.RetryAfter, a.Page, c.after, c.page)
			}
		})
	}
}

// How busy a member was when it was chosen is on record, and how idle another was when it had failed.
func TestWorkInProgressOnRecord(t *testing.T) {
	inTime(t, func(w *world) {
		w.config.Settings[0].RequestTimeout = 20
		slow := func(p *peer) { time.Sleep(time.Minute) }
		w.member(slow)
		w.member(answers(ok))
		w.start()
		for range 6 { // by turns: each of the slow one's three finds those before it there
			w.work.Go(func() { w.client().say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi").answer("POST") })
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		var slowOnes, quickOnes []int
		w.row(6)
		for _, r := range w.log.all() {
			if a := r.Attempts[0]; r.Status == 200 {
				quickOnes = append(quickOnes, a.Active, a.Least)
			} else {
				slowOnes = append(slowOnes, a.Active, a.Least)
			}
		}
		if got, want := slowOnes, []int{0, 0, 1, 0, 2, 0}; !slices.Equal(got, want) {
			t.Errorf("slow member: active and least %v, want %v", got, want)
		}
		if got, want := quickOnes, []int{0, -1, 0, -1, 0, -1}; !slices.Equal(got, want) {
			t.Errorf("quick member: active and least %v, want %v", got, want)
		}
	})
}
