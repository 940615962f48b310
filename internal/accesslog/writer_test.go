package accesslog

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func read(t *testing.T, root string) string {
	t.Helper()
	segments, err := Segments(root)
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, s := range segments {
		b, err := os.ReadFile(s.Path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}

// What was logged before the end is on disk after it, in the folders that a storage account has.
func TestCloseFlushes(t *testing.T) {
	root := t.TempDir()
	w := NewWriter(root)
	r := success()
	for range 3 {
		w.Write(&r)
	}
	w.Close()
	w.Write(&r) // after the end
	if got := strings.Count(read(t, root), "\n"); got != 3 || w.Written() != 3 || w.Lost() != 1 {
		t.Errorf("%d lines on disk, %d written, %d lost", got, w.Written(), w.Lost())
	}
	segments, _ := Segments(root)
	rel, _ := filepath.Rel(root, segments[0].Path)
	want := "insights-logs-applicationgatewayaccesslog/resourceId=/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/GW1/y="
	if !strings.HasPrefix(filepath.ToSlash(rel), strings.Replace(want, "resourceId=/", "resourceId=/", 1)) {
		t.Errorf("segment at %s, want it below %s", rel, want)
	}
	if info, _ := os.Stat(segments[0].Path); info.Mode().Perm() != 0o600 {
		t.Errorf("segment is %v, readable by others", info.Mode())
	}
}

// A disk that takes nothing costs lines and nothing else; once it takes again, the log goes on with a whole line.
func TestDiskFailureLosesLinesOnly(t *testing.T) {
	root := filepath.Join(t.TempDir(), "logs")
	if err := os.WriteFile(root, nil, 0o600); err != nil { // a file where a folder is due
		t.Fatal(err)
	}
	w := NewWriter(root)
	r := success()
	w.Write(&r)
	w.nudge()
	await(t, func() bool { return w.Lost() == 1 })
	if w.Err() == nil {
		t.Error("the failure is not reported")
	}
	os.Remove(root)
	w.Write(&r)
	w.Close()
	lines := strings.SplitAfter(strings.TrimSuffix(read(t, root), "\n"), "\n")
	if len(lines) != 2 || w.Err() != nil {
		t.Fatalf("after the disk came back: %q, %v", lines, w.Err())
	}
	if lost, ok := DecodeLost([]byte(lines[1])); !ok || lost.Records != 1 || !lost.From.Before(lost.Until) {
		t.Errorf("the log says of what it lacks: %+v, %v", lost, ok)
	}
	if _, ok := DecodeLost([]byte(lines[0])); ok {
		t.Error("a record is taken for a gap")
	}
}

// A line that a crash has torn costs itself alone: what comes after it starts a line of its own.
func TestTornLastLine(t *testing.T) {
	root := t.TempDir()
	r := success()
	whole := r.Append(nil)
	path := SegmentPath(root, string(resourceOf(whole)), time.Now())
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(slices.Clone(whole), whole[:100]...), 0o600); err != nil {
		t.Fatal(err)
	}
	w := NewWriter(root)
	w.Write(&r)
	w.Close()
	if lines := strings.Split(read(t, root), "\n"); len(lines) != 4 || lines[0]+"\n" != string(whole) || lines[2]+"\n" != string(whole) {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
}

// A resource id of any length has a folder, and the same one again.
func TestFoldersOfLongResourceIDs(t *testing.T) {
	long := "/SUBSCRIPTIONS/" + strings.Repeat("S", 300) + "/RESOURCEGROUPS/G"
	for _, id := range []string{long, "/A/" + strings.Repeat("Ä", 200), strings.Repeat("/PART", 2000), "/SUBSCRIPTIONS/S"} {
		t.Run(id[:min(len(id), 30)], func(t *testing.T) {
			root := t.TempDir()
			w := NewWriter(root)
			r := success()
			r.ResourceID = id
			w.Write(&r)
			w.Close()
			if w.Lost() != 0 || w.Written() != 1 {
				t.Errorf("%.40s…: %v", id, w.Err())
			}
		})
	}
	if folderOf(long) == folderOf(long+"X") || folderOf("/SUBSCRIPTIONS/S") != "/SUBSCRIPTIONS/S" {
		t.Error("two ids share a folder, or a short one is changed")
	}
}

// /dev/full is Linux's disk that is always full.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatalf("this story needs /dev/full: %v", err)
	}
	root := t.TempDir()
	w := &Writer{root: root, now: time.Now, file: full}
	r := success()
	batch := r.Append(nil)
	w.of, w.hour = string(resourceOf(batch)), w.now().UTC().Truncate(time.Hour)
	w.store(batch, 1)
	if w.Lost() != 1 || w.Err() == nil || w.file != nil {
		t.Errorf("lost %d, err %v", w.Lost(), w.Err())
	}
	w.store(batch, 1) // a fresh segment
	w.closeFile()
	if w.Written() != 1 || w.Err() != nil {
		t.Errorf("written %d, err %v", w.Written(), w.Err())
	}
}

