package diagnose

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/cause"
	"causeway/internal/evidence"
	"causeway/internal/fault"
	"causeway/internal/gateway"
)

// A story is evidence made by hand: records as a gateway would have written them, a document, and the history of health.
type story struct {
	t       *testing.T
	at      time.Time // of the next request
	records []accesslog.Record
	servers []gateway.ServerHealth
	noDoc   bool
	doc     string // instead of the usual one
	azure   bool   // only what Azure exports: no object of Causeway's
	lean    bool   // so are the records that are lean
	files   map[string]string
	local   string
	serial  uint32
}

func newStory(t *testing.T) *story {
	return &story{t: t, at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
}

const storyDocument = `{"name":"gw1","location":"eastus","properties":{
 "sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1},
 "frontendIPConfigurations":[{"name":"pub","properties":{"publicIPAddress":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/ip"}}}],
 "frontendPorts":[{"name":"p80","properties":{"port":80}}],
 "backendAddressPools":[{"name":"web","properties":{"backendAddresses":[{"ipAddress":"10.0.0.4"},{"ipAddress":"10.0.0.5"},{"ipAddress":"10.0.0.6"}]}},{"name":"none","properties":{}}],
 "backendHttpSettingsCollection":[{"name":"http","properties":{"port":80,"protocol":"Http","requestTimeout":2}}],
 "httpListeners":[{"name":"l80","properties":{"protocol":"Http","frontendIPConfiguration":{"id":"/x/frontendIPConfigurations/pub"},"frontendPort":{"id":"/x/frontendPorts/p80"}}}],
 "requestRoutingRules":[{"name":"r1","properties":{"ruleType":"Basic","priority":100,"httpListener":{"id":"/x/httpListeners/l80"},"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"}}}]}}`

// after moves the clock.
func (s *story) after(d time.Duration) *story { s.at = s.at.Add(d); return s }

// request adds a request on a member (4, 5 or 6) that went well in 10 ms; changes make it another.
func (s *story) request(member int, changes ...func(*accesslog.Record, *accesslog.Attempt)) {
	s.serial++
	server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(member)}), 80)
	a := accesslog.Attempt{
		Member: server.Addr().String(), Server: server, LocalPort: uint16(20000 + s.serial%20000), Status: 200, Idle: accesslog.Unset, Stale: accesslog.Unset,
		Hint: accesslog.Unset, Connect: time.Millisecond, TLS: accesslog.Unset, Send: 100 * time.Microsecond, Wait: 10 * time.Millisecond,
		Receive: 0, Total: 10 * time.Millisecond, HeaderTime: 10 * time.Millisecond, RetryAfter: accesslog.Unset, DeclaredIn: -1, Least: -1,
	}
	r := accesslog.Record{
		ResourceID: "/SUBSCRIPTIONS/S", Instance: "appgw_0", Listener: "l80", Rule: "r1", Pool: "web", Settings: "http", Start: s.at,
		Client: netip.MustParseAddrPort("127.0.1.9:40000"), Method: []byte("POST"), OriginalURI: []byte("/a"), URI: []byte("/a"), Version: "HTTP/1.1",
		Status: 200, Taken: 10 * time.Millisecond, ErrorInfo: fault.NoError, Declared: -1,
	}
	r.Transaction[0], r.Transaction[1], r.Transaction[2] = byte(s.serial>>16), byte(s.serial>>8), byte(s.serial)
	for _, c := range changes {
		c(&r, &a)
	}
	if member > 0 {
		r.Attempts = append(r.Attempts, a)
	}
	s.records = append(s.records, r)
}

type change2 = func(*accesslog.Record, *accesslog.Attempt)

func path(p string) change2 {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.URI, r.OriginalURI = []byte(p), []byte(p) }
}

func took(d time.Duration) change2 {
	return func(r *accesslog.Record, a *accesslog.Attempt) { r.Taken, a.Total, a.Wait, a.HeaderTime = d, d, d, d }
}

func reused(idle time.Duration, uses int) change2 {
	return func(_ *accesslog.Record, a *accesslog.Attempt) {
		a.Reused, a.Idle, a.Uses, a.Connect, a.Age = true, idle, uses, accesslog.Unset, idle+time.Duration(uses)*time.Second
	}
}

// fails makes the last attempt fail, and with it the request.
func fails(f fault.Fault, after time.Duration) change2 {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		f.Reused = a.Reused
		r.Fault, r.ErrorInfo, r.Status = f, f.ErrorInfo(), f.Status(false)
		r.Taken = after
		a.Fault, a.Status, a.Wait, a.Receive, a.HeaderTime, a.Total = f, 0, accesslog.Unset, accesslog.Unset, accesslog.Unset, after
		if f.Phase == fault.Connect {
			a.Connect, a.LocalPort = accesslog.Unset, 0
		}
	}
}

