package activity

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var at = time.Date(2026, 11, 23, 9, 0, 0, 123456000, time.UTC)

func TestRoundTrip(t *testing.T) {
	for _, e := range []Event{
		{At: at, Kind: Start, Resource: "/subscriptions/s", Revision: 3},
		{At: at, Kind: Configure, Resource: "/subscriptions/s", Caller: "ann", Correlation: "7", Revision: 4, Failed: true, Why: "no"},
		{At: at, Kind: Beside, Resource: "/subscriptions/s/resourceGroups/g", Action: "Microsoft.Resources/subscriptions/resourceGroups/write"},
		{At: at, Kind: Scale, Caller: "autoscaler", From: 2, To: 5, Full: true, Need: 9, Why: "compute in use: 100 % of 2 instances"},
		{At: at, Kind: Death, Instance: "appgw_1", Node: "a", PID: 42, ExitCode: -1, Signal: "SIGKILL", OOM: true, Connections: 17, Uptime: 90 * time.Second},
		{At: at, Kind: Death, Instance: "appgw_1", ExitCode: 2, Connections: -1},
		{At: at, Kind: Death, Instance: "appgw_1", ExitCode: 0, Connections: 0},
		{At: at, Kind: Death, Instance: "appgw_1", ExitCode: -1, Connections: 4, Seen: 700 * time.Millisecond, Draining: true, Found: true},
		{At: at, Kind: Ready, Instance: "appgw_1", Restarts: 3, Startup: 120 * time.Millisecond},
		{At: at, Kind: CrashLoop, Instance: "appgw_1", Restarts: 5, Backoff: 8 * time.Second},
	} {
		t.Run(string(e.Kind), func(t *testing.T) {
			text := e.Append(nil)
			got, ok := parse(text)
			if diff := cmp.Diff(e, got); !ok || diff != "" {
				t.Errorf("%s\n%s", text, diff)
			}
		})
	}
}

func TestLineHasTheFieldsOfAzure(t *testing.T) {
	e := Event{At: at, Kind: Death, Resource: "/subscriptions/s", Instance: "appgw_1", PID: 42, Signal: "SIGKILL", ExitCode: -1, Connections: 3}
	want := `{"time":"2026-11-23T09:00:00.123456Z","resourceId":"/subscriptions/s",` +
		`"operationName":"Microsoft.Network/applicationGateways/instances/death/event","category":"ResourceHealth","resultType":"Succeeded",` +
		`"level":"Error","causeway":{"v":1,"event":"death","instance":"appgw_1","pid":42,"signal":"SIGKILL","connections":3}}` + "\n"
	if diff := cmp.Diff(want, string(e.Append(nil))); diff != "" {
		t.Error(diff)
	}
}

func TestTextOfADeath(t *testing.T) {
	for _, x := range []struct {
		e    Event
		want string
	}{
		{Event{Signal: "SIGKILL", Uptime: 90 * time.Second}, "killed by SIGKILL after 1m30s"},
		{Event{ExitCode: 2}, "it exited with code 2"},
		{
			Event{Signal: "SIGKILL", Why: "it had not answered for long", Draining: true},
			"killed by SIGKILL because it had not answered for long, while it drained",
		},
		{
			Event{ExitCode: -1, Uptime: time.Hour, Found: true},
			"it ended, and the system does not say how, and a supervisor that started found it dead",
		},
		{Event{Signal: "SIGKILL", OOM: true}, "the kernel killed it because its memory was used up"},
	} {
		t.Run(x.want, func(t *testing.T) {
			if got := x.e.Text(); got != x.want {
				t.Error(got)
			}
		})
	}
}

func TestLogIsBounded(t *testing.T) {
	dir := t.TempDir()
	w := NewWriter(dir)
	w.most = 2000
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 25 {
				if err := w.Write(Event{At: at, Kind: Ready, Instance: "appgw_0"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	size := int64(0)
	for _, path := range Files(dir) {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%v %v", info, err)
		}
		size += info.Size()
	}
	events, err := Read(dir)
	if err != nil || len(events) < 8 || len(events) > 20 || size > 5000 || len(Files(dir)) != 2 {
		t.Errorf("%d events in %d bytes of %v: %v", len(events), size, Files(dir), err)
	}
}

func TestCutLinesAreLeftOut(t *testing.T) {
	dir := t.TempDir()
	e := Event{At: at, Kind: Stop}
	whole := string(e.Append(nil))
	text := whole + whole[:40] + "\n" + `{"time":"2026-11-23T09:00:00Z","causeway":{"v":1,"event":"party"}}` + "\n" + whole
	if err := os.WriteFile(filepath.Join(dir, Name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if events, err := Read(dir); err != nil || len(events) != 2 || events[1].Kind != Stop {
		t.Errorf("%+v %v", events, err)
	}
	if events, err := Read(t.TempDir()); err != nil || events != nil {
		t.Errorf("no log: %+v %v", events, err)
	}
	if err := NewWriter(filepath.Join(dir, "gone")).Write(e); err == nil || !strings.Contains(err.Error(), "write the activity log") {
		t.Errorf("no folder: %v", err)
	}
}

func TestCutLineCostsItselfAlone(t *testing.T) {
	dir := t.TempDir()
	e := Event{At: at, Kind: Stop}
	cut := e.Append(nil)[:30]
	if err := os.WriteFile(filepath.Join(dir, Name), cut, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := NewWriter(dir).Write(e); err != nil {
		t.Fatal(err)
	}
	if events, err := Read(dir); err != nil || len(events) != 1 {
		t.Errorf("%+v %v", events, err)
	}
}

// What a client sends can neither fill the log nor make it unreadable.
func TestLongTextsAreCut(t *testing.T) {
	dir := t.TempDir()
	w := NewWriter(dir)
	long := strings.Repeat("<é>", 1<<20)
	if err := w.Write(Event{At: at, Kind: Beside, Resource: "/" + long, Action: long, Caller: long, Why: "x" + long}); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(Event{At: at, Kind: Stop}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, Name))
	if err != nil || info.Size() > 8<<10 {
		t.Fatalf("the log has %d bytes: %v", info.Size(), err)
	}
	events, err := Read(dir)
	if err != nil || len(events) != 2 {
		t.Fatalf("%d events: %v", len(events), err)
	}
	for _, text := range []string{events[0].Why, events[0].Resource, events[0].Action, events[0].Caller} {
		if !strings.HasSuffix(text, "…") || !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError) || len(text) > nameMax {
			t.Errorf("%d bytes: …%q", len(text), text[len(text)-20:])
		}
	}
	if n := len(events[0].Why); n > whyMax || n < whyMax-8 {
		t.Errorf("the reason has %d bytes", n)
	}
}

func TestOverlongLinesAreSkipped(t *testing.T) {
	dir := t.TempDir()
	e := Event{At: at, Kind: Stop}
	whole := string(e.Append(nil))
	for name, long := range map[string]string{
		"junk": strings.Repeat("x", most+1),
		"with an event at its end, where the reader's buffer begins anew": strings.Repeat("x", 2*lineMax) + strings.TrimSpace(whole),
	} {
		if err := os.WriteFile(filepath.Join(dir, Name), []byte(whole+long+"\n"+strings.TrimSpace(whole)), 0o600); err != nil {
			t.Fatal(err)
		}
		if events, err := Read(dir); err != nil || len(events) != 2 {
			t.Errorf("%s: %d events: %v", name, len(events), err)
		}
	}
}
