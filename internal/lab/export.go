package lab

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/admin"
	"causeway/internal/evidence"
	"causeway/internal/fault"
	"causeway/internal/gateway"
	"causeway/internal/lab/stretch"
)

// export makes of the evidence in dir what Azure would have exported: the access log without Causeway's object, backend
// health as it is now without history, and the document. With echo the log holds the gateway's own status where no member gave one,
// as nginx's $upstream_status does and Azure's may. All of it is stretched. The caller removes the directory.
func export(dir string, echo bool) (string, error) {
	clock := stretch.Clock{End: time.Now()}
	out, err := os.MkdirTemp("", "causeway-export-")
	if err != nil {
		return "", err
	}
	names, err := namesOf(dir)
	if err != nil {
		os.RemoveAll(out)
		return "", err
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		switch d.Name() {
		case evidence.AppliedName:
			return exportDocument(path, filepath.Join(out, "gateway.json"))
		case evidence.HealthName:
			return exportHealth(path, filepath.Join(out, "health.json"))
		}
		inside, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return exportLog(path, filepath.Join(out, inside), exporter{names, echo, clock})
	})
	if err != nil {
		os.RemoveAll(out)
		return "", err
	}
	return out, nil
}

// namesOf puts the addresses of the document in place of those that the lab really dials: there is no such detour in
// Azure.
func namesOf(dir string) (*strings.Replacer, error) {
	bundle, err := evidence.Open([]string{filepath.Join(dir, evidence.AppliedName)})
	if err != nil {
		return nil, err
	}
	defer bundle.Close()
	var pairs []string
	if bundle.Local != nil {
		for name, dial := range bundle.Local.Members {
			pairs = append(pairs, dial, name+":8080")
		}
	}
	return strings.NewReplacer(pairs...), nil
}

func exportDocument(from, to string) error {
	var config admin.Config
	b, err := os.ReadFile(from)
	if err == nil {
		err = json.Unmarshal(b, &config)
	}
	if err != nil {
		return err
	}
	document, err := stretch.Document(config.Document)
	if err != nil {
		return err
	}
	return os.WriteFile(to, document, 0o600)
}

func exportHealth(from, to string) error {
	var h gateway.Health
	b, err := os.ReadFile(from)
	if err == nil {
		err = json.Unmarshal(b, &h)
	}
	if err != nil {
		return err
	}
	for _, p := range h.Pools {
		for _, s := range p.Settings {
			for i := range s.Servers {
				s.Servers[i].Causeway = nil
				s.Servers[i].Detail = stretch.HealthText(s.Servers[i].Detail)
			}
		}
	}
	if b, err = json.Marshal(h); err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}

// exporter makes rows of Azure's log of Causeway's.
type exporter struct {
	names *strings.Replacer // addresses of the document, for those that the lab really dials
	echo  bool              // serverStatus has the gateway's own status where no member gave one
	clock stretch.Clock
}

// exportedRow is a row of Azure's log, with when its request ended.
type exportedRow struct {
	end  time.Time
	line []byte
}

// exportLog writes rows in the order in which requests ended, as nginx does. Causeway's loops write theirs when their buffers are full,
// which a stretched second would show.
func exportLog(from, to string, e exporter) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	var rows []exportedRow
	for lines := bufio.NewScanner(in); lines.Scan(); {
		row, err := e.row(lines.Bytes())
		if err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b exportedRow) int { return a.end.Compare(b.end) })
	var out bytes.Buffer
	for _, r := range rows {
		out.Write(append(r.line, '\n'))
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.WriteFile(to, out.Bytes(), 0o600)
}

// echoes reports whether the log of a scenario is exported with the gateway's own status echoed: about half are, by name and seed.
func echoes(scenario string, seed uint64) bool {
	h := fnv.New64a()
	h.Write([]byte(scenario))
	return (h.Sum64()>>7+seed)%2 == 0
}

