package probe

import (
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"causeway/internal/backend"
	"causeway/internal/gateway"
)

// standstill is a process that stands still for so many hundredths of all time.
type standstill struct{ percent atomic.Int64 }

func (s *standstill) Stalled(from, to time.Time) time.Duration {
	return to.Sub(from) * time.Duration(s.percent.Load()) / 100
}

// throttled makes the gateway of a site stand still.
func (s *site) throttled(percent int64) *standstill {
	still := &standstill{}
	still.percent.Store(percent)
	s.prober.stalls = still
	return still
}

// hanging is a server that takes every probe and answers after a time.
func (s *site) hanging(ip string, after time.Duration) {
	s.member(ip).after.Store(int64(after))
}

// onBoth plays a story on both generations.
func onBoth(t *testing.T, story func(s *site)) {
	for _, tier := range []string{"Standard", "Standard_v2"} {
		t.Run(tier, func(t *testing.T) {
			inTime(t, func(s *site) {
				s.config.SKU.Tier = tier
				story(s)
			})
		})
	}
}

// A gateway that hardly runs takes no member down that it does not hear, for however long, and says that it cannot judge.
func TestStalledGatewayKeepsMembersUp(t *testing.T) {
	onBoth(t, func(s *site) {
		m := s.member("10.0.0.4")
		s.custom(5, 10, 2)
		still := s.throttled(0)
		s.start()
		s.is(true)
		still.percent.Store(90)
		s.mem.Blackhole(netip.MustParseAddrPort("10.0.0.4:80"), true)
		time.Sleep(time.Hour)
		s.is(true)
		doc := s.set.Health(s.config).Pools[0].Settings[0].Servers[0]
		if doc.Health != "Up" || doc.Causeway.Unjudged == "" || !strings.Contains(doc.Detail, "gateway_stalled") ||
			!strings.HasPrefix(doc.Detail, "Success. Received 200 status code. No probe") ||
			len(doc.Causeway.Transitions) != 1 {
			s.Errorf("%+v %+v", doc, doc.Causeway)
		}
		if s.prober.Excused() < 3600/35-2 {
			s.Errorf("%d probes were excused", s.prober.Excused())
		}
		since := s.members()[0].State().Unjudged
		if since.After(time.Now().Add(-59 * time.Minute)) {
			s.Errorf("unjudged since %s only", since)
		}
		still.percent.Store(0)
		s.mem.Blackhole(netip.MustParseAddrPort("10.0.0.4:80"), false)
		time.Sleep(time.Minute)
		if st := s.members()[0].State(); !st.Up || !st.Unjudged.IsZero() || m.seen() < 3 {
			s.Errorf("%+v after %d probes", st, m.seen())
		}
	})
}

// An answer of another member shows that the gateway could hear: a member that hangs meanwhile goes down. Where all hang, nobody can tell.
func TestStalledGatewayComparesMembers(t *testing.T) {
	f := func(interval, timeout int, others bool, after time.Duration, up bool) {
		t.Helper()
		onBoth(t, func(s *site) {
			t.Helper()
			s.member("10.0.0.4")
			s.member("10.0.0.5")
			s.custom(interval, timeout, 2)
			still := s.throttled(0)
			s.start()
			s.is(true)
			still.percent.Store(90)
			s.mem.Blackhole(netip.MustParseAddrPort("10.0.0.4:80"), true)
			s.mem.Blackhole(netip.MustParseAddrPort("10.0.0.5:80"), !others)
			time.Sleep(after)
			s.is(up)
			if other := s.members()[1]; !other.Up() {
				s.Errorf("the other one: %+v", other.State())
			}
			s.mem.Blackhole(netip.MustParseAddrPort("10.0.0.4:80"), false)
			s.mem.Blackhole(netip.MustParseAddrPort("10.0.0.5:80"), false)
			still.percent.Store(0)
			time.Sleep(2 * time.Minute)
			s.is(true)
		})
	}
	f(5, 10, true, 55*time.Second, false)
	f(30, 30, true, 3*time.Minute, false)
	f(100, 1, true, 8*time.Minute, false) // no answer of the other falls into the time of a probe
	f(5, 10, false, time.Hour, true)
}

// A probe that nobody can judge shows as soon as its timeout has passed, and an answer that comes later ends the note.
func TestUnjudgedAtOnce(t *testing.T) {
	onBoth(t, func(s *site) {
		s.throttled(90)
		s.hanging("10.0.0.4", 50*time.Second)
		s.custom(30, 30, 3)
		s.start()
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if n, st := s.prober.Excused(), s.members()[0].State(); n != 1 || time.Since(st.Unjudged) != 31*time.Second {
			s.Errorf("%d probes, %+v", n, st)
		}
		time.Sleep(20 * time.Second)
		s.is(true)
		if n, st := s.prober.Excused(), s.members()[0].State(); n != 1 || !st.Unjudged.IsZero() {
			s.Errorf("%d probes, %+v", n, st)
		}
		time.Sleep(2 * time.Minute)
	})
}

