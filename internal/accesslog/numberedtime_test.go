package accesslog

import (
	"testing"
	"time"
)

// How large a number is tells what it counts; one that cannot be a time of a gateway's log, or that was rounded, is none.
func TestNumberedTimes(t *testing.T) {
	want := time.Date(2026, 11, 20, 8, 0, 11, 0, time.UTC)
	for _, text := range []string{
		"1795161611", "1795161611000", "1795161611000000", "1795161611000000000", "639307584110000000", "1.795161611E+12", "20261120080011",
	} {
		if got, ok := (TimeStyle{}).Parse([]byte(text)); !ok || !got.Equal(want) {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"1.79516E+12", "1.8e12", "400000000000000000", "12345678901234567", "7"} {
		if got, ok := (TimeStyle{}).Parse([]byte(text)); ok {
			t.Errorf("%s is taken for %v", text, got)
		}
	}
	if got, ok := (TimeStyle{}).Parse([]byte("2026-11-20 à 08:00:11")); !ok || !got.Equal(want) {
		t.Errorf("%v, %v", got, ok)
	}
}
