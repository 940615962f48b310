package lab

import (
	"encoding/json"
	"testing"

	"causeway/internal/lab/stage"
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
	f(`{"path":"/search"}`, stage.Truth{Path: "/search"}, placeOf{}, true)
	f(`{"path":"/other"}`, stage.Truth{Path: "/search"}, placeOf{}, false)
	f(`{"path":"/orders","method":"POST"}`, stage.Truth{}, orders, true)
	f(`{"method":"GET"}`, stage.Truth{}, orders, false)
	f(`{"instance":"appgw_0"}`, stage.Truth{}, orders, false)
	f(`{"path":"/second/a"}`, stage.Truth{}, placeOf{Common: stage.Common{Below: stage.SecondPath}}, true)
}

// Kinds are right if they hold for nine tenths and all of them are possible.
func TestKindIsRight(t *testing.T) {
	f := func(claimed string, coarse, want bool) {
		t.Helper()
		var c claim
		if err := json.Unmarshal([]byte(`{"failureKind":`+claimed+`}`), &c); err != nil {
			t.Fatal(err)
		}
		truth := stage.Truth{Kinds: []string{"refused", "lost-at-once"}}
		if got := c.kindIs(truth, placeOf{coarse: coarse}); got != want {
			t.Errorf("%s, coarse %t: %t, want %t", claimed, coarse, got, want)
		}
	}
	f(`{"kinds":["refused"],"failures":9,"of":10}`, false, true)
	f(`{"kinds":["refused","lost-at-once"],"failures":10,"of":10}`, false, true)
	f(`{"kinds":["refused"],"failures":8,"of":10}`, false, false)
	f(`{"kinds":["refused","gateway-timer"],"failures":10,"of":10}`, false, false)
	f(`{"kinds":["refused","malformed"],"failures":10,"of":10}`, false, false)
	f(`{"kinds":["refused","malformed"],"failures":10,"of":10}`, true, true)
	f(`{"kinds":[],"failures":10,"of":10}`, false, false)
	f(`null`, false, false)
}
