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

// ratios are those of two proxies' CPU per request, round by round.
func (r *result) ratios(a, b string) []float64 {
	return r.quotients(a, b, func(s sample) time.Duration { return s.perRequest.total() })
}

// quotients are those of a time of two proxies, round by round.
func (r *result) quotients(a, b string, f func(sample) time.Duration) []float64 {
	var out []float64
	for i := range r.samples[a] {
		out = append(out, float64(f(r.samples[a][i]))/float64(f(r.samples[b][i])))
	}
	return out
}

// ratio is the median of Causeway's ratios to another.
func (r *result) ratio(proxy string) float64 { return median(r.ratios(this, proxy)) }

// span shows these ratios.
func (r *result) span(proxy string) string { return span(r.ratios(this, proxy)) }

// span shows the median, the least and the greatest.
func span(list []float64) string {
	return fmt.Sprintf("**%.2f** [%.2f–%.2f]", median(list), slices.Min(list), slices.Max(list))
}

// cpu shows the CPU per request in microseconds: that of the round in the middle.
func (r *result) cpu(proxy string) string {
	s := slices.Clone(r.samples[proxy])
	slices.SortFunc(s, func(a, b sample) int { return cmp.Compare(a.perRequest.total(), b.perRequest.total()) })
	c := s[len(s)/2].perRequest
	return fmt.Sprintf("%.1f (%.1f + %.1f)", micro(c.total()), micro(c.user), micro(c.kernel))
}

// busy shows the share of a processor that a proxy had.
func (r *result) busy(proxy string) string {
	return fmt.Sprintf("%.2f", middle(r, proxy, func(s sample) float64 { return s.busy }))
}

func micro(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// progress prints the ratios to all the others.
func (r *result) progress(w io.Writer) {
	fmt.Fprintf(w, "%-32s", r.w.name)
	for _, name := range []string{other, goroutines, "nginx", "HAProxy", forwarder} {
		if r.samples[name] != nil {
			fmt.Fprintf(w, "  ÷ %s %.2f", name, r.ratio(name))
		}
	}
	fmt.Fprintln(w)
}

// reportCPU prints what a request costs, how that is beside the others, and whether it is what it should be.
func reportCPU(w io.Writer, results []result) {
	t := table{header: []string{
		"workload", "CPU µs/request (user + kernel): " + this, "nginx", "HAProxy", "÷ nginx [min–max]",
		"÷ HAProxy [min–max]", "goals", "met",
	}}
	for _, r := range results {
		t.add(r.w.name, r.cpu(this), r.cpu("nginx"), r.cpu("HAProxy"), r.span("nginx"), r.span("HAProxy"),
			fmt.Sprintf("%.2f, %.2f", r.w.goal, goalHAProxy),
			met(r.ratio("nginx") <= r.w.goal)+", "+met(r.ratio("HAProxy") <= goalHAProxy))
	}
	heading(w, "CPU per request", fmt.Sprintf("The goals are those of the ratio to nginx, and %.2f of HAProxy on every row.", goalHAProxy))
	t.print(w)
}

func met(yes bool) string {
	if yes {
		return "yes"
	}
	return "**no**"
}

// reportRates prints how much each carried, and how long that took.
func reportRates(w io.Writer, results []result, proxies []*server) {
	t := table{header: []string{"workload", "proxy", "requests/s", "p50", "p99", "errors", "share of CPU 0"}}
	for _, r := range results {
		for _, p := range proxies {
			if r.samples[p.name] == nil {
				continue
			}
			errors := 0
			for _, s := range r.samples[p.name] {
				errors += s.errors
			}
			t.add(r.w.name, p.name,
				fmt.Sprintf("%.0f", middle(&r, p.name, func(s sample) float64 { return s.rate })),
				brief(middle(&r, p.name, func(s sample) time.Duration { return s.p50 })),
				brief(middle(&r, p.name, func(s sample) time.Duration { return s.p99 })),
				fmt.Sprint(errors),
				r.busy(p.name))
		}
	}
	heading(w, "Rate and latency", "")
	t.print(w)
}
