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
