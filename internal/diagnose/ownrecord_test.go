package diagnose

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// factOf is what a report has as worth knowing under a cause; empty if nothing.
func factOf(r *Report, cause string) string {
	for _, n := range r.Notices {
		if n.Cause == cause {
			return n.Fact
		}
	}
	return ""
}

// everyForm asserts that a text stands in each form of a report, however its lines are broken.
func everyForm(t *testing.T, r *Report, want string) {
	t.Helper()
	for name, write := range map[string]func(*strings.Builder) error{
		"text": func(b *strings.Builder) error { return r.Text(b, 100) }, "markdown": func(b *strings.Builder) error { return r.Markdown(b) },
		"html": func(b *strings.Builder) error { return r.HTML(b) },
	} {
		var b strings.Builder
		if err := write(&b); err != nil || !strings.Contains(strings.Join(strings.Fields(b.String()), " "), want) {
			t.Errorf("%s lacks %q (%v)", name, want, err)
		}
	}
}

func serverOf(member byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, member}), 80)
}

func queuedFor(d time.Duration) change2 {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Queued, r.ClientUses = d, 1 }
}

// Clients that waited for room are worth knowing while nothing fails, and a finding where something does.
func TestQueuedClients(t *testing.T) {
	left := fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}
	for name, x := range map[string]struct {
		queued time.Duration
		fails  change2
		want   string
	}{
		"nobody waited":      {0, nil, ""},
		"nothing failed":     {2 * time.Second, nil, ""},
		"clients gave up":    {2 * time.Second, fails(left, 20*time.Millisecond), "h-conn-limit medium"},
		"another failure":    {2 * time.Second, fails(refusedFault, time.Millisecond), "h-conn-limit high"},
		"waited for no time": {20 * time.Millisecond, fails(left, 400*time.Millisecond), "j-client-abort high"},
	} {
		s := newStory(t)
		for i := range 60 {
			s.after(300*time.Millisecond).request(5, queuedFor(x.queued))
			if i%6 == 0 && x.fails != nil {
				s.request(4, queuedFor(x.queued), x.fails)
			}
		}
		r := s.diagnose()
		fact := factOf(r, "h-conn-limit")
		if !strings.Contains(causes(r), x.want) || x.want == "" && causes(r) != "" {
			t.Errorf("%s: found %q", name, causes(r))
		}
		if noted := x.queued > 0 && !strings.Contains(x.want, "h-conn-limit"); noted != strings.Contains(fact, "clients waited for room under the gateway's limit of connections, "+seconds(x.queued)+" at most") {
			t.Errorf("%s: worth knowing: %q", name, fact)
		}
	}
}

// A finding counts the clients that gave up in the queue, and no others.
func TestClientsThatGaveUpInTheQueue(t *testing.T) {
	left := fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}
	s := newStory(t)
	for i := range 40 {
		s.after(300 * time.Millisecond).request(5)
		s.request(4, queuedFor(3*time.Second), fails(left, 20*time.Millisecond))
		if i%4 == 0 {
			s.request(5, fails(left, 30*time.Millisecond))
		}
	}
	expect(t, s.diagnose(), "h-conn-limit medium 40", "j-client-abort high 10")
}

// What was steered away from a member that is held back counts as recovered, once.
func TestHeldBack(t *testing.T) {
	s := newStory(t)
	held := func(r *accesslog.Record, _ *accesslog.Attempt) { r.HeldBack = "10.0.0.4" }
	for i := range 20 {
		s.after(100 * time.Millisecond)
		if i < 3 {
			s.request(5, recovered(raceFault, func(_ *accesslog.Record, a *accesslog.Attempt) {
				a.Member, a.Server, a.Ejected = "10.0.0.4", serverOf(4), i == 2
			}))
			continue
		}
		s.request(5, held)
	}
	s.request(5, held, status(500))
	s.request(5, held, fails(timeoutFault, 2*time.Second))
	s.request(5, held, recovered(raceFault, func(_ *accesslog.Record, a *accesslog.Attempt) { a.Member, a.Server = "10.0.0.6", serverOf(6) }))
	r := s.diagnose()
	if r.Recovered != 3+17+1 || r.Steered != 17 {
		t.Errorf("recovered %d, steered %d", r.Recovered, r.Steered)
	}
	want := "members were held back 1 time after connections to them had failed several times in a row (10.0.0.4 1 time); 20 requests passed them over meanwhile, of which 17 went well at another member at once"
	if fact := factOf(r, "a-passive-ejection"); !strings.HasPrefix(fact, want) {
		t.Errorf("got %q", fact)
	}
	everyForm(t, r, "members were held back 1 time after connections")
	if r := raceStory(t).diagnose(); factOf(r, "a-passive-ejection") != "" || r.Steered != 0 {
		t.Error("members were held back of which no record says so")
	}
}

