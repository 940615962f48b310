package main

import (
	"os"
	"testing"
	"time"
)

func TestSpentDivides(t *testing.T) {
	before := spent{sum: time.Second, user: 10, ticking: 100}
	now := spent{sum: 3 * time.Second, user: 60, ticking: 300}
	if got, want := now.since(before), (cpu{user: 500 * time.Millisecond, kernel: 1500 * time.Millisecond}); got != want {
		t.Errorf("%v; want %v", got, want)
	}
	if got, want := (spent{sum: 2 * time.Second}).since(spent{sum: time.Second}), (cpu{user: time.Second}); got != want {
		t.Errorf("without a tick %v; want %v", got, want)
	}
}

func TestSpentByThisProcess(t *testing.T) {
	before := spentBy(os.Getpid())
	n := 0
	for begin := time.Now(); time.Since(begin) < 50*time.Millisecond; n++ {
	}
	if got := spentBy(os.Getpid()).since(before).total(); got <= 0 {
		t.Errorf("%d turns of a loop took %s of CPU", n, got)
	}
}
