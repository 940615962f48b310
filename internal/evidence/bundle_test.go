package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"causeway/internal/accesslog"
	"causeway/internal/evidence/envelope"
	"causeway/internal/evidence/evidencetest"
)

const (
	aRecord   = `{"timeStamp":"2026-11-23T09:00:01+00:00","operationName":"ApplicationGatewayAccess","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"appgw_0","httpStatus":502}}`
	aDocument = `{"name":"gw1","properties":{"sku":{"name":"Standard_v2","tier":"Standard_v2"},"backendAddressPools":[{"name":"web","properties":{}}]}}`
	aHealth   = `{"backendAddressPools":[{"backendAddressPool":{"id":"/x/web"},"backendHttpSettingsCollection":[{"backendHttpSettings":{"id":"/x/http"},"servers":[{"address":"10.0.0.4","health":"Healthy"}]}]}]}`
)

func open(t *testing.T, paths ...string) *Bundle {
	t.Helper()
	b, err := Open(paths)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func count(t *testing.T, b *Bundle) int {
	t.Helper()
	n := 0
	if err := b.Each(func(*accesslog.Record, bool) { n++ }); err != nil {
		t.Fatal(err)
	}
	return n
}

// A folder is read whole, and each file is what it holds, whatever its name.
func TestFilesAreKnownByTheirContent(t *testing.T) {
	dir := t.TempDir()
	evidencetest.Write(t, dir, "y=2026/m=11/PT1H.json", aRecord+"\n"+aRecord+"\n")
	evidencetest.Write(t, dir, "one.txt", aDocument)
	evidencetest.Write(t, dir, "two", "\xef\xbb\xbf"+aHealth)
	evidencetest.Write(t, dir, "causeway.yaml", "backendIdleTimeout: 7s\n")
	evidencetest.Write(t, dir, "empty.json", "")
	b := open(t, dir)
	if b.Config == nil || b.Config.Name != "gw1" || b.Health == nil || b.Local == nil || b.Local.BackendIdleTimeout.Seconds() != 7 ||
		count(t, b) != 2 || len(b.Unread) != 0 {
		t.Errorf("config %v, health %v, local %v, not read %v", b.Config, b.Health, b.Local, b.Unread)
	}
}

// A gateway's data directory holds the configuration in force in a file of its own.
func TestAppliedConfiguration(t *testing.T) {
	applied, err := json.Marshal(map[string]any{"document": []byte(aDocument), "local": []byte("keepAliveHint: ignore\n"), "dir": "/etc"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	evidencetest.Write(t, dir, AppliedName, string(applied))
	b := open(t, dir)
	if b.Config == nil || b.Config.Name != "gw1" || b.Local == nil || b.Local.KeepAliveHint != "ignore" {
		t.Errorf("config %v, local %v, not read %v", b.Config, b.Local, b.Unread)
	}
}

// The report names what cannot be read, with file and line, and it costs nothing else.
func TestBadInputCostsThatInputOnly(t *testing.T) {
	dir := t.TempDir()
	log := evidencetest.Write(t, dir, "PT1H.json",
		strings.Join([]string{aRecord, `{"broken"`, aRecord, strings.Repeat("x", envelope.LineMax+5), aRecord, ""}, "\n"))
	evidencetest.Write(t, dir, "picture.png", "\x89PNG\r\n")
	evidencetest.Write(t, dir, "other.json", `{"hello":"world"}`)
	b := open(t, dir)
	if got := count(t, b); got != 3 {
		t.Errorf("%d records, want 3", got)
	}
	where := map[string]bool{}
	for _, u := range b.Unread {
		where[filepath.Base(u.File)] = true
		if u.File == log && u.Line != 2 && u.Line != 4 {
			t.Errorf("line %d: %s", u.Line, u.Reason)
		}
	}
	if len(where) != 3 || b.Bad != 2 {
		t.Errorf("not read: %v", b.Unread)
	}
}

// The last line of a log that is being written may be half there.
func TestHalfALastLineIsNoFault(t *testing.T) {
	dir := t.TempDir()
	evidencetest.Write(t, dir, "PT1H.json", aRecord+"\n"+aRecord[:60])
	b := open(t, dir)
	if got := count(t, b); got != 1 || b.Bad != 0 {
		t.Errorf("%d records, %d bad", got, b.Bad)
	}
}

// Records of other categories in the same file are passed over.
func TestOtherCategories(t *testing.T) {
	dir := t.TempDir()
	evidencetest.Write(t, dir, "log.json", aRecord+"\n"+`{"category":"ApplicationGatewayFirewallLog","properties":{}}`+"\n")
	b := open(t, dir)
	if got := count(t, b); got != 1 || b.Bad != 0 {
		t.Errorf("%d records, %d bad", got, b.Bad)
	}
}

// The report names a path that is not there, in words, and it costs nothing else; only where there is no other is it an error.
func TestMissingPath(t *testing.T) {
	dir := t.TempDir()
	there, missing := evidencetest.Write(t, dir, "health.json", aHealth), filepath.Join(dir, "nothing")
	if b := open(t, missing, there); b.Health == nil || fmt.Sprint(b.Unread) != "["+missing+": there is no such file]" {
		t.Errorf("health %v, not read %v", b.Health, b.Unread)
	}
	_, err := Open([]string{missing, missing + "*"})
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != "open the evidence: "+missing+": there is no such file; "+missing+
		"*: there is no such file" {
		t.Errorf("%v", err)
	}
}

// The report names what this user may not read, file or folder, and it costs nothing else.
func TestClosedPath(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := t.TempDir()
	evidencetest.Write(t, dir, "open/health.json", aHealth)
	closed, file := filepath.Dir(evidencetest.Write(t, dir, "closed/health.json", aHealth)),
		evidencetest.Write(t, dir, "file.json", aHealth)
	for _, path := range []string{closed, file} {
		t.Run(path, func(t *testing.T) {
			if err := os.Chmod(path, 0); err != nil {
				t.Fatal(err)
			}
			defer os.Chmod(path, 0o700)
		})
	}
	if b := open(t, dir); b.Health == nil || fmt.Sprint(b.Unread) != "["+closed+": this user may not read it "+file+
		": this user may not read it]" {
		t.Errorf("health %v, not read %v", b.Health, b.Unread)
	}
	if _, err := Open([]string{closed}); !errors.Is(err, fs.ErrPermission) || err.Error() != "open the evidence: "+closed+
		": this user may not read it" {
		t.Errorf("%v", err)
	}
}

// An empty answer is one: there is nothing of that kind, which is no fault.
func TestEmptyAnswer(t *testing.T) {
	for _, text := range []string{"[]\n", "[ ]", "{\"value\": []}", "\xef\xbb\xbf[]"} {
		t.Run(text, func(t *testing.T) {
			dir := t.TempDir()
			path := evidencetest.Write(t, dir, "Activity-log.json", text)
			if b := open(t, dir); len(b.Unread) > 0 || fmt.Sprint(b.Notes) != "["+path+": an empty answer]" ||
				!b.AnsweredEmpty("activity") || b.AnsweredEmpty("metric") {
				t.Errorf("%q: not read %v, notes %v", text, b.Unread, b.Notes)
			}
		})
	}
}

// The report names what a bundle lacks, and not all of it if that is much.
func TestNotCollected(t *testing.T) {
	dir := t.TempDir()
	path := evidencetest.Write(t, dir, NotCollectedName, strings.Repeat("health.json: no permission\n", maxNotCollected+2))
	want := "could not be collected: " + strings.Repeat("health.json: no permission; ", maxNotCollected) + "and 2 more, which " +
		path + " lists"
	if b := open(t, dir); len(b.Unread) > 0 || len(b.Notes) != 1 || b.Notes[0] != want {
		t.Errorf("not read %v, notes %v", b.Unread, b.Notes)
	}
}

// A link to a folder is the folder.
func TestLinkToAFolder(t *testing.T) {
	dir := t.TempDir()
	evidencetest.Write(t, dir, "logs/PT1H.json", evidencetest.RowAt(1)+"\n")
	if err := os.Symlink(filepath.Join(dir, "logs"), filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	if b := open(t, filepath.Join(dir, "link")); count(t, b) != 1 || len(b.Unread) > 0 {
		t.Errorf("not read %v", b.Unread)
	}
}

// A first row that is too long costs that row, not the log.
func TestLongFirstRow(t *testing.T) {
	dir := t.TempDir()
	long := strings.Replace(evidencetest.RowAt(1), `"properties":{`, `"properties":{"userAgent":"`+strings.Repeat("x", 2<<20)+`",`, 1)
	evidencetest.Write(t, dir, "PT1H.json", long+"\n"+evidencetest.RowAt(2)+"\n")
	if b := open(t, dir); count(t, b) != 1 || len(b.Unread) != 1 || b.Unread[0].Reason != "the line is longer than 1 MiB" {
		t.Errorf("not read %v", b.Unread)
	}
}

// A first line that is broken costs that line, however long it is, and whatever it is taken for.
func TestLongBrokenFirstLine(t *testing.T) {
	for _, begin := range []string{`{"a":"`, "[", "", `{"value":[{"a":"`} {
		t.Run(begin, func(t *testing.T) {
			text := begin + strings.Repeat("x", 300<<10) + "\n" + evidencetest.RowAt(2) + "\n" + evidencetest.RowAt(3) + "\n"
			path := evidencetest.Write(t, t.TempDir(), "PT1H.json", text)
			if b := open(t, path); count(t, b) != 2 || len(b.Unread) != 1 || b.Unread[0].Line != 1 {
				t.Errorf("%q: not read %v", begin, b.Unread)
			}
		})
	}
}

// The report says what a file is that is no evidence.
func TestWhatIsNoEvidence(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		evidencetest.Write(t, dir, "empty.json", " \n"): "it is empty",
		evidencetest.Write(t, dir, "yesterday.json",
			`{"schema":"causeway.report/v1"}`): "it is a report of causeway diagnose: give it with --before",
		evidencetest.Write(t, dir, "explained.json",
			`{"schema":"causeway.explanation/v1"}`): "it is output of causeway itself, not evidence",
		filepath.Join(dir, "folder"): "it is an empty folder",
	} {
		t.Run(name, func(t *testing.T) {
			if b := open(t, name); fmt.Sprint(b.Unread) != "["+name+": "+want+"]" {
				t.Errorf("%s: %v", name, b.Unread)
			}
		})
	}
}

func FuzzOpen(f *testing.F) {
	for _, s := range []string{aRecord, aDocument, aHealth, aRecord + "\n" + aDocument, "[", "{}", "{\"document\":\"\"}"} {
		f.Add([]byte(s))
	}
	for _, s := range []string{
		evidencetest.Sheet(';', evidencetest.AsIs), "sep=|\n" + evidencetest.Sheet('|', evidencetest.AsIs),
		"| A | HttpStatus | RequestUri | TimeTaken |\n|---|\n|1|2|3|4|\n", "HttpStatus : 502\nTimeTaken : 1,5\nRequestUri : /a\n",
		`{"hits":{"hits":[{"_source":{"message":"{\"httpStatus\":502,\"timeTaken\":1}"}}]}}`, "Obj\x01\x02\x16avro.schema\x10\"bytes\"\x00",
		"PAR1", utf16Text(evidencetest.Sheet(',', evidencetest.AsIs)),
	} {
		f.Add([]byte(s))
	}
	for _, p := range packings { // zips that are cut off
		f.Add(append(p.entryOf(f, "health.json", aHealth), p.entryOf(f, "PT1H.json", aRecord)...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := Open([]string{path})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Each(func(*accesslog.Record, bool) {}); err != nil {
			t.Fatal(err)
		}
	})
}

// A pipe that does not end is not kept without end, and the report says where that stopped; one that ends just there is whole.
func TestPipeWithoutEnd(t *testing.T) {
	row := evidencetest.RowAt(1) + "\n"
	for _, x := range []struct {
		in   string
		most int
		want string
	}{
		{strings.Repeat(row, 10), 3 * len(row), fmt.Sprintf("a pipe was read up to byte %d and no further", 3*len(row))},
		{strings.Repeat(row, 3), 3 * len(row), ""},
		{row, 3 * len(row), ""},
	} {
		t.Run(fmt.Sprint(len(x.in), " bytes"), func(t *testing.T) {
			b, kept := &Bundle{}, &strings.Builder{}
			if err := b.spool(kept, strings.NewReader(x.in), "a pipe", int64(x.most)); err != nil {
				t.Fatal(err)
			}
			if kept.Len() != min(len(x.in), x.most) || !strings.HasPrefix(strings.Join(b.Notes, ""), x.want) ||
				x.want == "" && len(b.Notes) > 0 {
				t.Errorf("kept %d bytes of %d, notes %q", kept.Len(), len(x.in), b.Notes)
			}
		})
	}
}

// A disk that is full ends the copy, and not the diagnosis.
func TestPipeOntoAFullDisk(t *testing.T) {
	b := &Bundle{}
	if err := b.spool(fullDisk{}, strings.NewReader("rows"), "a pipe", 100); err != nil || len(b.Notes) != 1 ||
		!strings.Contains(b.Notes[0], "the disk for temporary files is full") {
		t.Errorf("%v, notes %q", err, b.Notes)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) {
	return 0, &fs.PathError{Op: "write", Path: "tmp", Err: syscall.ENOSPC}
}
