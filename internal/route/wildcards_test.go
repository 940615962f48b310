package route

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Whatever the patterns are, the look-up by their endings finds what trying all of them in order finds.
func TestWildcardsFindTheFirst(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	label := func(letters string) string {
		b := make([]byte, 1+r.IntN(3))
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return string(b)
	}
	host := func(letters string) string {
		labels := make([]string, 1+r.IntN(4))
		for i := range labels {
			labels[i] = label(letters)
		}
		return strings.Join(labels, ".")
	}
	matched := 0
	for range 300 {
		w, sites := wildcards{}, []*Site{}
		var patterns []string
		for order := range 30 {
			s := &Site{order: order}
			sites = append(sites, s)
			patterns = append(patterns, host("ab*?"))
			w.add(strings.ToUpper(patterns[order]), s)
		}
		for range 50 {
			name := []byte(host("ab"))
			want := (*Site)(nil)
			for i, p := range patterns {
				if glob(p, name) {
					want = sites[i]
					break
				}
			}
			if got := w.first(name, nil); got != want {
				t.Fatalf("%s among %q: %v, want %v", name, patterns, got, want)
			}
			if best := (&Site{order: 10}); want != nil {
				matched++
				if got := w.first(name, best); (got == best) != (want.order > 10) {
					t.Fatalf("%s: an earlier site is passed over, or a later one taken", name)
				}
			}
		}
	}
	if matched < 1000 {
		t.Errorf("only %d names matched anything", matched)
	}
}

func BenchmarkWildcards(b *testing.B) {
	for _, n := range []int{2, 1000} {
		w := wildcards{}
		for i := range n {
			w.add(fmt.Sprintf("*.site-%d.example", i), &Site{order: i})
		}
		name := fmt.Appendf(nil, "www.site-%d.example", n-1)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.first(name, nil)
			}
		})
	}
}
