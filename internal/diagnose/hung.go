package diagnose

import (
	"causeway/internal/evidence"
	"causeway/internal/report"
)

// hungNotices report the instances of a running gateway that do not answer now. Their requests are in no record until they end.
func hungNotices(b *evidence.Bundle) (out []report.Notice) {
	for _, x := range b.Hung {
		out = append(out, report.Notice{
			Cause: "h-goroutine-or-lock-stall", Scope: report.Scope{Instance: x.Instance},
			Fact: "instance " + x.Instance + " of the gateway does not answer now: " + x.Problem +
				"; the requests that it holds are in no record yet",
			Do: "causeway instances shows when it answers again; if it hangs again, look at its machine, its budget and the gateway's own log",
		})
	}
	return out
}

// withHung fails the step about the gateway while an instance does not answer.
func withHung(steps []report.Step, b *evidence.Bundle) {
	for i := range steps {
		s := &steps[i]
		if s.Step != "gateway-performance" || len(b.Hung) == 0 {
			continue
		}
		text := "instance " + b.Hung[0].Instance + " does not answer now"
		if s.Detail != "" {
			text += "; " + s.Detail
		}
		s.Result, s.Detail = report.Fail, text
	}
}

// missingHealth says how to get the backend health. A gateway that could not tell it when it was asked tells no other command either.
func missingHealth(b *evidence.Bundle, ask string) report.Missing {
	m := report.Missing{What: "backend health", Why: "without it nothing is known of probes", How: ask}
	if b.NoHealth != nil {
		m.Why += "; the gateway could not tell it: " + b.NoHealth.Why
		m.How = b.NoHealth.Do
	}
	return m
}
