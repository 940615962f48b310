package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"
)

func median[T cmp.Ordered](list []T) T {
	s := slices.Sorted(slices.Values(list))
	return s[len(s)/2]
}

// middle is the median of what f takes from a proxy's samples.
func middle[T cmp.Ordered](r *result, proxy string, f func(sample) T) T {
	var out []T
	for _, s := range r.samples[proxy] {
		out = append(out, f(s))
	}
	return median(out)
}

// ratios are those of Causeway's CPU per request to another's, round by round.
func (r *result) ratios(proxy string) []float64 {
	var out []float64
	for i, s := range r.samples[proxy] {
		out = append(out, float64(r.samples[this][i].perRequest.total())/float64(s.perRequest.total()))
	}
	return out
}

// ratio is the median of the ratios.
func (r *result) ratio(proxy string) float64 { return median(r.ratios(proxy)) }

// span shows the ratios: the median, the least and the greatest.
func (r *result) span(proxy string) string {
	list := r.ratios(proxy)
	return fmt.Sprintf("**%.2f** [%.2f–%.2f]", median(list), slices.Min(list), slices.Max(list))
}

// cpu shows the CPU per request in microseconds: that of the round in the middle.
func (r *result) cpu(proxy string) string {
	s := slices.Clone(r.samples[proxy])
	slices.SortFunc(s, func(a, b sample) int { return cmp.Compare(a.perRequest.total(), b.perRequest.total()) })
	c := s[len(s)/2].perRequest
	return fmt.Sprintf("%.1f (%.1f + %.1f)", micro(c.total()), micro(c.user), micro(c.kernel))
}

func micro(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// progress prints the ratios to all the others.
func (r *result) progress(w io.Writer) {
	fmt.Fprintf(w, "%-30s", r.w.name)
	for _, name := range []string{other, "nginx", "HAProxy"} {
		if r.samples[name] != nil {
			fmt.Fprintf(w, "  ÷ %s %.2f", name, r.ratio(name))
		}
	}
	fmt.Fprintln(w)
}

// reportCPU prints what a request costs, and how that is beside the others.
func reportCPU(w io.Writer, results []result) {
	t := table{header: []string{"workload", "CPU µs/request (user + kernel): " + this, "nginx", "HAProxy", "÷ nginx [min–max]", "÷ HAProxy [min–max]", "goal ÷ nginx"}}
	for _, r := range results {
		t.add(r.w.name, r.cpu(this), r.cpu("nginx"), r.cpu("HAProxy"), r.span("nginx"), r.span("HAProxy"), fmt.Sprintf("%.2f", r.w.goal))
	}
	fmt.Fprintln(w)
	t.print(w)
}

// reportRates prints how much each carried, and how long that took.
func reportRates(w io.Writer, results []result, proxies []*server) {
	t := table{header: []string{"workload", "proxy", "requests/s", "p50", "p99", "errors", "share of CPU 0"}}
	for _, r := range results {
		for _, p := range proxies {
			errors := 0
			for _, s := range r.samples[p.name] {
				errors += s.errors
			}
			t.add(r.w.name, p.name,
				fmt.Sprintf("%.0f", middle(&r, p.name, func(s sample) float64 { return s.rate })),
				middle(&r, p.name, func(s sample) time.Duration { return s.p50 }).String(),
				middle(&r, p.name, func(s sample) time.Duration { return s.p99 }).String(),
				fmt.Sprint(errors),
				fmt.Sprintf("%.2f", middle(&r, p.name, func(s sample) float64 { return s.busy })))
		}
	}
	fmt.Fprintln(w)
	t.print(w)
}