// The log reports an outage once when it begins and once when it is over, however many batches it costs.
func TestOutageIsTold(t *testing.T) {
	var told bytes.Buffer
	was := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&told, nil)))
	defer slog.SetDefault(was)
	root := filepath.Join(t.TempDir(), "logs")
	if err := os.WriteFile(root, nil, 0o600); err != nil { // a file where a folder is due
		t.Fatal(err)
	}
	w := &Writer{root: root, now: time.Now}
	r := success()
	batch := r.Append(nil)
	w.store(batch, 2)
	w.store(batch, 3)
	os.Remove(root)
	w.store(batch, 1)
	w.store(batch, 1)
	w.lost.Add(7) // the queue was full
	w.store(batch, 1)
	w.closeFile()
	got := told.String()
	for _, want := range []string{
		"level=WARN msg=\"access-log records are being lost\" records=2", "not a directory",
		"level=INFO msg=\"access-log records are kept again\" lost=5", "records=7", "slower",
	} {
		if strings.Count(got, want) != 1 {
			t.Errorf("no %s, or more than one, in\n%s", want, got)
		}
	}
	if n := strings.Count(got, "\n"); n != 3 {
		t.Errorf("%d lines:\n%s", n, got)
	}
}

func TestHalfWrittenBatchIsCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "PT1H.json")
	if err := os.WriteFile(path, []byte("{\"a\":1}\n{\"b\":"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	(&Writer{file: f}).cutPartial()
	if b, _ := os.ReadFile(path); string(b) != "{\"a\":1}\n" {
		t.Errorf("left %q", b)
	}
}

// The queue is bounded: a writer that cannot keep up drops records instead of memory.
func TestQueueIsBounded(t *testing.T) {
	w := &Writer{root: t.TempDir(), now: time.Now, wake: make(chan struct{}, 1)}
	w.queue.bytes = make([]byte, queueBytes)
	r := success()
	w.Write(&r)
	if w.Lost() != 1 || len(w.queue.bytes) != queueBytes {
		t.Errorf("lost %d, queue %d", w.Lost(), len(w.queue.bytes))
	}
}

// Retention removes the oldest hours first, and never the one being written.
func TestRetain(t *testing.T) {
	root := t.TempDir()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for age, size := range map[int]int{100: 10, 50: 10, 2: 10, 0: 10} { // days: bytes
		at := now.Add(-time.Duration(age) * 24 * time.Hour)
		path := SegmentPath(root, "/R", at)
		os.MkdirAll(filepath.Dir(path), 0o700)
		os.WriteFile(path, make([]byte, size), 0o600)
		os.Chtimes(path, at, at)
	}
	f := func(days int, bytes int64, want int) {
		t.Helper()
		if _, err := Retain(root, days, bytes, now); err != nil {
			t.Fatal(err)
		}
		if got, _ := Segments(root); len(got) != want {
			t.Errorf("%d days, %d bytes: %d segments stay, want %d", days, bytes, len(got), want)
		}
	}
	f(0, 0, 4)
	f(90, 0, 3)
	f(0, 25, 2)
	f(1, 1, 1)
	if _, err := os.Stat(filepath.Join(root, Container, "resourceId=", "R", "y=2026", "m=08")); !os.IsNotExist(err) {
		t.Error("empty folders stay behind")
	}
}

func await(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatal("waited 10 s in vain")
}
