package conn

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// full tells a story of event loops with so many places.
func full(t *testing.T, loops, limit int, story func(w *world, told *shortage)) {
	t.Helper()
	onLoops(t, loops, func(w *world, e *Epoll) {
		var told shortage
		e.Set(func(o *Options) {
			o.Limit = limit
			o.Full = func(int) { told.full.Add(1) }
			o.Evicted = func(n int) { told.evicted.Add(int64(n)) }
			o.Crowded = func(netip.Addr) { told.crowded.Add(1) }
		})
		w.serve(func(h *Loop, c Conn) Handler {
			told.queued.Store(int64(c.Info().Queued))
			return busy(h, c)
		})
		story(w, &told)
		w.server.Shutdown(time.Now())
	})
}

// shortage is what an engine reported of it.
type shortage struct{ full, evicted, crowded, queued atomic.Int64 }

// talker is a client that has said something, or is still at it.
func (w *world) talker(says string) net.Conn {
	w.Helper()
	c := w.client()
	w.Cleanup(func() { c.Close() })
	send(w.T, c, says)
	if says == "hold\n" {
		w.someHold(c)
		return c
	}
	expect(w.T, c, says)
	time.Sleep(tick)
	return c
}

// someHold waits until the gateway is at work on what a client asked.
func (w *world) someHold(c net.Conn) {
	w.Helper()
	for range 1000 {
		holds := false
		w.server.(*epollServer).clients(func(s *sock) {
			if s.info.Remote.String() == c.LocalAddr().String() {
				holds = holds || s.busy && s.rf != nil
			}
		})
		if holds {
			return
		}
		time.Sleep(time.Millisecond)
	}
	w.Fatal("the gateway does not hold the client")
}

// holdsOut reports that the gateway has not ended a connection.
func holdsOut(t *testing.T, name string, c net.Conn) {
	t.Helper()
	if gone(c) {
		t.Errorf("%s is gone", name)
	}
}

func isGone(t *testing.T, name string, c net.Conn) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s is not gone: %v", name, err)
	}
}

func TestLongestIdleGivesWayOnLoops(t *testing.T) {
	for _, loops := range []int{1, 2} {
		full(t, loops, 4, func(w *world, told *shortage) {
			atWork, longest, later := w.talker("hold\n"), w.talker("a\n"), w.talker("a\n")
			late := w.talker("b\n") // beyond the share of an address, which is 3
			isGone(t, "the longest idle", longest)
			holdsOut(t, "the one at work", atWork)
			holdsOut(t, "the second idle", later)
			holdsOut(t, "the new one", late)
			if told.evicted.Load() != 1 {
				t.Errorf("%d gave way", told.evicted.Load())
			}
		})
	}
}

// A full gateway evicts no client until another wants a place.
func TestFullWithoutDemandOnLoops(t *testing.T) {
	full(t, 2, 1, func(w *world, told *shortage) {
		silent := w.client()
		time.Sleep(2 * tick)
		holdsOut(t, "the silent one", silent)
		silent.Close()
		time.Sleep(tick)
		spoke := w.talker("a\n")
		holdsOut(t, "the one that spoke", spoke)
		if told.evicted.Load()+told.full.Load() != 0 {
			t.Errorf("%d gave way, full %d times", told.evicted.Load(), told.full.Load())
		}
	})
}

// A client that never sent anything gives way before one that did, once it has had the time to.
func TestNeverSpokeGivesWayFirstOnLoops(t *testing.T) {
	full(t, 2, 4, func(w *world, _ *shortage) {
		spoke, silent := w.talker("a\n"), w.client()
		defer silent.Close()
		time.Sleep(grace + tick)
		second := w.client()
		defer second.Close()
		time.Sleep(tick)
		w.talker("b\n")
		isGone(t, "the silent one", silent)
		holdsOut(t, "the one that spoke", spoke)
		holdsOut(t, "the one that has just come", second)
	})
}

