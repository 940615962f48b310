package evidence

import (
	"strings"
	"testing"
)

// Lines that are longer than a block are read, those that are longer than any row are passed over, and both are counted.
func TestLongLines(t *testing.T) {
	long := func(bytes int) string {
		return strings.Replace(rowAt(1), `"requestUri":"\/a"`, `"requestUri":"\/`+strings.Repeat("a", bytes)+`"`, 1)
	}
	text := strings.Join([]string{rowAt(0), long(2 * blockSize), rowAt(2), long(lineMax), rowAt(3), long(3 * lineMax), "no row", rowAt(4)}, "\n")
	b := open(t, write(t, t.TempDir(), "PT1H.json", text))
	if n := count(t, b); n != 5 {
		t.Errorf("%d records, want 5", n)
	}
	bad := map[int]string{}
	for _, u := range b.Unread {
		bad[u.Line] = u.Reason
	}
	if len(bad) != 3 || !strings.Contains(bad[4], "longer") || !strings.Contains(bad[6], "longer") || !strings.Contains(bad[7], "no JSON") {
		t.Errorf("not read: %v", b.Unread)
	}
}
