package configuration_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// A request comes in with the transaction of another one. At the gateway that sent it, it has gone round; at a gateway behind that
// one, it has arrived.
func TestGatewayBehindAnotherIsNoLoop(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, sameGateway bool) {
		inner := "/INNER"
		if sameGateway {
			inner = "/OUTER"
		}
		for range 20 {
			s.After(time.Second).Request(4, story.Status(502), story.Of("/OUTER"))
			outer := s.Records[len(s.Records)-1].Transaction
			s.Request(5, story.Status(502), story.Of(inner), func(r *accesslog.Record, _ *accesslog.Attempt) { r.Parent = outer })
		}
	}, "i-proxy-loop")
}

// Clients of a busy gateway use every port there is, and so the one that a request waits on. Only the transaction tells of a loop.
func TestBusyPortsAreNoLoop(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, sameTransaction bool) {
		for i := range 20 {
			s.After(3 * time.Second)
			begin := s.At
			port := uint16(50000 + i)
			s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second),
				func(_ *accesslog.Record, a *accesslog.Attempt) { a.LocalPort = port })
			outer := s.Records[len(s.Records)-1].Transaction
			s.At = begin.Add(time.Second)
			s.Request(5, func(r *accesslog.Record, _ *accesslog.Attempt) {
				r.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}), port)
				if sameTransaction {
					r.Parent = outer
				}
			})
			n := len(s.Records)
			s.Records[n-1], s.Records[n-2] = s.Records[n-2], s.Records[n-1]
			s.At = begin
		}
	}, "i-proxy-loop")
}

// The pool leads back to the gateway, if only by a detour: what comes back has the transaction that it was sent with. Whoever
// gives up first, the inner request looks like one that its client left, on a download or before it.
func TestProxyLoop(t *testing.T) {
	t.Parallel()
	left := fault.Fault{Side: fault.Client, Phase: fault.Deliver, Kind: fault.Closed}
	for _, innerFirst := range []bool{true, false} {
		t.Run(fmt.Sprintf("innerFirst %t", innerFirst), func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for range 20 {
				begin := s.After(time.Second).At
				s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
				outer := &s.Records[len(s.Records)-1]
				s.At = begin.Add(5 * time.Millisecond)
				s.Request(4, story.Fails(left, 2*time.Second), func(r *accesslog.Record, _ *accesslog.Attempt) {
					r.Client = netip.MustParseAddrPort("127.0.0.1:50000")
					r.Parent = outer.Transaction
				})
				if n := len(s.Records); innerFirst {
					s.Records[n-1], s.Records[n-2] = s.Records[n-2], s.Records[n-1]
				}
				s.At = begin
			}
			story.Expect(t, s.Diagnose(), "i-proxy-loop high 40")
		})
	}
}
