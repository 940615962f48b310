package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"causeway/internal/lab"
	"causeway/internal/lab/scenarios"
	"causeway/internal/lab/stage"
)

// runThroughNginx plays one scenario, or all of them, with nginx as the gateway. With keep the evidence of each stays in a directory of
// its name below it.
func runThroughNginx(ctx context.Context, w io.Writer, name string, seed uint64, keep string) error {
	some := scenarios.Scenarios()
	if name == "mixtures" {
		return runMixtures(ctx, w, some, seed, keep)
	}
	if name != "all" {
		s, ok := scenarios.Find(name)
		if !ok {
			return &exitError{
				code: exitUsage,
				err:  fmt.Errorf("there is no scenario %q", name),
				hint: "causeway lab list shows the scenarios",
			}
		}
		some = []stage.Scenario{s}
	}
	bad := false
	lab.PlayAllNginx(ctx, some, seed, keep, func(s stage.Scenario, r *lab.Result, err error) {
		switch {
		case err != nil:
			bad = true
			fmt.Fprintf(w, "✗ %-24s %v\n", s.Name, err)
		case r.Azure.Wrong:
			bad = true
			fmt.Fprintf(w, "✗ %-24s %s: WRONG: %s\n", s.Name, truths(s.Truth), r.Azure.Why)
		default:
			fmt.Fprintf(w, "· %-24s %s (%d failures, %d recovered): %s\n",
				s.Name, truths(s.Truth), r.Azure.Report.Failures, r.Azure.Report.Recovered, exported(r))
		}
	})
	if keep != "" {
		fmt.Fprintf(w, "the evidence is below %s\n", filepath.Clean(keep))
	}
	if bad {
		return &exitError{code: exitProblems}
	}
	return nil
}

// mixtures is how many pairs of scenarios are played together.
const mixtures = 30

func runMixtures(ctx context.Context, w io.Writer, some []stage.Scenario, seed uint64, keep string) error {
	bad := false
	lab.PlayAllMixtures(ctx, lab.Mixtures(some, mixtures, seed), seed, keep, func(m lab.Mixture, r *lab.Result, err error) {
		switch {
		case err != nil:
			bad = true
			fmt.Fprintf(w, "✗ %-40s %v\n", m.Name(), err)
		case r.Azure.Wrong:
			bad = true
			fmt.Fprintf(w, "✗ %-40s %s: WRONG: %s\n", m.Name(), truths(r.Truth), r.Azure.Why)
		default:
			fmt.Fprintf(w, "· %-40s %s: %s; where %t, kind %t\n", m.Name(), truths(r.Truth), exported(r), r.Azure.Levels.Where,
				r.Azure.Levels.Kind)
		}
	})
	if bad {
		return &exitError{code: exitProblems}
	}
	return nil
}
