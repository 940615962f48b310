package diagnose

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
	"causeway/internal/evidence"
	"causeway/internal/fault"
	"causeway/internal/redact"
)

// reportOf diagnoses files.
func reportOf(t *testing.T, path string) *Report {
	t.Helper()
	b, err := evidence.Open([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	r, err := Run(b, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// pseudonym is what redaction puts in place of a name, and what this story has there.
var pseudonym = regexp.MustCompile(`(host|path|agent)-[a-z]{8}(\.example)?|"probe/\d"|\d+\.\d+\.\d+\.\d+`)

// Two scanners with programs of their own: redacted, the same is said of the same requests, and nobody is named.
func TestRedactedScannersAreScanners(t *testing.T) {
	dir := t.TempDir()
	s := newAzureStory(t)
	for i := range 60 {
		s.after(time.Second).request(4)
		s.request(0, path(fmt.Sprintf("/%c%d/admin.php", 'a'+i%26, i%2)), func(r *accesslog.Record, _ *accesslog.Attempt) {
			r.Status, r.ErrorInfo, r.OriginalHost = 404, fault.InvalidHost, []byte(fmt.Sprintf("host%d.contoso.com", i))
			r.UserAgent = []byte(fmt.Sprintf("probe/%d", i%2))
			r.Client = netip.MustParseAddrPort(fmt.Sprintf("203.0.113.%d:4000", 7+i%2))
		})
	}
	var log []byte
	for i := range s.records {
		log = append(log, s.stripped(s.records[i].Append(nil))...)
	}
	s.write(dir, "PT1H.json", log)
	s.write(dir, "gateway.json", []byte(storyDocument))
	var out bytes.Buffer
	if err := redact.New([]byte("key")).Redact([]string{dir}, &out); err != nil {
		t.Fatal(err)
	}
	shared := filepath.Join(t.TempDir(), "shared.tar.gz")
	if err := os.WriteFile(shared, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	text := func(r *Report) string {
		var b strings.Builder
		if err := r.Text(&b, 100000); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	original, redacted := reportOf(t, dir), reportOf(t, shared)
	expect(t, original, "j-scanner high 60")
	one, other := text(original), text(redacted)
	if strings.Contains(other, "probe/") || strings.Contains(other, "203.0.113") || strings.Count(other, `its agent says "agent-`) != 2 {
		t.Errorf("%s", other)
	}
	plain := func(s string) string { return strings.ReplaceAll(pseudonym.ReplaceAllString(s, "~"), `"~"`, "~") }
	if plain(one) != plain(other) {
		t.Errorf("the original:\n%s\nredacted:\n%s", plain(one), plain(other))
	}
}
