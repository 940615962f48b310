package lab

import (
	"bytes"
	"encoding/csv"
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
)

// forge makes evidence in the forms in which Azure exports it: a log of requests that no gateway has served, the document,
// backend health in Azure's own words, metrics. What is at work in it is known because it was put there.
type forge struct {
	*Stage
	site    Site
	from    time.Time
	records []accesslog.Record
	serial  uint64
	health  []gateway.ServerHealth
	metrics []object
	waf     map[uint64]time.Duration // by serial: what the firewall took
}

// forged makes a scenario's play of what makes its evidence.
func forged(make func(*forge)) func(*Stage) {
	return func(s *Stage) {
		f := &forge{
			Stage: s, from: time.Date(2026, 10, 1+s.IntN(20), 8+s.IntN(4), 0, 0, 0, time.UTC), waf: map[uint64]time.Duration{},
			site: Site{Name: "shop-gw", Pools: []Pool{{Name: "web", Members: members("", "", ""), RequestTimeout: 20, Probe: &Probe{Path: "/health", Interval: 30, Timeout: 30, Threshold: 3}}}},
		}
		make(f)
		s.must(f.write())
	}
}

func (f *forge) v1() bool { return f.site.SKU != nil && f.site.SKU["tier"] == "Standard" }

// change makes a request another than one that went well.
type change func(*forge, *accesslog.Record, *accesslog.Attempt)

// ask adds a request to a member, by its number, a time after the beginning; below 0 there is none.
func (f *forge) ask(after time.Duration, member int, changes ...change) {
	f.serial++
	took := 20*time.Millisecond + time.Duration(f.ExpFloat64()*float64(30*time.Millisecond))
	server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, byte(4 + max(0, member))}), 8080)
	a := accesslog.Attempt{
		Server: server, LocalPort: uint16(10_000 + f.serial*7%50_000), Status: 200, Idle: accesslog.Unset, Stale: accesslog.Unset, Hint: accesslog.Unset,
		Connect: time.Millisecond, TLS: accesslog.Unset, Wait: took, HeaderTime: took, Total: took, RetryAfter: accesslog.Unset, DeclaredIn: -1, Least: -1,
	}
	r := accesslog.Record{
		V1: f.v1(), ResourceID: strings.ToUpper(idPrefix + "applicationGateways/" + f.site.Name), Instance: f.instance(f.IntN(2)),
		Listener: "site", Rule: "everything", Pool: "web", Settings: "web-settings", Start: f.from.Add(after),
		Client: netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, byte(113 + f.IntN(3)), byte(f.IntN(250))}), uint16(1024+f.IntN(60_000))),
		Method: []byte("GET"), OriginalURI: []byte("/"), URI: []byte("/"), UserAgent: []byte("Mozilla/5.0"), Version: "HTTP/1.1",
		OriginalHost: []byte("shop.example"), Host: []byte("shop.example"), Status: 200, Received: 500 + int64(f.IntN(500)), Sent: 3000 + int64(f.IntN(9000)),
		Taken: took, ErrorInfo: fault.NoError, Declared: -1, ClientSerial: f.serial, ClientUses: 1,
	}
	for i := range 8 {
		r.Transaction[15-i] = byte(f.serial >> (8 * i))
	}
	for _, c := range changes {
		c(f, &r, &a)
	}
	if member >= 0 {
		r.Attempts = append(r.Attempts, a)
	}
	f.records = append(f.records, r)
}

func (f *forge) instance(n int) string {
	if f.v1() {
		return fmt.Sprintf("ApplicationGatewayRole_IN_%d", n)
	}
	return fmt.Sprintf("appgw_%d", n)
}

// traffic is a Poisson stream of requests over a time, in turn to all members.
func (f *forge) traffic(rate float64, over time.Duration, one func(after time.Duration, member int)) {
	for i, at := range Poisson(f.Rand, rate, over) {
		one(at, i%3)
	}
}

func on(path string) change {
	return func(_ *forge, r *accesslog.Record, _ *accesslog.Attempt) {
		r.URI, r.OriginalURI = []byte(path), []byte(path)
	}
}

func taking(d time.Duration) change {
	return func(_ *forge, r *accesslog.Record, a *accesslog.Attempt) {
		r.Taken, a.Total, a.Wait, a.HeaderTime = d, d, d, d
	}
}

func atInstance(n int) change {
	return func(f *forge, r *accesslog.Record, _ *accesslog.Attempt) { r.Instance = f.instance(n) }
}

func fromPort(p int) change {
	return func(_ *forge, _ *accesslog.Record, a *accesslog.Attempt) { a.LocalPort = uint16(p) }
}

// answering is an answer of the member's own.
func answering(status int) change {
	return func(_ *forge, r *accesslog.Record, a *accesslog.Attempt) { r.Status, a.Status = status, status }
}

func toPool(pool string) change {
	return func(_ *forge, r *accesslog.Record, _ *accesslog.Attempt) { r.Pool, r.Settings = pool, pool+"-settings" }
}

// failing is a failure that the gateway met, after a time.
func failing(what fault.Fault, after time.Duration) change {
	return func(_ *forge, r *accesslog.Record, a *accesslog.Attempt) {
		r.Status, r.ErrorInfo, r.Taken = what.Status(r.V1), what.ErrorInfo(), after
		a.Status, a.Wait, a.HeaderTime, a.Total = 0, accesslog.Unset, accesslog.Unset, after
	}
}

