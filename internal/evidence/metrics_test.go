package evidence

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A long window comes as several exports. Their parts are one series each; two exports of the same time are not joined.
func TestPartsOfMetricsAreJoined(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, hours ...int) {
		var points []string
		for _, h := range hours {
			points = append(points, fmt.Sprintf(`{"timeStamp":"2026-11-23T%02d:00:00Z","total":%d}`, h, h))
		}
		text := fmt.Sprintf(`{"value":[{"name":{"value":"TotalRequests"},"unit":"Count","timeseries":[
			{"data":[%[1]s]},{"metadatavalues":[{"name":{"value":"listener"},"value":"a"}],"data":[%[1]s]}]}]}`, strings.Join(points, ","))
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("later.json", 6, 7, 8)
	write("earlier.json", 4, 5, 6)
	write("again.json", 7, 9)
	b, err := Open([]string{folder})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.EachRow(Rows{}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range b.Metrics {
		text := m.Dimensions["listener"]
		for _, p := range m.Points {
			text += fmt.Sprint(" ", p.At.Hour())
		}
		got = append(got, text)
	}
	if diff := cmp.Diff([]string{" 4 5 6 7 8", " 7 9", "a 4 5 6 7 8", "a 7 9"}, got); diff != "" {
		t.Error(diff)
	}
}
