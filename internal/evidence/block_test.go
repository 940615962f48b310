package evidence

import (
	"causeway/internal/evidence/envelope"
	"fmt"
	"strings"
	"testing"
)

// Lines that are longer than a block are read, those that are longer than any row are passed over, and both are counted.
func TestLongLines(t *testing.T) {
	long := func(bytes int) string {
		return strings.Replace(rowAt(1), `"requestUri":"\/a"`, `"requestUri":"\/`+strings.Repeat("a", bytes)+`"`, 1)
	}
	text := strings.Join([]string{rowAt(0), long(2 * blockSize), rowAt(2), long(envelope.LineMax), rowAt(3), long(3 * envelope.LineMax), "no row", rowAt(4)}, "\n")
	b := open(t, write(t, t.TempDir(), "PT1H.json", text))
	if n := count(t, b); n != 5 {
		t.Errorf("%d records, want 5", n)
	}
	told := fmt.Sprint(b.Unread)
	if b.Bad != 3 || !strings.Contains(told, ":4: the line is longer") || !strings.Contains(told, ":7: it is not a JSON object") {
		t.Errorf("%d lines not read: %s", b.Bad, told)
	}
}
