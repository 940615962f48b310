package network_test

import (
	"net/netip"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// sized is how many bytes the client got.
func sized(n int64) story.Change {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Sent = n }
}

// What the gateway cannot have made is the member's own, at the confidence that this carries.
func TestErrorsOfTheApplicationItself(t *testing.T) {
	t.Parallel()
	i := int64(0)
	pages := func(r *accesslog.Record, _ *accesslog.Attempt) { i++; r.Sent = 400 + 97*i }
	alone := func(r *accesslog.Record, a *accesslog.Attempt) { // on a member that nobody else is answered by
		a.Member, a.Server = "10.0.0.9", netip.MustParseAddrPort("10.0.0.9:80")
	}
	headed := func(_ *accesslog.Record, a *accesslog.Attempt) { a.HeaderTime = 5 * time.Millisecond }
	for name, c := range map[string]struct {
		changes []story.Change
		want    string
		open    string
	}{
		"one page, quick": {
			[]story.Change{story.Echoing(502, 5*time.Millisecond, fault.NoError), sized(700)},
			"",
			"k-backend-5xx",
		},
		"pages of many sizes": {
			[]story.Change{story.Echoing(502, 5*time.Millisecond, fault.NoError), pages},
			"k-backend-5xx medium", "",
		},
		"a head came": {
			[]story.Change{story.Echoing(502, 5*time.Millisecond, fault.NoError), headed},
			"k-backend-5xx high", "",
		},
		"504 before any timer": {
			[]story.Change{story.Echoing(504, 1001*time.Millisecond, fault.NoError)},
			"d-inner-timeout medium", "",
		},
		"504, nobody answered": {[]story.Change{story.Echoing(504, 9*time.Second, fault.NoError), alone}, "", "b-drop"},
		"500 is no gateway's":  {[]story.Change{story.Echoing(500, 5*time.Millisecond, fault.NoError)}, "k-backend-5xx high", ""},
		"closed, says the gateway": {
			[]story.Change{story.Echoing(502, 5*time.Millisecond, fault.UpstreamClosed), headed},
			"",
			"g-crash-on-input", // far apart, on new connections: no restart
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := story.Lively(t, 9, c.changes...).Diagnose()
			if got, open := story.Causes(r), story.Likely(r); got != c.want || open != c.open {
				t.Errorf("%s: found %q, open %q", name, got, open)
			}
		})
	}
}

func TestDropped(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 5 {
		s.After(time.Second).Request(4, story.Fails(story.DropFault, 5*time.Second))
	}
	story.Expect(t, s.Diagnose(), "b-drop high 5")
}

// Attempts to connect get no answer for some seconds, between times in which they do.
func TestABurstOfLostConnectsIsNoFirewall(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	story.Steady(s, 100, 100*time.Millisecond)
	for range 8 {
		s.After(300*time.Millisecond).Request(4, story.Fails(story.DropFault, 5*time.Second))
	}
	s.After(8 * time.Second)
	story.Steady(s, 100, 100*time.Millisecond)
	story.Undecided(t, s, 8)
}

// With some attempts getting through it is loss or a full queue, which this evidence cannot tell apart.
func TestSomeConnectsThroughIsNotADrop(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 40 {
		s.After(time.Second)
		if i%8 == 3 {
			s.Request(4, story.Fails(story.DropFault, 5*time.Second))
		} else {
			s.Request(4)
		}
	}
	r := s.Diagnose()
	story.Expect(t, r)
	if r.Undetermined.Failures != 5 {
		t.Errorf("%+v", r.Undetermined)
	}
}