// While every connection is at work, new clients wait in the kernel's queue, and what that may have cost them is known.
func TestWaitForAPlaceOnLoops(t *testing.T) {
	full(t, 2, 1, func(w *world, told *shortage) {
		a := w.talker("hold\n")
		b := w.client()
		defer b.Close()
		send(t, b, "b\n")
		time.Sleep(4 * tick)
		send(t, a, "a\n")
		expect(t, a, "a\n")
		expect(t, b, "b\n")
		if d := time.Duration(told.queued.Load()); d < 3*tick || d > 5*time.Second {
			t.Errorf("queued %v", d)
		}
		isGone(t, "the idle one", a)
		if told.full.Load() != 1 {
			t.Errorf("the operator heard of it %d times within a minute", told.full.Load())
		}
	})
}

// A client that waited while others had the place one after the other waited all of that time.
func TestWaitForAPlaceBehindOthersOnLoops(t *testing.T) {
	full(t, 2, 1, func(w *world, told *shortage) {
		clients := []net.Conn{w.talker("hold\n")}
		for range 2 {
			c := w.client()
			defer c.Close()
			send(t, c, "hold\n")
			clients = append(clients, c)
		}
		time.Sleep(tick)
		for i, c := range clients {
			time.Sleep(2 * tick)
			w.someHold(c)
			if queued := time.Duration(told.queued.Load()); queued < 2*tick*time.Duration(i) {
				t.Errorf("client %d queued %v", i, queued)
			}
			send(t, c, "a\n")
			expect(t, c, "a\n")
			c.Close()
		}
	})
}

// A newcomer has a moment to send something, whoever wants the place.
func TestNewcomersAreNotEvictedOnLoops(t *testing.T) {
	full(t, 2, 2, func(w *world, _ *shortage) {
		slow, silent, late := w.client(), w.client(), w.client()
		defer slow.Close()
		defer silent.Close()
		defer late.Close()
		time.Sleep(tick)
		send(t, late, "b\n")
		send(t, slow, "a\n")
		expect(t, slow, "a\n")
		expect(t, late, "b\n")
	})
}

// An address whose connections are all at work gets no more than its share.
func TestShareOfAnAddressOnLoops(t *testing.T) {
	full(t, 2, 8, func(w *world, told *shortage) {
		for range 6 {
			w.talker("hold\n")
		}
		c := w.client()
		defer c.Close()
		isGone(t, "a seventh beside six at work", c)
		if told.crowded.Load() != 1 {
			t.Errorf("%d refused", told.crowded.Load())
		}
	})
}

// A request that arrives as its connection is asked to give way is served.
func TestGivingWayLosesNoRequestOnLoops(t *testing.T) {
	full(t, 1, 8, func(w *world, _ *shortage) {
		c := w.talker("a\n")
		e := w.e.(*Epoll)
		e.loops[0].post(func() {
			send(t, c, "b\n")
			time.Sleep(tick)
			for _, q := range e.loops[0].silent(netip.Addr{}, 1) {
				q.conn.s.dismiss()
			}
		})
		expect(t, c, "b\n")
		holdsOut(t, "the one with the request", c)
	})
}

// A listener that goes while it waits for a place wants none any more.
func TestNobodyGivesWayForAListenerThatWentOnLoops(t *testing.T) {
	full(t, 1, 1, func(w *world, told *shortage) {
		a := w.talker("hold\n")
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		other := w.e.Serve(ln, busy)
		b, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		for told.full.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		other.Shutdown(time.Now())
		send(t, a, "a\n")
		expect(t, a, "a\n")
		time.Sleep(2 * tick)
		holdsOut(t, "the one client", a)
	})
}

// A client that sends a request when it is asked to give way keeps no other from a place: the next one gives way.
func TestAnotherGivesWayOnLoops(t *testing.T) {
	full(t, 1, 3, func(w *world, _ *shortage) {
		c, next, later := w.talker("a\n"), w.talker("a\n"), w.talker("a\n")
		l := w.e.(*Epoll).loops[0]
		l.post(func() {
			send(t, c, "hold\n")
			time.Sleep(tick)
			for _, q := range l.silent(netip.Addr{}, 1) {
				q.conn.s.giveWay()
			}
		})
		w.someHold(c)
		late := w.client()
		defer late.Close()
		late.SetDeadline(time.Now().Add(5 * time.Second))
		send(t, late, "b\n")
		expect(t, late, "b\n")
		isGone(t, "the next one", next)
		holdsOut(t, "the one with the request", c)
		holdsOut(t, "the last one", later)
	})
}

