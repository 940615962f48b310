package clients_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose"
	"causeway/internal/diagnose/story"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/fault"
	"causeway/internal/redact"
	"causeway/internal/report"
)

// One address requests whatever might be open.
func TestScanner(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 30 {
		s.After(time.Second).Request(4)
		s.Request(0, story.Path(fmt.Sprintf("/%c/admin.php", 'a'+i%26)), func(r *accesslog.Record, _ *accesslog.Attempt) {
			r.Status, r.ErrorInfo, r.OriginalHost = 404, fault.InvalidHost, []byte(fmt.Sprintf("h%d.example", i))
		})
	}
	s.Counts = &story.Counts{Requests: 60, Failures: 30}
	story.Expect(t, s.Diagnose(), "j-scanner high 30")
}

// reportOf diagnoses files.
func reportOf(t *testing.T, path string) *report.Report {
	t.Helper()
	b, err := evidence.Open([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	r, err := diagnose.Run(b, traffic.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// pseudonym is what redaction puts in place of a name, and what this story has there.
var pseudonym = regexp.MustCompile(`(host|path|agent)-[a-z]{8}(\.example)?|"probe/\d"|\d+\.\d+\.\d+\.\d+`)

// Two scanners with programs of their own: redacted, the report has the same facts, and names nobody.
func TestRedactedScannersAreScanners(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := story.NewAzure(t)
	for i := range 60 {
		s.After(time.Second).Request(4)
		s.Request(0, story.Path(fmt.Sprintf("/%c%d/admin.php", 'a'+i%26, i%2)), func(r *accesslog.Record, _ *accesslog.Attempt) {
			r.Status, r.ErrorInfo, r.OriginalHost = 404, fault.InvalidHost, []byte(fmt.Sprintf("host%d.contoso.com", i))
			r.UserAgent = []byte(fmt.Sprintf("probe/%d", i%2))
			r.Client = netip.MustParseAddrPort(fmt.Sprintf("203.0.113.%d:4000", 7+i%2))
		})
	}
	var log []byte
	for i := range s.Records {
		log = append(log, story.Stripped(s.Records[i].Append(nil))...)
	}
	s.Write(dir, "PT1H.json", log)
	s.Write(dir, "gateway.json", []byte(story.Document))
	var out bytes.Buffer
	if err := redact.New([]byte("key")).Redact([]string{dir}, &out); err != nil {
		t.Fatal(err)
	}
	shared := filepath.Join(t.TempDir(), "shared.tar.gz")
	if err := os.WriteFile(shared, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	text := func(r *report.Report) string {
		var b strings.Builder
		if err := r.Text(&b, 100000); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	original, redacted := reportOf(t, dir), reportOf(t, shared)
	story.Expect(t, original, "j-scanner high 60")
	one, other := text(original), text(redacted)
	if strings.Contains(other, "probe/") || strings.Contains(other, "203.0.113") || strings.Count(other, `its user agent is "agent-`) != 2 {
		t.Errorf("%s", other)
	}
	plain := func(s string) string { return strings.ReplaceAll(pseudonym.ReplaceAllString(s, "~"), `"~"`, "~") }
	if plain(one) != plain(other) {
		t.Errorf("the original:\n%s\nredacted:\n%s", plain(one), plain(other))
	}
}

// Clients that do not speak the listener's protocol, and sessions that the gateway gave no reason for.
func TestSessionsOfOtherEnds(t *testing.T) {
	t.Parallel()
	r := story.DiagnoseSessions(t, story.SessionsLog(100, func(i int) (int, string, string) {
		return map[bool]int{true: 400, false: 500}[i < 60], "", "0.2"
	}), 100)
	if len(r.Findings) > 0 || r.Undetermined.Failures != 100 || len(r.Undetermined.Groups) != 2 ||
		story.Group(t, r, 0).Rivals[0].Cause != "j-scanner" || story.Group(t, r, 1).Rivals[0].Cause != "h-instance-fault" {
		t.Errorf("findings %+v, %+v", r.Findings, r.Undetermined)
	}
}