// echoed is serverStatus as nginx writes it: for an attempt without an answer what the gateway made of it, 504 of a timeout and 502 of
// everything else; for the last one what the client got.
func echoed(r *accesslog.Record) string {
	var out []string
	for i := range r.Attempts {
		status := r.Attempts[i].Status
		switch {
		case status > 0 || !r.Attempts[i].Server.IsValid():
		case i == len(r.Attempts)-1 && r.Status >= fault.ClientGone:
			status = r.Status
		case r.Attempts[i].Fault.Kind == fault.Timeout:
			status = http.StatusGatewayTimeout
		default:
			status = http.StatusBadGateway
		}
		if text := strconv.Itoa(status); status > 0 {
			out = append(out, text)
		} else {
			out = append(out, "-")
		}
	}
	return strings.Join(out, ", ")
}

// stamp gives a record the stamp that nginx would: the second in which the request was over. Causeway's is of the beginning. A row of the
// first generation has its time under another name.
func stamp(record map[string]json.RawMessage, end time.Time) {
	name, layout := "timeStamp", "2006-01-02T15:04:05+00:00"
	if record[name] == nil {
		name, layout = "time", time.RFC3339
	}
	record[name] = json.RawMessage(strconv.Quote(end.UTC().Truncate(time.Second).Format(layout)))
}

// connectTimes is serverConnectTime as nginx writes it: with the TLS handshake, and a dash where that did not end well.
func connectTimes(list string, r *accesslog.Record) string {
	parts := strings.Split(list, ", ")
	for i := range min(len(parts), len(r.Attempts)) {
		switch a := &r.Attempts[i]; {
		case a.Fault.Phase == fault.TLS:
			parts[i] = "-"
		case a.TLS > 0:
			parts[i] = strconv.FormatFloat((max(a.Connect, 0) + a.TLS).Seconds(), 'f', 3, 64)
		}
	}
	return strings.Join(parts, ", ")
}

// routed are the members of the attempts at the addresses of the document, also of a document that is no longer applied.
func (e exporter) routed(r *accesslog.Record) string {
	var out []string
	for i := range r.Attempts {
		a := &r.Attempts[i]
		text := e.names.Replace(a.Server.String())
		addr, err := netip.ParseAddr(a.Member)
		switch {
		case !a.Server.IsValid():
			text = "-"
		case err == nil && addr != a.Server.Addr():
			text = netip.AddrPortFrom(addr, 8080).String()
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// durations are the properties of a record that are times: numbers, and lists of attempts in quotes.
var durations = []string{"timeTaken", "clientResponseTime", "serverConnectTime", "serverHeaderTime", "serverResponseLatency"}

func stretchDurations(properties map[string]json.RawMessage) {
	for _, name := range durations {
		switch text, quoted := strings.CutPrefix(string(properties[name]), `"`); {
		case quoted:
			properties[name] = json.RawMessage(strconv.Quote(stretch.Numbers(strings.TrimSuffix(text, `"`))))
		case text != "": // a row of the first generation has but one of them
			properties[name] = json.RawMessage(stretch.Numbers(text))
		}
	}
}

// row drops the object that Azure's log does not have, and what is more exact than there. The exact time of a record is in that object.
func (e exporter) row(line []byte) (exportedRow, error) {
	var record, properties map[string]json.RawMessage
	err := json.Unmarshal(line, &record)
	if err == nil {
		err = json.Unmarshal(record["properties"], &properties)
	}
	r, _, decodes := accesslog.Decode(line)
	if err = cmp.Or(err, decodes); err != nil {
		return exportedRow{}, err
	}
	if e.echo && len(properties["serverStatus"]) > 0 {
		properties["serverStatus"] = json.RawMessage(strconv.Quote(echoed(&r)))
	}
	end := e.clock.Time(r.Start.Add(r.Taken))
	stamp(record, end)
	delete(properties, "causeway")
	if properties["serverRouted"] != nil {
		times := connectTimes(strings.Trim(string(properties["serverConnectTime"]), `"`), &r)
		properties["serverConnectTime"] = json.RawMessage(strconv.Quote(times))
		properties["serverRouted"] = json.RawMessage(strconv.Quote(e.routed(&r)))
	}
	stretchDurations(properties)
	if record["properties"], err = json.Marshal(properties); err != nil {
		return exportedRow{}, err
	}
	out, err := json.Marshal(record)
	return exportedRow{end, out}, err
}
