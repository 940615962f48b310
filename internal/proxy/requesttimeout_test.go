package proxy

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// silent takes requests and never answers.
func silent(p *peer) {
	for p.request() {
		continue
	}
}

func (w *world) v1() {
	w.config.SKU.Name, w.config.SKU.Tier = "Standard_Medium", "Standard"
}

// On the first generation a member that does not answer within the request timeout is a 502, and no other is tried.
func TestRequestTimeoutOnV1(t *testing.T) {
	inTime(t, func(w *world) {
		w.v1()
		a, b := w.member(silent), w.member(silent)
		w.start()
		begin := time.Now()
		w.status(w.get("/"), 502)
		if took := time.Since(begin); took != 20*time.Second {
			t.Errorf("it took %v", took)
		}
		if n := a.connections() + b.connections(); n != 1 {
			t.Errorf("%d members were asked", n)
		}
		r := w.row(1)
		w.says(r, 502, "", "backend/wait/timeout")
		w.tried(r, "backend/wait/timeout")
	})
}

// On the second generation another member is tried once, and its answer counts.
func TestRequestTimeoutThenSecondMember(t *testing.T) {
	inTime(t, func(w *world) {
		a, b := w.member(silent), w.member(answers(ok))
		w.start()
		for n := range 2 {
			w.status(w.get("/x"), 200)
			r := w.row(n + 1)
			w.says(r, 200, fault.NoError, "")
			if len(r.Attempts) == 2 {
				w.tried(r, "backend/wait/timeout", "ok")
				if r.Attempts[0].Total != 20*time.Second || r.Attempts[0].Send == accesslog.Unset {
					t.Errorf("the first attempt: %+v", r.Attempts[0])
				}
			}
		}
		if len(a.heads()) != 1 || len(b.heads()) != 2 {
			t.Errorf("%v and %v", a.heads(), b.heads())
		}
	})
}

func TestRequestTimeoutOnBothMembers(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(silent)
		w.member(silent)
		w.member(silent)
		w.start()
		begin := time.Now()
		w.status(w.get("/"), 504)
		if took := time.Since(begin); took != 40*time.Second {
			t.Errorf("it took %v", took)
		}
		r := w.row(1)
		w.says(r, 504, fault.UpstreamTimedOut, "backend/wait/timeout")
		w.tried(r, "backend/wait/timeout", "backend/wait/timeout")
	})
}

func TestRequestTimeoutWithASingleMember(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(silent)
		w.start()
		w.status(w.get("/"), 504)
		w.tried(w.row(1), "backend/wait/timeout")
	})
}

// What a member may have begun to act on is not done twice.
func TestRequestTimeoutOfAPost(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(silent)
		w.member(silent)
		w.start()
		c := w.client().say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
		w.status(c.answer("POST"), 504)
		w.tried(w.row(1), "backend/wait/timeout")
	})
}

// The timer starts when the request has been sent, however long the client took to send it.
func TestRequestTimeoutBeginsBehindTheUpload(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(func(p *peer) {
			p.request()
			time.Sleep(19 * time.Second)
			p.say(ok)
		})
		w.start()
		c := w.client().say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range 5 {
			time.Sleep(10 * time.Second)
			c.say("2\r\nhi\r\n")
		}
		c.say("0\r\n\r\n")
		w.status(c.answer("POST"), 200)
		r := w.row(1)
		if a := r.Attempts[0]; a.Wait != 19*time.Second || a.Send != 50*time.Second {
			t.Errorf("%+v", a)
		}
	})
}

// Within a body the request timeout bounds the gap between two reads, not the whole.
func TestSlowBodyWithinTheTimeout(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(func(p *peer) {
			p.request()
			p.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
			for range 10 {
				time.Sleep(15 * time.Second)
				p.say("x")
			}
		})
		w.start()
		if r := w.get("/"); r.body != "xxxxxxxxxx" || r.err != nil {
			t.Errorf("%q, %v", r.body, r.err)
		}
		w.says(w.row(1), 200, fault.NoError, "")
	})
}

// A member that stalls in a body is to blame, and the client must not take what it has for the whole.
func TestStalledBody(t *testing.T) {
	for _, head := range []string{"Content-Length: 10\r\n\r\nhalf.", "Transfer-Encoding: chunked\r\n\r\n5\r\nhalf.\r\n"} {
		inTime(t, func(w *world) {
			w.member(func(p *peer) {
				p.request()
				p.say("HTTP/1.1 200 OK\r\n" + head)
				p.request() // until the gateway gives up
			})
			w.start()
			if r := w.get("/"); r.err == nil {
				t.Errorf("the client took %q for the whole", r.body)
			}
			r := w.row(1)
			w.says(r, 200, fault.UpstreamTimedOut, "backend/body/timeout")
			if !r.Aborted || r.Attempts[0].BytesIn != 5 {
				t.Errorf("aborted %v after %d bytes", r.Aborted, r.Attempts[0].BytesIn)
			}
		})
	}
}

// A member that does not even read a large body is as silent as one that does not answer: one timeout, not two.
func TestMemberThatDoesNotRead(t *testing.T) {
	inTime(t, func(w *world) {
		w.member(func(p *peer) { time.Sleep(time.Hour) })
		w.start()
		c := w.client()
		w.work.Go(func() {
			c.Write([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + string(make([]byte, 1000000))))
		})
		begin := time.Now()
		w.status(c.answer("POST"), 504)
		if took := time.Since(begin); took != 20*time.Second {
			t.Errorf("it took %v", took)
		}
		w.says(w.row(1), 504, fault.UpstreamTimedOut, "backend/send/timeout")
	})
}

// A connect without an answer lasts for the connect timeout, then the gateway tries the next member, for any method.
func TestConnectTimeout(t *testing.T) {
	inTime(t, func(w *world) {
		a := w.member(answers(ok))
		w.start()
		w.mem.Blackhole(a.addr, true)
		begin := time.Now()
		w.status(w.get("/"), 504)
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		w.says(w.row(1), 504, fault.UpstreamTimedOut, "network/connect/timeout")
	})
	inTime(t, func(w *world) {
		a := w.member(answers(ok))
		w.member(answers(ok))
		w.start()
		w.mem.Blackhole(a.addr, true)
		for range 2 {
			c := w.client().say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
			w.status(c.answer("POST"), 200)
		}
		w.row(2)
		rows := w.log.all()
		if len(rows[0].Attempts)+len(rows[1].Attempts) != 3 {
			t.Errorf("attempts: %v, %v", rows[0].Attempts, rows[1].Attempts)
		}
	})
}

// A member that the gateway gives up learns it at once, by a reset: an orderly end would let it work on, and send an answer that
// nobody reads.
func TestAMemberThatIsGivenUpIsReset(t *testing.T) {
	inTime(t, func(w *world) {
		ended := make(chan error, 1)
		w.member(func(p *peer) {
			p.request()
			_, err := p.Conn.Read(make([]byte, 1))
			ended <- err
		})
		w.start()
		w.status(w.client().say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").answer("POST"), 504)
		if err := <-ended; !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the member saw %v, want a reset", err)
		}
	})
}
