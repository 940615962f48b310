package evidence

import (
	"encoding/json"
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
		{At: at, Kind: activity.Start, Resource: "/subscriptions/s", Revision: 1},
		{At: at.Add(time.Hour), Kind: activity.Death, Instance: "appgw_1", Signal: "SIGKILL", ExitCode: -1, Connections: 17},
		{At: at.Add(time.Hour), Kind: activity.Death, Instance: "appgw_2", ExitCode: 2, Connections: -1},
		{At: at.Add(2 * time.Hour), Kind: activity.Configure, Resource: "/subscriptions/s", Caller: "ann"},
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

// Over the management API, what Causeway knows of an event is one of its properties. Properties of Azure's are anything.
func TestActivityLogOfTheAPI(t *testing.T) {
	e := activity.Event{Kind: activity.Death, Instance: "appgw_1", Signal: "SIGKILL", ExitCode: -1, Connections: 17}
	own, err := json.Marshal(string(e.Object()))
	if err != nil {
		t.Fatal(err)
	}
	text := `[{"eventTimestamp":"2026-11-23T10:00:00Z","operationName":{"value":"Microsoft.Network/applicationGateways/instances/death/event"},
		"status":{"value":"Succeeded"},"resourceId":"/subscriptions/s","properties":{"causeway":` + string(own) + `}},
		{"eventTimestamp":"2026-11-23T10:01:00Z","operationName":"Microsoft.Network/virtualNetworks/write","properties":"none"},
		{"eventTimestamp":"2026-11-23T10:02:00Z","operationName":"Microsoft.Network/virtualNetworks/write","properties":{"causeway":{"v":1}}}]`
	path := filepath.Join(t.TempDir(), "activity.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := Open([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if len(b.Activity) != 3 || len(b.Unread) > 0 || b.Activity[1].Own != nil || b.Activity[2].Own != nil {
		t.Fatalf("%+v, not read %v", b.Activity, b.Unread)
	}
	if got := b.Activity[0].Own; got == nil || got.Instance != "appgw_1" || got.Connections != 17 || got.Resource != "/subscriptions/s" {
		t.Errorf("%+v", got)
	}
}

// A data directory is read without its keys and its databases. Folders of these names elsewhere are read.
func TestInternalsOfADataDirectory(t *testing.T) {
	for _, own := range []bool{true, false} {
		dir := t.TempDir()
		for _, name := range []string{"store/node.key", "store/etcd/wal", "api/ca.pem", "run/0-17.beat", "metrics/wal/0001", "notes.txt"} {
			if name == "store/node.key" && !own {
				continue
			}
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("no evidence"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b, err := Open([]string{dir})
		if err != nil {
			t.Fatal(err)
		}
		b.Close()
		if want := map[bool]int{true: 1, false: 5}[own]; len(b.Unread) != want {
			t.Errorf("a data directory %t: %d files were tried: %v", own, len(b.Unread), b.Unread)
		}
	}
}
