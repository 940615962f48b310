package connections_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// A member that refuses, is held back and answers a probe before its next request was restarted. Without that probe nothing shows it.
func TestHeldBackOverARestart(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{"": "c-restart medium", "tcp_connect": "", "never asked": "", "failed once": ""} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := story.HeldBack(t)
			begin := s.Records[0].Start
			health := map[bool]string{true: "Unknown", false: "Up"}[reason == "tcp_connect"]
			s.Server("10.0.0.6", health, strings.TrimPrefix(reason, "failed once"), "", begin.Add(-time.Hour).Format(time.RFC3339)+" Up")
			if reason != "never asked" {
				s.Probed(s.At)
			}
			if reason == "failed once" {
				s.Servers[0].Causeway.Failures = 1
			}
			r := s.Diagnose()
			if got, _, _ := strings.Cut(story.Causes(r), ", k-hidden"); !strings.HasPrefix(got, want) ||
				want == "" && (strings.Contains(got, "c-restart") || strings.Contains(got, "b-refused")) {
				t.Errorf("%q: found %q", reason, got)
			}
			if want == "" && len(r.Undetermined.Groups) == 0 {
				t.Errorf("%q: nothing is left open", reason)
			}
		})
	}
}

// A member that is stopping and still promises to keep its connections is named as that, within its restart.
func TestDrainThatPromises(t *testing.T) {
	t.Parallel()
	for name, idle := range map[string]time.Duration{"promised": 500 * time.Microsecond, "idle for long": 900 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for i := range 200 {
				s.After(100 * time.Millisecond).Request(5)
				switch {
				case i == 100 || i == 101 || i == 102:
					s.Request(4, story.Reused(idle+time.Duration(i)*time.Microsecond, i%7),
						story.Fails(story.RaceFault, 400*time.Microsecond))
				case i > 102 && i < 120:
					s.Request(4, story.Fails(story.RefusedFault, time.Millisecond))
				default:
					s.Request(4)
				}
			}
			r := s.Diagnose()
			promised := strings.Contains(fmt.Sprint(r.Findings), "promises to keep connections, and closes them")
			if !strings.HasPrefix(story.Causes(r), "c-restart") || promised != (name == "promised") {
				t.Errorf("%s: found %q, %v", name, story.Causes(r), promised)
			}
		})
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 20 {
		s.After(50 * time.Millisecond).Request(4)
	}
	for i := range 6 { // the process ends with six requests under way
		s.After(2*time.Millisecond).Request(4, story.Reused(time.Duration(i*37)*time.Millisecond, i),
			story.Fails(story.RaceFault, time.Duration(10+i)*time.Millisecond))
	}
	for range 8 {
		s.After(100*time.Millisecond).Request(4, story.Fails(story.RefusedFault, time.Millisecond))
	}
	s.After(time.Second)
	for range 20 {
		s.After(50 * time.Millisecond).Request(4)
	}
	story.Expect(t, s.Diagnose(), "c-restart high 14")
}

// Every third attempt to connect is refused, all the time: an address that several hosts share, one of them dead.
func TestRefusalsAmongAnswersAreNoRestart(t *testing.T) {
	t.Parallel()
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
	story.Undecided(t, s, n)
}

// retried sends the request to member 5 after an attempt on 4 that ended at once without a connection.
func retried(r *accesslog.Record, a *accesslog.Attempt) {
	story.Recovered(story.RefusedFault, story.Fails(story.RefusedFault, 0))(r, a)
	first := &r.Attempts[len(r.Attempts)-1]
	first.Member, first.Server = "10.0.0.4", story.ServerOf(4)
	first.HeaderTime, first.Total = accesslog.Unset, 0
	story.Took(3*time.Second)(r, a)
}

// In Azure's log a member that made no connection for a while, and answered before and afterwards, was restarted. A retry may have hidden
// all of that. What only looks like it is left open.
func TestRestartInAzuresLog(t *testing.T) {
	t.Parallel()
	refused := func(r *accesslog.Record, a *accesslog.Attempt) {
		story.Fails(story.RefusedFault, time.Millisecond)(r, a)
	}
	for name, x := range map[string]struct {
		named string
		play  func(s *story.Story, second int) // the requests of a second, of 60
	}{
		"away for ten seconds": {"c-restart medium", func(s *story.Story, second int) {
			if second >= 30 && second < 40 {
				s.Request(4, refused)
				return
			}
			s.Request(4)
		}},
		"hidden by a retry": {"c-restart medium", func(s *story.Story, second int) {
			if second >= 30 && second < 40 {
				s.Request(5, retried)
				return
			}
			s.Request(4)
		}},
		"with requests at work": {"c-restart medium", func(s *story.Story, second int) {
			switch {
			case second == 30:
				s.Request(4, story.Fails(story.RaceFault, 400*time.Millisecond))
			case second > 30 && second < 40:
				s.Request(4, refused)
			default:
				s.Request(4)
			}
		}},
		"a request that ends it": {"", func(s *story.Story, second int) {
			switch {
			case second == 30:
				s.Request(4, story.Path("/import"), story.Fails(story.RaceFault, 400*time.Millisecond))
			case second > 30 && second < 40:
				s.Request(4, refused)
			default:
				s.Request(4)
			}
		}},
		"a limit of connections": {"", func(s *story.Story, second int) {
			s.Request(4)
			if second >= 20 && second < 50 {
				s.Request(4, refused)
			}
		}},
		"never back": {"", func(s *story.Story, second int) {
			if second < 30 {
				s.Request(4)
			} else if second < 40 {
				s.Request(4, refused)
			}
		}},
		"up for the first time": {"", func(s *story.Story, second int) {
			if second < 10 {
				s.Request(4, refused)
				return
			}
			s.Request(4)
		}},
		"silent as well": {"", func(s *story.Story, second int) {
			switch {
			case second >= 30 && second < 40 && second%2 == 0:
				s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
			case second >= 30 && second < 40:
				s.Request(4, refused)
			default:
				s.Request(4)
			}
		}},
		"the whole pool": {"", func(s *story.Story, second int) {
			if second >= 30 && second < 40 {
				s.Request(4, refused)
				s.Request(5, refused)
				s.Request(6, refused)
				return
			}
			s.Request(4)
			s.Request(6)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for second := range 60 {
				for range 3 {
					s.After(333 * time.Millisecond)
					x.play(s, second)
					if name != "the whole pool" || second < 30 || second >= 40 {
						s.Request(5)
					}
				}
			}
			r := s.Diagnose()
			if got, _, _ := strings.Cut(story.Causes(r), ", k-hidden"); got != x.named && (x.named != "" || strings.Contains(got, "c-restart")) {
				t.Errorf("found %q\n%s", story.Causes(r), story.TextOf(t, r))
			}
		})
	}
}

