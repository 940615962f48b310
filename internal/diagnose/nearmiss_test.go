package diagnose_test

import (
	"math/rand"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// These stories look like a cause and are another one, or cannot be told. A confident verdict on any of them would send
// somebody the wrong way.

func undecided(t *testing.T, s *story.Story, failures int) {
	t.Helper()
	r := s.Diagnose()
	for _, f := range r.Findings {
		if f.Confidence == report.High && f.Failures > 0 {
			t.Errorf("named %s with high confidence", f.Cause)
		}
	}
	if r.Undetermined.Failures != failures || len(r.Undetermined.Rivals) < 2 || r.Undetermined.Next == "" {
		t.Errorf("%+v, want %d failures", r.Undetermined, failures)
	}
}

func steady(s *story.Story, n int, every time.Duration) {
	for range n {
		s.After(every).Request(4)
	}
}

// Requests come every ten seconds, so every connection was idle for ten seconds: also those of a worker that crashes at
// random.
func TestRegularTrafficIsNoIdleLimit(t *testing.T) {
	s, rnd, n := story.New(t), rand.New(rand.NewSource(1)), 0
	for i := range 300 {
		s.After(10 * time.Second)
		idle := 9990*time.Millisecond + time.Duration(rnd.Intn(40))*time.Millisecond
		if rnd.Intn(10) == 0 {
			s.Request(4, story.Reused(idle, 1+i%9), story.Fails(story.RaceFault, time.Duration(2+rnd.Intn(10))*time.Millisecond))
			n++
		} else {
			s.Request(4, story.Reused(idle, 1+i%9))
		}
	}
	undecided(t, s, n)
}

// Restarts that nobody was refused at, under the same regular traffic.
func TestQuickRestartsAreNoIdleLimit(t *testing.T) {
	s := story.New(t)
	for i := range 6 {
		steady(s, 50, 100*time.Millisecond)
		s.After(time.Millisecond).Request(4, story.Reused(1000*time.Millisecond, 40+i), story.Fails(story.RaceFault, 2*time.Millisecond))
		s.After(time.Millisecond).Request(4, story.Reused(1003*time.Millisecond, 30+i), story.Fails(story.RaceFault, 2*time.Millisecond))
		s.After(55 * time.Second)
	}
	undecided(t, s, 12)
}

// Every third attempt to connect is refused, all the time: an address that several hosts share, one of them dead.
func TestRefusalsAmongAnswersAreNoRestart(t *testing.T) {
	s, n := story.New(t), 0
	for i := range 300 {
		s.After(200 * time.Millisecond)
		if i%3 == 1 {
			s.Request(4, story.Fails(story.RefusedFault, time.Millisecond))
			n++
		} else {
			s.Request(4)
		}
	}
	undecided(t, s, n)
}

// A single refusal is a single refusal.
func TestOneRefusalIsNoVerdict(t *testing.T) {
	s := story.New(t)
	steady(s, 100, 100*time.Millisecond)
	s.After(time.Second).Request(4, story.Fails(story.RefusedFault, time.Millisecond))
	undecided(t, s, 1)
}

// A firewall forgets connections after ten seconds and resets what comes later; traffic is so sparse that every
// connection was used once.
func TestResetsAfterIdlenessAreNoUseLimit(t *testing.T) {
	s := story.New(t)
	for i := range 20 {
		gap := time.Duration(20+i*7%30) * time.Second
		s.After(gap)
		if i%2 == 0 {
			s.Request(4)
		} else {
			s.Request(4, story.Reused(gap, 1), story.Fails(fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Reset}, 2*time.Millisecond))
		}
	}
	undecided(t, s, 10)
}

// Something accepts and closes while the application is away; only one path was asked in that time.
func TestAnOutageIsNoCrashOnInput(t *testing.T) {
	s := story.New(t)
	steady(s, 100, 100*time.Millisecond)
	for range 8 {
		s.After(2*time.Second).Request(4, story.Path("/report"), story.Fails(story.RaceFault, 2*time.Millisecond))
	}
	s.After(3 * time.Second)
	steady(s, 100, 100*time.Millisecond)
	undecided(t, s, 8)
}

