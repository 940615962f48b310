package main

import (
	"strings"
	"testing"

	"causeway/evidence"
)

// Files that may not be read are no empty evidence: what to do about them is another thing.
func TestNothingRead(t *testing.T) {
	for _, c := range []struct{ reason, says, hint string }{
		{evidence.MayNotRead, "nothing in a.json could be read", "chmod +r"},
		{"not a log", "nothing in a.json was recognised as evidence", "give a gateway's data directory"},
	} {
		e := nothingRead(&evidence.Bundle{Unread: []evidence.Unread{{File: "a.json", Reason: c.reason}}}, []string{"a.json"})
		if e.code != exitFailed || !strings.Contains(e.Error(), c.says) || !strings.Contains(e.hint, c.hint) {
			t.Errorf("%s: %v, hint %q", c.reason, e, e.hint)
		}
	}
}
