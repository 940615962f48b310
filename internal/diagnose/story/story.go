// Package story makes evidence by hand for tests: records as a gateway would have written them, a document, and the history
// of health; and it holds the diagnosis against what is expected.
package story

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/fault"
	"causeway/internal/gateway"
	"causeway/internal/report"
)

// Story is evidence made by hand: records as a gateway would have written them, a document, and the history of health.
type Story struct {
	t       *testing.T
	At      time.Time // of the next request
	Records []accesslog.Record
	Servers []gateway.ServerHealth
	NoDoc   bool
	Doc     string // instead of the usual one
	Azure   bool   // only what Azure exports: no object of Causeway's
	lean    bool   // so are the records that are lean
	Files   map[string]string
	local   string
	serial  uint32
	ports   map[connection]bool // that requests had

	// Counts are the requests and failures that the diagnosis must count, where they are not those of Records: some tell of
	// more than they say themselves, and some are to be left out.
	Counts *Counts

	Unexplained bool // nothing is known to say of its failures, not even what they may be
}

// connection is one by what Azure's log has of it.
type connection struct {
	instance string
	server   netip.AddrPort
	port     uint16
}

// Counts are requests and, among them, failures.
type Counts struct{ Requests, Failures int }

// NewAzure begins a story of which the evidence has only what Azure exports.
func NewAzure(t *testing.T) *Story {
	s := New(t)
	s.Azure = true
	return s
}

// New begins a story at 2026-11-23T09:00:00Z, with Causeway's own records.
func New(t *testing.T) *Story {
	return &Story{t: t, At: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
}

// Mixed leaves the trace out of the records that are lean.
func (s *Story) Mixed() *Story { s.lean = true; return s }

// Clock is a time of the story, as histories of health have it.
func (s *Story) Clock(after time.Duration) string {
	return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC).Add(after).Format(time.RFC3339)
}

// Since is how long the story has lasted.
func (s *Story) Since() time.Duration {
	return s.At.Sub(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
}

// Traffic is a request every tenth of a second to each member of some, for a time.
func (s *Story) Traffic(d time.Duration, members []int, changes ...Change) {
	for n := 0; time.Duration(n)*100*time.Millisecond < d; n++ {
		for _, m := range members {
			s.Request(m, changes...)
		}
		s.After(100 * time.Millisecond)
	}
}

// OutOfService is the same while no member is healthy.
func (s *Story) OutOfService(d time.Duration) {
	s.Traffic(d, []int{0}, Fails(NoHealthy, 0))
}

// After moves the clock.
func (s *Story) After(d time.Duration) *Story { s.At = s.At.Add(d); return s }

// usualConnect is what it takes to make a connection, where a story does not say otherwise.
const usualConnect = time.Millisecond

// connect gives an attempt on a connection that had requests before the connect time that a gateway writes then: none.
func (s *Story) connect(r *accesslog.Record, a *accesslog.Attempt) {
	k := connection{r.Instance, a.Server, a.LocalPort}
	if s.Azure && s.ports[k] && a.Connect == usualConnect {
		a.Connect = 0
	}
	if s.ports == nil {
		s.ports = map[connection]bool{}
	}
	if a.LocalPort > 0 {
		s.ports[k] = true
	}
}

// Request adds a request on a member (4, 5 or 6) that went well in 10 ms; changes make it another.
func (s *Story) Request(member int, changes ...func(*accesslog.Record, *accesslog.Attempt)) {
	s.serial++
	server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(member)}), 80)
	a := accesslog.Attempt{
		Member: server.Addr().String(), Server: server, LocalPort: uint16(20000 + s.serial%20000), Status: 200, Idle: accesslog.Unset,
		Stale: accesslog.Unset,
		Hint:  accesslog.Unset, Connect: usualConnect, TLS: accesslog.Unset, Send: 100 * time.Microsecond, Wait: 10 * time.Millisecond,
		Receive: 0, Total: 10 * time.Millisecond, HeaderTime: 10 * time.Millisecond, RetryAfter: accesslog.Unset, DeclaredIn: -1, Least: -1,
	}
	r := accesslog.Record{
		ResourceID: "/SUBSCRIPTIONS/S", Instance: "appgw_0", Listener: "l80", Rule: "r1", Pool: "web", Settings: "http", Start: s.At,
		Client: netip.MustParseAddrPort("127.0.1.9:40000"), Method: []byte("POST"), OriginalURI: []byte("/a"), URI: []byte("/a"),
		Version: "HTTP/1.1", ContentType: []byte("application/json"),
		Status: 200, Taken: 10 * time.Millisecond, ErrorInfo: fault.NoError, Declared: -1,
	}
	r.Transaction[0], r.Transaction[1], r.Transaction[2] = byte(s.serial>>16), byte(s.serial>>8), byte(s.serial)
	for _, c := range changes {
		c(&r, &a)
	}
	if member > 0 {
		s.connect(&r, &a)
		r.Attempts = append(r.Attempts, a)
	}
	s.Records = append(s.Records, r)
}

