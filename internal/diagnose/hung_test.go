package diagnose_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose"
	"causeway/internal/diagnose/story"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/report"
)

// The only instance of a running gateway hangs. The report says so itself, and does not advise a command that fails then.
func TestHungInstanceIsInTheReport(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 20 {
		s.After(time.Second).Request(4)
	}
	b := s.Bundle()
	defer b.Close()
	b.Hung = []evidence.Hung{{Instance: "appgw_0", Problem: "it has not answered for 7 s"}}
	b.NoHealth = &evidence.NoHealth{Why: "no instance answers", Do: "causeway instances shows when they answer again"}
	r, err := diagnose.Run(b, traffic.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Headline(); !strings.HasPrefix(got, "No request in the records failed, but instance appgw_0 of the gateway does not answer now: it has not answered for 7 s") {
		t.Errorf("the headline is %q", got)
	}
	if x := story.StepOf(r, "gateway-performance"); x.Result != report.Fail || !strings.HasPrefix(x.Detail, "instance appgw_0 does not answer now") {
		t.Errorf("%+v", x)
	}
	i := slices.IndexFunc(r.Missing, func(m report.Missing) bool { return m.What == "backend health" })
	if i < 0 || !strings.Contains(r.Missing[i].Why, "no instance answers") || strings.Contains(r.Missing[i].How, "causeway health") {
		t.Errorf("%+v", r.Missing)
	}
	story.EveryForm(t, r, "of the gateway does not answer now: it has not answered for 7 s")
}
