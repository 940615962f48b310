package stats

import (
	"math"
	"math/big"
	"testing"
)

// The tail agrees with the sum of its terms, computed in rational numbers.
func TestBinomialTail(t *testing.T) {
	for _, p := range []*big.Rat{big.NewRat(1, 100), big.NewRat(1, 3), big.NewRat(9, 10)} {
		for _, n := range []int{1, 5, 40} {
			for k := 0; k <= n; k++ {
				chance, _ := p.Float64()
				want, _ := exactTail(k, n, p).Float64()
				if got := BinomialTail(k, n, chance); math.Abs(got-want) > 1e-9*max(want, 1e-12) && math.Abs(got-want) > 1e-12 {
					t.Errorf("%d of %d at %s: %g, want %g", k, n, p, got, want)
				}
			}
		}
	}
}

func exactTail(k, n int, p *big.Rat) *big.Rat {
	sum, q := new(big.Rat), new(big.Rat).Sub(big.NewRat(1, 1), p)
	for i := k; i <= n; i++ {
		term := new(big.Rat).SetInt(new(big.Int).Binomial(int64(n), int64(i)))
		for range i {
			term.Mul(term, p)
		}
		for range n - i {
			term.Mul(term, q)
		}
		sum.Add(sum, term)
	}
	return sum
}

// The interval is Wilson's for 95 %: for 10 of 50 it is 11.24 % to 33.04 %.
func TestWilson(t *testing.T) {
	low, high := Wilson(10, 50)
	if math.Abs(low-0.1124) > 5e-4 || math.Abs(high-0.3304) > 5e-4 {
		t.Errorf("%.4f to %.4f", low, high)
	}
}