var (
	closedByMember = fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Closed}
	timedOut       = fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Timeout}
	nobodyHealthy  = fault.Fault{Side: fault.Gateway, Phase: fault.Pick, Kind: fault.NoHealthy}
	clientLeft     = fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}
)

// within waits for an answer as long as the request timeout lets it.
func (f *forge) within(d time.Duration) change {
	limit := time.Duration(f.site.Pools[0].RequestTimeout) * time.Second
	if d < limit {
		return taking(d)
	}
	return failing(timedOut, limit+time.Duration(f.IntN(8))*time.Millisecond)
}

// metric adds a series of minutes.
func (f *forge) metric(name, unit string, minutes int, value func(minute int) float64) {
	var data []object
	for i := range minutes {
		data = append(data, object{"timeStamp": f.from.Add(time.Duration(i) * time.Minute).Format(time.RFC3339), "average": math.Round(100*value(i)) / 100})
	}
	f.metrics = append(f.metrics, object{"name": object{"value": name}, "unit": unit, "timeseries": []object{{"metadatavalues": []object{}, "data": data}}})
}

// said is backend health in Azure's words, the same for all members.
func (f *forge) said(state, text string) {
	for i := range f.site.Pools[0].Members {
		f.health = append(f.health, gateway.ServerHealth{Address: f.site.Pools[0].Members[i].Name, Health: state, Detail: text})
	}
}

func (f *forge) write() error {
	slices.SortStableFunc(f.records, func(a, b accesslog.Record) int { return a.Start.Compare(b.Start) })
	log, name := f.log()
	files := map[string][]byte{"gateway.json": f.site.Document(), name: log}
	if f.health != nil {
		files["health.json"] = asJSON(gateway.Health{Pools: []gateway.PoolHealth{{
			Pool:     gateway.Ref{ID: idPrefix + "applicationGateways/" + f.site.Name + "/backendAddressPools/web"},
			Settings: []gateway.SettingsHealth{{Settings: gateway.Ref{ID: idPrefix + "applicationGateways/" + f.site.Name + "/backendHttpSettingsCollection/web-settings"}, Servers: f.health}},
		}}})
	}
	if f.metrics != nil {
		files["metrics.json"] = asJSON(object{"value": f.metrics})
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(f.dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func asJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("BUG: evidence of plain values cannot be written: " + err.Error())
	}
	return b
}

// log writes the records in one of the forms that Azure has for them, by the seed.
func (f *forge) log() (data []byte, name string) {
	var rows [][]byte
	for i := range f.records {
		rows = append(rows, f.line(&f.records[i]))
	}
	switch form := f.IntN(3); {
	case form == 1:
		return diagnosticsJSON(rows), "query.json"
	case form == 2 && !f.v1():
		return diagnosticsCSV(rows), "portal.csv"
	}
	return append(bytes.Join(rows, []byte("\n")), '\n'), "PT1H.json"
}

// line is a record as a storage account has it: without Causeway's object, which is the last one.
func (f *forge) line(r *accesslog.Record) []byte {
	line := r.Append(nil)
	line = append(line[:bytes.LastIndex(line, []byte(`,"causeway":{`))], "}}"...)
	if d, ok := f.waf[r.ClientSerial]; ok {
		line = bytes.Replace(line, []byte(`"WAFEvaluationTime":"0.000"`), fmt.Appendf(nil, `"WAFEvaluationTime":"%.3f"`, d.Seconds()), 1)
	}
	return line
}

// diagnosticsRow is a record as the table AzureDiagnostics has it: flat, with types in the names.
func diagnosticsRow(line []byte) object {
	var record object
	if err := json.Unmarshal(line, &record); err != nil {
		panic("BUG: a record that was just written cannot be read: " + err.Error())
	}
	row := object{"Category": record["category"], "OperationName": record["operationName"], "ResourceId": record["resourceId"], "Type": "AzureDiagnostics"}
	row["TimeGenerated"] = record["timeStamp"]
	if row["TimeGenerated"] == nil {
		row["TimeGenerated"] = record["time"]
	}
	for _, k := range []string{"listenerName", "ruleName", "backendPoolName", "backendSettingName"} {
		if v, ok := record[k]; ok {
			row[k+"_s"] = v
		}
	}
	for k, v := range record["properties"].(object) {
		if _, number := v.(float64); number {
			row[k+"_d"] = v
		} else {
			row[k+"_s"] = v
		}
	}
	return row
}

func diagnosticsJSON(lines [][]byte) []byte {
	rows := []object{}
	for _, l := range lines {
		rows = append(rows, diagnosticsRow(l))
	}
	return asJSON(rows)
}

func diagnosticsCSV(lines [][]byte) []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	var names []string
	for i, l := range lines {
		row := diagnosticsRow(l)
		if i == 0 {
			for k := range row {
				names = append(names, k)
			}
			slices.Sort(names)
			w.Write(names)
		}
		cells := make([]string, len(names))
		for j, k := range names {
			if v, ok := row[k]; ok {
				cells[j] = fmt.Sprint(v)
			}
		}
		w.Write(cells)
	}
	w.Flush()
	return out.Bytes()
}
