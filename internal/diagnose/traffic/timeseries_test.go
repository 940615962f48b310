package traffic

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// bucketOf is n answers around a typical time, whose logarithms spread by 1.2: the slowest of fifty take fifteen times as
// long as the typical one, as where a timeout cuts through them.
func bucketOf(rng *rand.Rand, n int, typical time.Duration) *Bucket {
	b := &Bucket{}
	for range n {
		log := math.Log(float64(typical)) + 1.2*rng.NormFloat64()
		b.Answered, b.logs, b.squares = b.Answered+1, b.logs+log, b.squares+log*log
	}
	return b
}

// Of sixty seconds with five equal answers each, the quarter that chance made slow takes about four times as long as the quarter that it
// made quick. Nothing of that is beyond chance. Where every fourth second is a busy one, most of the difference is.
func TestBeyondChance(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	most := 0.0
	for range 300 {
		var alike, busy []*Bucket
		for i := range 60 {
			alike = append(alike, bucketOf(rng, 5, 50*time.Millisecond))
			pace := 50 * time.Millisecond
			if i%4 == 0 {
				pace = time.Second
			}
			busy = append(busy, bucketOf(rng, 5, pace))
		}
		most = max(most, BeyondChance(alike))
		if share := BeyondChance(busy); share < 0.7 {
			t.Errorf("of a difference of twenty times, %.2f counts", share)
		}
	}
	if most > 0.5 { // half of a factor of four is a factor of two
		t.Errorf("of seconds that are alike, up to %.2f of the difference counts", most)
	}
	if share := BeyondChance([]*Bucket{{}, {}}); share != 0 {
		t.Errorf("without answers: %v", share)
	}
	if share := BeyondChance([]*Bucket{bucketOf(rng, 1, time.Second), bucketOf(rng, 1, time.Millisecond)}); share != 0 {
		t.Errorf("single answers show nothing beyond chance, and %.2f of their difference counts", share)
	}
}

// Forty answers of equal requests are now and then half as slow again as the other three hundred. That is no slow time; forty
// that typically take three times as long are.
func TestSlowerBeyondChance(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	apart, byChance, found := 0, 0, 0
	for range 1000 {
		few, others := bucketOf(rng, 40, 50*time.Millisecond), bucketOf(rng, 300, 50*time.Millisecond)
		if 2*few.Typical() >= 3*others.Typical() {
			apart++
		}
		if few.SlowerBeyondChance(others) {
			byChance++
		}
		if bucketOf(rng, 40, 150*time.Millisecond).SlowerBeyondChance(others) {
			found++
		}
	}
	if apart < 10 {
		t.Errorf("%d of 1000 equal samples lie half apart; the test no longer shows what chance does", apart)
	}
	if byChance > 8 {
		t.Errorf("%d of 1000 equal samples count as slower; chance explains 1 or 2", byChance)
	}
	if found < 950 {
		t.Errorf("%d of 1000 samples at a third of the pace count as slower", found)
	}
	if one := bucketOf(rng, 1, time.Second); one.SlowerBeyondChance(bucketOf(rng, 100, time.Millisecond)) {
		t.Error("one answer has no spread and counts as slower")
	}
}