// A limit on connections closes new ones, and only a rare request needs a new one.
func TestAConnectionLimitIsNoCrashOnInput(t *testing.T) {
	s := story.New(t)
	for i := range 200 {
		s.After(100*time.Millisecond).Request(4, story.Reused(100*time.Millisecond, i+1))
		if i%40 == 5 {
			s.Request(4, story.Path("/weekly"), story.Fails(story.RaceFault, time.Millisecond))
		}
	}
	undecided(t, s, 5)
}

// Reading is quick, writing to the same path takes longer than the timeout.
func TestAnotherMethodIsAnotherKindOfRequest(t *testing.T) {
	s := story.New(t)
	for i := range 100 {
		s.After(100*time.Millisecond).Request(4, func(r *accesslog.Record, _ *accesslog.Attempt) { r.Method = []byte("GET") })
		if i%10 == 0 {
			s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
		}
	}
	undecided(t, s, 10)
}

// A route stands still for eight seconds, as its database does.
func TestAStandstillIsNotHungRequests(t *testing.T) {
	s := story.New(t)
	steady(s, 100, 100*time.Millisecond)
	for range 30 {
		s.After(250*time.Millisecond).Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
		s.Request(4, story.Path("/static"))
	}
	steady(s, 100, 100*time.Millisecond)
	undecided(t, s, 30)
}

// Attempts to connect get no answer for some seconds, between times in which they do.
func TestABurstOfLostConnectsIsNoFirewall(t *testing.T) {
	s := story.New(t)
	steady(s, 100, 100*time.Millisecond)
	for range 8 {
		s.After(300*time.Millisecond).Request(4, story.Fails(story.DropFault, 5*time.Second))
	}
	s.After(8 * time.Second)
	steady(s, 100, 100*time.Millisecond)
	undecided(t, s, 8)
}

// Six downloads end at one moment: the process did, not the declared length.
func TestDownloadsThatEndTogether(t *testing.T) {
	s := story.New(t)
	steady(s, 50, 100*time.Millisecond)
	for i := range 6 {
		s.After(time.Millisecond).Request(4, func(r *accesslog.Record, a *accesslog.Attempt) {
			f := fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Truncated}
			r.Fault, r.ErrorInfo, r.Aborted, a.Fault = f, f.ErrorInfo(), true, f
			a.DeclaredIn, a.BytesIn = 100_000, int64(1000*i+17)
		})
	}
	undecided(t, s, 6)
}

// Clients give up after a second on a path that nobody was ever answered on. Are they impatient, or is it stuck?
func TestGivingUpOnAStuckPathIsNotTheClientsFault(t *testing.T) {
	s := story.New(t)
	for i := range 100 {
		s.After(100 * time.Millisecond).Request(4)
		if i%5 == 0 {
			s.Request(4, story.Path("/stuck"), story.Fails(fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}, time.Second))
		}
	}
	undecided(t, s, 20)
}

// What retries hid must not head a report about what users saw.
func TestHiddenFailuresAreNoVerdictOnVisibleOnes(t *testing.T) {
	s := story.New(t)
	for i := range 60 {
		s.After(900 * time.Millisecond)
		early := time.Duration(1+i%29) * time.Millisecond
		s.Request(4, story.Recovered(story.RaceFault, func(r *accesslog.Record, a *accesslog.Attempt) {
			story.Reused(2*time.Second-early, i)(r, a)
			a.Total = early
		}))
		if i%12 == 0 {
			s.Request(4, story.Path("/x"), story.Fails(story.TimeoutFault, 2*time.Second))
		}
	}
	r := s.Diagnose()
	if r.Verdict != nil || r.Findings[0].Share != 0 {
		t.Errorf("verdict %+v, share %v", r.Verdict, r.Findings[0].Share)
	}
}

// Azure fills serverStatus with its own status at times; error_info says whose it is.
func TestAzuresOwnStatusIsNotTheBackends(t *testing.T) {
	s := story.New(t)
	for range 6 {
		s.After(time.Second).Request(4, func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Status, a.Status, r.ErrorInfo = 502, 502, fault.UpstreamClosed
		})
	}
	for _, f := range s.Diagnose().Findings {
		t.Errorf("named %s", f.Cause)
	}
}