// An answer that came before the upload's end is no failure. A client that was cut off while it paused is worth a line.
func TestCutUploads(t *testing.T) {
	for how, noted := range map[string]bool{accesslog.CutDropped: false, accesslog.CutLeft: false, accesslog.CutEnded: false, accesslog.CutPaused: true} {
		s := newStory(t)
		for i := range 20 {
			s.after(time.Second).request(4)
			if i%5 == 0 {
				s.request(5, func(r *accesslog.Record, a *accesslog.Attempt) {
					r.Status, a.Status, r.Cut, r.Dropped, r.Declared, r.BodyRead = 401, 401, how, 3000, 9000, 5000
				})
			}
		}
		r := s.diagnose()
		fact := factOf(r, "e-early-response")
		if r.Failures > 0 || strings.HasPrefix(fact, "4 of 4 uploads that members answered early paused") != noted || (fact != "") != noted {
			t.Errorf("%s: %d failures, %q", how, r.Failures, fact)
		}
	}
}

// The report lists sessions that a member reset by member, with what the resets have in common.
func TestResetTunnels(t *testing.T) {
	tunnel := func(by, how string, age time.Duration) change2 {
		return func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Status, a.Status, r.EndedBy, r.End, r.Taken = 101, 101, by, how, age
		}
	}
	for name, x := range map[string]struct {
		by, how string
		age     func(i int) time.Duration
		want    string
	}{
		"closed by clients":      {accesslog.EndClient, accesslog.EndClean, func(int) time.Duration { return time.Minute }, ""},
		"closed by the member":   {accesslog.EndMember, accesslog.EndClean, func(int) time.Duration { return time.Minute }, ""},
		"reset by clients":       {accesslog.EndClient, accesslog.EndReset, func(int) time.Duration { return time.Minute }, ""},
		"reset at one age":       {accesslog.EndMember, accesslog.EndReset, func(int) time.Duration { return time.Minute }, "each at an age of about 60 s"},
		"reset at one moment":    {accesslog.EndMember, accesslog.EndReset, func(i int) time.Duration { return time.Minute - time.Duration(i)*time.Second }, "all at 2026-11-23T09:01:01"},
		"reset whenever it goes": {accesslog.EndMember, accesslog.EndReset, func(i int) time.Duration { return time.Duration(1+i*i) * time.Second }, "at ages from 1 s to 122 s"},
	} {
		s := newStory(t)
		for i := range 12 {
			s.after(time.Second).request(5, tunnel(accesslog.EndClient, accesslog.EndClean, time.Minute))
			s.request(4, tunnel(x.by, x.how, x.age(i)))
		}
		r := s.diagnose()
		fact := factOf(r, "c-tunnel-reset")
		if (fact != "") != (x.want != "") || !strings.Contains(fact, x.want) || fact != "" && !strings.HasPrefix(fact, "10.0.0.4 reset 12 of 12 WebSockets") {
			t.Errorf("%s: %q", name, fact)
		}
		if r.Failures > 0 {
			t.Errorf("%s: %d failures", name, r.Failures)
		}
	}
}

// A tunnel that the gateway ended for silence says so in either form of the record.
func TestEndedForSilence(t *testing.T) {
	s := newStory(t)
	for range 6 {
		s.after(time.Second).request(4, func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Status, a.Status, r.EndedBy, r.End = 101, 101, accesslog.EndGateway, accesslog.EndIdle
		})
	}
	if fact := factOf(s.diagnose(), "d-ws-sse-idle"); !strings.HasPrefix(fact, "the gateway ended 6 of 6 WebSockets") {
		t.Errorf("got %q", fact)
	}
}

// What the document asks for and nobody gave stands in every form of a report of Causeway's own record, and in none of Azure's.
func TestUnservedProtections(t *testing.T) {
	doc := strings.Replace(storyDocument, `"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`,
		`"sku":{"name":"WAF_v2","tier":"WAF_v2","capacity":1},"webApplicationFirewallConfiguration":{"enabled":true,"firewallMode":"Prevention","ruleSetType":"OWASP","ruleSetVersion":"3.2"}`, 1)
	for azure, want := range map[bool]bool{false: true, true: false} {
		s := newStory(t)
		s.doc, s.azure = doc, azure
		for range 10 {
			s.after(time.Second).request(4)
		}
		r := s.diagnose()
		fact := factOf(r, "i-unserved-protection")
		if (fact != "") != want {
			t.Fatalf("azure %v: %q", azure, fact)
		}
		if want {
			everyForm(t, r, "this gateway was served without a protection that its document asks for: waf (")
		}
	}
	s := newStory(t)
	s.request(4)
	if fact := factOf(s.diagnose(), "i-unserved-protection"); fact != "" {
		t.Errorf("of a document that asks for none: %q", fact)
	}
}
