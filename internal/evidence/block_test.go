package evidence

import (
	"fmt"
	"strings"
	"testing"

	"causeway/internal/evidence/envelope"
	"causeway/internal/evidence/evidencetest"
)

// Lines that are longer than a block are read, those that are longer than any row are passed over, and both are counted.
func TestLongLines(t *testing.T) {
	long := func(bytes int) string {
		return strings.Replace(evidencetest.RowAt(1), `"requestUri":"\/a"`, `"requestUri":"\/`+strings.Repeat("a", bytes)+`"`, 1)
	}
	text := strings.Join([]string{
		evidencetest.RowAt(0), long(2 * blockSize), evidencetest.RowAt(2), long(envelope.LineMax),
		evidencetest.RowAt(3), long(3 * envelope.LineMax), "no row", evidencetest.RowAt(4),
	}, "\n")
	b := open(t, evidencetest.Write(t, t.TempDir(), "PT1H.json", text))
	if n := count(t, b); n != 5 {
		t.Errorf("%d records, want 5", n)
	}
	told := fmt.Sprint(b.Unread)
	if b.Bad != 3 || !strings.Contains(told, ":4: the line is longer") || !strings.Contains(told, ":7: it is not a JSON object") {
		t.Errorf("%d lines not read: %s", b.Bad, told)
	}
}
