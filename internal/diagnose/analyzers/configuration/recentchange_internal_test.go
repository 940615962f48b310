package configuration

import (
	"testing"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/evidence"
)

// Thirty resources of one template are changed at once: they take ten minutes of the day together, not each.
func TestChangesAtOnceTakeTheirTimeOnce(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	change := func(minute, length int) inference.Change {
		begin := at.Add(time.Duration(minute) * time.Minute)
		return inference.Change{Activity: evidence.Activity{At: begin}, Ended: begin.Add(time.Duration(length) * time.Minute)}
	}
	changes := []inference.Change{change(0, 8)}
	for range 30 {
		changes = append(changes, change(1, 2))
	}
	changes = append(changes, change(5, 6), change(60, 0))
	if got, want := takenBy(changes), ((11+10)*time.Minute + 10*time.Minute).Seconds(); got != want {
		t.Errorf("%v s, want %v", got, want)
	}
}