// A roll-out goes through the members of a pool, in Azure's log too.
func TestRollOutInAzuresLog(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for second := range 90 {
		for range 3 {
			s.After(333 * time.Millisecond)
			for i := range 3 {
				if from := 20 + 20*i; second >= from && second < from+8 {
					s.Request(4+i, story.Fails(story.RefusedFault, time.Millisecond))
				} else {
					s.Request(4 + i)
				}
			}
		}
	}
	story.Expect(t, s.Diagnose(), "c-deploy-no-drain medium 72")
}

// A member refuses connections for ten seconds. That is no restart if requests from before are answered after it, or connections from
// before serve on; nor, for what the log shows, if nobody was answered then, or one instance of the gateway alone met it.
func TestRefusalsThatAreNoRestartInAzuresLog(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		before   func(s *story.Story, second int)
		ports    bool
		others   bool // another member answers meanwhile
		instance bool // there is a second instance, which asks another member
		want     string
	}{
		"a restart":                   {others: true, want: "c-restart medium"},
		"requests that outlast it":    {others: true, before: longOnes},
		"connections that outlast it": {others: true, ports: true},
		"nobody else":                 {},
		"one instance":                {others: true, instance: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":60`, 1)
			for second := range 90 {
				if x.before != nil {
					x.before(s, second)
				}
				away := second >= 30 && second < 40
				for i := range 3 {
					s.After(333 * time.Millisecond)
					switch {
					case away:
						s.Request(4, story.Fails(story.RefusedFault, time.Millisecond))
					case x.ports:
						s.Request(4, story.Port(30000+i))
					default:
						s.Request(4, story.Port(20000+10*second+i))
					}
					switch {
					case x.instance:
						s.Request(5, story.ByInstance(1))
					case x.others:
						s.Request(5)
					case away:
						s.Request(5, story.Fails(story.RefusedFault, time.Millisecond))
					default:
						s.Request(5)
					}
				}
			}
			r := s.Diagnose()
			if found := story.Causes(r); found != x.want || found == "" && !slices.Contains(r.Undetermined.Rivals, "b-reject") {
				t.Errorf("found %q, perhaps %v", found, r.Undetermined.Rivals)
			}
		})
	}
}

// longOnes are requests that begin before the refusals and are answered after them.
func longOnes(s *story.Story, second int) {
	if second == 28 {
		for i := range 6 {
			s.Request(4, story.Path("/slow"), story.Port(40000+i), story.Took(16*time.Second))
		}
	}
}

// Rules of the network were changed as it began: they may refuse the gateway, and the process may have gone on.
func TestRulesChangedAsItBegan(t *testing.T) {
	t.Parallel()
	for resource, want := range map[string]string{"networkSecurityGroups/securityRules": "", "publicIPAddresses": "c-restart medium"} {
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			s.Files = map[string]string{"activity.json": fmt.Sprintf(
				`[{"eventTimestamp":%q,"operationName":{"value":"Microsoft.Network/%s/write"},"status":{"value":"Succeeded"},`+
					`"resourceId":"/subscriptions/s/resourceGroups/g/providers/x/y/z","caller":"ops@example.com","correlationId":"1"}]`,
				s.Clock(29*time.Second), resource)}
			for second := range 90 {
				for i := range 3 {
					if s.After(333 * time.Millisecond); second >= 30 && second < 40 {
						s.Request(4, story.Fails(story.RefusedFault, time.Millisecond))
					} else {
						s.Request(4, story.Port(20000+10*second+i))
					}
					s.Request(5)
				}
			}
			r := s.Diagnose()
			if found := story.Causes(r); found != want || want == "" && r.Undetermined.Rivals[0] != "b-reject" {
				t.Errorf("found %q, perhaps %v", found, r.Undetermined.Rivals)
			}
		})
	}
}
