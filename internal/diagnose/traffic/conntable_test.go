package traffic

import (
	"math/rand/v2"
	"testing"
	"time"
)

// The table knows what a map would know, however it has grown and whatever was forgotten meanwhile.
func TestConnTableIsAMap(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	var table connTable
	model, now := map[connKey]connSlot{}, int64(0)
	for range 300_000 {
		now += rng.Int64N(int64(20 * time.Millisecond))
		k := connKey(1+rng.IntN(40))<<16 | connKey(rng.IntN(2000))
		oldest := now - int64(longestIdle)
		s, want := table.slot(k, oldest), model[k]
		if s.key != k || want.usable(oldest) && *s != want || !want.usable(oldest) && s.usable(oldest) {
			t.Fatalf("slot of %x at %d: %+v, want %+v", k, now, *s, want)
		}
		if rng.IntN(10) == 0 { // it ended
			s.uses = 0
		} else {
			s.uses, s.last = s.uses+1, now
		}
		model[k] = *s
	}
	if len(table.slots) > 1<<18 {
		t.Errorf("%d slots", len(table.slots))
	}
}

// Beyond so many connections all are forgotten, so that memory is bounded.
func TestConnTableIsBounded(t *testing.T) {
	t.Parallel()
	var table connTable
	for k := range connKey(4 * maxConnections) {
		table.slot(1<<16+k, 1).uses = 1
		if 4*maxConnections < len(table.slots) {
			t.Fatalf("%d slots for %d connections", len(table.slots), k)
		}
	}
}
