package stats

import (
	"math"
	"math/big"
	"testing"
)

// The tail agrees with the sum of its terms, computed in rational numbers, for every small table.
func TestHypergeometricTail(t *testing.T) {
	const all = 9
	for drawn := 0; drawn <= all; drawn++ {
		for marked := 0; marked <= all; marked++ {
			for k := 0; k <= all; k++ {
				want, _ := exactDraw(k, drawn, marked, all).Float64()
				if got := HypergeometricTail(k, drawn, marked, all); math.Abs(got-want) > 1e-9 {
					t.Errorf("%d of %d drawn, %d marked of %d: %g, want %g", k, drawn, marked, all, got, want)
				}
			}
		}
	}
}

func exactDraw(k, drawn, marked, all int) *big.Rat {
	sum := new(big.Int)
	for i := k; i <= min(drawn, marked); i++ {
		if drawn-i <= all-marked {
			sum.Add(sum, new(big.Int).Mul(new(big.Int).Binomial(int64(marked), int64(i)),
				new(big.Int).Binomial(int64(all-marked), int64(drawn-i))))
		}
	}
	return new(big.Rat).SetFrac(sum, new(big.Int).Binomial(int64(all), int64(drawn)))
}

// What must be so is no surprise: a place that all requests went to, or requests that all failed.
func TestHypergeometricTailOfCertainty(t *testing.T) {
	for _, x := range [][4]int{{5, 100, 5, 100}, {40, 40, 100, 100}, {0, 3, 5, 100}} {
		if got := HypergeometricTail(x[0], x[1], x[2], x[3]); got != 1 {
			t.Errorf("%v: %g", x, got)
		}
	}
}
