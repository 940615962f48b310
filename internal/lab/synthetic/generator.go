// Package synthetic generates evidence in the forms in which Azure exports it, of traffic that no gateway served.
package synthetic

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
	"causeway/internal/gateway"
	"causeway/internal/lab/stage"
)

// Generator makes evidence in the forms in which Azure exports it: a log of requests that no gateway has served, the document,
// backend health in Azure's own words, metrics. What is at work in it is known because it was put there.
type Generator struct {
	*stage.Stage
	Site    stage.Site
	From    time.Time
	records []accesslog.Record
	Serial  uint64
	health  []gateway.ServerHealth
	metrics []stage.Object
	WAF     map[uint64]time.Duration // by serial: what the firewall took
}

// Play makes a scenario's play of what makes its evidence.
func Play(make func(*Generator)) func(*stage.Stage) {
	return func(s *stage.Stage) {
		f := &Generator{
			Stage: s, From: time.Date(2026, 10, 1+s.IntN(20), 8+s.IntN(4), 0, 0, 0, time.UTC), WAF: map[uint64]time.Duration{},
			Site: stage.Site{
				Name: "shop-gw",
				Pools: []stage.Pool{{Name: "web", Members: stage.Members("", "", ""), RequestTimeout: 20, Probe: &stage.Probe{
					Path:      "/health",
					Interval:  30,
					Timeout:   30,
					Threshold: 3,
				}}},
			},
		}
		make(f)
		s.Must(f.write())
	}
}

func (f *Generator) v1() bool { return f.Site.SKU != nil && f.Site.SKU["tier"] == "Standard" }

// Change makes a request another than one that went well.
type Change func(*Generator, *accesslog.Record, *accesslog.Attempt)

// What most records share, so that a day of them fits into memory.
var (
	get     = []byte("GET")
	root    = []byte("/")
	browser = []byte("Mozilla/5.0")
	host    = []byte("shop.example")
)

// Request adds a request to a member, by its number, a time after the beginning; below 0 there is none.
func (f *Generator) Request(after time.Duration, member int, changes ...Change) {
	f.Serial++
	took := 20*time.Millisecond + time.Duration(f.ExpFloat64()*float64(30*time.Millisecond))
	server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, byte(4 + max(0, member))}), 8080)
	a := accesslog.Attempt{
		Server: server, LocalPort: uint16(10_000 + f.Serial*7%50_000), Status: 200, Idle: accesslog.Unset, Stale: accesslog.Unset,
		Hint:    accesslog.Unset,
		Connect: time.Millisecond, TLS: accesslog.Unset, Wait: took, HeaderTime: took, Total: took, RetryAfter: accesslog.Unset,
		DeclaredIn: -1, Least: -1,
	}
	r := accesslog.Record{
		V1: f.v1(), ResourceID: strings.ToUpper(stage.IdPrefix + "applicationGateways/" + f.Site.Name), Instance: f.instance(f.IntN(2)),
		Listener: "site", Rule: "everything", Pool: "web", Settings: "web-settings", Start: f.From.Add(after),
		Client: netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, byte(113 + f.IntN(3)), byte(f.IntN(250))}), uint16(1024+f.IntN(60_000))),
		Method: get, OriginalURI: root, URI: root, UserAgent: browser, Version: "HTTP/1.1",
		OriginalHost: host, Host: host, Status: 200, Received: 500 + int64(f.IntN(500)), Sent: 3000 + int64(f.IntN(9000)),
		Taken: took, ErrorInfo: fault.NoError, Declared: -1, ClientSerial: f.Serial, ClientUses: 1,
	}
	for i := range 8 {
		r.Transaction[15-i] = byte(f.Serial >> (8 * i))
	}
	for _, c := range changes {
		c(f, &r, &a)
	}
	if member >= 0 {
		r.Attempts = append(r.Attempts, a)
	}
	f.records = append(f.records, r)
}

func (f *Generator) instance(n int) string {
	if f.v1() {
		return fmt.Sprintf("ApplicationGatewayRole_IN_%d", n)
	}
	return fmt.Sprintf("appgw_%d", n)
}

// Traffic is a Poisson stream of requests over a time, in turn to all members.
func (f *Generator) Traffic(rate float64, over time.Duration, one func(after time.Duration, member int)) {
	for i, at := range stage.Poisson(f.Rand, rate, over) {
		one(at, i%3)
	}
}

func On(path string) Change {
	return func(_ *Generator, r *accesslog.Record, _ *accesslog.Attempt) {
		r.URI, r.OriginalURI = []byte(path), []byte(path)
	}
}

