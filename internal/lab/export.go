package lab

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/admin"
	"causeway/internal/evidence"
	"causeway/internal/fault"
	"causeway/internal/gateway"
)

// export makes of the evidence in dir what Azure would have exported: the access log without Causeway's object, backend
// health as it is now without history, and the document. With echo the log holds the gateway's own status where no member gave one,
// as nginx's $upstream_status does and Azure's may. The caller removes the directory.
func export(dir string, echo bool) (string, error) {
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
		return exportLog(path, filepath.Join(out, inside), names, echo)
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
	return os.WriteFile(to, config.Document, 0o600)
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
			}
		}
	}
	if b, err = json.Marshal(h); err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}

func exportLog(from, to string, names *strings.Replacer, echo bool) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	w := bufio.NewWriter(out)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		line, err := withoutTrace(lines.Bytes(), names, echo)
		if err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
		w.Write(line)
		w.WriteByte('\n')
	}
	return w.Flush()
}

// echoes reports whether the log of a scenario is exported with the gateway's own status echoed: about half are, by name and seed.
func echoes(scenario string, seed uint64) bool {
	h := fnv.New64a()
	h.Write([]byte(scenario))
	return (h.Sum64()>>7+seed)%2 == 0
}

// echoed is serverStatus as nginx writes it: for an attempt without an answer what the gateway made of it, 504 of a timeout and 502 of
// everything else; for the last one what the client got.
func echoed(line []byte) (string, error) {
	r, _, err := accesslog.Decode(line)
	if err != nil {
		return "", err
	}
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
	return strings.Join(out, ", "), nil
}

// stampEnd gives a record the stamp that nginx would: the second in which the request was over. Causeway's is of the beginning.
func stampEnd(record, properties map[string]json.RawMessage) error {
	var began time.Time
	var took float64
	if err := json.Unmarshal(record["timeStamp"], &began); err != nil {
		return nil // the first generation's log
	}
	if err := json.Unmarshal(properties["timeTaken"], &took); err != nil {
		return err
	}
	end := began.Add(time.Duration(took * float64(time.Second))).UTC().Truncate(time.Second)
	record["timeStamp"] = json.RawMessage(strconv.Quote(end.Format("2006-01-02T15:04:05+00:00")))
	return nil
}

// withoutTrace drops the object that Azure's log does not have, and what is more exact than there.
func withoutTrace(line []byte, names *strings.Replacer, echo bool) ([]byte, error) {
	var record map[string]json.RawMessage
	if err := json.Unmarshal(line, &record); err != nil {
		return nil, err
	}
	var properties map[string]json.RawMessage
	if err := json.Unmarshal(record["properties"], &properties); err != nil {
		return nil, err
	}
	if echo && len(properties["serverStatus"]) > 0 {
		text, err := echoed(line)
		if err != nil {
			return nil, err
		}
		properties["serverStatus"] = json.RawMessage(strconv.Quote(text))
	}
	if err := stampEnd(record, properties); err != nil {
		return nil, err
	}
	delete(properties, "causeway")
	properties["serverRouted"] = json.RawMessage(names.Replace(string(properties["serverRouted"])))
	inner, err := json.Marshal(properties)
	if err != nil {
		return nil, err
	}
	record["properties"] = inner
	return json.Marshal(record)
}
