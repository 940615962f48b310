package diagnose_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/report"
)

// Closed connections of which Azure's log does not say why: what its other fields speak against comes last, with the reason.
func TestRivalsOfCloses(t *testing.T) {
	t.Parallel()
	fresh := func(_ *accesslog.Record, a *accesslog.Attempt) { a.Connect = 2 * time.Millisecond }
	used := func(_ *accesslog.Record, a *accesslog.Attempt) { a.Connect = 0 }
	story := func(protocol string, reuse bool) report.Open {
		s := story.NewAzure(t)
		s.Doc = strings.Replace(story.Document, `"protocol":"Http","requestTimeout"`, `"protocol":"`+protocol+`","requestTimeout"`, 1)
		for i := range 120 {
			p := 20000 + 7*i
			s.After(time.Duration(5+i*7%13)*time.Second).Request(4, story.Port(p))
			if i%20 != 9 {
				s.After(time.Duration(3+i%5)*time.Second).Request(4, story.Port(p))
				continue
			}
			how := used
			if !reuse {
				p, how = 40000+i, fresh
			}
			s.After(time.Duration(2+i%19)*time.Second).Request(4, story.Port(p), story.Fails(story.RaceFault, 2*time.Millisecond), how)
		}
		r := s.Diagnose()
		if len(r.Findings) > 0 || len(r.Undetermined.Groups) != 1 {
			t.Fatalf("findings %+v, groups %+v", r.Findings, r.Undetermined.Groups)
		}
		return story.Group(t, r, 0)
	}
	against := func(g report.Open) map[string]string {
		out := map[string]string{}
		doubted := false
		for _, x := range slices.Concat(g.Rivals, g.AlsoPossible) {
			if out[x.Cause] = x.Against; doubted && x.Against == "" {
				t.Errorf("%s comes behind one that something speaks against", x.Cause)
			}
			if doubted = x.Against != ""; x.Test == "" {
				t.Errorf("%s has no test", x.Cause)
			}
		}
		return out
	}
	g := story("Http", true)
	said := against(g)
	for cause, want := range map[string]string{
		"c-idle-race": "", "c-keepalive-max-requests": "", "f-cipher": "plain HTTP", "e-plain-to-tls": "answered others meanwhile",
		"b-refused": "carried requests before", "c-backend-conn-limit": "carried requests before",
	} {
		if got := said[cause]; !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", cause, got, want)
		}
	}
	if g.Rivals[0].Cause != "c-idle-race" || len(g.Rivals) != report.MaxRivals ||
		!strings.HasPrefix(report.More(g.AlsoPossible), fmt.Sprintf("and %d more, ", len(g.AlsoPossible))) {
		t.Errorf("%+v\n%s", g.Rivals, report.More(g.AlsoPossible))
	}
	g = story("Https", false)
	said = against(g)
	for cause, want := range map[string]string{
		"c-idle-race": "were new", "c-max-age": "were new", "b-refused": "were established", "e-plain-to-tls": "speak HTTPS",
		"f-cipher": "answered others meanwhile", "c-backend-conn-limit": "", "g-crash-on-input": "",
	} {
		if got := said[cause]; !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", cause, got, want)
		}
	}
}

// A member that ended every connection answered none, so no time is sooner than its answers: what would fail every connection comes first,
// by what the settings speak.
func TestMemberThatEndsEveryConnection(t *testing.T) {
	t.Parallel()
	for protocol, want := range map[string]string{"Http": "e-foreign-service", "Https": "f-client-cert"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			s.Doc = strings.Replace(story.Document, `"protocol":"Http","requestTimeout"`, `"protocol":"`+protocol+`","requestTimeout"`, 1)
			for i := range 60 {
				s.After(time.Second).Request(4, story.Port(20000+7*i), story.Fails(story.RaceFault, time.Duration(5+i*3)*time.Millisecond))
			}
			r := s.Diagnose()
			if len(r.Undetermined.Groups) != 1 {
				t.Fatalf("%d groups: slow and quick ends are told apart", len(r.Undetermined.Groups))
			}
			g := story.Group(t, r, 0)
			if !slices.ContainsFunc(g.Rivals, func(x report.Rival) bool { return x.Cause == want }) || !strings.Contains(g.Next, "answered none of 60") {
				t.Errorf("%+v\n%s", g.Rivals, g.Next)
			}
			for _, x := range g.Rivals {
				if x.Cause == "c-idle-race" || x.Cause == "b-refused" {
					t.Errorf("%s is among the likeliest", x.Cause)
				}
			}
		})
	}
}

// Probes that found every member healthy all the time speak against a member that is down, and for nothing else.
func TestHealthSpeaksAgainstADeadMember(t *testing.T) {
	t.Parallel()
	for unhealthy, doubted := range map[int]bool{0: true, 1: false} {
		t.Run(fmt.Sprint(unhealthy), func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			s.Doc = story.Probed("/health")
			for i := range 60 {
				if s.After(2 * time.Second).Request(5); i%2 == 0 {
					s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
				}
			}
			s.Files = map[string]string{"metrics.json": `{"value":[` +
				story.MetricSeries("UnhealthyHostCount", "backendsettingspool=web~http", "average", 3, story.Constant(unhealthy)) + `]}`}
			for _, m := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
				s.Server(m, "Up", "", "")
			}
			g := story.Group(t, s.Diagnose(), 0)
			for _, x := range slices.Concat(g.Rivals, g.AlsoPossible) {
				if x.Cause == "a-slow-eviction" && (x.Against != "") != doubted {
					t.Errorf("against it: %q", x.Against)
				}
			}
		})
	}
}