func Taking(d time.Duration) Change {
	return func(_ *Generator, r *accesslog.Record, a *accesslog.Attempt) {
		r.Taken, a.Total, a.Wait, a.HeaderTime = d, d, d, d
	}
}

func AtInstance(n int) Change {
	return func(f *Generator, r *accesslog.Record, _ *accesslog.Attempt) { r.Instance = f.instance(n) }
}

func FromPort(p int) Change {
	return func(_ *Generator, _ *accesslog.Record, a *accesslog.Attempt) { a.LocalPort = uint16(p) }
}

// Answering is an answer of the member's own.
func Answering(status int) Change {
	return func(_ *Generator, r *accesslog.Record, a *accesslog.Attempt) { r.Status, a.Status = status, status }
}

func ToPool(pool string) Change {
	return func(_ *Generator, r *accesslog.Record, _ *accesslog.Attempt) {
		r.Pool, r.Settings = pool, pool+"-settings"
	}
}

// Failing is a failure that the gateway met, after a time.
func Failing(what fault.Fault, after time.Duration) Change {
	return func(_ *Generator, r *accesslog.Record, a *accesslog.Attempt) {
		r.Status, r.ErrorInfo, r.Taken = what.Status(r.V1), what.ErrorInfo(), after
		a.Status, a.Wait, a.HeaderTime, a.Total = 0, accesslog.Unset, accesslog.Unset, after
	}
}

var (
	ClosedByMember = fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Closed}
	timedOut       = fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Timeout}
	NobodyHealthy  = fault.Fault{Side: fault.Gateway, Phase: fault.Pick, Kind: fault.NoHealthy}
	ClientLeft     = fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}
)

// Within waits for an answer as long as the request timeout lets it.
func (f *Generator) Within(d time.Duration) Change {
	limit := time.Duration(f.Site.Pools[0].RequestTimeout) * time.Second
	if d < limit {
		return Taking(d)
	}
	return Failing(timedOut, limit+time.Duration(f.IntN(8))*time.Millisecond)
}

// Metric adds a series of minutes.
func (f *Generator) Metric(name, unit string, minutes int, value func(minute int) float64) {
	var data []stage.Object
	for i := range minutes {
		data = append(data, stage.Object{
			"timeStamp": f.From.Add(time.Duration(i) * time.Minute).Format(time.RFC3339),
			"average":   math.Round(100*value(i)) / 100,
		})
	}
	f.metrics = append(f.metrics, stage.Object{
		"name": stage.Object{"value": name}, "unit": unit,
		"timeseries": []stage.Object{{"metadatavalues": []stage.Object{}, "data": data}},
	})
}

// Health is backend health in Azure's words, the same for all members.
func (f *Generator) Health(state, text string) {
	for i := range f.Site.Pools[0].Members {
		f.health = append(f.health, gateway.ServerHealth{Address: f.Site.Pools[0].Members[i].Name, Health: state, Detail: text})
	}
}

func (f *Generator) write() error {
	f.First = f.v1()
	f.Share(f.common())
	slices.SortStableFunc(f.records, func(a, b accesslog.Record) int { return a.Start.Compare(b.Start) })
	if err := f.writeLog(); err != nil {
		return err
	}
	files := map[string][]byte{"gateway.json": f.Site.Document()}
	if f.health != nil {
		files["health.json"] = asJSON(gateway.Health{Pools: []gateway.PoolHealth{{
			Pool: gateway.Ref{ID: stage.IdPrefix + "applicationGateways/" + f.Site.Name + "/backendAddressPools/web"},
			Settings: []gateway.SettingsHealth{{Settings: gateway.Ref{ID: stage.IdPrefix + "applicationGateways/" + f.Site.Name +
				"/backendHttpSettingsCollection/web-settings"}, Servers: f.health}},
		}}})
	}
	if f.metrics != nil {
		files["metrics.json"] = asJSON(stage.Object{"value": f.metrics})
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(f.Dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// common is what all requests share.
func (f *Generator) common() stage.Common {
	var out stage.Common
	for i, r := range f.records {
		of := stage.Common{Path: string(r.URI), Method: string(r.Method)}
		for _, a := range r.Attempts {
			of.Member = a.Server.Addr().String()
		}
		if i == 0 {
			out = of
		}
		for _, p := range [][2]*string{{&out.Path, &of.Path}, {&out.Method, &of.Method}, {&out.Member, &of.Member}} {
			if *p[0] != *p[1] {
				*p[0] = ""
			}
		}
	}
	return out
}

func asJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("BUG: evidence of plain values cannot be written: " + err.Error())
	}
	return b
}
