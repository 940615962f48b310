package evidence

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"causeway/internal/activity"
)

// The activity log of a data directory is read like Azure's, with what Causeway knows beside it, and once where it was copied.
func TestActivityLogOfADataDirectory(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	w := activity.NewWriter(dir)
	for _, e := range []activity.Event{
		{At: at, Kind: activity.Start, Gateway: "/subscriptions/s", Revision: 1},
		{At: at.Add(time.Hour), Kind: activity.Death, Instance: "appgw_1", Signal: "SIGKILL", ExitCode: -1, Connections: 17},
		{At: at.Add(time.Hour), Kind: activity.Death, Instance: "appgw_2", ExitCode: 2, Connections: -1},
		{At: at.Add(2 * time.Hour), Kind: activity.Configure, Gateway: "/subscriptions/s", Caller: "ann"},
	} {
		if err := w.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, activity.Name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "copy.jsonl"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := Open([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.EachRow(Rows{}); err != nil || len(b.Unread) > 0 || len(b.Activity) != 4 {
		t.Fatalf("%v, not read %v, %+v", err, b.Unread, b.Activity)
	}
	death, change := b.Activity[1], b.Activity[3]
	if death.Own == nil || death.Own.Connections != 17 || death.Own.Instance != "appgw_1" || !death.Own.At.Equal(at.Add(time.Hour)) {
		t.Errorf("%+v", death.Own)
	}
	if change.Operation != "Microsoft.Network/applicationGateways/write" || change.Caller != "ann" || change.Resource != "/subscriptions/s" {
		t.Errorf("%+v", change)
	}
}