// Server adds a member to the backend health, with its history.
func (s *Story) Server(address, health, reason, detail string, transitions ...string) {
	s.Servers = append(s.Servers, gateway.ServerHealth{
		Address: address, Health: health, Detail: detail,
		Causeway: &gateway.HealthEvidence{Reason: reason, Dial: address + ":80", Transitions: transitions},
	})
}

// Probed sets the time of the last probes in the report of health.
func (s *Story) Probed(at time.Time) {
	for i := range s.Servers {
		s.Servers[i].Causeway.LastProbe = at.Format(time.RFC3339Nano)
	}
}

// Diagnose writes the evidence to disk, reads it back as anyone would, and diagnoses.
func (s *Story) Diagnose() *report.Report { return s.DiagnoseSince(time.Time{}) }

// DiagnoseSince diagnoses the requests since a time, all for the zero time; the report must hold to all that reports promise.
func (s *Story) DiagnoseSince(since time.Time) *report.Report {
	s.t.Helper()
	report, contradictions, err := diagnose.RunChecked(s.Bundle(), traffic.Options{Since: since})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, text := range contradictions {
		s.t.Errorf("the report contradicts itself: %s", text)
	}
	s.Check(report)
	s.checkCounts(report, since)
	return report
}

// Bundle is the evidence, read back from disk.
func (s *Story) Bundle() *evidence.Bundle {
	s.t.Helper()
	dir := s.t.TempDir()
	var log []byte
	for i := range s.Records {
		line := s.Records[i].Append(nil)
		if s.Azure || s.lean && s.Records[i].Listener == "lean" {
			line = Stripped(s.logged(&s.Records[i]))
		}
		log = append(log, line...)
	}
	s.Write(dir, "PT1H.json", log)
	if s.Doc == "" {
		s.Doc = Document
	}
	if !s.NoDoc {
		s.Write(dir, "gateway.json", []byte(s.Doc))
	}
	for name, text := range s.Files {
		s.Write(dir, name, []byte(text))
	}
	if s.local != "" {
		s.Write(dir, "causeway.yaml", []byte(s.local))
	}
	if s.Servers != nil {
		h := gateway.Health{Pools: []gateway.PoolHealth{{
			Pool:     gateway.Ref{ID: "/x/backendAddressPools/web"},
			Settings: []gateway.SettingsHealth{{Settings: gateway.Ref{ID: "/x/backendHttpSettingsCollection/http"}, Servers: s.Servers}},
		}}}
		b, err := json.Marshal(h)
		if err != nil {
			s.t.Fatal(err)
		}
		s.Write(dir, "health.json", b)
	}
	b, err := evidence.Open([]string{dir})
	if err != nil || len(b.Unread) > 0 {
		s.t.Fatalf("%v, not read: %v", err, b.Unread)
	}
	return b
}

// logged is the line that Azure's log has of a record: its stamp is of the end, in whole seconds.
func (s *Story) logged(r *accesslog.Record) []byte {
	at := *r
	at.Start = r.Start.Add(r.Taken).Truncate(time.Second)
	return at.Append(nil)
}

// Stripped is a line without what Azure's log lacks: the object of Causeway's own, which ends the line.
func Stripped(line []byte) []byte {
	azures, _, _ := bytes.Cut(line, []byte(`,"causeway":`))
	return append(slices.Clip(azures), "}}\n"...)
}

// Write writes a file of the evidence.
func (s *Story) Write(dir, name string, data []byte) {
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// NextDay moves all requests by a day.
func (s *Story) NextDay() *Story {
	for i := range s.Records {
		s.Records[i].Start = s.Records[i].Start.Add(24 * time.Hour)
	}
	return s
}
