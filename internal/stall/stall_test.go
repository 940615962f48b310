package stall

import (
	"testing"
	"testing/synctest"
	"time"
)

// A process that runs as it should has not stood still, whatever it waits for.
func TestRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := Start(nil)
		begin := time.Now()
		time.Sleep(10*time.Second + 3*time.Millisecond)
		if got := d.Stalled(begin, time.Now()); got != 0 {
			t.Errorf("stalled for %s", got)
		}
		d.Stop()
	})
}

// A tick that comes late marks a time in which the process stood still; one that has not come yet, the time since it was
// due.
func TestStalls(t *testing.T) {
	begin := time.Unix(1000, 0)
	at := func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
	d := &Detector{due: at(20)}
	for _, ms := range []int{20, 42, 62, 500, 520} { // the fourth was due at 82
		d.tick(at(ms))
	}
	for _, c := range []struct{ from, to, want int }{
		{0, 540, 418},
		{0, 82, 0},
		{100, 200, 100},
		{400, 520, 100},
		{500, 540, 0},
		{530, 1545, 1000}, // the next was due at 540, give or take what is usual
	} {
		if got := d.Stalled(at(c.from), at(c.to)); got != time.Duration(c.want)*time.Millisecond {
			t.Errorf("%d to %d: %s, want %d ms", c.from, c.to, got, c.want)
		}
	}
}

// What is remembered is bounded.
func TestManyStalls(t *testing.T) {
	d := &Detector{due: time.Unix(1000, 0)}
	now := d.due
	for range 3 * kept {
		now = now.Add(30 * time.Millisecond)
		d.tick(now)
	}
	if got := d.Stalled(time.Unix(0, 0), now); got < kept*10*time.Millisecond-time.Second || got > kept*30*time.Millisecond {
		t.Errorf("%s", got)
	}
	if (*Detector)(nil).Stalled(time.Unix(0, 0), now) != 0 {
		t.Error("a nil Detector knows of a stall")
	}
}

// An event loop that does not come round stands still, though the ticks go on: a budget stops one processor at a time. What was seen
// of it before belongs to the same stall.
func TestLoopStandsStill(t *testing.T) {
	begin := time.Unix(1000, 0)
	at := func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
	busy := map[int]int{20: 3, 40: 0, 60: 18, 80: 38, 100: 58, 120: 4, 140: 22, 160: 42}
	d := &Detector{due: at(20)}
	for ms := 20; ms <= 160; ms += 20 {
		d.busy = func() time.Duration { return time.Duration(busy[ms]) * time.Millisecond }
		d.tick(at(ms))
	}
	d.busy = func() time.Duration { return 0 }
	for _, c := range []struct{ from, to, want int }{
		{0, 160, 58 + 42},
		{0, 42, 0},
		{42, 100, 58},
		{50, 110, 50},
		{150, 170, 10},
	} {
		if got := d.Stalled(at(c.from), at(c.to)); got != time.Duration(c.want)*time.Millisecond {
			t.Errorf("%d to %d: %s, want %d ms", c.from, c.to, got, c.want)
		}
	}
}
