package stretch

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

func TestNumbers(t *testing.T) {
	f := func(list, want string) {
		t.Helper()
		if got := Numbers(list); got != want {
			t.Errorf("%q becomes %q, want %q", list, got, want)
		}
	}
	f("0.001, 0.020", "0.010, 0.200")
	f("-, 1.003", "-, 10.030")
	f("-", "-")
	f("", "")
	f("0.000", "0.000")
	f("30", "300") // milliseconds of a first-generation row
}

// The end stays, and what lies before it lies that much further before it.
func TestTime(t *testing.T) {
	end := time.Date(2026, 11, 3, 9, 0, 4, 0, time.UTC)
	f := func(before, want time.Duration) {
		t.Helper()
		if got := (Clock{end}).Time(end.Add(-before)); !got.Equal(end.Add(-want)) {
			t.Errorf("%v before the end is at %v, want %v before it", before, got, want)
		}
	}
	f(0, 0)
	f(4*time.Second, 40*time.Second)
	f(250*time.Millisecond, 2500*time.Millisecond)
}

// Timers are ten times as long wherever they stand; counts, ports and texts stay.
func TestDocument(t *testing.T) {
	text, err := Document([]byte(`{"name":"interval","properties":{
		"backendHttpSettingsCollection":[{"properties":{"port":8080,"requestTimeout":2,"connectionDraining":{"drainTimeoutInSec":30}}}],
		"probes":[{"properties":{"interval":1,"timeout":3,"unhealthyThreshold":4}}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Compact(&got, text); err != nil {
		t.Fatal(err)
	}
	want := `{"name":"interval","properties":{` +
		`"backendHttpSettingsCollection":[{"properties":{"connectionDraining":{"drainTimeoutInSec":300},"port":8080,"requestTimeout":20}}],` +
		`"probes":[{"properties":{"interval":10,"timeout":30,"unhealthyThreshold":4}}]}}`
	if got.String() != want {
		t.Errorf("%s, want %s", &got, want)
	}
	if _, err := Document([]byte("{")); err == nil {
		t.Error("half a document has no error")
	}
}

func TestHealthText(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := HealthText(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f("is above the timeout threshold of 1 s. Find out", "is above the timeout threshold of 10 s. Find out")
	f("Success. Received 200 status code", "Success. Received 200 status code")
}