// recovered makes a first attempt that failed before the one that went well.
func recovered(f fault.Fault, first change2) change2 {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		failed := *a
		first(&accesslog.Record{}, &failed)
		f.Reused = failed.Reused
		failed.Fault, failed.Status, failed.Wait = f, 0, accesslog.Unset
		r.Attempts = append(r.Attempts, failed)
		r.Method = []byte("GET")
	}
}

var (
	raceFault    = fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Closed}
	refusedFault = fault.Fault{Side: fault.Backend, Phase: fault.Connect, Kind: fault.Refused, Errno: "ECONNREFUSED"}
	timeoutFault = fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Timeout}
	dropFault    = fault.Fault{Side: fault.Network, Phase: fault.Connect, Kind: fault.Timeout}
	noHealthy    = fault.Fault{Side: fault.Gateway, Phase: fault.Pick, Kind: fault.NoHealthy}
)

// server adds a member to the backend health, with its history.
func (s *story) server(address, health, reason, detail string, transitions ...string) {
	s.servers = append(s.servers, gateway.ServerHealth{
		Address: address, Health: health, Detail: detail,
		Causeway: &gateway.HealthEvidence{Reason: reason, Dial: address + ":80", Transitions: transitions},
	})
}

// probed says when the probes of the report of health last asked.
func (s *story) probed(at time.Time) {
	for i := range s.servers {
		s.servers[i].Causeway.LastProbe = at.Format(time.RFC3339Nano)
	}
}

// diagnose writes the evidence to disk, reads it back as anyone would, and diagnoses.
func (s *story) diagnose() *Report { return s.diagnoseSince(time.Time{}) }

func (s *story) diagnoseSince(since time.Time) *Report {
	s.t.Helper()
	report, contradictions, err := RunChecked(s.bundle(), Options{Since: since})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, text := range contradictions {
		s.t.Errorf("the report contradicts itself: %s", text)
	}
	s.check(report)
	return report
}

// bundle is the evidence, read back from disk.
func (s *story) bundle() *evidence.Bundle {
	s.t.Helper()
	dir := s.t.TempDir()
	var log []byte
	for i := range s.records {
		line := s.records[i].Append(nil)
		if s.azure || s.lean && s.records[i].Listener == "lean" {
			line = s.stripped(line)
		}
		log = append(log, line...)
	}
	s.write(dir, "PT1H.json", log)
	if s.doc == "" {
		s.doc = storyDocument
	}
	if !s.noDoc {
		s.write(dir, "gateway.json", []byte(s.doc))
	}
	for name, text := range s.files {
		s.write(dir, name, []byte(text))
	}
	if s.local != "" {
		s.write(dir, "causeway.yaml", []byte(s.local))
	}
	if s.servers != nil {
		h := gateway.Health{Pools: []gateway.PoolHealth{{
			Pool:     gateway.Ref{ID: "/x/backendAddressPools/web"},
			Settings: []gateway.SettingsHealth{{Settings: gateway.Ref{ID: "/x/backendHttpSettingsCollection/http"}, Servers: s.servers}},
		}}}
		b, err := json.Marshal(h)
		if err != nil {
			s.t.Fatal(err)
		}
		s.write(dir, "health.json", b)
	}
	b, err := evidence.Open([]string{dir})
	if err != nil || len(b.Unread) > 0 {
		s.t.Fatalf("%v, not read: %v", err, b.Unread)
	}
	return b
}

// stripped is a line without what Azure's log lacks.
func (s *story) stripped(line []byte) []byte {
	var r map[string]any
	if err := json.Unmarshal(line, &r); err != nil {
		s.t.Fatal(err)
	}
	delete(r["properties"].(map[string]any), "causeway")
	out, err := json.Marshal(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return append(out, '\n')
}

func (s *story) write(dir, name string, data []byte) {
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

var toFillIn = regexp.MustCompile(`\{[a-z][a-zA-Z]*\}`)

// check holds every report to what all reports promise.
func (s *story) check(r *Report) {
	s.t.Helper()
	sum := r.Undetermined.Failures
	for _, f := range r.Findings {
		sum += f.Failures
		if cause.Find(f.Cause) == nil {
			s.t.Errorf("cause %s is not in the catalogue", f.Cause)
		}
		text := fmt.Sprint(f)
		if toFillIn.MatchString(text) || strings.Contains(text, "%!") {
			s.t.Errorf("unfilled text: %s", text)
		}
	}
	if sum != r.Failures {
		s.t.Errorf("findings and undetermined add up to %d, failures are %d", sum, r.Failures)
	}
	if err := r.Text(&strings.Builder{}, 100); err != nil {
		s.t.Error(err)
	}
}

// expect asserts the causes found, in order, each as "id confidence failures".
func expect(t *testing.T, r *Report, want ...string) {
	t.Helper()
	var got []string
	for _, f := range r.Findings {
		got = append(got, fmt.Sprintf("%s %s %d", f.Cause, f.Confidence, f.Failures))
	}
	if !slices.Equal(got, want) {
		var b strings.Builder
		r.Text(&b, 100)
		t.Errorf("found %q, want %q\n%s", got, want, &b)
	}
}
