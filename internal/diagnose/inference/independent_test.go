package inference_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
)

// One of three members has four of six failures: that happens by chance. Nine of ten do not.
func TestStandsOutOnlyBeyondChance(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	failures := func(n int) (out []*traffic.Event) {
		for range n {
			at = at.Add(time.Minute)
			out = append(out, &traffic.Event{At: at, Start: at})
		}
		return out
	}
	exposure := map[string]int{"a": 1000, "b": 1000, "c": 1000}
	if out := inference.StandsOut(exposure, map[string][]*traffic.Event{
		"a": failures(4), "b": failures(1),
		"c": failures(1),
	}); len(out) > 0 {
		t.Errorf("by chance: %+v", out)
	}
	out := inference.StandsOut(exposure, map[string][]*traffic.Event{"a": failures(9), "b": failures(1)})
	if len(out) != 1 || out[0].Key != "a" || out[0].Failures != 9 {
		t.Errorf("not by chance: %+v", out)
	}
}
