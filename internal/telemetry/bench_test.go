package telemetry

import (
	"testing"
	"time"
)

func BenchmarkTarget(b *testing.B) {
	t := New().Target("listener", "pool", "settings")
	b.ReportAllocs()
	for b.Loop() {
		t.Request(200, 1200*time.Microsecond, 120, 1300)
		t.Attempt(200, true, -1, 1100*time.Microsecond, 1150*time.Microsecond)
	}
}
