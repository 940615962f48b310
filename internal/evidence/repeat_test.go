package evidence

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"causeway/internal/evidence/evidencetest"
)

// Whether another source covers a time is known as from comparing each with each.
func TestCoverIsThatOfPairs(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	begin := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	bound := func(n int) time.Time {
		if random.IntN(8) == 0 {
			return time.Time{}
		}
		return begin.Add(time.Duration(n) * time.Minute)
	}
	for range 300 {
		var logs []*source
		for range random.IntN(9) {
			from := random.IntN(60)
			logs = append(logs, &source{span: span{bound(from), bound(from + random.IntN(20))}})
		}
		c := coverOf(logs)
		for minute := -5; minute < 90; minute++ {
			at := begin.Add(time.Duration(minute) * time.Minute)
			for i, s := range logs {
				want := false
				for k, o := range logs {
					want = want || k != i && o.span.holds(at)
				}
				if got := c.shares(s, at); got != want {
					t.Fatalf("at %d of %v: got %v, want %v", minute, s.span, got, want)
				}
			}
		}
	}
}

// Sources whose times are not known all overlap; what is kept of them grows with their number and not with its square.
func TestManySources(t *testing.T) {
	files := map[string][]byte{}
	for i := range 3000 {
		files[fmt.Sprintf("%d.json", i)] = []byte(strings.ReplaceAll(evidencetest.RowAt(i%60), "592d1649", fmt.Sprintf("%08d", i)))
	}
	b := open(t, evidencetest.Write(t, t.TempDir(), "many.tar.gz", string(gzipped(t, tarred(t, files)))))
	if n := count(t, b); n != 3000 || b.Logs() != 3000 {
		t.Errorf("%d rows of %d sources", n, b.Logs())
	}
	if c := coverOf(b.logs); len(c.once)+len(c.twice) > 2 {
		t.Errorf("%d spans are kept of sources that all overlap", len(c.once)+len(c.twice))
	}
}

// Names of files and entries of archives are spelled out wherever they appear.
func TestNamesThatSteerTerminals(t *testing.T) {
	name := "a\x1b]0;owned\x07\nnot read: nothing, all is well"
	b := open(t, evidencetest.Write(t, t.TempDir(), "n.tar", string(tarred(t, map[string][]byte{name: []byte("hello")}))))
	defer b.Close()
	if len(b.Unread) != 1 || strings.ContainsAny(b.Unread[0].String(), "\x1b\x07\n") ||
		!strings.Contains(b.Unread[0].File, `a\x1b]0;owned\a\nnot read`) {
		t.Errorf("not read %q", b.Unread)
	}
}

// Messages about JSON name what stands in the file, and no types of Go.
func TestTypesOfJSON(t *testing.T) {
	row := strings.TrimSuffix(evidencetest.RowAt(1), "}}") + `},"causeway":{"v":1,"start":"x","attempts":[{"active":"many"}]}}`
	for name, text := range map[string]string{
		"log.json":      row,
		"metrics.json":  `{"value":[{"name":{"value":"TotalRequests"},"timeseries":"none"}]}`,
		"activity.json": `[{"eventTimestamp":7,"operationName":"a/write"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, evidencetest.Write(t, t.TempDir(), name, text))
			count(t, b)
			if said := fmt.Sprint(b.Unread); len(b.Unread) != 1 || !strings.Contains(said, " holds a") || strings.Contains(said, "Go ") ||
				strings.Contains(said, "JSON.") {
				t.Errorf("%s: not read %v", name, b.Unread)
			}
		})
	}
}
