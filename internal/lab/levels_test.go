package lab

import (
	"encoding/json"
	"testing"

	"causeway/internal/lab/stage"
	"causeway/internal/report"
)

// A claim is right about where if it names the place of the truth and nothing narrower; what the whole load shares it may add.
func TestWhereIsRight(t *testing.T) {
	f := func(claimed string, truth stage.Truth, place placeOf, want bool) {
		t.Helper()
		var c claim
		if err := json.Unmarshal([]byte(`{"where":`+claimed+`}`), &c); err != nil {
			t.Fatal(err)
		}
		if got := c.whereIs(truth, place); got != want {
			t.Errorf("%s for %+v at %+v: %t, want %t", claimed, truth, place, got, want)
		}
	}
	one := stage.Truth{At: "10.1.0.5"}
	orders := placeOf{Common: stage.Common{Path: "/orders", Method: "POST"}}
	f(`null`, stage.Truth{}, placeOf{}, true)
	f(`null`, one, placeOf{}, false)
	f(`{"member":"10.1.0.5:8080"}`, one, placeOf{}, true)
	f(`{"member":"10.1.0.5"}`, one, placeOf{}, true)
	f(`{"member":"10.1.0.4"}`, one, placeOf{}, false)
	f(`{"member":"10.1.0.5"}`, stage.Truth{}, placeOf{}, false)
	f(`{"member":"10.1.0.5"}`, stage.Truth{}, placeOf{Common: stage.Common{Member: "10.1.0.5"}}, true)
	f(`null`, one, placeOf{Common: stage.Common{Member: "10.1.0.5"}}, true)
	f(`{"member":"10.1.0.5"}`, stage.Truth{At: "10.1.0.5", Path: "/report"}, placeOf{}, true)
	f(`{"path":"/search"}`, stage.Truth{Path: "/search"}, placeOf{}, true)
	f(`{"path":"/other"}`, stage.Truth{Path: "/search"}, placeOf{}, false)
	f(`{"path":"/orders","method":"POST"}`, stage.Truth{}, orders, true)
	f(`{"method":"GET"}`, stage.Truth{}, orders, false)
	f(`{"instance":"appgw_0"}`, stage.Truth{}, orders, false)
	cell := stage.Truth{At: "10.1.0.5", Instance: "appgw_1"}
	f(`{"member":"10.1.0.5:8080","instance":"appgw_1"}`, cell, placeOf{}, true)
	f(`{"member":"10.1.0.5:8080"}`, cell, placeOf{}, false)
	f(`{"client":"198.51.100.77"}`, stage.Truth{Client: "198.51.100.77"}, placeOf{}, true)
	f(`null`, stage.Truth{Client: "198.51.100.77"}, placeOf{}, false)
	f(`{"path":"/second/a"}`, stage.Truth{}, placeOf{Common: stage.Common{Below: stage.SecondPath}}, true)
}

// Beside a background the place of a cause may stand at the part of a report that has nearly all other failures, at no smaller one.
func TestMainPart(t *testing.T) {
	f := func(failures, recovered, beside, want int) {
		t.Helper()
		l := levels{claim: claim{Failures: 7, Recovered: 56}, Findings: []claim{{Failures: failures, Recovered: recovered}}}
		if got := l.main([]stage.Truth{{}}, placeOf{beside: beside}); len(got) != want {
			t.Errorf("%d failures and %d recovered beside %d: %d parts, want %d", failures, recovered, beside, len(got), want)
		}
	}
	f(3, 56, 4, 1)
	f(3, 40, 4, 0)
	f(3, 56, 0, 0)
}

// A finding that names no member is right where its cause is at work at several, and not where it is at one.
func TestFindingWithoutMember(t *testing.T) {
	f := func(want bool, members ...string) {
		t.Helper()
		var truth []stage.Truth
		for _, m := range members {
			truth = append(truth, stage.Truth{Cause: "c-idle-race", Member: m})
		}
		if got := known(report.Finding{Cause: "c-idle-race"}, truth); got != want {
			t.Errorf("at work at %q: right %t, want %t", members, got, want)
		}
	}
	f(true, "")
	f(false, "10.1.0.4")
	f(true, "10.1.0.4", "10.1.0.5")
}

// Kinds are right if they hold for nine tenths and all of them are possible.
func TestKindIsRight(t *testing.T) {
	f := func(claimed string, place placeOf, want bool) {
		t.Helper()
		var c claim
		if err := json.Unmarshal([]byte(`{"failureKind":`+claimed+`}`), &c); err != nil {
			t.Fatal(err)
		}
		truth := stage.Truth{Kinds: []string{"refused", "lost-at-once"}}
		if got := c.kindIs(truth, place); got != want {
			t.Errorf("%s, %+v: %t, want %t", claimed, place, got, want)
		}
	}
	f(`{"kinds":["refused"],"failures":9,"of":10}`, placeOf{}, true)
	f(`{"kinds":["refused","lost-at-once"],"failures":10,"of":10}`, placeOf{}, true)
	f(`{"kinds":["refused"],"failures":8,"of":10}`, placeOf{}, false)
	f(`{"kinds":["refused","gateway-timer"],"failures":10,"of":10}`, placeOf{}, false)
	f(`{"kinds":["refused","malformed"],"failures":10,"of":10}`, placeOf{}, false)
	f(`{"kinds":["refused","malformed"],"failures":10,"of":10}`, placeOf{coarse: true}, true)
	f(`{"kinds":[],"failures":10,"of":10}`, placeOf{}, false)
	f(`{"kinds":["refused","malformed"],"failures":10,"of":10}`, placeOf{azure: true}, true)
	f(`{"kinds":["refused","gateway-timer"],"failures":10,"of":10}`, placeOf{azure: true}, false)
	f(`{"kinds":["refused"],"failures":10,"of":12}`, placeOf{beside: 2}, true)
	f(`{"kinds":["refused","client-left"],"failures":12,"of":12}`, placeOf{beside: 2}, true)
	f(`{"kinds":["client-left"],"failures":12,"of":12}`, placeOf{beside: 2}, false)
	f(`null`, placeOf{}, false)
}
