package inference

import (
	"strings"
	"time"

	"causeway/internal/evidence"
)

// Soon is how long after a change it may still be the cause of a failure.
const Soon = 10 * time.Minute

// CallerOr is the caller of a change, or "somebody" where the activity log has none.
func CallerOr(caller string) string {
	if caller == "" {
		return "somebody"
	}
	return caller
}

// Changes are the events of the activity log that changed something, each operation once.
func (c *Case) Changes() []evidence.Activity {
	var out []evidence.Activity
	seen := map[string]bool{}
	for _, a := range c.Traffic.Activity {
		op := strings.ToLower(a.Operation)
		if !strings.HasSuffix(op, "/write") && !strings.HasSuffix(op, "/delete") && !strings.HasSuffix(op, "/action") {
			continue
		}
		if s := strings.ToLower(a.Status); s == "failed" || s == "failure" {
			continue
		}
		if a.ID != "" && seen[a.ID] {
			continue
		}
		seen[a.ID] = true
		out = append(out, a)
	}
	return out
}
