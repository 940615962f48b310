package main

import (
	"strings"
	"testing"

	"causeway/internal/admin"
)

// The news of a configuration: a stopped gateway serves none, and one that says the same as before is none.
func TestNewsOfAConfiguration(t *testing.T) {
	t.Parallel()
	running, next, stopped := admin.Status{Revision: 3}, admin.Status{Revision: 4}, admin.Status{Revision: 4, Stopped: true}
	for _, x := range []struct{ got, want string }{
		{applied(running, next, false), "applied"},
		{applied(running, running, false), "unchanged: revision 3, which is in force, says the same"},
		{applied(running, running, true), "applied"},
		{applied(admin.Status{}, admin.Status{}, false), "applied"},
		{applied(running, stopped, false), "applied; the gateway is stopped: causeway start serves it"},
		{rolledBack(2, next), "revision 2 is served again, as a new one"},
		{rolledBack(2, stopped), "revision 2 is in force again, as a new one; the gateway is stopped: causeway start serves it"},
	} {
		if x.got != x.want {
			t.Errorf("%q, want %q", x.got, x.want)
		}
	}
}

// A document may come through a pipe.
func TestApplyReadsStandardInput(t *testing.T) {
	t.Parallel()
	c, err := readParts(strings.NewReader("{}"), []string{"-"}, "", "")
	if err != nil || string(c.Document) != "{}" {
		t.Errorf("%q %v", c.Document, err)
	}
}
