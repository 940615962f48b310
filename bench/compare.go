package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// The two builds.
const (
	this  = "causeway"
	other = "compared"
)

// tolerated is how much more CPU a request may cost than in the other build. Two runs of one build differ by a few
// percent on a quiet machine.
const tolerated = 1.10

// judge compares the builds. What costs more than is tolerated is measured once more, since a neighbour of the machine
// may have slowed one round; it counts if it costs more again.
func (p *plan) judge(w io.Writer, results []result, measure func(workload) (result, error)) error {
	var worse []string
	t := table{header: []string{
		"workload", "CPU µs/request (user + kernel): " + this, other, this + " ÷ " + other + " [min–max]",
		"verdict",
	}}
	for _, r := range results {
		verdict := "as good"
		if r.ratio(other) > tolerated {
			again, err := measure(r.w)
			if err != nil {
				return err
			}
			again.progress(os.Stderr)
			verdict = "as good at the second pass: " + again.span(other)
			if again.ratio(other) > tolerated {
				verdict = "**worse** at the second pass too: " + again.span(other)
				worse = append(worse, r.w.name)
			}
		}
		t.add(r.w.name, r.cpu(this), r.cpu(other), r.span(other), verdict)
	}
	heading(w, "Two builds", fmt.Sprintf("%s is %s, %s is %s. Worse is what costs over %.2f × as much, twice.", this, p.binary, other,
		p.compare, tolerated))
	t.print(w)
	if worse != nil {
		return fmt.Errorf("%s cost more than %.2f × as much as in %s, twice", strings.Join(worse, ", "), tolerated, p.compare)
	}
	return nil
}

// builds are those of Causeway.
func builds(proxies []*server) (out []*server) {
	for _, s := range proxies {
		if s.name == this || s.name == other {
			out = append(out, s)
		}
	}
	return out
}