// A crowd that connects and sends nothing takes no place from clients with requests.
func TestSilentCrowdOnLoops(t *testing.T) {
	full(t, 2, 64, func(w *world, told *shortage) {
		for i := range 200 {
			c := w.client()
			defer c.Close()
			if i%20 == 19 {
				asks := w.client()
				asks.SetDeadline(time.Now().Add(5 * time.Second))
				send(t, asks, "q\n")
				expect(t, asks, "q\n")
				asks.Close()
			}
		}
		if told.evicted.Load() < 100 {
			t.Errorf("%d gave way", told.evicted.Load())
		}
	})
}

func TestShutdownAtTheLimitOnLoops(t *testing.T) {
	full(t, 1, 1, func(w *world, _ *shortage) {
		w.talker("hold\n")
		b := w.client()
		defer b.Close()
		time.Sleep(tick)
		w.server.Shutdown(time.Now().Add(tick))
		if _, err := b.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Error("waiting client:", err)
		}
	})
}

// A process that runs out of descriptors evicts a silent connection, pauses, and continues. It runs in a process of its own.
func TestOutOfDescriptors(t *testing.T) {
	if os.Getenv("CONN_FEW_DESCRIPTORS") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestOutOfDescriptors$", "-test.v")
		cmd.Env = append(os.Environ(), "CONN_FEW_DESCRIPTORS=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	lower(t, 128)
	onLoops(t, 2, func(w *world, e *Epoll) {
		var failed atomic.Int64
		e.Set(func(o *Options) {
			o.AcceptError = func(err error) {
				if !errors.Is(err, syscall.EMFILE) {
					t.Error(err)
				}
				failed.Add(1)
			}
		})
		w.serve(busy)
		var clients []net.Conn
		for range 20 {
			clients = append(clients, w.talker("a\n"))
		}
		last := w.client()
		defer last.Close()
		few := make([]*os.File, 0, 4096)
		for { // take what is left
			f, err := os.Open(os.DevNull)
			if err != nil {
				break
			}
			few = append(few, f)
		}
		few[len(few)-1].Close()
		few = few[:len(few)-1]
		late := w.client() // takes the last descriptor: the gateway has none for it
		defer late.Close()
		send(t, late, "b\n")
		late.SetReadDeadline(time.Now().Add(10 * time.Second))
		expect(t, late, "b\n")
		if failed.Load() == 0 {
			t.Error("no accept failed")
		}
		isGone(t, "the first", clients[0])
		for _, f := range few {
			f.Close()
		}
	})
}

// Where the system has no descriptor for a loop the error says so, and goroutines serve.
func TestNoDescriptorForALoop(t *testing.T) {
	if os.Getenv("CONN_NO_DESCRIPTOR") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestNoDescriptorForALoop$", "-test.v")
		cmd.Env = append(os.Environ(), "CONN_NO_DESCRIPTOR=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	lower(t, 16)
	before := open(t)
	if _, err := NewEpoll(64, nil); !errors.Is(err, syscall.EMFILE) {
		t.Error(err)
	}
	if e, why := New("", 64); e.Name() != EngineGoroutines || !errors.Is(why, syscall.EMFILE) {
		t.Error(e.Name(), why)
	}
	if after := open(t); after != before {
		t.Errorf("%d descriptors open before, %d after", before, after)
	}
}

// lower sets the limit of open files of this process.
func lower(t *testing.T, n uint64) {
	t.Helper()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		t.Fatal(err)
	}
}

// open is the number of descriptors of this process.
func open(t *testing.T) int {
	t.Helper()
	n := 0
	for fd := range 64 {
		var st syscall.Stat_t
		if syscall.Fstat(fd, &st) == nil {
			n++
		}
	}
	return n
}
