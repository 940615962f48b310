package resolve

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
)

// server answers on loopback as answer says.
func server(t *testing.T, answer func(q dns.Question) ([]string, int)) string {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		rrs, code := answer(q.Question[0])
		m.Rcode = code
		for _, s := range rrs {
			rr, err := dns.NewRR(s)
			if err != nil {
				panic(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		w.WriteMsg(m)
	})}
	go s.ActivateAndServe()
	t.Cleanup(func() { s.Shutdown() })
	return pc.LocalAddr().String()
}

func TestLookupTakesTheShortestTTL(t *testing.T) {
	at := server(t, func(q dns.Question) ([]string, int) {
		if q.Qtype != dns.TypeA {
			return nil, dns.RcodeSuccess
		}
		return []string{"app.example. 60 IN CNAME b.example.", "b.example. 7 IN A 10.0.0.5", "b.example. 20 IN A 10.0.0.4"}, dns.RcodeSuccess
	})
	r := &Resolver{Servers: []string{at}, Timeout: time.Second}
	a, err := r.Lookup(context.Background(), "app.example")
	if err != nil || a.TTL != 7*time.Second || len(a.Addrs) != 2 {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestLookupFallsBackToIPv6(t *testing.T) {
	at := server(t, func(q dns.Question) ([]string, int) {
		if q.Qtype == dns.TypeAAAA {
			return []string{"six.example. 5 IN AAAA fd00::4"}, dns.RcodeSuccess
		}
		return nil, dns.RcodeSuccess
	})
	a, err := (&Resolver{Servers: []string{at}, Timeout: time.Second}).Lookup(context.Background(), "six.example")
	if err != nil || len(a.Addrs) != 1 || a.Addrs[0] != netip.MustParseAddr("fd00::4") {
		t.Errorf("%+v, %v", a, err)
	}
}

// Some servers call a name unknown that has IPv6 addresses alone (RFC 8020 forbids it): it is found all the same.
func TestLookupOfANameThatIsUnknownForIPv4(t *testing.T) {
	at := server(t, func(q dns.Question) ([]string, int) {
		if q.Qtype == dns.TypeAAAA {
			return []string{"six.example. 5 IN AAAA ::1"}, dns.RcodeSuccess
		}
		return nil, dns.RcodeNameError
	})
	a, err := (&Resolver{Servers: []string{at}, Timeout: time.Second}).Lookup(context.Background(), "six.example")
	if err != nil || len(a.Addrs) != 1 || a.Addrs[0] != netip.IPv6Loopback() {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestLookupSaysWhy(t *testing.T) {
	at := server(t, func(q dns.Question) ([]string, int) {
		switch {
		case q.Name == "gone.example.":
			return nil, dns.RcodeNameError
		case q.Name == "empty.example.":
			return nil, dns.RcodeSuccess
		case q.Name == "half.example." && q.Qtype == dns.TypeAAAA:
			return []string{"half.example. 5 IN AAAA fd00::4"}, dns.RcodeSuccess
		}
		return nil, dns.RcodeServerFailure
	})
	r := &Resolver{Servers: []string{at}, Timeout: time.Second}
	for _, name := range []string{"gone.example", "empty.example"} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Lookup(context.Background(), name)
			if !errors.Is(err, ErrNoAddress) || err.Error() != "look up "+name+": the name has no address" {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	if a, err := r.Lookup(context.Background(), "half.example"); err == nil {
		t.Errorf("a failure was taken for a name without IPv4 addresses: %+v", a)
	}
	if _, err := r.Lookup(context.Background(), "ill.example"); err == nil || errors.Is(err, ErrNoAddress) {
		t.Errorf("a server failure is not a missing name: %v", err)
	}
}

func TestHostsFileComesFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts")
	os.WriteFile(path, []byte("127.0.0.9 one two # three\n::9 two\n"), 0o600)
	r := &Resolver{Hosts: path}
	if a, err := r.Lookup(context.Background(), "TWO"); err != nil || a.Addrs[0] != netip.MustParseAddr("127.0.0.9") {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := r.Lookup(context.Background(), "three"); err == nil {
		t.Error("a comment is not a name")
	}
}

// A member moves, then DNS fails: the gateway follows the move when the TTL ends, and stays with the last known good
// address through the failure.
func TestWatchFollowsAndKeepsTheLastGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var step atomic.Int32
		one, two := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
		w := NewWatcher(func(context.Context, string) (Answer, error) {
			switch step.Load() {
			case 0:
				return Answer{Addrs: []netip.Addr{one}, TTL: 30 * time.Second}, nil
			case 1:
				return Answer{Addrs: []netip.Addr{two}, TTL: 30 * time.Second}, nil
			}
			return Answer{}, ErrNoAddress
		})
		type news struct {
			addrs []netip.Addr
			err   error
			after time.Duration
		}
		var got []news
		begin := time.Now()
		w.Watch("app.example", func(a []netip.Addr, err error) { got = append(got, news{a, err, time.Since(begin)}) })
		time.Sleep(10 * time.Second)
		step.Store(1)
		time.Sleep(30 * time.Second)
		step.Store(2)
		time.Sleep(58 * time.Second) // between two attempts
		step.Store(1)
		time.Sleep(30 * time.Second)
		w.Close()
		want := []news{
			{[]netip.Addr{one}, nil, 0},
			{[]netip.Addr{two}, nil, 30 * time.Second},
			{[]netip.Addr{two}, ErrNoAddress, 60 * time.Second},
			{[]netip.Addr{two}, nil, 100 * time.Second},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("\n got %v\nwant %v", got, want)
		}
	})
}
