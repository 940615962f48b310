package diagnose

import (
	"fmt"

	"causeway/internal/fault"
)

var cutBody = hypothesis{
	cause: "e-short-body", needs: theTrace,
	test: "the answer ended before its declared length; a constant deficit is a wrong length",
	look: shortBody,
}

// shortBody: the member ended its answer before the length that it had declared.
func shortBody(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool {
		return e.fault.Side == fault.Backend && e.fault.Phase == fault.Body &&
			(e.fault.Kind == fault.Truncated || e.fault.Kind == fault.Reset || e.fault.Kind == fault.Closed)
	}), (*event).key)
	for _, k := range keys {
		events := groups[k]
		_, same := sameDeficit(events)
		if !same && len(events) > 1 && inOneMoment(events) {
			q.suspect(events, "they were all cut at one moment: look whether the member's process ended then", "c-restart", "g-oom-kill", "e-short-body")
			continue
		}
		confidence := Medium
		if same && len(events) >= minEvents {
			confidence = High
		}
		f := q.claim("e-short-body", events, scopeOf(events), confidence)
		f.says("access-log", fmt.Sprintf("%d answers of %s ended early, after a good status: %s", len(events), k.member, deficits(events)), events...)
		f.excludes("j-client-abort", "it was the member's side of the connection that ended")
		if deficit, same := sameDeficit(events); !same {
			f.leaves("g-oom-kill", "c-restart", "b-loss")
		} else if len(events) >= minEvents {
			f.excludes("g-oom-kill", fmt.Sprintf("the same %d bytes are missing each time: a wrong length, not a crash", deficit))
		}
		f.expect("backend", len(events), len(events), "bounded", "once the declared length is the true one and the process does not end in between")
		q.fill(map[string]string{"address": k.server.String()}, f)
	}
}

func deficits(events []*event) string {
	if d, same := sameDeficit(events); same {
		return fmt.Sprintf("%d bytes were missing each time", d)
	}
	e := events[0]
	if e.attempt.DeclaredIn < 0 {
		return fmt.Sprintf("for example after %d bytes, without the last chunk", e.attempt.BytesIn)
	}
	return fmt.Sprintf("for example %d of %d bytes came", e.attempt.BytesIn, e.attempt.DeclaredIn)
}

// sameDeficit reports whether the same number of bytes is missing from every answer.
func sameDeficit(events []*event) (int64, bool) {
	first := events[0].attempt.DeclaredIn - events[0].attempt.BytesIn
	for _, e := range events {
		if e.attempt.DeclaredIn < 0 || e.attempt.DeclaredIn-e.attempt.BytesIn != first {
			return 0, false
		}
	}
	return first, true
}