// What a member does itself counts as ever, also in a gateway that hardly runs.
func TestStalledGatewayNoticesDeath(t *testing.T) {
	f := func(name string, die func(s *site, m *member)) {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(s *site) {
				m := s.member("10.0.0.4")
				s.custom(5, 10, 2)
				still := s.throttled(0)
				s.start()
				s.is(true)
				still.percent.Store(90)
				die(s, m)
				time.Sleep(15 * time.Second)
				s.is(false)
			})
		})
	}
	f("refuses", func(s *site, _ *member) { s.ends[0](); s.ends = nil })
	f("bad status", func(_ *site, m *member) { m.status.Store(503) })
	f("closes", func(_ *site, m *member) { m.status.Store(0) })
}

// A probe has its timeout in times in which the gateway runs: a member that hangs is found late, and one that answers late by
// the clock alone has passed.
func TestTimeoutCountsWhileTheGatewayRuns(t *testing.T) {
	f := func(percent int64, after time.Duration, up bool, at time.Duration) {
		t.Helper()
		onBoth(t, func(s *site) {
			t.Helper()
			s.throttled(percent)
			s.hanging("10.0.0.4", after)
			s.custom(100, 10, 3)
			s.start()
			time.Sleep(at - time.Millisecond)
			synctest.Wait()
			if s.members()[0].State().Probed {
				s.Error("judged too early")
			}
			time.Sleep(2 * time.Millisecond)
			synctest.Wait()
			if st := s.members()[0].State(); !st.Probed || st.Up != up || st.Code == "gateway_stalled" {
				s.Errorf("%+v", st)
			}
		})
	}
	f(0, 9*time.Second, true, 9*time.Second)
	f(0, 11*time.Second, false, 10*time.Second)
	f(50, 19*time.Second, true, 19*time.Second)
	f(50, 21*time.Second, false, 20*time.Second)
	f(90, 29*time.Second, true, 29*time.Second)
}

// A gateway that hardly runs from its start cannot know a member: that is down as long as it has not passed, and the start does
// not wait for it for good.
func TestStalledGatewayAndANewMember(t *testing.T) {
	onBoth(t, func(s *site) {
		s.config.Pools[0].Members = []gateway.Address{{IP: "10.0.0.4"}}
		s.mem.Blackhole(netip.MustParseAddrPort("10.0.0.4:80"), true)
		s.custom(5, 10, 2)
		still := s.throttled(100)
		s.start()
		time.Sleep(65 * time.Second) // two probes
		doc := s.set.Health(s.config).Pools[0].Settings[0].Servers[0]
		if doc.Health != "Unknown" || doc.Causeway.Unjudged == "" {
			s.Errorf("%+v %+v", doc, doc.Causeway)
		}
		if !s.prober.Ready(make(chan struct{})) {
			s.Error("not ready")
		}
		synctest.Wait()
		if st := s.members()[0].State(); st.Failures != 1 || st.Code != "gateway_stalled" || st.Unjudged.IsZero() {
			s.Errorf("%+v", st)
		}
		s.serve("10.0.0.4")
		s.mem.Blackhole(netip.MustParseAddrPort("10.0.0.4:80"), false)
		still.percent.Store(0)
		time.Sleep(6 * time.Second)
		s.is(true)
	})
}

// A member that is up stays up also where another probe, which was never answered, takes over.
func TestStalledGatewayAndANewProbe(t *testing.T) {
	onBoth(t, func(s *site) {
		s.member("10.0.0.4")
		s.custom(5, 10, 1)
		still := s.throttled(0)
		s.start()
		s.is(true)
		still.percent.Store(95)
		s.mem.Blackhole(netip.MustParseAddrPort("10.0.0.4:80"), true)
		s.config.Probes[0].Path = "/other"
		old := s.set
		s.start()
		old.Release()
		time.Sleep(time.Hour)
		s.is(true)
		s.mem.Blackhole(netip.MustParseAddrPort("10.0.0.4:80"), false)
		time.Sleep(time.Minute)
		s.is(true)
	})
}

// A result that counts ends the note that none could be judged.
func TestJudgementEndsTheNote(t *testing.T) {
	st := judge(backend.State{Probed: true, Up: true, Unjudged: time.Unix(1, 0)}, passed(200), 3, time.Unix(9, 0))
	if !st.Unjudged.IsZero() {
		t.Errorf("%+v", st)
	}
}
